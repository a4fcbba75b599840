import type { ChannelId, PlatformId, UserId } from '../channels/channel.ts';
import type { Id } from '../lib/ids.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { Bring, MeetingLinkId } from '../zoom/meeting-link.ts';

export type RecordingId = Id<'recording'>;

/** A file in the file store. */
export type StoredFile = {
  /** Zoom's file ID, or where it has none (captions) the type with the start time: a file comes once. */
  sourceId: string;
  /** Its name in the file store; never made of foreign text. */
  key: string;
  bytes: number;
  contentType: string;
  savedAt: number;
};

/** One segment: stopping and starting a recording makes several within one meeting. */
export type RecordingPart = {
  startedAt: number;
  durationMs: number;
  /** Zoom's `recording_type`; null when it told none. */
  layout: string | null;
  video: StoredFile | null;
  transcript: StoredFile | null;
  chat: StoredFile | null;
};

/**
 * Why an import failed; each has one sentence for the person (`recordings.faults.<fault>` in the locale file).
 */
export const IMPORT_FAULTS = [
  'not-connected',
  'not-the-host',
  'recording-gone',
  'still-processing',
  'nothing-to-bring',
  'download-disabled',
  'not-a-video',
  'truncated',
  'empty-file',
  'too-large',
  'foreign-address',
  'blocked-address',
  'scope-missing',
  'plan-missing',
  'throttled',
  'zoom-unreachable',
  'zoom-fault',
  'no-space',
  'server-fault',
  'channel-gone',
] as const;

export type ImportFault = (typeof IMPORT_FAULTS)[number];

/** What somebody should know of an import that worked; `recordings.notes.<note>` in the locale file. */
export const IMPORT_NOTES = [
  'false-start',
  'size-differs',
  'audio-only',
  'part-missing',
  'transcript-unreadable',
] as const;

export type ImportNote = (typeof IMPORT_NOTES)[number];

export type ImportState = {
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  bring: Bring;
  requestedBy: UserId | null;
  requestedAt: number;
  /** Counts up with every request; whoever works on an earlier one writes no more. */
  attempt: number;
  filesDone: number;
  filesTotal: number;
  bytesDone: number;
  bytesTotal: number;
  /** Why it failed; while it is queued with a `nextTryAt`, why it waits. */
  fault: ImportFault | null;
  /** Passing failures one after another. */
  tries: number;
  /** When it goes on by itself: another try, a recording that Zoom still makes, a transcript to come. Null: now, or never. */
  nextTryAt: number | null;
  notes: ImportNote[];
  finishedAt: number | null;
  /** Transcripts come later than videos, or never. `waiting` until `transcriptUntil`. */
  transcript: 'not-wanted' | 'waiting' | 'here' | 'none';
  transcriptUntil: number | null;
};

/** One Zoom recording instance (UUID) here, with its files. */
export type Recording = {
  id: RecordingId;
  platformId: PlatformId;
  /** Whoever connected the Zoom account it came from. */
  ownerId: UserId;
  /** Null: in the owner's private library. */
  channelId: ChannelId | null;
  /** The deleted channel it was in, so that restoring the channel brings it back. */
  formerChannelId: ChannelId | null;
  /** Unique: an instance comes once. */
  meetingUuid: string;
  meetingNumber: string;
  linkId: MeetingLinkId | null;
  connectionId: ConnectionId | null;
  title: string;
  /** True once a person named it. */
  titleGiven: boolean;
  startedAt: number;
  timeZone: string | null;
  durationMs: number;
  visibility: 'published' | 'hidden';
  /** `waiting` in a moderated channel until a moderator lets it in; nobody but them and the owner sees it. */
  review: 'none' | 'waiting' | 'refused';
  parts: RecordingPart[];
  import: ImportState;
  /** In the bin since then, for 90 days (`BIN_MS`). */
  deletedAt: number | null;
  createdAt: number;
  updatedAt: number;
  version: number;
};

/** How long a deleted recording can be restored, in milliseconds. */
export const BIN_MS = 90 * 86_400_000;

/** How far a person watched. */
export type Watching = {
  recordingId: RecordingId;
  userId: UserId;
  /** Visits with at least some seconds played. */
  views: number;
  /** Where they stopped: the part, and milliseconds in it. */
  part: number;
  positionMs: number;
  /** Time played in all, in milliseconds. */
  watchedMs: number;
  firstAt: number;
  lastAt: number;
};

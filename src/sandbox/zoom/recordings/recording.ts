import { createHash } from 'node:crypto';
import { uuidFrom } from '../meetings.ts';
import type { ZoomUser } from '../users.ts';

/**
 * What a file is to Zoom: name of its type, extension, layout, content type. Captions and timelines have no layout, and no ID
 * either; `unknown` is a type that nobody has heard of.
 */
export const FILE_KINDS = {
  video: ['MP4', 'MP4', null, 'video/mp4'],
  audio: ['M4A', 'M4A', 'audio_only', 'audio/mp4'],
  participant: ['M4A', 'M4A', 'audio_only_each_participant', 'audio/mp4'],
  transcript: ['TRANSCRIPT', 'VTT', 'audio_transcript', 'text/vtt'],
  captions: ['CC', 'VTT', null, 'text/vtt'],
  chat: ['CHAT', 'TXT', 'chat_file', 'text/plain'],
  timeline: ['TIMELINE', 'JSON', null, 'application/json'],
  poll: ['CSV', 'CSV', 'poll', 'text/csv'],
  summary: ['SUMMARY', 'JSON', 'summary', 'application/json'],
  thumbnail: ['TB', 'JPG', 'thumbnail', 'image/jpeg'],
  unknown: ['HOLOGRAM', 'HOLO', 'hologram', 'application/octet-stream'],
} as const satisfies Record<string, readonly [type: string, extension: string, layout: string | null, mime: string]>;

export type FileKind = keyof typeof FILE_KINDS;

export type ExtraKind = Exclude<FileKind, 'video' | 'audio' | 'participant' | 'transcript'>;

export type SandboxFile = {
  /** What lists show, save of captions and timelines. */
  id: string;
  /** What its address at the first host has. */
  key: string;
  kind: FileKind;
  layout: string | null;
  /** Which segment of the recording, from 0. */
  segment: number;
  /** Of the same kind in its segment, from 0. */
  variant: number;
  startedAt: number;
  endedAt: number;
  /** As it was asked for; null: what such a file has. */
  bytes: number | null;
  /** Not listed before, and listed as processing until `readyAt`. Infinity: never yet. */
  appearsAt: number;
  readyAt: number;
  trashedAt: number | null;
  /** How many addresses it had, where each listing makes another. */
  serial: number;
};

export type SandboxRecording = {
  uuid: string;
  /** Key of the host. */
  host: string;
  number: string;
  topic: string;
  /** Type of the meeting; 99 was uploaded, 100 is a breakout room. */
  type: number;
  timezone: string;
  startedAt: number;
  durationMs: number;
  transcript: TranscriptFate;
  files: SandboxFile[];
  /** The day (yyyy-mm-dd) when Zoom puts it into the trash, or null. */
  autoDeleteOn: string | null;
  trashedAt: number | null;
  password: string;
  playPasscode: string;
};

/** `with`: when the video is ready; `before`: already when the video is still processed; `late`: some time, or when asked for. */
export type TranscriptFate = 'with' | 'before' | 'late' | 'never';

export type NewZoomRecording = {
  host: string;
  number: string;
  /** Epoch milliseconds; 50 minutes long, and ending now, if not given. */
  startedAt?: number;
  durationMs?: number;
  /** That of the meeting, if Zoom knows it. */
  topic?: string;
  uuid?: string;
  type?: number;
  /** How many, with a minute between them, or where each lies. */
  segments?: number | { afterMs: number; durationMs: number }[];
  /** Videos of each segment; none: `[]`. Null is a video without a layout. */
  layouts?: (string | null)[];
  /** Size of each video; without, as large as it must be. */
  bytes?: number;
  /** As the settings of the host say. */
  transcript?: TranscriptFate;
  /** When a late transcript comes; without, only by `addTranscript`. */
  transcriptAfterMs?: number;
  /** How long the files are processed, from now; 0 if not given. */
  processingMs?: number;
  /** The sound alone; true if not given. */
  audio?: boolean;
  /** How many participants have their sound in files of their own. */
  participantAudio?: number;
  /** Further files of each segment. */
  extras?: ExtraKind[];
  /** yyyy-mm-dd; as the settings of the host say. */
  autoDeleteOn?: string | null;
  /** No webhook tells of it. */
  quiet?: boolean;
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type Place = { topic: string; type: number; timezone: string; user: ZoomUser; now: number };

/** A recording with its files. IDs are made from what it is, so that they are the same after a restart. */
export function makeRecording(asked: NewZoomRecording, { topic, type, timezone, user, now }: Place): SandboxRecording {
  const durationMs = asked.durationMs ?? 50 * MINUTE;
  const startedAt = asked.startedAt ?? now - durationMs;
  const uuid = asked.uuid ?? uuidFrom(`${asked.number} ${startedAt}`);
  const { autoDeleteDays, audioTranscript } = user.settings;
  const due = autoDeleteDays === null ? null : dayOf(startedAt + autoDeleteDays * DAY);
  const recording: SandboxRecording = {
    uuid,
    host: user.key,
    number: asked.number,
    topic: asked.topic ?? topic,
    type: asked.type ?? type,
    timezone,
    startedAt,
    durationMs,
    transcript: asked.transcript ?? (audioTranscript ? 'with' : 'never'),
    files: [],
    autoDeleteOn: asked.autoDeleteOn === undefined ? due : asked.autoDeleteOn,
    trashedAt: null,
    password: 'Zx7!<q&"',
    playPasscode: createHash('sha256').update(`passcode ${uuid}`).digest('base64url'),
  };
  recording.files = segmentsOf(asked.segments ?? 1, durationMs).flatMap((segment, index) => {
    const span = { startedAt: startedAt + segment.afterMs, endedAt: startedAt + segment.afterMs + segment.durationMs };
    return makeSegment(
      asked,
      { uuid, index, ...span, readyAt: now + (asked.processingMs ?? 0), now },
      recording.transcript,
    );
  });
  return recording;
}

type Segment = { uuid: string; index: number; startedAt: number; endedAt: number; readyAt: number; now: number };

function makeSegment(asked: NewZoomRecording, segment: Segment, transcript: TranscriptFate): SandboxFile[] {
  const layouts = asked.layouts ?? ['shared_screen_with_speaker_view'];
  const make = (kind: FileKind, changes: Partial<SandboxFile> = {}): SandboxFile => {
    const { uuid, index, startedAt, endedAt, readyAt, now } = segment;
    const digest = createHash('sha256')
      .update(`${uuid} ${kind} ${changes.variant ?? 0} ${index}`)
      .digest();
    const fresh = { variant: 0, segment: index, bytes: null, trashedAt: null, serial: 0 };
    const times = { startedAt, endedAt, appearsAt: now, readyAt };
    const layout = FILE_KINDS[kind][2];
    return { id: fileId(digest), key: digest.toString('base64url'), kind, layout, ...fresh, ...times, ...changes };
  };
  const files = layouts.map((layout, variant) => make('video', { layout, variant, bytes: asked.bytes ?? null }));
  if (asked.audio ?? true) files.push(make('audio'));
  for (let variant = 0; variant < (asked.participantAudio ?? 0); variant++)
    files.push(make('participant', { variant }));
  for (const kind of asked.extras ?? []) files.push(make(kind));
  if (transcript !== 'never') {
    const at = {
      with: segment.readyAt,
      before: segment.now,
      late: segment.now + (asked.transcriptAfterMs ?? Infinity),
    };
    files.push(make('transcript', { appearsAt: at[transcript], readyAt: at[transcript] }));
  }
  return files;
}

function segmentsOf(
  segments: NonNullable<NewZoomRecording['segments']>,
  durationMs: number,
): { afterMs: number; durationMs: number }[] {
  if (typeof segments !== 'number') return segments;
  const each = Math.floor((durationMs - (segments - 1) * MINUTE) / segments);
  return Array.from({ length: segments }, (_, at) => ({
    afterMs: at * (each + MINUTE),
    durationMs: Math.max(0, each),
  }));
}

function fileId(digest: Buffer): string {
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** The day in UTC, `2026-10-04`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

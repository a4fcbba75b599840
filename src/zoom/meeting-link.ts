import type { ChannelId, PlatformId, UserId } from '../channels/channel.ts';
import type { Id } from '../lib/ids.ts';
import type { ConnectionId } from './connection.ts';

export type MeetingLinkId = Id<'meeting-link'>;

/** What to bring of each recording. */
export type Bring = { video: boolean; transcript: boolean; chat: boolean };

export const BRING_BY_DEFAULT: Bring = { video: true, transcript: true, chat: false };

/** `recurring` is one number with many classes; a `personal-room` mixes meetings of all kinds. */
export type MeetingKind = 'single' | 'recurring' | 'personal-room' | 'webinar' | 'unknown';

/** A Zoom meeting ID tied to a channel. The number is unique in the channel; several channels may have it. */
export type MeetingLink = {
  id: MeetingLinkId;
  channelId: ChannelId;
  platformId: PlatformId;
  /** 9 to 11 digits. */
  number: string;
  linkedBy: UserId;
  /** The host's connection; null: not verified, members get the join button and nothing else. */
  connectionId: ConnectionId | null;
  /** The name a person gave, or null: then Zoom's topic is shown. */
  name: string | null;
  /** As Zoom told it; null when not verified, or when Zoom does not know the meeting any more. */
  topic: string | null;
  kind: MeetingKind;
  /** Where people join, without a passcode. */
  joinUrl: string;
  /** First and last day of the meetings it is about (yyyy-mm-dd, both included, in `timeZone`); null: without limit. */
  from: string | null;
  until: string | null;
  timeZone: string;
  /** `automatic`: new recordings come in by themselves; `ask`: the host picks them. */
  mode: 'automatic' | 'ask';
  bring: Bring;
  /** What an import becomes: seen at once, or hidden until somebody publishes it. */
  visibility: 'published' | 'hidden';
  /** The next meetings, soonest first, at most 20, as Zoom told at `checkedAt`. */
  times: { startsAt: number; durationMs: number }[];
  checkedAt: number | null;
  /** `gone`: Zoom does not know the meeting (expired, deleted); it may still have recordings. */
  inZoom: 'known' | 'gone' | 'unknown';
  createdAt: number;
  updatedAt: number;
  version: number;
};

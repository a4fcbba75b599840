import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { ConnectionId, ZoomProfile } from './connection.ts';

/**
 * Why Zoom gave no answer to use. `not-connected`: the grant is dead, and the connection says how. `scope-missing`: the grant
 * does not allow it; `scopes` says what it would need. `plan-missing`: the account's plan or its administrator has no such
 * feature (400 or 200 with code 200). `forbidden`: somebody else's. `not-found`: no such thing, or none any more (3001, 3301,
 * 3322, 1001). `throttled`: a rate limit; `retryAt` says until when. `unreachable`: no answer in time. `fault`: 5xx, or an answer
 * that makes no sense.
 */
export type ZoomFault =
  | 'not-connected'
  | 'scope-missing'
  | 'plan-missing'
  | 'forbidden'
  | 'not-found'
  | 'throttled'
  | 'unreachable'
  | 'fault';

export type ZoomFailure<Reason extends string = ZoomFault> = {
  ok: false;
  reason: Reason;
  /** For the operator's log. */
  detail?: string;
  /** Epoch milliseconds. */
  retryAt?: number;
  scopes?: string[];
};

export type ZoomAnswer<Value, Reason extends string = ZoomFault> = { ok: true; value: Value } | ZoomFailure<Reason>;

export type ZoomMeeting = {
  /** Digits. */
  number: string;
  uuid: string | null;
  hostId: string | null;
  topic: string;
  /** Zoom's meeting type; 3 and 8 recur, 4 is the personal room, 5, 6 and 9 are webinars. */
  type: number | null;
  startsAt: number | null;
  durationMs: number;
  timeZone: string | null;
  /** Without a passcode. */
  joinUrl: string | null;
  /** Coming occurrences of a recurring meeting, soonest first. */
  occurrences: { startsAt: number; durationMs: number }[];
};

export type ZoomFile = {
  /** Zoom's file ID; captions and timelines have none: then type and start time. */
  sourceId: string;
  /** `MP4`, `M4A`, `TRANSCRIPT`, `CC`, `CHAT`, or another that is carried and not brought. */
  type: string;
  layout: string | null;
  extension: string;
  /** Null when Zoom told none. */
  bytes: number | null;
  processing: boolean;
  startedAt: number | null;
  endedAt: number | null;
  downloadUrl: string | null;
};

export type ZoomRecording = {
  uuid: string;
  number: string;
  hostId: string;
  topic: string;
  startedAt: number;
  timeZone: string | null;
  durationMs: number;
  bytes: number;
  /** yyyy-mm-dd, or null. */
  deletesOn: string | null;
  files: ZoomFile[];
};

export type ZoomCall = { log?: Logger; signal?: AbortSignal };

/** What Zoom is asked, each for one connection: tokens are refreshed under its lock, and a grant that died is noted. */
export type ZoomApi = {
  profile(connection: ConnectionId, call?: ZoomCall): Promise<ZoomAnswer<ZoomProfile>>;
  /** Scheduled and coming meetings, one of each number, soonest first; at most 600. Needs `meeting:read:list_meetings`. */
  meetings(connection: ConnectionId, call?: ZoomCall): Promise<ZoomAnswer<ZoomMeeting[]>>;
  /** One meeting; foreign and expired ones are `not-found` or `forbidden`. Needs `meeting:read:meeting`. */
  meeting(connection: ConnectionId, number: string, call?: ZoomCall): Promise<ZoomAnswer<ZoomMeeting>>;
  /** All recordings that began from one day to another (yyyy-mm-dd, UTC, both included; 30 days at most), every page. */
  recordings(
    connection: ConnectionId,
    query: { from: string; to: string; number?: string },
    call?: ZoomCall,
  ): Promise<ZoomAnswer<ZoomRecording[]>>;
  /** One instance with its files as they are now. */
  recording(connection: ConnectionId, uuid: string, call?: ZoomCall): Promise<ZoomAnswer<ZoomRecording>>;
  /** Whether a transcript is to come. `unknown` when the grant does not allow to ask (`cloud_recording:read:meeting_transcript`). */
  transcript(
    connection: ConnectionId,
    uuid: string,
    call?: ZoomCall,
  ): Promise<ZoomAnswer<'ready' | 'not-ready' | 'none' | 'unknown'>>;
  /**
   * Opens a file. Redirects are followed by hand, the token goes to Zoom's own hosts alone. An answer that is a page or JSON is
   * `plan-missing` or `forbidden` by what it says; `foreign-address` and `blocked-address` are refusals of ours. The caller reads or
   * destroys the body.
   */
  download(
    connection: ConnectionId,
    file: { url: string },
    call?: ZoomCall,
  ): Promise<ZoomAnswer<ZoomDownload, ZoomFault | 'foreign-address' | 'blocked-address'>>;
};

export type ZoomDownload = { body: Readable; contentType: string /** As the answer told. */; bytes: number | null };

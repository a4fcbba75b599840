import type { ChannelId, UserId } from '../channels/channel.ts';
import type { ActivityEvent } from '../channels/channel-store.ts';
import type { Page, PageRequest } from '../lib/page.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { Recording, RecordingId, Watching } from './recording.ts';

/** What the recordings domain asks of a store. Each verb is one whole business moment and atomic in every engine. */
export type RecordingStore = {
  /** Adds `fresh` unless its meeting UUID is known, in the bin too: then that recording is returned. One per UUID, however many ask at once. */
  addRecording(fresh: Recording, note: ActivityEvent | null): Promise<{ recording: Recording; created: boolean }>;
  findRecording(id: RecordingId): Promise<Recording | null>;
  /** Those of these meetings that there are, in no order. */
  findByMeetings(meetingUuids: readonly string[]): Promise<Recording[]>;
  /**
   * Reads a recording, lets `decide` make its next state, and writes it, so that no other writer comes between. The same
   * state, or null, writes nothing. `id`, `meetingUuid`, `ownerId` cannot be changed. The event of `note` is recorded with what was written.
   * What stands afterwards, or null when there is none.
   */
  changeRecording(
    id: RecordingId,
    at: number,
    decide: (current: Recording) => Recording | null,
    note?: (before: Recording, after: Recording) => ActivityEvent | null,
  ): Promise<Recording | null>;
  /** Newest first by `startedAt`; `total` counts all that match. */
  listRecordings(filter: RecordingFilter, page: PageRequest): Promise<Page<Recording> & { total: number }>;
  /** Imports that are queued or running, oldest request first. */
  unfinishedImports(limit: number): Promise<Recording[]>;
  /** Everything of a connection, whatever its state, by ID; for ending its imports. */
  recordingsOfConnection(connectionId: ConnectionId, page: PageRequest): Promise<Page<Recording>>;
  /** In the bin since before then. */
  binnedBefore(time: number, limit: number): Promise<Recording[]>;
  /** Forgets a recording that is still in the bin since `deletedAt`, and what was watched of it; its files are gone already. */
  removeRecording(id: RecordingId, deletedAt: number): Promise<boolean>;

  findWatching(recordingId: RecordingId, userId: UserId): Promise<Watching | null>;
  /**
   * Adds to what a person watched: a view when `begins`, `watchedMs` more, and where they are now.
   */
  addWatching(step: WatchingStep): Promise<void>;
  /** Who watched, newest first. */
  listWatching(recordingId: RecordingId, page: PageRequest): Promise<Page<Watching>>;
  /** For lists: views in all and people, of each recording that was watched. */
  countWatching(ids: readonly RecordingId[]): Promise<Map<RecordingId, { views: number; people: number }>>;
};

export type WatchingStep = {
  recordingId: RecordingId;
  userId: UserId;
  begins: boolean;
  part: number;
  positionMs: number;
  watchedMs: number;
  at: number;
};

/**
 * `channelId`: of a channel. `libraryOf`: without a channel, of that owner. `bin`: those in the bin instead of the others (of
 * the channel, or of the owner).
 */
export type RecordingFilter = (
  | {
      channelId: ChannelId /** Those alone that wait for a moderator (`review`) and are not in the bin. */;
      waiting?: true;
    }
  | { libraryOf: UserId }
  | { binOf: UserId }
  | { formerChannelId: ChannelId }
) & {
  bin?: true;
  /** Those that anybody who may view the channel sees: published, reviewed, with a video that is here; and, whatever their state, those of `orOwner`. */
  visible?: { orOwner: UserId | null };
  /** Part of the title, in any case and without its accents. */
  q?: string;
};

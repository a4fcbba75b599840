import type { Page, PageRequest } from '../lib/page.ts';
import type { ConnectionId } from '../zoom/connection.ts';

/** One recording in Zoom, as its owner's list told it. A cache: Zoom is the truth, and it is deleted with the connection. */
export type CatalogueEntry = {
  connectionId: ConnectionId;
  meetingUuid: string;
  /** Digits. */
  number: string;
  topic: string;
  startedAt: number;
  timeZone: string | null;
  durationMs: number;
  bytes: number;
  /** `none`: nothing but chat or participants' audio. */
  media: 'video' | 'audio' | 'none';
  hasTranscript: boolean;
  hasChat: boolean;
  /** Zoom is still making its files. */
  processing: boolean;
  /** When Zoom deletes it by itself (yyyy-mm-dd), or null. */
  deletesOn: string | null;
  /** When it was last seen in the list. */
  seenAt: number;
};

export type CatalogueStore = {
  /** Adds entries, or replaces what was known of them, unless that was seen later. */
  putEntries(entries: readonly CatalogueEntry[]): Promise<void>;
  /** Newest first; `total` counts all that match. */
  listEntries(
    connectionId: ConnectionId,
    filter: CatalogueFilter,
    page: PageRequest,
  ): Promise<Page<CatalogueEntry> & { total: number }>;
  findEntries(connectionId: ConnectionId, meetingUuids: readonly string[]): Promise<CatalogueEntry[]>;
  /** The meetings there are recordings of, most recently recorded first, at most 300, with the newest topic. */
  listNumbers(
    connectionId: ConnectionId,
  ): Promise<{ number: string; topic: string; recordings: number; newestAt: number }[]>;
  /**
   * Forgets entries that began within the time (`from` included, `until` not) and were not seen since `seenBefore`: a
   * complete walk did not find them.
   */
  dropUnseen(connectionId: ConnectionId, among: { from: number; until: number; seenBefore: number }): Promise<void>;
  removeEntries(connectionId: ConnectionId): Promise<void>;
};

export type CatalogueFilter = {
  number?: string;
  /** Part of the topic, in any case and without its accents. */
  q?: string;
  /** Those that began from then on, and before then. */
  from?: number;
  until?: number;
};

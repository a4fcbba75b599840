import type { Logger } from 'pino';
import type { JobKind } from '../jobs/jobs.ts';
import { type Clock, yieldToRequests } from '../lib/clock.ts';
import type { FileStore } from './file-store.ts';
import { BIN_MS } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

export type EmptyBinDeps = {
  recordings: Pick<RecordingStore, 'binnedBefore' | 'removeRecording'>;
  files: Pick<FileStore, 'removeAll'>;
  clock: Clock;
  log: Logger;
};

export const EMPTY_BIN_EVERY_MS = 60 * 60 * 1000;

const AT_ONCE = 20;

/**
 * Removes what has been in the bin for its 90 days: files first, for a row that is left tells of them and is met again by
 * the next round. Nothing is restored after that time, so no row is without its files.
 */
export function createEmptyBin({ recordings, files, clock, log }: EmptyBinDeps): JobKind<object> {
  return {
    name: 'empty-bin',
    atOnce: 1,
    lockMs: 5 * 60_000,
    retryAfter: [],
    async run(_data, { signal }) {
      while (!signal.aborted) {
        const over = await recordings.binnedBefore(clock() - BIN_MS, AT_ONCE);
        for (const { id, deletedAt } of over) {
          await files.removeAll(`recordings/${id}/`);
          const isGone = deletedAt !== null && (await recordings.removeRecording(id, deletedAt));
          log.info({ recordingId: id, isGone }, 'the days of a recording in the bin were over');
        }
        if (over.length < AT_ONCE) return null;
        await yieldToRequests();
      }
      return null;
    },
  };
}

import { beforeEach, describe, expect, it } from 'vitest';
import type { UserId } from '../../../src/channels/channel.ts';
import type { RecordingId } from '../../../src/recordings/recording.ts';
import type { WatchingStep } from '../../../src/recordings/recording-store.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { atOnce, NOW, walk } from '../support/builders.ts';
import { addRecordings, makeRecording } from '../support/recordings.ts';

export function defineWatchingSuite(storage: () => Storage): void {
  describe('what people watched', () => {
    const recordingId = 'r1' as RecordingId;
    const other = 'r2' as RecordingId;
    const userId = 'user-1' as UserId;

    beforeEach(() => addRecordings(storage(), makeRecording(recordingId), makeRecording(other)));

    function watch(change: Partial<WatchingStep> = {}): Promise<void> {
      const step = { recordingId, userId, begins: false, part: 0, positionMs: 0, watchedMs: 0, at: NOW };
      return storage().recordings.addWatching({ ...step, ...change });
    }

    it('begins with the first step and goes on with each', async () => {
      const { recordings } = storage();
      expect(await recordings.findWatching(recordingId, userId)).toBeNull();
      await watch({ begins: true, positionMs: 5_000, watchedMs: 5_000 });
      const first = { recordingId, userId, views: 1, part: 0, positionMs: 5_000, watchedMs: 5_000 };
      expect(await recordings.findWatching(recordingId, userId)).toEqual({ ...first, firstAt: NOW, lastAt: NOW });
      await watch({ part: 1, positionMs: 3_000, watchedMs: 7_000, at: NOW + 9 });
      await watch({ begins: true, part: 2, positionMs: 1, watchedMs: 1, at: NOW + 20 });
      expect(await recordings.findWatching(recordingId, userId)).toEqual({
        ...first,
        ...{ views: 2, part: 2, positionMs: 1, watchedMs: 12_001, lastAt: NOW + 20, firstAt: NOW },
      });
    });

    it('adds up from two tabs at once, and the newest step says where one is', async () => {
      await atOnce(20, (i) => watch({ begins: i < 2, part: i, positionMs: i * 10, watchedMs: 100, at: NOW + i }));
      expect(await storage().recordings.findWatching(recordingId, userId)).toEqual({
        ...{ recordingId, userId, views: 2, watchedMs: 2_000, part: 19, positionMs: 190 },
        ...{ firstAt: NOW, lastAt: NOW + 19 },
      });
    });

    it('counts a step that comes late, and stays where the newer one was', async () => {
      await watch({ part: 3, positionMs: 30, watchedMs: 10, at: NOW + 50 });
      await watch({ begins: true, part: 1, positionMs: 10, watchedMs: 10, at: NOW });
      expect(await storage().recordings.findWatching(recordingId, userId)).toMatchObject({
        ...{ views: 1, part: 3, positionMs: 30, watchedMs: 20, firstAt: NOW, lastAt: NOW + 50 },
      });
    });

    it('is listed newest first, page by page, and counted for each recording that was watched', async () => {
      for (let i = 0; i < 5; i++) {
        await watch({ userId: `user-${i}` as UserId, begins: i > 0, at: NOW + (i % 2) });
        await watch({ userId: `user-${i}` as UserId, begins: i > 1, at: NOW });
      }
      await watch({ recordingId: other, begins: true });
      const seen = await walk((page) => storage().recordings.listWatching(recordingId, page), { limit: 2 });
      expect(seen.map((watching) => watching.userId)).toEqual(['user-3', 'user-1', 'user-4', 'user-2', 'user-0']);
      expect(await storage().recordings.countWatching([recordingId, other, 'r3' as RecordingId])).toEqual(
        new Map([
          [recordingId, { views: 7, people: 5 }],
          [other, { views: 1, people: 1 }],
        ]),
      );
      expect(await storage().recordings.countWatching([])).toEqual(new Map());
    });

    it('is not kept of a recording that there is not', async () => {
      const nothing = 'r9' as RecordingId;
      await watch({ recordingId: nothing, begins: true });
      expect(await storage().recordings.findWatching(nothing, userId)).toBeNull();
    });
  });
}

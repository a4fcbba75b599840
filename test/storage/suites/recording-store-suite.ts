import { describe, expect, it } from 'vitest';
import { type ChannelId, DELETED_KEPT_MS, type UserId } from '../../../src/channels/channel.ts';
import { wellFormed } from '../../../src/lib/fold.ts';
import type { Recording, RecordingId } from '../../../src/recordings/recording.ts';
import type { RecordingFilter } from '../../../src/recordings/recording-store.ts';
import type { ConnectionId } from '../../../src/zoom/connection.ts';
import type { MeetingLinkId } from '../../../src/zoom/meeting-link.ts';
import { atOnce, HOSTILE, makeEvent, NOW, type OpenStorage, openChannel, walk } from '../support/builders.ts';
import {
  addRecordings,
  CONNECTION,
  makeFile,
  makeImport,
  makePart,
  makeRecording,
  OWNER,
} from '../support/recordings.ts';
import { useStorage } from '../support/use-storage.ts';
import { defineWatchingSuite } from './watching-suite.ts';

const CHANNEL = 'channel-1' as ChannelId;
const ELSEWHERE = 'channel-2' as ChannelId;
const OTHER = 'user-2' as UserId;
const R1 = 'r1' as RecordingId;

export function defineRecordingStoreSuite(open: OpenStorage): void {
  describe('recording store', () => {
    const storage = useStorage(open);
    const idsOf = (recordings: Recording[]) => recordings.map(({ id }) => id);
    const activity = () => storage().activity.listActivity(CHANNEL, {}, { limit: 50 });

    describe('adding a recording', () => {
      it('keeps every field, and the event with it', async () => {
        const whole = makeRecording('r1', {
          formerChannelId: ELSEWHERE,
          linkId: 'link-1' as MeetingLinkId,
          titleGiven: true,
          parts: [
            makePart({ transcript: makeFile('text', 'text/vtt'), chat: makeFile('chat', 'text/plain') }),
            makePart({ layout: null, video: null }),
          ],
          import: makeImport({ state: 'failed', fault: 'truncated', transcript: 'waiting', transcriptUntil: NOW + 5 }),
          deletedAt: NOW + 1,
        });
        const event = makeEvent('added', { action: 'recording.import' });
        expect(await storage().recordings.addRecording(whole, event)).toEqual({ recording: whole, created: true });
        expect(await storage().recordings.findRecording(R1)).toEqual(whole);
        expect((await activity()).items).toEqual([event]);
        expect(await storage().recordings.findRecording('r2' as RecordingId)).toBeNull();
      });

      it('makes one for twenty who bring the same instance at once, with one event', async () => {
        const meetingUuid = '/ab+c==';
        const added = await atOnce(20, (i) =>
          storage().recordings.addRecording(makeRecording(`r${i}`, { meetingUuid }), makeEvent(`event-${i}`)),
        );
        expect(added.filter(({ created }) => created)).toHaveLength(1);
        expect(new Set(added.map(({ recording }) => recording.id)).size).toBe(1);
        expect((await storage().recordings.listRecordings({ channelId: CHANNEL }, { limit: 50 })).total).toBe(1);
        expect((await activity()).items).toHaveLength(1);
      });

      it('gives back the one that is known, in the bin too, as it stands', async () => {
        const binned = makeRecording('r1', { deletedAt: NOW, title: 'Here before' });
        await addRecordings(storage(), binned);
        const again = makeRecording('r2', { meetingUuid: binned.meetingUuid });
        expect(await storage().recordings.addRecording(again, makeEvent('again'))).toEqual({
          recording: binned,
          created: false,
        });
        expect((await activity()).items).toEqual([]);
      });

      it.each(HOSTILE)('keeps %j as it is, but for half a pair of surrogates', async (text) => {
        const hostile = makeRecording('r1', {
          title: text,
          meetingUuid: text,
          timeZone: text,
          parts: [makePart({ layout: text, video: { ...makeFile('a', 'video/mp4'), sourceId: text } })],
        });
        const expected = JSON.parse(JSON.stringify(hostile), (_, value) =>
          typeof value === 'string' ? wellFormed(value) : value,
        );
        expect((await storage().recordings.addRecording(hostile, null)).recording).toEqual(expected);
        expect(await storage().recordings.findRecording(R1)).toEqual(expected);
        expect(await storage().recordings.findByMeetings([text, text])).toEqual([expected]);
        expect((await storage().recordings.addRecording(hostile, null)).created).toBe(false);
        const found = await storage().recordings.listRecordings(
          { channelId: CHANNEL, q: wellFormed(text) },
          { limit: 5 },
        );
        expect(idsOf(found.items)).toEqual([R1]);
      });
    });

    it('finds those of some meetings', async () => {
      await addRecordings(storage(), makeRecording('r1'), makeRecording('r2', { deletedAt: NOW }), makeRecording('r3'));
      const found = await storage().recordings.findByMeetings(['uuid-r2==', 'uuid-r1==', 'unknown']);
      expect(idsOf(found).toSorted()).toEqual(['r1', 'r2']);
      expect(await storage().recordings.findByMeetings([])).toEqual([]);
    });

    describe('changing a recording', () => {
      it('writes what was decided with its event, and what tells it from others stays', async () => {
        const before = makeRecording('r1');
        await addRecordings(storage(), before);
        const changed = await storage().recordings.changeRecording(
          R1,
          NOW + 5,
          (current) => ({
            ...current,
            ...{ id: 'other' as RecordingId, meetingUuid: 'other', ownerId: OTHER, version: 99, updatedAt: 1 },
            ...{ title: 'Named', titleGiven: true, channelId: null, formerChannelId: CHANNEL, parts: [] },
          }),
          (was, is) => makeEvent('moved', { from: was.title, to: is.title, at: is.updatedAt }),
        );
        const expected: Recording = {
          ...before,
          ...{ title: 'Named', titleGiven: true, channelId: null, formerChannelId: CHANNEL, parts: [] },
          ...{ version: 2, updatedAt: NOW + 5 },
        };
        expect(changed).toEqual(expected);
        expect(await storage().recordings.findRecording(R1)).toEqual(expected);
        expect((await activity()).items).toEqual([
          makeEvent('moved', { from: before.title, to: 'Named', at: NOW + 5 }),
        ]);
      });

      it.each([
        ['null', () => null],
        ['the same state', (current: Recording) => structuredClone(current)],
      ])('writes nothing for %s', async (_, decide) => {
        const before = makeRecording('r1');
        await addRecordings(storage(), before);
        const stands = await storage().recordings.changeRecording(R1, NOW + 5, decide, () => makeEvent('none'));
        expect(stands).toEqual(before);
        expect(await storage().recordings.findRecording(R1)).toEqual(before);
        expect((await activity()).items).toEqual([]);
      });

      it('tells that there is none', async () => {
        const stands = await storage().recordings.changeRecording(R1, NOW, () => {
          throw new Error('there is nothing to decide about');
        });
        expect(stands).toBeNull();
      });

      it('loses none of twenty changes at once, nor their events', async () => {
        await addRecordings(storage(), makeRecording('r1', { import: makeImport({ attempt: 0 }) }));
        await atOnce(20, (i) =>
          storage().recordings.changeRecording(
            R1,
            NOW + i,
            (current) => ({ ...current, import: { ...current.import, attempt: current.import.attempt + 1 } }),
            () => makeEvent(`event-${i}`),
          ),
        );
        expect(await storage().recordings.findRecording(R1)).toMatchObject({ version: 21, import: { attempt: 20 } });
        expect((await activity()).items).toHaveLength(20);
      });

      it('leaves what could not be decided as it was', async () => {
        const before = makeRecording('r1');
        await addRecordings(storage(), before);
        const failing = storage().recordings.changeRecording(R1, NOW, () => {
          throw new Error('no decision');
        });
        await expect(failing).rejects.toThrow('no decision');
        expect(await storage().recordings.findRecording(R1)).toEqual(before);
      });
    });

    describe('lists', () => {
      const list = (filter: RecordingFilter, limit = 50) => storage().recordings.listRecordings(filter, { limit });

      it('are walked newest first, also where many began at one time, and by nobody else’s additions', async () => {
        for (let i = 0; i < 7; i++)
          await addRecordings(storage(), makeRecording(`r${i}`, { startedAt: NOW + (i % 2) }));
        let pages = 0;
        const seen = await walk(
          async (page) => {
            const shown = await storage().recordings.listRecordings({ channelId: CHANNEL }, page);
            await addRecordings(storage(), makeRecording(`s${pages++}`, { startedAt: NOW + 9 }));
            return shown;
          },
          { limit: 2 },
        );
        expect(idsOf(seen)).toEqual(['r5', 'r3', 'r1', 'r6', 'r4', 'r2', 'r0']);
        expect(await list({ channelId: CHANNEL }, 1)).toMatchObject({ total: 7 + pages });
      });

      it('tell a channel, a library, a bin and what a channel had apart', async () => {
        await addRecordings(
          storage(),
          makeRecording('here'),
          makeRecording('binned', { deletedAt: NOW }),
          makeRecording('elsewhere', { channelId: ELSEWHERE, ownerId: OTHER }),
          makeRecording('own', { channelId: null }),
          makeRecording('own-former', { channelId: null, formerChannelId: CHANNEL }),
          makeRecording('own-binned', { channelId: null, deletedAt: NOW }),
          makeRecording('of-other', { channelId: null, ownerId: OTHER, formerChannelId: CHANNEL }),
        );
        const shown = async (filter: RecordingFilter) => {
          const { items, total, nextCursor } = await list(filter);
          expect([total, nextCursor]).toEqual([items.length, null]);
          return idsOf(items).toSorted();
        };
        expect(await shown({ channelId: CHANNEL })).toEqual(['here']);
        expect(await shown({ channelId: CHANNEL, bin: true })).toEqual(['binned']);
        expect(await shown({ libraryOf: OWNER })).toEqual(['own', 'own-former']);
        expect(await shown({ libraryOf: OWNER, bin: true })).toEqual(['own-binned']);
        expect(await shown({ binOf: OWNER })).toEqual(['binned', 'own-binned']);
        expect(await shown({ binOf: OTHER })).toEqual([]);
        expect(await shown({ formerChannelId: CHANNEL })).toEqual(['of-other', 'own-former']);
        expect(await shown({ formerChannelId: CHANNEL, bin: true })).toEqual([]);
      });

      it('lists those alone that wait for a moderator', async () => {
        await addRecordings(
          storage(),
          makeRecording('r1', { channelId: CHANNEL, review: 'waiting', startedAt: NOW }),
          makeRecording('r2', { channelId: CHANNEL, review: 'refused' }),
          makeRecording('r3', { channelId: CHANNEL, review: 'waiting', deletedAt: NOW }),
          makeRecording('r4', { channelId: ELSEWHERE, review: 'waiting' }),
          makeRecording('r5', { channelId: CHANNEL, review: 'waiting', startedAt: NOW + 1, title: 'Cells' }),
        );
        const waiting = { channelId: CHANNEL, waiting: true } as const;
        const all = await storage().recordings.listRecordings(waiting, { limit: 10 });
        expect([idsOf(all.items), all.total]).toEqual([['r5', 'r1'], 2]);
        const [first, found] = await Promise.all([
          storage().recordings.listRecordings(waiting, { limit: 1 }),
          storage().recordings.listRecordings({ ...waiting, q: 'cel' }, { limit: 10 }),
        ]);
        expect([first.total, found.total, idsOf(found.items)]).toEqual([2, 1, ['r5']]);
      });

      it('show others what is published, reviewed and here, and each owner all of their own', async () => {
        const nothing = [makePart({ video: null, transcript: makeFile('t', 'text/vtt') })];
        await addRecordings(
          storage(),
          makeRecording('done', { parts: [] }),
          makeRecording('coming', { import: makeImport({ state: 'running' }) }),
          makeRecording('not-here', { import: makeImport({ state: 'running' }), parts: nothing }),
          makeRecording('failed', { import: makeImport({ state: 'failed', fault: 'truncated' }), parts: nothing }),
          makeRecording('hidden', { visibility: 'hidden' }),
          makeRecording('waiting', { review: 'waiting', ownerId: OTHER }),
          makeRecording('refused', { review: 'refused', ownerId: OTHER }),
          makeRecording('binned', { deletedAt: NOW, ownerId: OTHER }),
        );
        const seenBy = async (orOwner: UserId | null, bin?: true) => {
          const filter = { channelId: CHANNEL, visible: { orOwner }, ...(bin ? { bin } : {}) };
          const { items, total } = await list(filter);
          expect(total).toBe(items.length);
          return idsOf(items).toSorted();
        };
        expect(await seenBy(null)).toEqual(['coming', 'done']);
        expect(await seenBy(OTHER)).toEqual(['coming', 'done', 'refused', 'waiting']);
        expect(await seenBy(OWNER)).toEqual(['coming', 'done', 'failed', 'hidden', 'not-here']);
        expect([await seenBy(null, true), await seenBy(OTHER, true)]).toEqual([[], ['binned']]);
        await storage().recordings.changeRecording('hidden' as RecordingId, NOW, (current) => ({
          ...current,
          visibility: 'published',
        }));
        expect(await seenBy(null)).toEqual(['coming', 'done', 'hidden']);
      });

      it('are searched by title, in any case and without accents, with signs as they are', async () => {
        await addRecordings(
          storage(),
          makeRecording('r1', { title: 'Éléments d’algèbre' }),
          makeRecording('r2', { title: '50%_off (a.*b)', channelId: null }),
          makeRecording('r3', { title: '50 percent off aXb', channelId: null }),
        );
        const find = async (filter: RecordingFilter) => idsOf((await list(filter)).items);
        expect(await find({ channelId: CHANNEL, q: ' ALGEBRE' })).toEqual(['r1']);
        expect(await find({ channelId: CHANNEL, q: 'algebra' })).toEqual([]);
        expect(await find({ libraryOf: OWNER, q: '%_' })).toEqual(['r2']);
        expect(await find({ libraryOf: OWNER, q: '(A.*' })).toEqual(['r2']);
        expect(await find({ libraryOf: OWNER, q: 'a.b' })).toEqual([]);
        expect(await list({ libraryOf: OWNER, q: '  ' })).toMatchObject({ total: 2 });
        await storage().recordings.changeRecording(R1, NOW, (current) => ({ ...current, title: 'Geometry' }));
        expect(await find({ channelId: CHANNEL, q: 'geo' })).toEqual(['r1']);
      });

      it.each([...HOSTILE, 'WzEsMl0', 'WyJhIiwiYiJd'])('take the cursor %j as none', async (cursor) => {
        await addRecordings(storage(), makeRecording('r1'));
        const { items } = await storage().recordings.listRecordings({ channelId: CHANNEL }, { limit: 5, cursor });
        expect(idsOf(items)).toEqual(['r1']);
      });
    });

    it('tells the imports that have no end, the oldest request first', async () => {
      const asked = (state: Recording['import']['state'], requestedAt: number) =>
        ({ import: makeImport({ state, requestedAt }) }) as const;
      await addRecordings(
        storage(),
        makeRecording('r1', asked('queued', NOW + 2)),
        makeRecording('r2', asked('running', NOW + 1)),
        makeRecording('r3', asked('done', NOW)),
        makeRecording('r4', asked('failed', NOW)),
        makeRecording('r5', asked('cancelled', NOW)),
        makeRecording('r6', asked('queued', NOW + 1)),
      );
      const unfinished = async (limit: number) => idsOf(await storage().recordings.unfinishedImports(limit));
      expect(await unfinished(9)).toEqual(['r2', 'r6', 'r1']);
      expect(await unfinished(1)).toEqual(['r2']);
      await storage().recordings.changeRecording('r2' as RecordingId, NOW, (current) => ({
        ...current,
        import: { ...current.import, state: 'done' },
      }));
      expect(await unfinished(9)).toEqual(['r6', 'r1']);
    });

    it('walks all that came over a connection', async () => {
      const other = 'connection-2' as ConnectionId;
      for (let i = 0; i < 5; i++)
        await addRecordings(storage(), makeRecording(`r${i}`, i === 3 ? { deletedAt: 1 } : {}));
      await addRecordings(
        storage(),
        makeRecording('a', { connectionId: other }),
        makeRecording('b', { connectionId: null }),
      );
      const all = await walk((page) => storage().recordings.recordingsOfConnection(CONNECTION, page), { limit: 2 });
      expect(idsOf(all)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    });

    describe('the bin', () => {
      const R2 = 'r2' as RecordingId;

      it('tells what has been in it since before a time, the oldest first', async () => {
        await addRecordings(storage(), makeRecording('r0'), makeRecording('r1', { deletedAt: NOW + 2 }));
        await addRecordings(
          storage(),
          makeRecording('r2', { deletedAt: NOW + 1 }),
          makeRecording('r3', { deletedAt: NOW + 3 }),
        );
        expect(idsOf(await storage().recordings.binnedBefore(NOW + 3, 9))).toEqual(['r2', 'r1']);
        expect(idsOf(await storage().recordings.binnedBefore(NOW + 9, 1))).toEqual(['r2']);
      });

      it('lets a recording go with what was watched of it, if it is still in it since that time', async () => {
        const { recordings } = storage();
        await addRecordings(storage(), makeRecording('r1'), makeRecording('r2', { deletedAt: NOW }));
        const step = { userId: OTHER, begins: true, part: 0, positionMs: 5, watchedMs: 5, at: NOW };
        await recordings.addWatching({ ...step, recordingId: R2 });
        expect(await recordings.removeRecording(R1, NOW)).toBe(false);
        expect(await recordings.removeRecording(R2, NOW - 1)).toBe(false);
        expect(await recordings.findRecording(R2)).toMatchObject({ deletedAt: NOW });
        expect(await recordings.removeRecording(R2, NOW)).toBe(true);
        expect(await recordings.removeRecording(R2, NOW)).toBe(false);
        expect(await recordings.findRecording(R2)).toBeNull();
        expect(await recordings.findWatching(R2, OTHER)).toBeNull();
        expect(await recordings.countWatching([R2])).toEqual(new Map());
        expect(await recordings.binnedBefore(NOW + 9, 9)).toEqual([]);
        const again = makeRecording('r3', { meetingUuid: 'uuid-r2==' });
        expect((await recordings.addRecording(again, null)).created).toBe(true);
      });

      it('removes or restores, never both, when both are tried at once', async () => {
        for (let i = 0; i < 5; i++) {
          const id = `n${i}` as RecordingId;
          await addRecordings(storage(), makeRecording(id, { deletedAt: NOW }));
          const results = await atOnce<boolean | Recording | null>(6, (j) =>
            j % 2 === i % 2
              ? storage().recordings.removeRecording(id, NOW)
              : storage().recordings.changeRecording(id, NOW + 1, (current) => ({ ...current, deletedAt: null })),
          );
          const removed = results.includes(true);
          const left = await storage().recordings.findRecording(id);
          expect(left?.deletedAt).toBe(removed ? undefined : null);
        }
      });
    });

    it('leaves the recordings of a channel that is removed for good, slice by slice', async () => {
      const { channels, recordings } = storage();
      const deleted = { ...(await openChannel(storage(), '1')), deletedAt: NOW };
      const kept = await openChannel(storage(), '2');
      const theirs = Array.from({ length: 5 }, (_, i) =>
        makeRecording(`r${i}`, i < 2 ? {} : { channelId: i < 4 ? null : kept.id, formerChannelId: deleted.id }),
      );
      const others = [
        makeRecording('s1', { channelId: kept.id }),
        makeRecording('s2', { formerChannelId: kept.id, channelId: null }),
      ];
      await addRecordings(storage(), ...theirs, ...others);
      await channels.updateChannel(deleted, NOW);
      let calls = 1;
      while (await storage().removeExpired(NOW + DELETED_KEPT_MS, 2)) calls++;
      expect(calls).toBeGreaterThan(1);
      expect(await channels.findChannel(deleted.id)).toBeNull();
      for (const { id, channelId, ...same } of theirs) {
        const left = { id, ...same, channelId: channelId === kept.id ? channelId : null, formerChannelId: null };
        expect(await recordings.findRecording(id)).toEqual(left);
      }
      for (const other of others) expect(await recordings.findRecording(other.id)).toEqual(other);
      expect((await recordings.listRecordings({ libraryOf: OWNER }, { limit: 1 })).total).toBe(5);
    });

    defineWatchingSuite(storage);
  });
}

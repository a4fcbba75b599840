import { describe, expect, it } from 'vitest';
import { wellFormed } from '../../../src/lib/fold.ts';
import type { CatalogueEntry, CatalogueFilter } from '../../../src/recordings/catalogue-store.ts';
import type { ConnectionId } from '../../../src/zoom/connection.ts';
import { atOnce, HOSTILE, NOW, type OpenStorage, walk } from '../support/builders.ts';
import { CONNECTION, makeCatalogueEntry } from '../support/recordings.ts';
import { useStorage } from '../support/use-storage.ts';

const OTHER = 'connection-2' as ConnectionId;

export function defineCatalogueStoreSuite(open: OpenStorage): void {
  describe('catalogue store', () => {
    const storage = useStorage(open);
    const put = (...entries: CatalogueEntry[]) => storage().catalogue.putEntries(entries);
    const uuidsOf = (entries: CatalogueEntry[]) => entries.map(({ meetingUuid }) => meetingUuid);
    const list = async (filter: CatalogueFilter = {}, connectionId = CONNECTION) => {
      const { items, total } = await storage().catalogue.listEntries(connectionId, filter, { limit: 50 });
      expect(total).toBe(items.length);
      return uuidsOf(items);
    };

    it('keeps every field of an entry, and replaces what was known of it', async () => {
      const entry = makeCatalogueEntry('a/b==');
      await put(entry, makeCatalogueEntry('b'), makeCatalogueEntry('a/b==', { connectionId: OTHER, topic: 'Other' }));
      expect(await storage().catalogue.findEntries(CONNECTION, ['a/b==', 'a/b==', 'c'])).toEqual([entry]);
      const changed: CatalogueEntry = {
        ...entry,
        ...{ number: '123456789', topic: 'Renamed', startedAt: NOW + 1, timeZone: null, durationMs: 1, bytes: 2 },
        ...{ media: 'none', hasTranscript: false, hasChat: true, processing: true, deletesOn: null, seenAt: NOW + 1 },
      };
      await put(changed);
      expect(await storage().catalogue.findEntries(CONNECTION, ['a/b=='])).toEqual([changed]);
      expect(await list()).toEqual(['a/b==', 'b']);
      expect(await list({ q: 'renamed' })).toEqual(['a/b==']);
      expect(await list({}, OTHER)).toEqual(['a/b==']);
      await put();
    });

    it('believes whoever saw it last, also where others come later or at once', async () => {
      await atOnce(10, (i) => put(makeCatalogueEntry('a', { topic: `Topic ${i}`, seenAt: NOW + ((i * 7) % 10) })));
      expect(await storage().catalogue.findEntries(CONNECTION, ['a'])).toMatchObject([
        { topic: 'Topic 7', seenAt: NOW + 9 },
      ]);
      await put(makeCatalogueEntry('a', { topic: 'Old', seenAt: NOW }), makeCatalogueEntry('b'));
      expect(await storage().catalogue.findEntries(CONNECTION, ['a', 'b'])).toHaveLength(2);
      expect(await storage().catalogue.findEntries(CONNECTION, ['a'])).toMatchObject([{ topic: 'Topic 7' }]);
    });

    it('lists newest first, page by page, also where many began at one time', async () => {
      await put(...Array.from({ length: 7 }, (_, i) => makeCatalogueEntry(`e${i}`, { startedAt: NOW + (i % 2) })));
      const seen = await walk((page) => storage().catalogue.listEntries(CONNECTION, {}, page), { limit: 3 });
      expect(uuidsOf(seen)).toEqual(['e5', 'e3', 'e1', 'e6', 'e4', 'e2', 'e0']);
      expect(await storage().catalogue.listEntries(CONNECTION, {}, { limit: 2 })).toMatchObject({ total: 7 });
    });

    it('filters by meeting, by topic and by time', async () => {
      const number = '111222333';
      await put(
        makeCatalogueEntry('a', { number, topic: 'Algèbre', startedAt: NOW }),
        makeCatalogueEntry('b', { number, topic: '100% (a.b)', startedAt: NOW + 10 }),
        makeCatalogueEntry('c', { topic: 'algebre 2', startedAt: NOW + 20 }),
      );
      expect(await list({ number })).toEqual(['b', 'a']);
      expect(await list({ q: 'ALGEBRE' })).toEqual(['c', 'a']);
      expect(await list({ number, q: 'algebre' })).toEqual(['a']);
      expect(await list({ q: '% (A.' })).toEqual(['b']);
      expect(await list({ from: NOW + 10 })).toEqual(['c', 'b']);
      expect(await list({ from: NOW, until: NOW + 20 })).toEqual(['b', 'a']);
      expect(await list({ number, from: NOW + 1, until: NOW + 10 })).toEqual([]);
    });

    it('tells the meetings, most recently recorded first, with their newest topic', async () => {
      const [room, course] = ['111222333', '98765432109'];
      await put(
        makeCatalogueEntry('a', { number: course, topic: 'Newest', startedAt: NOW + 5 }),
        makeCatalogueEntry('b', { number: course, topic: 'Older', startedAt: NOW + 1 }),
        makeCatalogueEntry('c', { number: course, topic: 'Zoology', startedAt: NOW }),
        makeCatalogueEntry('d', { number: room, topic: 'Room', startedAt: NOW + 9 }),
        makeCatalogueEntry('e', { connectionId: OTHER }),
      );
      expect(await storage().catalogue.listNumbers(CONNECTION)).toEqual([
        { number: room, topic: 'Room', recordings: 1, newestAt: NOW + 9 },
        { number: course, topic: 'Newest', recordings: 3, newestAt: NOW + 5 },
      ]);
    });

    it('tells of three hundred meetings at most', async () => {
      await put(
        ...Array.from({ length: 302 }, (_, i) => makeCatalogueEntry(`e${i}`, { number: `${i}`, startedAt: i })),
      );
      const numbers = await storage().catalogue.listNumbers(CONNECTION);
      expect([numbers.length, numbers[0]?.number, numbers.at(-1)?.number]).toEqual([300, '301', '2']);
    });

    it('forgets what a complete walk did not find, within its time alone', async () => {
      await put(
        makeCatalogueEntry('before', { startedAt: NOW - 1 }),
        makeCatalogueEntry('gone', { startedAt: NOW }),
        makeCatalogueEntry('seen', { startedAt: NOW, seenAt: NOW + 5 }),
        makeCatalogueEntry('after', { startedAt: NOW + 10 }),
        makeCatalogueEntry('gone', { connectionId: OTHER }),
      );
      await storage().catalogue.dropUnseen(CONNECTION, { from: NOW, until: NOW + 10, seenBefore: NOW + 5 });
      expect(await list()).toEqual(['after', 'seen', 'before']);
      expect(await list({}, OTHER)).toEqual(['gone']);
    });

    it('forgets all of a connection, and nothing else', async () => {
      await put(makeCatalogueEntry('a'), makeCatalogueEntry('b'), makeCatalogueEntry('a', { connectionId: OTHER }));
      await storage().catalogue.removeEntries(CONNECTION);
      expect(await list()).toEqual([]);
      expect(await storage().catalogue.listNumbers(CONNECTION)).toEqual([]);
      expect(await list({}, OTHER)).toEqual(['a']);
    });

    it.each(HOSTILE)('keeps %j as it is, but for half a pair of surrogates', async (text) => {
      await put(makeCatalogueEntry(text, { topic: text, number: text, timeZone: text }));
      const kept = wellFormed(text);
      const expected = makeCatalogueEntry(kept, { topic: kept, number: kept, timeZone: kept });
      expect(await storage().catalogue.findEntries(CONNECTION, [text])).toEqual([expected]);
      expect(await list({ q: kept })).toEqual([kept]);
      expect(await storage().catalogue.listNumbers(CONNECTION)).toMatchObject([{ number: kept, topic: kept }]);
      await put(makeCatalogueEntry(text, { topic: 'again', seenAt: NOW + 1 }));
      expect(await list()).toEqual([kept]);
    });
  });
}

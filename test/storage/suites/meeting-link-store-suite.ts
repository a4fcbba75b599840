import { beforeEach, describe, expect, it } from 'vitest';
import { type ChannelId, DELETED_KEPT_MS } from '../../../src/channels/channel.ts';
import { wellFormed } from '../../../src/lib/fold.ts';
import type { ConnectionId } from '../../../src/zoom/connection.ts';
import type { MeetingLink, MeetingLinkId } from '../../../src/zoom/meeting-link.ts';
import { atOnce, HOSTILE, makeEvent, NOW, type OpenStorage, openChannel } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';
import { asUser, makeLink } from '../support/zoom-builders.ts';

export function defineMeetingLinkStoreSuite(open: OpenStorage): void {
  describe('meeting link store', () => {
    const storage = useStorage(open);
    const store = () => storage().meetingLinks;
    const channelId = 'channel-1' as ChannelId;

    beforeEach(async () => {
      for (const name of ['1', '2']) await openChannel(storage(), name);
    });

    const inChannel = (name: string) => ({ channelId: `channel-${name}` as ChannelId });
    const add = (link: MeetingLink, event = `added-${link.id}`) =>
      store().addLink(link, makeEvent(event, { channelId: link.channelId, action: 'meeting.link' }));
    const idsOf = (links: MeetingLink[]) => links.map(({ id }) => id);

    async function added(id: string, change: Partial<MeetingLink> = {}): Promise<MeetingLink> {
      const result = await add(makeLink(id, change));
      if (!result.ok) throw new Error(result.reason);
      return result.value;
    }

    async function recorded(): Promise<string[]> {
      const { items } = await storage().activity.listActivity(channelId, {}, { limit: 100 });
      return items.map(({ id }) => id).toSorted();
    }

    it('adds a link with its event', async () => {
      const link = makeLink('a');
      expect(await add(link)).toEqual({ ok: true, value: link });
      expect(await store().findLink(link.id)).toEqual(link);
      expect(await store().findLink('b' as MeetingLinkId)).toBeNull();
      expect(await recorded()).toEqual(['added-a']);
      const bare: Partial<MeetingLink> = {
        ...{ connectionId: null, name: null, topic: null, from: null, until: null, times: [], checkedAt: null },
        ...{ number: '123456789', kind: 'unknown', inZoom: 'unknown' },
      };
      expect(await store().findLink((await added('bare', bare)).id)).toEqual(makeLink('bare', bare));
    });

    it('takes a number once in a channel, of many at once too, and records nothing of the others', async () => {
      const results = await atOnce(10, (i) => add(makeLink(`link-${i}`, { name: `${i}` })));
      const won = results.flatMap((result) => (result.ok ? [result.value] : []));
      expect(won).toHaveLength(1);
      expect(results.filter((result) => !result.ok && result.reason === 'already-linked')).toHaveLength(9);
      expect(await store().linksOfChannel(channelId)).toEqual(won);
      expect(await recorded()).toEqual([`added-${won[0]?.id}`]);
      expect((await add(makeLink('elsewhere', inChannel('2')))).ok).toBe(true);
    });

    it('lists the links of a channel, a connection and a person, oldest first', async () => {
      const [one, two] = ['one', 'two'] as unknown as ConnectionId[];
      if (!one || !two) throw new Error('unreachable');
      await added('c', { number: '1', createdAt: NOW, connectionId: one });
      await added('b', { number: '2', createdAt: NOW + 1, connectionId: two, linkedBy: asUser('ben') });
      await added('a', { number: '3', createdAt: NOW, connectionId: null });
      await added('d', {
        number: '1',
        createdAt: NOW - 1,
        connectionId: one,
        linkedBy: asUser('ben'),
        ...inChannel('2'),
      });
      expect(idsOf(await store().linksOfChannel(channelId))).toEqual(['a', 'c', 'b']);
      expect(idsOf(await store().linksOfConnection(one))).toEqual(['d', 'c']);
      expect(idsOf(await store().linksOfUser(asUser('ben')))).toEqual(['d', 'b']);
      expect([await store().countLinks(channelId), await store().countLinks('none' as ChannelId)]).toEqual([3, 0]);
    });

    it('lists no more than 200 of a channel, and counts them all', async () => {
      for (let i = 0; i < 205; i++) await added(`link-${i}`, { number: String(100_000_000 + i), createdAt: NOW + i });
      const listed = await store().linksOfChannel(channelId);
      expect([listed.length, listed.at(-1)?.id]).toEqual([200, 'link-199']);
      expect(await store().countLinks(channelId)).toBe(205);
    });

    it('changes what was decided, but neither channel nor number, and records what is noted', async () => {
      const link = await added('a');
      const decided: Partial<MeetingLink> = {
        ...{ name: 'Mondays', until: null, mode: 'automatic', times: [], visibility: 'published' },
      };
      const fixed = { number: '1', ...inChannel('2'), id: 'b' as MeetingLinkId, version: 9 };
      const noted: unknown[] = [];
      const after = await store().changeLink(
        link.id,
        NOW + 5,
        (current) => ({ ...current, ...decided, ...fixed }),
        (...states) => {
          noted.push(states);
          return makeEvent('changed');
        },
      );
      expect(after).toEqual({ ...link, ...decided, updatedAt: NOW + 5, version: 2 });
      expect(await store().findLink(link.id)).toEqual(after);
      expect(noted.at(-1)).toEqual([link, after]);
      expect(await recorded()).toEqual(['added-a', 'changed']);
      expect(
        await store().changeLink(
          link.id,
          NOW,
          (current) => ({ ...current, name: 'x' }),
          () => null,
        ),
      ).toMatchObject({
        version: 3,
      });
      expect(await recorded()).toEqual(['added-a', 'changed']);
    });

    it('writes and notes nothing for the same state, for none, or where no link is', async () => {
      const link = await added('a');
      const note = () => makeEvent('noted');
      for (const decide of [(current: MeetingLink) => ({ ...current, updatedAt: 1 }), () => null]) {
        expect(await store().changeLink(link.id, NOW + 5, decide, note)).toEqual(link);
      }
      expect(await store().changeLink('none' as MeetingLinkId, NOW, () => 'remove', note)).toBeNull();
      expect(await store().findLink(link.id)).toEqual(link);
      expect(await recorded()).toEqual(['added-a']);
    });

    it('removes a link with its event, after which the number is free', async () => {
      const { id } = await added('a');
      const other = await added('other', inChannel('2'));
      const noted: unknown[] = [];
      const note = (...states: unknown[]) => {
        noted.push(states);
        return makeEvent('removed');
      };
      expect(await store().changeLink(id, NOW + 5, () => 'remove', note)).toBeNull();
      expect(noted.at(-1)).toEqual([makeLink('a'), null]);
      expect(await recorded()).toEqual(['added-a', 'removed']);
      expect([await store().findLink(id), await store().countLinks(channelId)]).toEqual([null, 0]);
      for (const list of [
        store().linksOfConnection('connection-1' as ConnectionId),
        store().linksOfUser(asUser('ana')),
      ]) {
        expect(await list).toEqual([other]);
      }
      expect(await store().changeLink(id, NOW + 6, (current) => ({ ...current, name: 'late' }), note)).toBeNull();
      expect((await added('again')).version).toBe(1);
      expect(await store().changeLink('again' as MeetingLinkId, NOW, () => 'remove')).toBeNull();
      expect(await store().linksOfChannel(channelId)).toEqual([]);
    });

    it('loses none of the changes that are made at once', async () => {
      const { id } = await added('a');
      await atOnce(10, (i) =>
        store().changeLink(
          id,
          NOW,
          (current) => ({ ...current, times: [...current.times, { startsAt: i, durationMs: 1 }] }),
          () => makeEvent(`change-${i}`),
        ),
      );
      const after = await store().findLink(id);
      expect(
        after?.times
          .slice(1)
          .map(({ startsAt }) => startsAt)
          .toSorted(),
      ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(after?.version).toBe(11);
      expect(await recorded()).toHaveLength(11);
    });

    it('is removed once by two, and by no change brought back', async () => {
      const { id } = await added('a');
      await atOnce(8, (i) =>
        store().changeLink(
          id,
          NOW,
          (current) => (i % 2 === 0 ? 'remove' : { ...current, name: `${i}` }),
          (_, after) => (after === null ? makeEvent(`removed-${i}`) : null),
        ),
      );
      expect([await store().findLink(id), await store().countLinks(channelId)]).toEqual([null, 0]);
      expect((await recorded()).filter((event) => event.startsWith('removed'))).toHaveLength(1);
    });

    it('goes with its channel when that is removed for good, and stays in one that is deleted', async () => {
      const [gone, kept] = [await added('gone'), await added('kept', inChannel('2'))];
      await added('gone-too', { number: '1' });
      const deletedAt = NOW + 1;
      const channel = await storage().channels.findChannel(channelId);
      if (!channel) throw new Error('unreachable');
      await storage().channels.updateChannel({ ...channel, deletedAt }, deletedAt);
      expect(await store().findLink(gone.id)).toEqual(gone);
      while (await storage().removeExpired(deletedAt + DELETED_KEPT_MS, 1));
      expect([await store().findLink(gone.id), await store().countLinks(channelId)]).toEqual([null, 0]);
      expect(await store().linksOfUser(asUser('ana'))).toEqual([kept]);
      expect(await storage().channels.findChannel(channelId)).toBeNull();
      expect(await recorded()).toEqual(['added-gone', 'added-gone-too']);
    });

    it('gives hostile texts back', async () => {
      for (const [i, text] of HOSTILE.entries()) {
        const { id } = await added(`link-${i}`, { number: `${i}`, name: text, topic: text, joinUrl: text });
        const expected = { name: wellFormed(text), topic: wellFormed(text), joinUrl: wellFormed(text) };
        const found = await store().findLink(id);
        expect(found).toMatchObject(expected);
        expect(await store().changeLink(id, NOW + 1, (current) => ({ ...current, name: text }))).toEqual(found);
        const zone = await store().changeLink(id, NOW + 1, (current) => ({ ...current, timeZone: text }));
        expect(zone).toMatchObject({ ...expected, timeZone: wellFormed(text), version: 2 });
      }
    });
  });
}

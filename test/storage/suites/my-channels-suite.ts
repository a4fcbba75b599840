import { describe, expect, it } from 'vitest';
import type { Channel, ChannelId, PlatformId, User } from '../../../src/channels/channel.ts';
import { MOST_COUNTED, type MyChannelsFilter } from '../../../src/channels/channel-store.ts';
import {
  addedByHand,
  deactivatedByHand,
  emptyMembership,
  type Membership,
  withLaunch,
  withoutRosterEntry,
  withRosterEntry,
} from '../../../src/channels/membership.ts';
import type { PermissionLevel } from '../../../src/channels/permission-level.ts';
import { HOSTILE, makeEntry, makeOpening, NOW, type OpenStorage, PLATFORM, walk } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineMyChannelsSuite(open: OpenStorage): void {
  describe('channel store: the channels of one person', () => {
    const storage = useStorage(open);
    const ELSEWHERE = 'platform-2' as PlatformId;

    function person(subject = 'ana', platformId = PLATFORM): Promise<User> {
      return storage().memberships.upsertUser({ platformId, subject, person: { name: null, email: null }, at: NOW });
    }

    async function make(name: string, change: Partial<Channel> = {}): Promise<Channel> {
      const opening = makeOpening(name, { title: name, label: null, platformId: change.platformId ?? PLATFORM });
      const fresh = { ...opening.fresh, ...change };
      return (await storage().channels.openChannelForContext({ ...opening, fresh })).channel;
    }

    async function set(channel: Channel, change: Partial<Channel>): Promise<Channel> {
      const stands = await storage().channels.findChannel(channel.id);
      const written = stands && (await storage().channels.updateChannel({ ...stands, ...change }, NOW + 1));
      if (!written) throw new Error('the channel was not written');
      return written;
    }

    async function enter(
      channel: Channel,
      { id: userId, subject }: User,
      shape: (fresh: Membership) => Membership = (fresh) => addedByHand(fresh, 'member'),
    ): Promise<void> {
      const key = { channelId: channel.id, userId, at: NOW };
      await storage().memberships.changeMembership(key, (current) =>
        shape(current ?? emptyMembership({ ...key, subject }, 'hand', NOW)),
      );
    }

    async function names(user: User, filter: MyChannelsFilter): Promise<string[]> {
      const asked = { platformId: user.platformId, userId: user.id, tenant: null };
      const page = await storage().channels.listMyChannels(asked, filter, { limit: 50 });
      expect(page.total).toBe(page.items.length);
      expect(page.nextCursor).toBeNull();
      return page.items.map(({ channel }) => channel.givenName ?? channel.title);
    }

    const byLevel = (level: PermissionLevel) => (fresh: Membership) => addedByHand(fresh, level);

    it('keeps the open channels of another school that shares the platform apart', async () => {
      const ana = await person();
      await make('Of school A', { privacy: 'open', tenant: 'school-a' });
      await make('Of school B', { privacy: 'open', tenant: 'school-b' });
      await make('Of no school that is told', { privacy: 'open' });
      const open = async (tenant: string | null) => {
        const asked = { platformId: PLATFORM, userId: ana.id, tenant };
        const page = await storage().channels.listMyChannels(asked, { scope: 'open' }, { limit: 10 });
        return [page.total, ...page.items.map(({ channel }) => channel.title)];
      };
      expect(await open('school-a')).toEqual([1, 'Of school A']);
      expect(await open('school-b')).toEqual([1, 'Of school B']);
      expect(await open(null)).toEqual([1, 'Of no school that is told']);
    });

    it('counts without listing when asked for none', async () => {
      const ana = await person();
      for (const name of ['One', 'Two', 'Three', 'Gone']) await enter(await make(name), ana, byLevel('manager'));
      await make('Open', { privacy: 'open' });
      const [gone] = (await storage().channels.listChannels({ referenceId: 'Gone' }, { limit: 1 })).items;
      await set(gone as Channel, { deletedAt: NOW });
      const total = async (filter: MyChannelsFilter) => {
        const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
        const page = await storage().channels.listMyChannels(asked, filter, { limit: 0 });
        expect(page).toMatchObject({ items: [], nextCursor: null });
        return page.total;
      };
      expect(await total({ scope: 'mine' })).toBe(3);
      expect(await total({ scope: 'mine', q: 't' })).toBe(2);
      expect(await total({ scope: 'open' })).toBe(1);
      expect(await total({ scope: 'deleted' })).toBe(1);
    });

    it('lists where the person is an active member, with their level and everything of the channel', async () => {
      const ana = await person();
      const moderated = await make('moderated', { privacy: 'restricted', tags: ['green'] });
      await enter(moderated, ana, byLevel('moderator'));
      const launched = await make('launched');
      const launch = { ...makeEntry('ana', { level: 'contributor' }), at: NOW };
      await enter(launched, ana, (fresh) => withLaunch({ ...fresh, addedBy: 'launch' }, launch));
      await enter(await make('shut'), ana, (fresh) => deactivatedByHand(addedByHand(fresh, 'manager')));
      await enter(await make('someone else'), await person('ben'));
      await make('nobody', { privacy: 'open' });
      const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
      expect(await storage().channels.listMyChannels(asked, { scope: 'mine' }, { limit: 10 })).toEqual({
        items: [
          { channel: launched, level: 'contributor' },
          { channel: moderated, level: 'moderator' },
        ],
        nextCursor: null,
        total: 2,
        totalIsCapped: false,
      });
    });

    it('leaves out deleted channels until they are restored, and those somebody was removed from', async () => {
      const ana = await person();
      const [kept, deleted, left] = [await make('kept'), await make('deleted'), await make('left')];
      for (const channel of [kept, deleted, left]) await enter(channel, ana);
      await set(deleted, { deletedAt: NOW });
      await storage().memberships.changeMembership({ channelId: left.id, userId: ana.id, at: NOW }, () => 'remove');
      expect(await names(ana, { scope: 'mine' })).toEqual(['kept']);
      await set(deleted, { deletedAt: null });
      expect(await names(ana, { scope: 'mine' })).toEqual(['deleted', 'kept']);
    });

    it('lists open and restricted channels of the platform where the person is no member and never was', async () => {
      const ana = await person();
      await make('Open', { privacy: 'open' });
      await make('restricted', { privacy: 'restricted' });
      await make('private');
      await make('deleted', { privacy: 'open', deletedAt: NOW });
      await make('elsewhere', { privacy: 'open', platformId: ELSEWHERE, id: 'elsewhere' as ChannelId });
      await enter(await make('mine', { privacy: 'open' }), ana);
      await enter(await make('shut', { privacy: 'open' }), ana, (m) => deactivatedByHand(addedByHand(m, 'member')));
      const departed = (m: Membership) =>
        withoutRosterEntry(withRosterEntry({ ...m, addedBy: 'roster' }, makeEntry('ana'), 'deactivate'), 'deactivate');
      await enter(await make('departed', { privacy: 'open' }), ana, departed);
      expect(await names(ana, { scope: 'open' })).toEqual(['Open', 'restricted']);
      const page = await storage().channels.listMyChannels(
        { platformId: PLATFORM, userId: ana.id, tenant: null },
        { scope: 'open' },
        { limit: 1 },
      );
      expect(page.items.map(({ level }) => level)).toEqual([null]);
      expect(await names(await person('ben'), { scope: 'open' })).toEqual([
        'departed',
        'mine',
        'Open',
        'restricted',
        'shut',
      ]);
      expect(await names(await person('ana', ELSEWHERE), { scope: 'open' })).toEqual(['elsewhere']);
    });

    it('counts no further than it has to', async () => {
      const ana = await person();
      const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
      const counted = async () => {
        const page = await storage().channels.listMyChannels(asked, { scope: 'open' }, { limit: 1 });
        return [page.total, page.totalIsCapped];
      };
      for (let i = 0; i < MOST_COUNTED; i++) await make(`c${i}`, { privacy: 'open' });
      expect(await counted()).toEqual([MOST_COUNTED, false]);
      await make('one more', { privacy: 'open' });
      expect(await counted()).toEqual([MOST_COUNTED, true]);
    });

    it('follows a channel whose privacy changes', async () => {
      const ana = await person();
      const channel = await make('Botany');
      expect(await names(ana, { scope: 'open' })).toEqual([]);
      await set(channel, { privacy: 'open' });
      expect(await names(ana, { scope: 'open' })).toEqual(['Botany']);
      await set(channel, { privacy: 'private' });
      expect(await names(ana, { scope: 'open' })).toEqual([]);
    });

    it('lists deleted channels to their owner, and to active managers where there is no owner', async () => {
      const [ana, ben] = [await person(), await person('ben')];
      const deletedAt = NOW;
      await make('owned', { deletedAt, ownerId: ana.id });
      const managed = await make('managed', { deletedAt });
      await enter(managed, ana, byLevel('manager'));
      await enter(await make('of ben', { deletedAt, ownerId: ben.id }), ana, byLevel('manager'));
      await enter(await make('moderated', { deletedAt }), ana, byLevel('moderator'));
      await enter(await make('shut', { deletedAt }), ana, (m) => deactivatedByHand(addedByHand(m, 'manager')));
      await enter(await make('alive', { ownerId: ana.id }), ana, byLevel('manager'));
      expect(await names(ana, { scope: 'deleted' })).toEqual(['managed', 'owned']);
      expect(await names(ben, { scope: 'deleted' })).toEqual(['of ben']);
      const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
      const { items } = await storage().channels.listMyChannels(asked, { scope: 'deleted' }, { limit: 10 });
      expect(items).toEqual([
        { channel: managed, level: 'manager' },
        { channel: expect.objectContaining({ ownerId: ana.id }), level: null },
      ]);
    });

    describe.each([
      ['mine', {}],
      ['open', { privacy: 'open' }],
      ['deleted', { deletedAt: NOW }],
    ] as const)('%s', (scope, shape) => {
      async function fill(...entries: [name: string, change?: Partial<Channel>][]): Promise<User> {
        const ana = await person();
        for (const [i, [title, change]] of entries.entries()) {
          const opening = makeOpening(`c${i}`, { title, label: `LBL-${i}` });
          const fresh = { ...opening.fresh, ...shape, ...(scope === 'deleted' ? { ownerId: ana.id } : {}), ...change };
          const { channel } = await storage().channels.openChannelForContext({ ...opening, fresh });
          if (scope === 'mine') await enter(channel, ana);
        }
        return ana;
      }

      it('sorts by the name people see, without regard to case and accents, then by ID', async () => {
        const ana = await fill(['zoology'], ['Ökologie'], ['Title', { givenName: 'algebra' }], ['Botany'], ['botany']);
        expect(await names(ana, { scope })).toEqual(['algebra', 'Botany', 'botany', 'Ökologie', 'zoology']);
      });

      it('walks all pages by cursor, each with the total of all that match', async () => {
        // Two of each name: the ID decides.
        const ana = await fill(...['b', 'a', 'b', 'a', 'c', 'd', ''].map((title): [string] => [title]));
        const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
        const seen = await walk(
          async (page) => {
            const shown = await storage().channels.listMyChannels(asked, { scope }, page);
            expect(shown.total).toBe(7);
            return shown;
          },
          { limit: 2 },
        );
        expect(seen.map(({ channel }) => channel.id)).toEqual(
          [6, 1, 3, 0, 2, 4, 5].map((number) => `channel-c${number}`),
        );
      });

      it.each([
        ['BOTAN', ['Botánica I']],
        ['title of', ['Given']],
        ['GIVEN', ['Given']],
        ['lbl-2', ['Chemistry']],
        ['green t', ['Chemistry']],
        ['tea\nred', []],
        ['%', []],
        ['_', []],
        ['nothing', []],
        ['  chem ', ['Chemistry']],
      ])('finds by part of a name, a code or a tag: %j', async (q, expected) => {
        const ana = await fill(
          ['Botánica I'],
          ['Title of the LMS', { givenName: 'Given' }],
          ['Chemistry', { tags: ['Green Tea', 'red'] }],
        );
        expect(await names(ana, { scope, q })).toEqual(expected);
      });

      it.each(['', '  ', '\u0301'])('takes the search %j as none', async (q) => {
        expect(await names(await fill(['a'], ['b']), { scope, q })).toEqual(['a', 'b']);
      });

      it.each(HOSTILE)('survives the search, the cursor and the title %j', async (text) => {
        const ana = await fill(['plain'], [text]);
        const asked = { platformId: PLATFORM, userId: ana.id, tenant: null };
        const page = await storage().channels.listMyChannels(asked, { scope }, { limit: 9, cursor: text });
        expect(page.total).toBe(2);
        expect(page.items).toHaveLength(2);
        const stored = page.items.find(({ channel }) => channel.id === 'channel-c1')?.channel.title;
        const found = await storage().channels.listMyChannels(asked, { scope, q: stored ?? '' }, { limit: 9 });
        expect(found.items.map(({ channel }) => channel.id)).toEqual(['channel-c1']);
      });

      it('follows a name, a code or tags that change, by hand and at a launch', async () => {
        const ana = await fill(['m'], ['n']);
        const first = await storage().channels.findChannel('channel-c0' as ChannelId);
        await set(first!, { givenName: 'z', tags: ['new tag'] });
        expect(await names(ana, { scope })).toEqual(['n', 'z']);
        expect(await names(ana, { scope, q: 'new tag' })).toEqual(['z']);
        await set(first!, { givenName: null, tags: [] });
        expect(await names(ana, { scope, q: 'new tag' })).toEqual([]);
        await storage().channels.openChannelForContext(
          makeOpening('c0', { title: 'x', label: 'NEW-CODE', at: NOW + 9 }),
        );
        expect(await names(ana, { scope })).toEqual(['n', 'x']);
        expect(await names(ana, { scope, q: 'new-code' })).toEqual(['x']);
        expect(await names(ana, { scope, q: 'lbl-0' })).toEqual([]);
      });
    });
  });
}

import { describe, expect, it } from 'vitest';
import {
  type Channel,
  type ChannelId,
  DELETED_KEPT_MS,
  type PlatformId,
  type UserId,
} from '../../../src/channels/channel.ts';
import {
  atOnce,
  HOSTILE,
  makeChannel,
  makeEvent,
  makeOpening,
  NOW,
  type OpenStorage,
  openChannel,
  PLATFORM,
} from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineChannelStoreSuite(open: OpenStorage): void {
  describe('channel store', () => {
    const storage = useStorage(open);

    describe('opening the channel of a context', () => {
      it('makes the channel and the context at the first launch', async () => {
        const opening = makeOpening('c1');
        const opened = await storage().channels.openChannelForContext(opening);
        expect(opened.created).toBe(true);
        expect(opened.channel).toEqual(opening.fresh);
        expect(opened.context).toEqual({
          platformId: PLATFORM,
          contextId: 'c1',
          channelId: opening.fresh.id,
          title: opening.title,
          label: opening.label,
          types: opening.types,
          deploymentIds: ['deployment-1'],
          rosterUrl: opening.rosterUrl,
          firstLaunchAt: NOW,
          lastLaunchAt: NOW,
        });
        expect(await storage().channels.findChannel(opening.fresh.id)).toEqual(opening.fresh);
        expect(await storage().channels.findContext(PLATFORM, 'c1')).toEqual(opened.context);
        expect(await storage().channels.contextsOfChannel(opening.fresh.id)).toEqual([opened.context]);
      });

      it('makes one channel for twenty first launches at once', async () => {
        const opened = await atOnce(20, (i) => {
          const opening = makeOpening('c1');
          return storage().channels.openChannelForContext({
            ...opening,
            fresh: { ...opening.fresh, id: `channel-${i}` as ChannelId },
          });
        });
        expect(opened.filter(({ created }) => created)).toHaveLength(1);
        expect(new Set(opened.map(({ channel }) => channel.id)).size).toBe(1);
        expect((await storage().channels.listChannels({}, { limit: 50 })).items).toHaveLength(1);
      });

      it('brings a known context and its channel up to date, and keeps a roster URL that a launch does not repeat', async () => {
        const first = await storage().channels.openChannelForContext(makeOpening('c1'));
        const later = await storage().channels.openChannelForContext(
          makeOpening('c1', {
            title: 'Botany 102',
            label: null,
            deploymentId: 'd2',
            rosterUrl: null,
            types: [],
            at: NOW + 5,
          }),
        );
        expect(later.created).toBe(false);
        expect(later.context).toEqual({
          ...first.context,
          title: 'Botany 102',
          label: null,
          types: [],
          deploymentIds: ['deployment-1', 'd2'],
          lastLaunchAt: NOW + 5,
        });
        expect(later.channel).toEqual({
          ...first.channel,
          title: 'Botany 102',
          label: null,
          updatedAt: NOW + 5,
          version: first.channel.version + 1,
        });
        expect(await storage().channels.findChannel(first.channel.id)).toEqual(later.channel);
      });

      it('leaves the channel as it is when a launch says nothing new', async () => {
        const first = await storage().channels.openChannelForContext(makeOpening('c1'));
        const later = await storage().channels.openChannelForContext(makeOpening('c1', { at: NOW + 5 }));
        expect(later.channel).toEqual(first.channel);
      });

      it('keeps the same context ID of two platforms apart', async () => {
        const here = await openChannel(storage(), 'c1');
        const opening = makeOpening('c1', { platformId: 'platform-2' as PlatformId });
        const there = await storage().channels.openChannelForContext({
          ...opening,
          fresh: { ...opening.fresh, id: 'elsewhere' as ChannelId },
        });
        expect(there.created).toBe(true);
        expect(there.channel.referenceId).toBe('c1');
        expect(there.channel.id).not.toBe(here.id);
      });

      it('gives no reference ID to a channel whose usual one is taken on the platform', async () => {
        await openChannel(storage(), 'c1');
        const opening = makeOpening('c2');
        const second = await storage().channels.openChannelForContext({
          ...opening,
          fresh: { ...opening.fresh, referenceId: 'c1' },
        });
        expect(second.channel.referenceId).toBeNull();
      });

      it('returns the deleted channel of a context as it is', async () => {
        const channel = await openChannel(storage(), 'c1');
        await storage().channels.updateChannel({ ...channel, deletedAt: NOW + 1 }, NOW + 1);
        const again = await storage().channels.openChannelForContext(makeOpening('c1', { at: NOW + 2 }));
        expect(again.created).toBe(false);
        expect(again.channel).toMatchObject({ id: channel.id, deletedAt: NOW + 1 });
      });

      it.each(HOSTILE)('stores the title %j without harm', async (title) => {
        const opened = await storage().channels.openChannelForContext(makeOpening('c1', { title }));
        const found = await storage().channels.findChannel(opened.channel.id);
        expect(found).toEqual(opened.channel);
        const again = await storage().channels.openChannelForContext(makeOpening('c1', { title, at: NOW + 9 }));
        expect(again.channel).toEqual(opened.channel);
      });
    });

    describe('changing a channel', () => {
      it('writes every field and counts the version', async () => {
        const channel = await openChannel(storage(), 'c1');
        const changed = await storage().channels.updateChannel(
          {
            ...channel,
            referenceId: 'BOT-2030',
            givenName: 'Plants',
            description: 'All of them',
            tags: ['green', 'a"b'],
            privacy: 'open',
            contributionPolicy: 'everyone',
            moderated: true,
            ownerId: 'user-1' as UserId,
            sync: { automatic: false, departedOverrides: 'keep', askBeforeRemovals: true },
          },
          NOW + 7,
        );
        expect(changed).toMatchObject({
          givenName: 'Plants',
          moderated: true,
          tags: ['green', 'a"b'],
          ownerId: 'user-1',
          sync: { automatic: false, departedOverrides: 'keep', askBeforeRemovals: true },
          updatedAt: NOW + 7,
        });
        expect(changed?.version).toBe(channel.version + 1);
        expect(await storage().channels.findChannel(channel.id)).toEqual(changed);
      });

      it('lets one of twenty writers of the same version win', async () => {
        const channel = await openChannel(storage(), 'c1');
        const results = await atOnce(20, (i) =>
          storage().channels.updateChannel({ ...channel, givenName: `Name ${i}` }, NOW + i),
        );
        expect(results.filter((result) => result !== null)).toHaveLength(1);
      });

      it('records what is noted of a change with it, and nothing of one that is not written', async () => {
        const channel = await openChannel(storage(), 'c1');
        const write = { ...channel, givenName: 'Plants' };
        const note = (written: Channel) => [
          makeEvent('one', { channelId: channel.id, to: `${written.version}` }),
          makeEvent('two', { channelId: channel.id }),
        ];
        const events = async () => (await storage().activity.listActivity(channel.id, {}, { limit: 9 })).items;
        const broken = storage().channels.updateChannel(write, NOW, () => {
          throw new Error('broken note');
        });
        await expect(broken).rejects.toThrow('broken note');
        expect([await storage().channels.findChannel(channel.id), await events()]).toEqual([channel, []]);
        expect(await storage().channels.updateChannel({ ...write, version: 99 }, NOW, note)).toBeNull();
        expect(await events()).toEqual([]);
        const written = await storage().channels.updateChannel(write, NOW, note);
        expect((await events()).map(({ id, to }) => [id, to])).toEqual([
          ['two', null],
          ['one', `${written?.version}`],
        ]);
      });

      it('returns null for a channel that is not there', async () => {
        expect(await storage().channels.updateChannel(makeChannel(), NOW)).toBeNull();
        expect(await storage().channels.findChannel('nowhere' as ChannelId)).toBeNull();
      });

      it('refuses a reference ID that another channel of the platform has', async () => {
        await openChannel(storage(), 'c1');
        const second = await openChannel(storage(), 'c2');
        expect(await storage().channels.updateChannel({ ...second, referenceId: 'c1' }, NOW)).toBeNull();
        expect(await storage().channels.findChannel(second.id)).toEqual(second);
      });
    });

    describe('restoring a channel', () => {
      const over = NOW + DELETED_KEPT_MS;

      it('brings it back as it was until its time is over', async () => {
        const channel = await openChannel(storage(), 'c1');
        const deleted = (await storage().channels.updateChannel({ ...channel, deletedAt: NOW }, NOW))!;
        const restored = await storage().channels.updateChannel({ ...deleted, deletedAt: null }, over - 1);
        expect(restored).toEqual({ ...channel, updatedAt: over - 1, version: channel.version + 2 });
      });

      it('fails when its time is over, while a launch may still tell its title', async () => {
        const channel = await openChannel(storage(), 'c1');
        const deleted = (await storage().channels.updateChannel({ ...channel, deletedAt: NOW }, NOW))!;
        expect(await storage().channels.updateChannel({ ...deleted, deletedAt: null }, over)).toBeNull();
        expect(await storage().channels.findChannel(channel.id)).toEqual(deleted);
        const launched = await storage().channels.openChannelForContext(makeOpening('c1', { title: 'New', at: over }));
        expect(launched.channel).toMatchObject({ id: channel.id, title: 'New', deletedAt: NOW });
      });
    });

    describe('listing channels', () => {
      it('walks all of them by cursor, oldest first, without the deleted ones', async () => {
        const names = ['a', 'b', 'c', 'd', 'e'];
        for (const [i, name] of names.entries()) {
          // Two of each age: the ID decides.
          await storage().channels.openChannelForContext(makeOpening(name, { at: NOW + Math.floor(i / 2) }));
        }
        const deleted = await storage().channels.findChannel('channel-c' as ChannelId);
        if (deleted) await storage().channels.updateChannel({ ...deleted, deletedAt: NOW }, NOW);
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await storage().channels.listChannels({}, cursor === null ? { limit: 2 } : { limit: 2, cursor });
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual(['channel-a', 'channel-b', 'channel-d', 'channel-e']);
      });

      it('lists deleted ones instead, until their removal begins', async () => {
        await openChannel(storage(), 'kept');
        for (const [name, deletedAt] of [
          ['old', NOW],
          ['young', NOW + 1],
        ] as const) {
          const channel = await openChannel(storage(), name);
          await storage().channels.updateChannel({ ...channel, deletedAt }, NOW);
        }
        const deleted = async (referenceId: string) =>
          (await storage().channels.listChannels({ deleted: true, referenceId }, { limit: 5 })).items.length;
        const count = async () => (await storage().channels.listChannels({ deleted: true }, { limit: 5 })).items.length;
        expect([await count(), await deleted('old'), await deleted('kept')]).toEqual([2, 1, 0]);
        while (await storage().removeExpired(NOW + DELETED_KEPT_MS, 1));
        expect([await count(), await deleted('old'), await deleted('young')]).toEqual([1, 0, 1]);
      });

      it('filters by platform, reference ID and context ID', async () => {
        const first = await openChannel(storage(), 'c1');
        const second = await openChannel(storage(), 'c2');
        await storage().channels.updateChannel({ ...second, referenceId: 'BOT' }, NOW);
        const ids = async (filter: Parameters<ReturnType<typeof storage>['channels']['listChannels']>[0]) =>
          (await storage().channels.listChannels(filter, { limit: 10 })).items.map(({ id }) => id);
        expect(await ids({ platformId: PLATFORM })).toEqual([first.id, second.id]);
        expect(await ids({ platformId: 'platform-2' as PlatformId })).toEqual([]);
        expect(await ids({ referenceId: 'BOT' })).toEqual([second.id]);
        expect(await ids({ contextId: 'c2' })).toEqual([second.id]);
        expect(await ids({ platformId: PLATFORM, referenceId: 'c1', contextId: 'c1' })).toEqual([first.id]);
        expect(await ids({ referenceId: 'c1', contextId: 'c2' })).toEqual([]);
      });

      it.each(['garbage', 'W10', 'WzEsMl0', 'eyJhIjoxfQ', '%00'])('takes the cursor %j as none', async (cursor) => {
        await openChannel(storage(), 'c1');
        expect((await storage().channels.listChannels({}, { limit: 10, cursor })).items).toHaveLength(1);
      });
    });
  });
}

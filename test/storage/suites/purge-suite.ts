import { describe, expect, it } from 'vitest';
import { type Channel, type ChannelId, DELETED_KEPT_MS, type SyncId } from '../../../src/channels/channel.ts';
import {
  atOnce,
  collect,
  enterRoster,
  makeAddition,
  makeEntry,
  makeEvent,
  makeOpening,
  makeRun,
  NOW,
  type OpenStorage,
  openChannel,
  PLATFORM,
} from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function definePurgeSuite(open: OpenStorage): void {
  describe('removing channels that were deleted too long ago', () => {
    const storage = useStorage(open);
    const OVER = NOW + DELETED_KEPT_MS;
    const SUBJECTS = ['ana', 'ben', 'cleo', 'dan', 'eve'];

    /** A channel with members, an applied sync with its diff, a held one, and activity. */
    async function fill(name: string): Promise<Channel> {
      const channel = await openChannel(storage(), name);
      const entries = SUBJECTS.map((subject) => makeEntry(subject));
      await enterRoster(storage(), channel, entries);
      for (const state of ['applied', 'held'] as const) {
        const { run } = await storage().syncs.requestSync(makeRun(`${state}-${name}`, { channelId: channel.id }));
        await storage().syncs.saveSyncChanges({ id: run.id, attempt: 0 }, 0, entries.map(makeAddition));
        await storage().syncs.saveSync({ ...run, state, finishedAt: NOW });
      }
      await storage().activity.recordActivity(makeEvent(`event-${name}`, { channelId: channel.id }));
      return channel;
    }

    async function remove(channel: Channel, at = NOW): Promise<Channel> {
      const deleted = await storage().channels.updateChannel({ ...channel, deletedAt: at }, at);
      if (!deleted) throw new Error('the channel was not deleted');
      return deleted;
    }

    /** Calls until nothing is left to remove; how many calls that took. */
    async function removeAll(now: number, limit: number): Promise<number> {
      for (let calls = 1; calls < 100; calls++) if (!(await storage().removeExpired(now, limit))) return calls;
      throw new Error('removing never ends');
    }

    async function rowsOf(name: string) {
      const id = `channel-${name}` as ChannelId;
      const { channels, memberships, syncs } = storage();
      const diffs = ['applied', 'held'].map((state) =>
        syncs.syncChanges(`${state}-${name}` as SyncId, { from: 0, limit: 99 }),
      );
      return {
        channel: await channels.findChannel(id),
        contexts: (await channels.contextsOfChannel(id)).length,
        members: (await collect(memberships.allMembers(id, 100))).length,
        runs: (await syncs.listSyncs(id, 10)).length,
        changes: (await Promise.all(diffs)).flat().length,
      };
    }

    const NOTHING = { channel: null, contexts: 0, members: 0, runs: 0, changes: 0 };

    it('takes the channel and all that is its own; people and activity stay', async () => {
      const channel = await fill('old');
      const [ana] = (await storage().memberships.listMembers(channel.id, {}, { limit: 1 })).items;
      await remove(channel);
      await removeAll(OVER, 100);
      expect(await rowsOf('old')).toEqual(NOTHING);
      expect(await storage().memberships.findUser(ana!.userId)).toMatchObject({ subject: 'ana' });
      expect(await storage().memberships.searchUsers({ platformId: PLATFORM }, 'ana', 5)).toHaveLength(1);
      expect((await storage().activity.listActivity(channel.id, {}, { limit: 5 })).items).toHaveLength(1);
    });

    it('leaves channels that are not deleted, may still be restored, or were restored', async () => {
      const alive = await fill('alive');
      const young = await remove(await fill('young'), NOW + 1);
      const deleted = await remove(await fill('back'));
      const restored = await storage().channels.updateChannel({ ...deleted, deletedAt: null }, NOW + 5);
      const before = await Promise.all(['alive', 'young', 'back'].map(rowsOf));
      await removeAll(OVER, 100);
      expect(await Promise.all(['alive', 'young', 'back'].map(rowsOf))).toEqual(before);
      expect(before.map(({ channel }) => channel)).toEqual([alive, young, restored]);
      expect(before[2]).toMatchObject({ contexts: 1, members: 5, runs: 2, changes: 10 });
    });

    it('takes no more than the limit at a time and tells that more is left', async () => {
      await remove(await fill('a'));
      await remove(await fill('b'));
      expect(await storage().removeExpired(OVER, 2)).toBe(true);
      const [a, b] = [await rowsOf('a'), await rowsOf('b')];
      expect(a.members + b.members).toBe(8);
      // An engine may keep lines of a diff in blocks.
      expect(a.changes + b.changes).toBeGreaterThanOrEqual(10);
      expect(a.changes + b.changes).toBeLessThan(20);
      expect(a.runs + b.runs).toBeGreaterThanOrEqual(2);
      expect(await removeAll(OVER, 2)).toBeGreaterThan(3);
      expect([await rowsOf('a'), await rowsOf('b')]).toEqual([NOTHING, NOTHING]);
      expect(await storage().removeExpired(OVER, 2)).toBe(false);
    });

    it('is not done while a diff is left, however long', async () => {
      const channel = await fill('long');
      const additions = Array.from({ length: 3000 }, (_, i) => makeAddition(makeEntry(`p${i}`)));
      await storage().syncs.saveSyncChanges({ id: 'applied-long' as SyncId, attempt: 0 }, 0, additions);
      await remove(channel);
      // More rows than there are of anything but the diff.
      await removeAll(OVER, 50);
      expect(await rowsOf('long')).toEqual(NOTHING);
    });

    it('makes a channel gone for every verb at its first step, and nothing brings it back half emptied', async () => {
      const deleted = await remove(await fill('old'));
      const { channels } = storage();
      await storage().removeExpired(OVER, 2);
      expect((await rowsOf('old')).members).toBeGreaterThan(0);
      expect(await channels.findChannel(deleted.id)).toBeNull();
      for (const version of [deleted.version, deleted.version + 1, deleted.version + 2]) {
        // Also to a clock that is slow, for which there is still time.
        expect(await channels.updateChannel({ ...deleted, deletedAt: null, version }, NOW + 1)).toBeNull();
      }
      const [ana] = (await storage().memberships.listMembers(deleted.id, {}, { limit: 1 })).items;
      const person = { platformId: PLATFORM, userId: ana!.userId, tenant: null };
      for (const scope of ['mine', 'open', 'deleted'] as const) {
        expect((await channels.listMyChannels(person, { scope }, { limit: 5 })).total).toBe(0);
      }
    });

    it('lets a course that is launched meanwhile begin anew, with its reference ID', async () => {
      await remove(await fill('old'));
      await storage().removeExpired(OVER, 2);
      const opening = makeOpening('old', { at: OVER });
      const fresh = { ...opening.fresh, id: 'channel-new' as ChannelId };
      const opened = await storage().channels.openChannelForContext({ ...opening, fresh });
      expect(opened).toMatchObject({ created: true, channel: { id: 'channel-new', referenceId: 'old' } });
      await removeAll(OVER, 2);
      expect(await rowsOf('old')).toEqual(NOTHING);
      expect(await storage().channels.findContext(PLATFORM, 'old')).toMatchObject({ channelId: 'channel-new' });
    });

    it('removes or restores, never both, when both are tried at the last moment', async () => {
      for (let i = 0; i < 5; i++) {
        const deleted = await remove(await fill(`n${i}`));
        const results = await atOnce(6, async (j) => {
          if (j % 2 === i % 2) return storage().removeExpired(OVER, 2);
          return storage().channels.updateChannel({ ...deleted, deletedAt: null }, OVER - 1);
        });
        const restored = results.some((result) => typeof result === 'object' && result !== null);
        await removeAll(OVER, 100);
        const left = await rowsOf(`n${i}`);
        expect(restored ? left : { ...left, channel: null }).toMatchObject(
          restored ? { channel: { deletedAt: null }, members: 5, changes: 10 } : NOTHING,
        );
        expect(left.channel === null).toBe(!restored);
      }
    });
  });
}

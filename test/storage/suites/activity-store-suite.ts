import { describe, expect, it } from 'vitest';
import type { ChannelId, SyncId, UserId } from '../../../src/channels/channel.ts';
import type { ActivityFilter } from '../../../src/channels/channel-store.ts';
import { HOSTILE, makeEvent, NOW, type OpenStorage, walk } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineActivityStoreSuite(open: OpenStorage): void {
  describe('activity store', () => {
    const storage = useStorage(open);
    const channelId = 'channel-1' as ChannelId;

    it('keeps every field', async () => {
      const ids = { subjectUserId: 'user-1' as UserId, syncId: 'sync-1' as SyncId };
      const event = makeEvent('e1', {
        ...ids,
        actor: 'user:user-2',
        from: '{"level":"member"}',
        to: null,
        batch: 'b1',
      });
      await storage().activity.recordActivity(event);
      const page = await storage().activity.listActivity(channelId, {}, { limit: 10 });
      expect(page).toEqual({ items: [event], nextCursor: null });
      expect(await storage().activity.findActivity('e1')).toEqual(event);
    });

    it('knows nothing of an event that was not recorded', async () => {
      await storage().activity.recordActivity(makeEvent('e1'));
      expect(await storage().activity.findActivity('e2')).toBeNull();
    });

    it('lists the events of one batch, newest first, page by page, in their own channel alone', async () => {
      const { activity } = storage();
      for (let i = 0; i < 5; i++)
        await activity.recordActivity(makeEvent(`in-${i}`, { at: NOW + (i % 3), batch: 'b' }));
      await activity.recordActivity(makeEvent('alone'));
      await activity.recordActivity(makeEvent('other-batch', { batch: 'c' }));
      await activity.recordActivity(makeEvent('elsewhere', { batch: 'b', channelId: 'channel-2' as ChannelId }));
      const seen = await walk((page) => activity.listActivity(channelId, { batch: 'b' }, page), { limit: 2 });
      expect(seen.map(({ id }) => id)).toEqual(['in-2', 'in-4', 'in-1', 'in-3', 'in-0']);
      expect((await activity.listActivity(channelId, { batch: 'unknown' }, { limit: 10 })).items).toEqual([]);
      expect((await activity.listActivity(channelId, {}, { limit: 10 })).items).toHaveLength(7);
    });

    it('counts the events of one batch, in their own channel alone', async () => {
      const { activity } = storage();
      for (let i = 0; i < 3; i++) await activity.recordActivity(makeEvent(`in-${i}`, { batch: 'b' }));
      await activity.recordActivity(makeEvent('alone'));
      await activity.recordActivity(makeEvent('other-batch', { batch: 'c' }));
      await activity.recordActivity(makeEvent('elsewhere', { batch: 'b', channelId: 'channel-2' as ChannelId }));
      expect(await activity.countActivity(channelId, { batch: 'b' })).toBe(3);
      expect(await activity.countActivity(channelId, { batch: 'unknown' })).toBe(0);
    });

    it('lists what was done about one person, and to the settings, newest first, page by page', async () => {
      const { activity } = storage();
      const subjectUserId = 'user-1' as UserId;
      const elsewhere = { channelId: 'channel-2' as ChannelId };
      for (let i = 0; i < 3; i++) {
        await activity.recordActivity(makeEvent(`person-${i}`, { at: NOW + i, subjectUserId }));
        await activity.recordActivity(makeEvent(`settings-${i}`, { at: NOW + i, action: 'channel.change' }));
      }
      await activity.recordActivity(makeEvent('somebody-else', { subjectUserId: 'user-2' as UserId }));
      await activity.recordActivity(makeEvent('person-elsewhere', { subjectUserId, ...elsewhere }));
      await activity.recordActivity(makeEvent('settings-elsewhere', { action: 'channel.change', ...elsewhere }));
      const idsOf = async (filter: ActivityFilter) => {
        const seen = await walk((page) => activity.listActivity(channelId, filter, page), { limit: 2 });
        return seen.map(({ id }) => id);
      };
      expect(await idsOf({ subjectUserId })).toEqual(['person-2', 'person-1', 'person-0']);
      expect(await idsOf({ settings: true })).toEqual(['settings-2', 'settings-1', 'settings-0']);
    });

    it('lists the events of one channel, newest first, page by page', async () => {
      for (const [id, at] of [
        ['a', 1],
        ['b', 3],
        ['c', 3],
        ['d', 2],
        ['e', 5],
      ] as const) {
        await storage().activity.recordActivity(makeEvent(id, { at: NOW + at }));
      }
      await storage().activity.recordActivity(makeEvent('other', { channelId: 'channel-2' as ChannelId }));
      await storage().activity.recordActivity(makeEvent('site', { channelId: null, platformId: null }));
      const seen = await walk((page) => storage().activity.listActivity(channelId, {}, page), { limit: 2 });
      expect(seen.map(({ id }) => id)).toEqual(['e', 'c', 'b', 'd', 'a']);
    });

    it('records an event that is told twice once', async () => {
      await storage().activity.recordActivity(makeEvent('e1'));
      await storage().activity.recordActivity(makeEvent('e1'));
      expect((await storage().activity.listActivity(channelId, {}, { limit: 10 })).items).toHaveLength(1);
    });

    it.each([...HOSTILE, 'WzEsMl0', 'WyJhIiwiYiJd'])('takes the cursor %j as none', async (cursor) => {
      await storage().activity.recordActivity(makeEvent('e1'));
      expect((await storage().activity.listActivity(channelId, {}, { limit: 10, cursor })).items).toHaveLength(1);
    });
  });
}

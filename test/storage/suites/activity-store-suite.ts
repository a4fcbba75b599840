import { describe, expect, it } from 'vitest';
import type { ChannelId, SyncId, UserId } from '../../../src/channels/channel.ts';
import type { ActivityEvent } from '../../../src/channels/channel-store.ts';
import { HOSTILE, NOW, type OpenStorage, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineActivityStoreSuite(open: OpenStorage): void {
  describe('activity store', () => {
    const storage = useStorage(open);
    const channelId = 'channel-1' as ChannelId;

    function makeEvent(id: string, change: Partial<ActivityEvent> = {}): ActivityEvent {
      const nothing = { subjectUserId: null, syncId: null, from: null, to: null };
      return { id, at: NOW, platformId: PLATFORM, channelId, actor: 'system', action: 'sync', ...nothing, ...change };
    }

    it('keeps every field', async () => {
      const ids = { subjectUserId: 'user-1' as UserId, syncId: 'sync-1' as SyncId };
      const event = makeEvent('e1', { ...ids, actor: 'user:user-2', from: 'member', to: 'manager' });
      await storage().activity.recordActivity(event);
      const page = await storage().activity.listActivity(channelId, { limit: 10 });
      expect(page).toEqual({ items: [event], nextCursor: null });
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
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await storage().activity.listActivity(channelId, cursor ? { limit: 2, cursor } : { limit: 2 });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(['e', 'c', 'b', 'd', 'a']);
    });

    it('records an event that is told twice once', async () => {
      await storage().activity.recordActivity(makeEvent('e1'));
      await storage().activity.recordActivity(makeEvent('e1'));
      expect((await storage().activity.listActivity(channelId, { limit: 10 })).items).toHaveLength(1);
    });

    it.each([...HOSTILE, 'WzEsMl0', 'WyJhIiwiYiJd'])('takes the cursor %j as none', async (cursor) => {
      await storage().activity.recordActivity(makeEvent('e1'));
      expect((await storage().activity.listActivity(channelId, { limit: 10, cursor })).items).toHaveLength(1);
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, UserId } from '../../../src/channels/channel.ts';
import type { Grant, Session } from '../../../src/web/session-store.ts';
import { atOnce, NOW, type OpenStorage, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineSessionStoreSuite(open: OpenStorage): void {
  describe('session store', () => {
    const storage = useStorage(open);

    function makeGrant(id: string, change: Partial<Grant> = {}): Grant {
      return {
        id,
        channelId: 'channel-1' as ChannelId,
        platformId: PLATFORM,
        userId: 'user-1' as UserId,
        launchLevel: 'contributor',
        launchOnly: false,
        isTest: false,
        locale: 'pt-BR',
        timeZone: null,
        family: 'canvas',
        tenant: null,
        frameOrigin: null,
        at: NOW,
        ...change,
      };
    }
    const session: Session = { idHash: 's1', grants: [makeGrant('g0')], createdAt: NOW, expiresAt: NOW + 100 };
    const options = { keep: 5, now: NOW, expiresAt: NOW + 500, onePersonOf: null };

    it('is found until it expires or is removed', async () => {
      await storage().sessions.createSession(session);
      await storage().sessions.createSession({ ...session, idHash: 's2' });
      expect(await storage().sessions.findSession('s1', NOW + 99)).toEqual(session);
      expect(await storage().sessions.findSession('s1', NOW + 100)).toBeNull();
      expect(await storage().sessions.removeSession('s1')).toBe(true);
      expect(await storage().sessions.removeSession('s1')).toBe(false);
      expect(await storage().sessions.findSession('s1', NOW)).toBeNull();
      expect(await storage().sessions.findSession('s2', NOW)).not.toBeNull();
    });

    it('takes a grant as its newest and lives longer for it', async () => {
      await storage().sessions.createSession(session);
      expect(await storage().sessions.addGrant('s1', makeGrant('g1'), options)).toBe(true);
      expect(await storage().sessions.findSession('s1', NOW + 499)).toEqual({
        ...session,
        grants: [makeGrant('g0'), makeGrant('g1')],
        expiresAt: NOW + 500,
      });
    });

    it('keeps a grant that leads to no one channel', async () => {
      await storage().sessions.createSession({ ...session, grants: [makeGrant('everywhere', { channelId: null })] });
      await storage().sessions.addGrant('s1', makeGrant('more', { channelId: null }), options);
      const found = await storage().sessions.findSession('s1', NOW);
      expect(found?.grants.map(({ channelId }) => channelId)).toEqual([null, null]);
    });

    it('keeps the newest grants only', async () => {
      await storage().sessions.createSession(session);
      for (let i = 1; i <= 7; i++) await storage().sessions.addGrant('s1', makeGrant(`g${i}`), options);
      const found = await storage().sessions.findSession('s1', NOW);
      expect(found?.grants.map(({ id }) => id)).toEqual(['g3', 'g4', 'g5', 'g6', 'g7']);
    });

    it('keeps the grants of one person alone where told so, and the test student with their teacher', async () => {
      const ben = { userId: 'ben' as UserId };
      const grants = [
        makeGrant('ada'),
        makeGrant('ada-as-test-student', { userId: 'test' as UserId, isTest: true }),
        makeGrant('ben-elsewhere', { ...ben, platformId: 'elsewhere' as PlatformId }),
      ];
      await storage().sessions.createSession({ ...session, grants });
      const add = async (grant: Grant, onePersonOf: PlatformId | null) => {
        await storage().sessions.addGrant('s1', grant, { ...options, keep: 50, onePersonOf });
        return (await storage().sessions.findSession('s1', NOW))?.grants.map(({ id }) => id);
      };
      const before = grants.map(({ id }) => id);
      expect(await add(makeGrant('ada-again'), PLATFORM)).toEqual([...before, 'ada-again']);
      expect(await add(makeGrant('b1', ben), null)).toEqual([...before, 'ada-again', 'b1']);
      expect(await add(makeGrant('b2', ben), PLATFORM)).toEqual(['ben-elsewhere', 'b1', 'b2']);
    });

    it('loses none of twenty grants at once', async () => {
      await storage().sessions.createSession(session);
      await atOnce(20, (i) => storage().sessions.addGrant('s1', makeGrant(`n${i}`), { ...options, keep: 50 }));
      expect((await storage().sessions.findSession('s1', NOW))?.grants).toHaveLength(21);
    });

    it('takes no grant when it is gone or has expired', async () => {
      await storage().sessions.createSession(session);
      expect(await storage().sessions.addGrant('s2', makeGrant('g1'), options)).toBe(false);
      expect(await storage().sessions.addGrant('s1', makeGrant('g1'), { ...options, now: NOW + 100 })).toBe(false);
      expect((await storage().sessions.findSession('s1', NOW))?.grants).toHaveLength(1);
    });
  });

  describe('rate-limit store', () => {
    const storage = useStorage(open);

    it('counts every one of fifty hits at once', async () => {
      const counted = await atOnce(50, () => storage().rateLimits.countHit('k', NOW, 1000));
      expect(counted.map(({ hits }) => hits).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
      expect(new Set(counted.map(({ resetsAt }) => resetsAt))).toEqual(new Set([NOW + 1000]));
    });

    it('starts a new window when the last one is over, and keeps keys apart', async () => {
      await storage().rateLimits.countHit('k', NOW, 1000);
      expect(await storage().rateLimits.countHit('k', NOW + 999, 1000)).toEqual({ hits: 2, resetsAt: NOW + 1000 });
      expect(await storage().rateLimits.countHit('k', NOW + 1000, 1000)).toEqual({ hits: 1, resetsAt: NOW + 2000 });
      expect(await storage().rateLimits.countHit('other', NOW, 1000)).toEqual({ hits: 1, resetsAt: NOW + 1000 });
      expect((await storage().rateLimits.countHit('other', NOW, 1000, 30)).hits).toBe(31);
      expect((await storage().rateLimits.countHit('other', NOW + 1000, 1000, 30)).hits).toBe(30);
    });

    it('forgets one hit, never below none, or all', async () => {
      const { rateLimits } = storage();
      await rateLimits.countHit('k', NOW, 1000);
      await rateLimits.forgetHit('k');
      await rateLimits.forgetHit('k');
      await rateLimits.forgetHit('unknown');
      expect((await rateLimits.countHit('k', NOW, 1000)).hits).toBe(1);
      await rateLimits.countHit('k', NOW, 1000);
      await rateLimits.forgetHits('k');
      expect(await rateLimits.countHit('k', NOW + 5, 1000)).toEqual({ hits: 1, resetsAt: NOW + 1005 });
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { Login, RegistrationInvite } from '../../../src/lti/lti-store.ts';
import { NOW, type OpenStorage, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineExpirySuite(open: OpenStorage): void {
  describe('removing what has expired', () => {
    const storage = useStorage(open);

    async function seed(name: string, expiresAt: number): Promise<void> {
      const times = { createdAt: NOW, expiresAt };
      const login: Login = {
        ...times,
        stateHash: name,
        nonce: 'n',
        platformId: PLATFORM,
        issuer: 'i',
        clientId: 'c',
        deploymentId: null,
        targetLinkUri: 't',
        loginHint: 'h',
        messageHint: null,
        storageTarget: null,
        browserHash: 'b',
        storageHash: null,
      };
      const nothing = { note: null, usedAt: null, platformId: null };
      const invite: RegistrationInvite = { ...times, ...nothing, id: name, secretHash: name, activates: true };
      await storage().logins.saveLogin(login);
      await storage().sessions.createSession({ ...times, idHash: name, grants: [] });
      await storage().invites.addInvite(invite);
      await storage().rateLimits.countHit(name, NOW, expiresAt - NOW);
    }

    /** Asked as of the beginning, when all were still valid: what is gone now was removed. */
    async function left(name: string): Promise<string[]> {
      const found = {
        login: await storage().logins.findLogin(name, NOW),
        session: await storage().sessions.findSession(name, NOW),
        invite: await storage().invites.findOpenInvite(name, NOW),
      };
      return Object.entries(found).flatMap(([kind, value]) => (value === null ? [] : [kind]));
    }

    it('takes what is over and leaves the rest', async () => {
      await seed('old', NOW + 10);
      await seed('young', NOW + 1000);
      await storage().removeExpired(NOW + 10, 100);
      expect(await left('old')).toEqual([]);
      expect(await left('young')).toEqual(['login', 'session', 'invite']);
      expect((await storage().rateLimits.countHit('old', NOW, 500)).hits).toBe(1);
      expect((await storage().rateLimits.countHit('young', NOW, 500)).hits).toBe(2);
    });

    it('takes no more than the limit of each at a time', async () => {
      for (const name of ['a', 'b', 'c']) await seed(name, NOW + 10);
      const remaining = async () => (await Promise.all(['a', 'b', 'c'].map(left))).flat().length;
      await storage().removeExpired(NOW + 10, 2);
      expect(await remaining()).toBe(3);
      await storage().removeExpired(NOW + 10, 2);
      expect(await remaining()).toBe(0);
    });

    it('leaves an invite that is being used at this moment', async () => {
      await seed('a', NOW + 10);
      await storage().invites.claimInvite('a', NOW + 9, NOW + 60);
      await storage().removeExpired(NOW + 20, 10);
      await storage().invites.releaseInvite('a');
      expect(await left('a')).toEqual(['invite']);
    });

    it('answers the check', async () => {
      await expect(storage().check()).resolves.toBeUndefined();
      expect(await storage().leases.listLeases()).toEqual([]);
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { PlatformId } from '../../../src/channels/channel.ts';
import type { Login, RegistrationInvite } from '../../../src/lti/lti-store.ts';
import { atOnce, NOW, type OpenStorage, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineLoginStoreSuite(open: OpenStorage): void {
  describe('login store', () => {
    const storage = useStorage(open);
    const login: Login = {
      stateHash: 'state-1',
      nonce: 'nonce-1',
      platformId: PLATFORM,
      issuer: 'https://lms.example',
      clientId: 'client',
      deploymentId: '1',
      targetLinkUri: 'https://rostrum.example/lti/launch',
      loginHint: 'hint\u0000',
      messageHint: null,
      storageTarget: '_parent',
      browserHash: 'browser',
      storageHash: null,
      createdAt: NOW,
      expiresAt: NOW + 100,
    };

    it('is taken by one of twenty launches', async () => {
      await storage().logins.saveLogin(login);
      const taken = await atOnce(20, () => storage().logins.consumeLoginState('state-1', NOW + 1));
      expect(taken.filter((one) => one !== null)).toEqual([login]);
      expect(await storage().logins.findLogin('state-1', NOW + 1)).toBeNull();
    });

    it('can be read without being taken', async () => {
      await storage().logins.saveLogin(login);
      expect(await storage().logins.findLogin('state-1', NOW + 1)).toEqual(login);
      expect(await storage().logins.consumeLoginState('state-1', NOW + 1)).toEqual(login);
    });

    it('is neither read nor taken once it has expired, or by another state', async () => {
      await storage().logins.saveLogin(login);
      expect(await storage().logins.findLogin('state-2', NOW)).toBeNull();
      expect(await storage().logins.consumeLoginState('state-2', NOW)).toBeNull();
      expect(await storage().logins.findLogin('state-1', NOW + 100)).toBeNull();
      expect(await storage().logins.consumeLoginState('state-1', NOW + 100)).toBeNull();
    });
  });

  describe('invite store', () => {
    const storage = useStorage(open);
    const invite: RegistrationInvite = {
      id: 'invite-1',
      secretHash: 'secret',
      activates: true,
      note: null,
      createdAt: NOW,
      expiresAt: NOW + 1000,
      usedAt: null,
      platformId: null,
    };

    it('is claimed by one of twenty callers', async () => {
      await storage().invites.addInvite(invite);
      const claims = await atOnce(20, () => storage().invites.claimInvite('secret', NOW, NOW + 60));
      expect(claims.filter((claim) => claim !== null)).toEqual([invite]);
      expect(await storage().invites.findOpenInvite('secret', NOW + 59)).toBeNull();
    });

    it('is open again when it is released, or when the claim is over', async () => {
      await storage().invites.addInvite({ ...invite, activates: false, note: 'for the physics server' });
      await storage().invites.claimInvite('secret', NOW, NOW + 60);
      await storage().invites.releaseInvite('invite-1');
      expect(await storage().invites.findOpenInvite('secret', NOW + 1)).toMatchObject({ activates: false });
      expect(await storage().invites.claimInvite('secret', NOW + 1, NOW + 60)).not.toBeNull();
      expect(await storage().invites.claimInvite('secret', NOW + 60, NOW + 90)).not.toBeNull();
    });

    it('is spent for good', async () => {
      await storage().invites.addInvite(invite);
      await storage().invites.claimInvite('secret', NOW, NOW + 60);
      await storage().invites.spendInvite('invite-1', 'p1' as PlatformId, NOW + 5);
      await storage().invites.releaseInvite('invite-1');
      expect(await storage().invites.findOpenInvite('secret', NOW + 100)).toBeNull();
      expect(await storage().invites.claimInvite('secret', NOW + 100, NOW + 160)).toBeNull();
    });

    it('is closed when it has expired, and to other secrets', async () => {
      await storage().invites.addInvite(invite);
      expect(await storage().invites.findOpenInvite('secret', NOW + 1000)).toBeNull();
      expect(await storage().invites.claimInvite('secret', NOW + 1000, NOW + 2000)).toBeNull();
      expect(await storage().invites.claimInvite('other', NOW, NOW + 60)).toBeNull();
    });
  });
}

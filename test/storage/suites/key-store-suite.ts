import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../src/api/api-key-store.ts';
import { atOnce, NOW, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineKeyStoreSuite(open: OpenStorage): void {
  describe('key store', () => {
    const storage = useStorage(open);
    const pair = { keyId: 'k1', publicPem: 'public', sealedPrivatePem: 'sealed', createdAt: NOW };
    const token = {
      issuer: 'https://lms.example',
      clientId: 'c',
      scopes: 'a b',
      sealedToken: 'sealed',
      createdAt: NOW,
    };

    it('keeps key pairs until they are removed', async () => {
      await storage().keys.saveKeyPair({ ...pair, keyId: 'k2', createdAt: NOW + 1 });
      await storage().keys.saveKeyPair(pair);
      expect(await storage().keys.findPublicKey('k1')).toBe('public');
      expect(await storage().keys.findSealedPrivateKey('k1')).toBe('sealed');
      expect((await storage().keys.listPublicKeys()).map(({ keyId }) => keyId)).toEqual(['k1', 'k2']);
      await storage().keys.removeKeyPair('k1');
      expect(await storage().keys.findPublicKey('k1')).toBeNull();
      expect(await storage().keys.findSealedPrivateKey('k1')).toBeNull();
      expect(await storage().keys.listPublicKeys()).toEqual([{ keyId: 'k2', publicPem: 'public' }]);
    });

    it('replaces a key pair that is saved again', async () => {
      await storage().keys.saveKeyPair(pair);
      await storage().keys.saveKeyPair({ ...pair, publicPem: 'new', sealedPrivatePem: 'new sealed' });
      expect(await storage().keys.findSealedPrivateKey('k1')).toBe('new sealed');
      expect(await storage().keys.listPublicKeys()).toHaveLength(1);
    });

    it('keeps the newest access token of each registration and set of scopes', async () => {
      await storage().keys.saveAccessToken(token);
      await storage().keys.saveAccessToken({ ...token, sealedToken: 'newer', createdAt: NOW + 5 });
      await storage().keys.saveAccessToken({ ...token, scopes: 'c' });
      await storage().keys.saveAccessToken({ ...token, clientId: 'other' });
      const find = (clientId: string, scopes: string) => storage().keys.findAccessToken(token.issuer, clientId, scopes);
      expect(await find('c', 'a b')).toEqual({ ...token, sealedToken: 'newer', createdAt: NOW + 5 });
      expect(await find('c', 'b a')).toBeNull();
      await storage().keys.removeAccessTokens(token.issuer, 'c');
      expect(await find('c', 'a b')).toBeNull();
      expect(await find('c', 'c')).toBeNull();
      expect(await find('other', 'a b')).not.toBeNull();
    });
  });

  describe('API key store', () => {
    const storage = useStorage(open);
    const key: ApiKey = {
      id: 'key-1',
      name: 'Timetable',
      keyHash: 'hash-1',
      scopes: ['members:read', 'syncs:write'],
      createdAt: NOW,
      revokedAt: null,
    };

    it('finds a key by its hash', async () => {
      await storage().apiKeys.addApiKey(key);
      expect(await storage().apiKeys.findApiKey('hash-1')).toEqual(key);
      expect(await storage().apiKeys.findApiKey('hash-2')).toBeNull();
    });

    it('ends a key once, for good, and goes on listing it', async () => {
      await storage().apiKeys.addApiKey(key);
      await storage().apiKeys.addApiKey({ ...key, id: 'key-2', keyHash: 'hash-2', createdAt: NOW + 1 });
      const ended = await atOnce(5, () => storage().apiKeys.revokeApiKey('key-1', NOW + 9));
      expect(ended.filter(Boolean)).toHaveLength(1);
      expect(await storage().apiKeys.revokeApiKey('nothing', NOW)).toBe(false);
      expect(await storage().apiKeys.findApiKey('hash-1')).toBeNull();
      expect((await storage().apiKeys.findApiKey('hash-2'))?.id).toBe('key-2');
      const listed = await storage().apiKeys.listApiKeys();
      expect(listed.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([
        ['key-1', NOW + 9],
        ['key-2', null],
      ]);
    });
  });
}

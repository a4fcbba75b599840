import { describe, expect, it } from 'vitest';
import type { PlatformId } from '../../../src/channels/channel.ts';
import { atOnce, makePlatform, NOW, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function definePlatformStoreSuite(open: OpenStorage): void {
  describe('platform store', () => {
    const storage = useStorage(open);
    const nowhere = 'nowhere' as PlatformId;

    it('finds a platform by ID, by client and by key', async () => {
      const platform = makePlatform('p1', {
        tokenAudience: 'https://lms.example',
        serviceOrigins: ['https://school.lms.example'],
        roleLevels: { 'http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor': 'moderator' },
      });
      expect(await storage().platforms.addPlatform(platform)).toBe(true);
      expect(await storage().platforms.findPlatform(platform.id)).toEqual(platform);
      expect(await storage().platforms.findPlatformByClient(platform.issuer, platform.clientId)).toEqual(platform);
      expect(await storage().platforms.findPlatformByKey(platform.keyId)).toEqual(platform);
      expect(await storage().platforms.findPlatform(nowhere)).toBeNull();
      expect(await storage().platforms.findPlatformByClient(platform.issuer, 'other')).toBeNull();
      expect(await storage().platforms.findPlatformByClient('https://other.example', platform.clientId)).toBeNull();
      expect(await storage().platforms.findPlatformByKey('other')).toBeNull();
    });

    it('adds one of twenty registrations of the same client, and never replaces it', async () => {
      const added = await atOnce(20, (i) =>
        storage().platforms.addPlatform(makePlatform(`p${i}`, { clientId: 'client', name: `Name ${i}` })),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
      const [platform, ...others] = await storage().platforms.listPlatforms();
      expect(others).toEqual([]);
      expect(platform?.name).toBe(`Name ${added.indexOf(true)}`);
    });

    it('lists all platforms, and those of one issuer, in the order they came', async () => {
      await storage().platforms.addPlatform(makePlatform('p2', { createdAt: NOW + 2 }));
      await storage().platforms.addPlatform(makePlatform('p1', { createdAt: NOW + 1 }));
      await storage().platforms.addPlatform(makePlatform('p3', { issuer: 'https://canvas.example' }));
      expect((await storage().platforms.listPlatforms()).map(({ id }) => id)).toEqual(['p3', 'p1', 'p2']);
      const shared = await storage().platforms.findPlatformsByIssuer('https://lms.example');
      expect(shared.map(({ id }) => id)).toEqual(['p1', 'p2']);
      expect(await storage().platforms.findPlatformsByIssuer('https://none.example')).toEqual([]);
    });

    it('changes the fields that are given and leaves the others', async () => {
      const platform = makePlatform('p1', { status: 'pending' });
      await storage().platforms.addPlatform(platform);
      const change = { status: 'active', name: 'New', deploymentIds: ['1', '2'], tokenAudience: 'aud' } as const;
      const changed = await storage().platforms.updatePlatform(
        platform.id,
        { ...change, deploymentIds: [...change.deploymentIds] },
        NOW + 3,
      );
      expect(changed).toEqual({ ...platform, ...change, updatedAt: NOW + 3 });
      expect(await storage().platforms.findPlatform(platform.id)).toEqual(changed);
      expect(await storage().platforms.updatePlatform(nowhere, { name: 'x' }, NOW)).toBeNull();
    });

    it('removes a platform, whose channels stay', async () => {
      const platform = makePlatform('p1');
      await storage().platforms.addPlatform(platform);
      await storage().platforms.removePlatform(platform.id);
      await storage().platforms.removePlatform(nowhere);
      expect(await storage().platforms.listPlatforms()).toEqual([]);
      expect(await storage().platforms.addPlatform(platform)).toBe(true);
    });

    it('refuses an unlisted deployment of a platform whose deployments are listed', async () => {
      const { id } = makePlatform('p1');
      await storage().platforms.addPlatform(makePlatform('p1'));
      expect(await storage().platforms.recordDeployment(id, '1', NOW)).toBe('known');
      expect(await storage().platforms.recordDeployment(id, '2', NOW)).toBe('refused');
      expect(await storage().platforms.recordDeployment(nowhere, '1', NOW)).toBe('refused');
      expect((await storage().platforms.findPlatform(id))?.deploymentIds).toEqual(['1']);
    });

    it('records a new deployment once where deployments are learned, and loses none', async () => {
      const { id } = makePlatform('p1');
      await storage().platforms.addPlatform(makePlatform('p1', { deployments: 'learn', deploymentIds: [] }));
      const results = await atOnce(20, (i) => storage().platforms.recordDeployment(id, `d${i % 4}`, NOW + 1));
      expect(results.filter((result) => result === 'recorded')).toHaveLength(4);
      expect(results.filter((result) => result === 'known')).toHaveLength(16);
      const platform = await storage().platforms.findPlatform(id);
      expect(platform?.deploymentIds.toSorted()).toEqual(['d0', 'd1', 'd2', 'd3']);
      expect(platform?.updatedAt).toBe(NOW + 1);
    });

    it('records an origin once', async () => {
      const { id } = makePlatform('p1');
      await storage().platforms.addPlatform(makePlatform('p1'));
      await atOnce(5, () => storage().platforms.recordServiceOrigin(id, 'https://school.example', NOW + 1));
      await storage().platforms.recordServiceOrigin(nowhere, 'https://school.example', NOW);
      expect((await storage().platforms.findPlatform(id))?.serviceOrigins).toEqual(['https://school.example']);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { atOnce, NOW, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineLeaseStoreSuite(open: OpenStorage): void {
  describe('lease store', () => {
    const storage = useStorage(open);

    it('is held by one of twenty who ask at once', async () => {
      const results = await atOnce(20, (i) => storage().leases.acquireLease('sync:1', `holder-${i}`, NOW, NOW + 100));
      expect(results.filter(Boolean)).toHaveLength(1);
    });

    it('may be taken again by its holder, and by others when its time is over', async () => {
      const { leases } = storage();
      expect(await leases.acquireLease('l', 'a', NOW, NOW + 100)).toBe(true);
      expect(await leases.acquireLease('l', 'a', NOW + 10, NOW + 110)).toBe(true);
      expect(await leases.acquireLease('l', 'b', NOW + 109, NOW + 200)).toBe(false);
      expect(await leases.acquireLease('l', 'b', NOW + 110, NOW + 200)).toBe(true);
      expect(await leases.acquireLease('l', 'a', NOW + 111, NOW + 200)).toBe(false);
    });

    it('is renewed by its holder alone, and not when its time is over', async () => {
      const { leases } = storage();
      await leases.acquireLease('l', 'a', NOW, NOW + 100);
      expect(await leases.renewLease('l', 'b', NOW + 1, NOW + 200)).toBe(false);
      expect(await leases.renewLease('l', 'a', NOW + 50, NOW + 150)).toBe(true);
      expect(await leases.acquireLease('l', 'b', NOW + 149, NOW + 300)).toBe(false);
      expect(await leases.renewLease('l', 'a', NOW + 150, NOW + 250)).toBe(false);
      expect(await leases.renewLease('unknown', 'a', NOW, NOW + 1)).toBe(false);
    });

    it('is lost to who took it after its time', async () => {
      const { leases } = storage();
      await leases.acquireLease('l', 'a', NOW, NOW + 100);
      await leases.acquireLease('l', 'b', NOW + 100, NOW + 200);
      expect(await leases.renewLease('l', 'a', NOW + 101, NOW + 300)).toBe(false);
      await leases.releaseLease('l', 'a');
      expect(await leases.acquireLease('l', 'c', NOW + 102, NOW + 300)).toBe(false);
    });

    it('is free at once when its holder releases it, whatever other leases do', async () => {
      const { leases } = storage();
      await leases.acquireLease('l', 'a', NOW, NOW + 100);
      await leases.acquireLease('m', 'a', NOW, NOW + 100);
      await leases.releaseLease('l', 'a');
      expect(await leases.acquireLease('l', 'b', NOW + 1, NOW + 100)).toBe(true);
      expect(await leases.acquireLease('m', 'b', NOW + 1, NOW + 100)).toBe(false);
    });

    it('lists who holds what, run out or not, until it is released', async () => {
      const { leases } = storage();
      await leases.acquireLease('l', 'a', NOW, NOW + 1);
      await leases.acquireLease('m', 'b', NOW, NOW + 100);
      const listed = (await leases.listLeases()).toSorted((x, y) => x.name.localeCompare(y.name));
      expect(listed).toEqual([
        { name: 'l', holder: 'a' },
        { name: 'm', holder: 'b' },
      ]);
      await leases.releaseLease('l', 'a');
      expect(await leases.listLeases()).toEqual([{ name: 'm', holder: 'b' }]);
    });
  });
}

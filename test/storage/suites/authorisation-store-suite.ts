import { describe, expect, it } from 'vitest';
import { wellFormed } from '../../../src/lib/fold.ts';
import { atOnce, HOSTILE, NOW, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';
import { asUser, makeAuthorisation, makeConnection, sealFor } from '../support/zoom-builders.ts';

export function defineAuthorisationStoreSuite(open: OpenStorage): void {
  describe('connection store: authorisations', () => {
    const storage = useStorage(open);
    const store = () => storage().connections;
    const openOf = (person: string, now: number) => store().openAuthorisation(asUser(person), now);

    it('gives a state to the first who asks, of many at once', async () => {
      const authorisation = makeAuthorisation('state');
      await store().startAuthorisation(authorisation);
      const taken = await atOnce(10, () => store().takeAuthorisation('state', NOW + 99));
      expect(taken.filter((each) => each !== null)).toEqual([authorisation]);
      expect(await store().takeAuthorisation('state', NOW)).toBeNull();
      expect(await store().takeAuthorisation('unknown', NOW)).toBeNull();
      expect(await openOf('ana', NOW)).toBeNull();
    });

    it('gives none that came too late, which still tells that nobody came back', async () => {
      await store().startAuthorisation(makeAuthorisation('state'));
      expect(await store().takeAuthorisation('state', NOW + 100)).toBeNull();
      expect(await openOf('ana', NOW + 999)).toEqual({ startedAt: NOW, validUntil: NOW + 100 });
      expect(await openOf('ana', NOW + 1000)).toBeNull();
    });

    it('tells the newest that a person began, and forgets theirs alone', async () => {
      await store().startAuthorisation(makeAuthorisation('b', { startedAt: NOW + 5, validUntil: NOW + 105 }));
      await store().startAuthorisation(makeAuthorisation('a'));
      await store().startAuthorisation(makeAuthorisation('c', { userId: asUser('ben'), startedAt: NOW + 9 }));
      expect(await openOf('ana', NOW)).toEqual({ startedAt: NOW + 5, validUntil: NOW + 105 });
      await store().forgetAuthorisations(asUser('ana'));
      expect(await openOf('ana', NOW)).toBeNull();
      expect(await store().takeAuthorisation('a', NOW)).toBeNull();
      expect(await store().takeAuthorisation('c', NOW)).toMatchObject({ userId: 'ben' });
    });

    it('takes hostile texts', async () => {
      for (const [i, returnTo] of HOSTILE.entries()) {
        await store().startAuthorisation(makeAuthorisation(`${i}`, { returnTo }));
        const taken = await store().takeAuthorisation(`${i}`, NOW);
        expect(taken?.returnTo).toBe(wellFormed(returnTo));
      }
    });

    it('removes those whose time is over, and of how connections ended what is older than a year', async () => {
      const year = 365 * 86_400_000;
      await store().startAuthorisation(makeAuthorisation('old'));
      await store().startAuthorisation(
        makeAuthorisation('young', { userId: asUser('ben'), expiresAt: NOW + 2 * year }),
      );
      for (const [person, at] of [
        ['ana', NOW],
        ['ben', NOW + 1],
      ] as const) {
        const made = await store().connect(makeConnection(person, person), sealFor);
        if (made.ok)
          await store().endConnection(made.value.connection.id, [{ userId: asUser(person), end: 'expired', at }]);
      }
      while (await storage().removeExpired(NOW + year, 1));
      expect([await openOf('ana', NOW), await openOf('ben', NOW)]).toMatchObject([null, { startedAt: NOW }]);
      const ended = [await store().findEnded(asUser('ana')), await store().findEnded(asUser('ben'))];
      expect(ended).toEqual([null, { userId: 'ben', end: 'expired', at: NOW + 1 }]);
    });
  });
}

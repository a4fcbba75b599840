import { describe, expect, it } from 'vitest';
import { wellFormed } from '../../../src/lib/fold.ts';
import type { Connection, ConnectionEnd, ConnectionId } from '../../../src/zoom/connection.ts';
import { atOnce, HOSTILE, NOW, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';
import { asUser, makeConnection, sealFor } from '../support/zoom-builders.ts';

export function defineConnectionStoreSuite(open: OpenStorage): void {
  describe('connection store', () => {
    const storage = useStorage(open);
    const store = () => storage().connections;

    const connect = (person: string, zoomUserId: string, change: Parameters<typeof makeConnection>[2] = {}) =>
      store().connect(makeConnection(person, zoomUserId, change), sealFor);

    async function connected(...asked: Parameters<typeof connect>): Promise<Connection> {
      const result = await connect(...asked);
      if (!result.ok) throw new Error(result.reason);
      return result.value.connection;
    }

    async function breakDown({ id }: Connection): Promise<Connection> {
      const dead = { state: 'broken', end: 'expired', sealedTokens: null } as const;
      const broken = await store().changeConnection(id, NOW + 1, (current) => ({ ...current, ...dead }));
      if (broken?.state !== 'broken') throw new Error('the connection did not break');
      return broken;
    }

    const ended = (person: string, end: ConnectionEnd = 'disconnected', at = NOW + 9) => ({
      ...{ userId: asUser(person), end, at },
    });

    it('makes the connection of a Zoom user, sealed for its ID, found by ID, person and Zoom user', async () => {
      const fresh = makeConnection('ana', 'zoom-1');
      const result = await store().connect(fresh, sealFor);
      const connection = { ...fresh, sealedTokens: sealFor(fresh.id) };
      expect(result).toEqual({ ok: true, value: { connection, created: true } });
      expect(await store().findConnection(fresh.id)).toEqual(connection);
      expect(await store().findConnectionOf(asUser('ana'))).toEqual(connection);
      expect(await store().findConnectionOfZoomUser('zoom-1')).toEqual(connection);
      expect(await store().findConnectionOf(asUser('ben'))).toBeNull();
      expect(await store().findConnectionOfZoomUser('zoom-2')).toBeNull();
    });

    it('renews what is there: ID, other holders, walk and first time stay, all else is new', async () => {
      const first = await connected('ana', 'zoom-1');
      const walk = { sweptAt: NOW, readFrom: '2026-01-01', complete: true, fault: null, asked: true };
      await store().changeConnection(first.id, NOW + 1, (current) => ({ ...current, walk }));
      await breakDown(first);
      const later = NOW + 5;
      const change = { scopes: ['a'], apiUrl: null, connectedAt: later, updatedAt: later, profile: { name: null } };
      const result = await connect('ben', 'zoom-1', change);
      const renewed = {
        ...{ ...makeConnection('ben', 'zoom-1', change), id: first.id, sealedTokens: sealFor(first.id), walk },
        ...{ holders: ['ana', 'ben'], connectedAt: NOW, version: 4 },
      };
      expect(result).toEqual({ ok: true, value: { connection: renewed, created: false } });
      for (const person of ['ana', 'ben']) expect(await store().findConnectionOf(asUser(person))).toEqual(renewed);
      expect((await connected('ana', 'zoom-1')).holders).toEqual(['ana', 'ben']);
    });

    it('refuses another Zoom user while the one of the person is live, and writes nothing', async () => {
      const own = await connected('ana', 'zoom-1');
      const other = await connected('ben', 'zoom-2');
      const reason = { ok: false, reason: 'other-account' };
      expect(await connect('ana', 'zoom-2', { scopes: [] })).toEqual(reason);
      expect(await connect('ana', 'zoom-3')).toEqual(reason);
      expect(await store().findConnectionOf(asUser('ana'))).toEqual(own);
      expect(await store().findConnectionOfZoomUser('zoom-2')).toEqual(other);
      expect(await store().findConnectionOfZoomUser('zoom-3')).toBeNull();
    });

    it('lets a person leave a broken connection, which others keep and which goes with the last', async () => {
      const shared = await connected('ana', 'zoom-1');
      await connected('ben', 'zoom-1');
      await breakDown(shared);
      const second = await connected('ana', 'zoom-2');
      expect(await store().findConnectionOf(asUser('ana'))).toEqual(second);
      expect(await store().findConnectionOf(asUser('ben'))).toMatchObject({ id: shared.id, holders: ['ben'] });
      await connected('ben', 'zoom-2');
      expect(await store().findConnection(shared.id)).toBeNull();
      expect(await store().findConnectionOfZoomUser('zoom-1')).toBeNull();
    });

    it('makes one connection with everybody of twenty who connect one Zoom user at once', async () => {
      const results = await atOnce(20, (i) => connect(`person-${i}`, 'zoom-1'));
      expect(results.filter((result) => result.ok && result.value.created)).toHaveLength(1);
      const made = await store().findConnectionOfZoomUser('zoom-1');
      expect(made?.holders.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `person-${i}`).toSorted());
      expect(made).toMatchObject({ sealedTokens: sealFor(made?.id as ConnectionId), version: 20 });
      const found = await atOnce(20, (i) => store().findConnectionOf(asUser(`person-${i}`)));
      expect(found.map((connection) => connection?.id)).toEqual(found.map(() => made?.id));
    });

    it('gives a person who connects several Zoom users at once one of them', async () => {
      const results = await atOnce(6, (i) => connect('ana', `zoom-${i}`));
      const won = results.flatMap((result) => (result.ok ? [result.value.connection.id] : []));
      expect(won).toHaveLength(1);
      expect(await store().findConnectionOf(asUser('ana'))).toMatchObject({ id: won[0], holders: ['ana'] });
      const left = await atOnce(6, (i) => store().findConnectionOfZoomUser(`zoom-${i}`));
      expect(left.filter((connection) => connection !== null).map(({ id }) => id)).toEqual(won);
    });

    it('changes what was decided, but neither holders nor the Zoom user', async () => {
      const { id, ...before } = await connected('ana', 'zoom-1');
      const profile = { ...before.profile, zoomUserId: 'zoom-9', plan: 'basic' as const };
      const decided = { profile, holders: [asUser('eve')], scopes: [], sealedTokens: 'new', version: 77 };
      const after = await store().changeConnection(id, NOW + 5, (current) => ({ ...current, ...decided }));
      expect(after).toEqual({
        ...{ ...before, id, scopes: [], sealedTokens: 'new', updatedAt: NOW + 5, version: 2 },
        profile: { ...before.profile, plan: 'basic' },
      });
      expect(await store().findConnection(id)).toEqual(after);
      expect(await store().findConnectionOf(asUser('eve'))).toBeNull();
    });

    it('writes nothing for the same state, for none, or where no connection is', async () => {
      const connection = await connected('ana', 'zoom-1');
      for (const decide of [(current: Connection) => ({ ...current, version: 9, updatedAt: 3 }), () => null]) {
        expect(await store().changeConnection(connection.id, NOW + 5, decide)).toEqual(connection);
      }
      const asked: Connection[] = [];
      const none = await store().changeConnection('no-such' as ConnectionId, NOW, (current) => {
        asked.push(current);
        return current;
      });
      expect([none, asked, await store().findConnection(connection.id)]).toEqual([null, [], connection]);
    });

    it('loses none of the changes that are made at once', async () => {
      const { id } = await connected('ana', 'zoom-1');
      await atOnce(10, (i) =>
        store().changeConnection(id, NOW, (current) => ({ ...current, scopes: [...current.scopes, `s${i}`] })),
      );
      const after = await store().findConnection(id);
      expect(after?.scopes.slice(2).toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `s${i}`));
      expect(after?.version).toBe(11);
    });

    it('ends for one of two holders and stays for the other, and goes with the last', async () => {
      const { id } = await connected('ana', 'zoom-1');
      await connected('ben', 'zoom-1');
      expect(await store().endConnection(id, [ended('ana')])).toBe(false);
      expect(await store().findConnectionOf(asUser('ana'))).toBeNull();
      expect(await store().findEnded(asUser('ana'))).toEqual(ended('ana'));
      expect(await store().findConnectionOf(asUser('ben'))).toMatchObject({
        id,
        state: 'live',
        holders: ['ben'],
        version: 3,
      });
      expect(await store().findEnded(asUser('ben'))).toBeNull();
      expect(await store().endConnection(id, [ended('ben', 'account-gone')])).toBe(true);
      expect(await store().findConnection(id)).toBeNull();
      expect(await store().findEnded(asUser('ben'))).toEqual(ended('ben', 'account-gone'));
    });

    it('ends for all at once, once, and only for its holders', async () => {
      const { id } = await connected('ana', 'zoom-1');
      await connected('ben', 'zoom-1');
      const other = await connected('cem', 'zoom-2');
      const everybody = [ended('ana'), ended('ben'), ended('cem')];
      const removed = await atOnce(4, () => store().endConnection(id, everybody));
      expect(removed.toSorted()).toEqual([false, false, false, true]);
      expect([await store().findConnection(id), await store().findConnectionOfZoomUser('zoom-1')]).toEqual([
        null,
        null,
      ]);
      expect(await store().findEnded(asUser('ben'))).toEqual(ended('ben'));
      expect(await store().findConnectionOf(asUser('cem'))).toEqual(other);
      expect(await store().findEnded(asUser('cem'))).toBeNull();
    });

    it('ends in the state that is asked for alone, so that one connected anew at the same time stays', async () => {
      const only = { ifState: 'broken' } as const;
      const live = await connected('ana', 'zoom-1');
      expect(await store().endConnection(live.id, [ended('ana')], only)).toBe(false);
      expect(await store().findConnection(live.id)).toEqual(live);
      expect(await store().findEnded(asUser('ana'))).toBeNull();
      expect(await store().endConnection('no-such' as ConnectionId, [ended('ana')], only)).toBe(false);
      await breakDown(live);
      expect(await store().endConnection(live.id, [ended('ana')], only)).toBe(true);
      expect(await store().findEnded(asUser('ana'))).toEqual(ended('ana'));
      const after = await atOnce(6, async (i) => {
        const person = `p${i}`;
        const dead = await breakDown(await connected(person, `zoom-of-${i}`));
        const anew = { id: `anew-${i}` as ConnectionId };
        await Promise.all([
          connect(person, `zoom-of-${i}`, anew),
          store().endConnection(dead.id, [ended(person)], only),
        ]);
        return [await store().findConnectionOf(asUser(person)), await store().findEnded(asUser(person))];
      });
      for (const [connection, end] of after) {
        expect(connection).toMatchObject({ state: 'live' });
        expect(end).toBeNull();
      }
    });

    it('writes nothing of a late change once it has ended', async () => {
      const { id, walk } = await connected('ana', 'zoom-1');
      await store().endConnection(id, [ended('ana')]);
      const swept = { ...walk, sweptAt: NOW };
      expect(await store().changeConnection(id, NOW, (current) => ({ ...current, walk: swept }))).toBeNull();
      const results = await atOnce(4, async (i) => {
        const own = await connected(`p${i}`, `zoom-of-${i}`);
        await Promise.all([
          store().changeConnection(own.id, NOW, (current) => ({ ...current, walk: swept })),
          store().endConnection(own.id, [ended(`p${i}`)]),
        ]);
        return [await store().findConnection(own.id), await store().findConnectionOf(asUser(`p${i}`))];
      });
      expect(results.flat()).toEqual(Array(8).fill(null));
    });

    it('forgets how a connection ended when the person connects again, of any Zoom user', async () => {
      const first = await connected('ana', 'zoom-1');
      await store().endConnection(first.id, [ended('ana')]);
      const again = await connected('ana', 'zoom-1', { id: 'again' as ConnectionId });
      expect([again.id, again.version]).toEqual(['again', 1]);
      expect(await store().findEnded(asUser('ana'))).toBeNull();
      await store().endConnection(again.id, [ended('ana', 'expired', NOW + 20)]);
      expect(await store().findEnded(asUser('ana'))).toEqual(ended('ana', 'expired', NOW + 20));
    });

    it('takes or keeps a person, never half, when they connect and disconnect at once', async () => {
      const { id } = await connected('ana', 'zoom-1');
      await connected('ben', 'zoom-1');
      await atOnce(10, async (i) => {
        if (i % 2 === 0) await connect('ben', 'zoom-1', { id: `n${i}` as ConnectionId });
        else await store().endConnection(id, [ended('ben')]);
      });
      const [connection, ofBen] = [await store().findConnection(id), await store().findConnectionOf(asUser('ben'))];
      expect(connection?.holders).toEqual(ofBen === null ? ['ana'] : ['ana', 'ben']);
      expect(ofBen ?? connection).toEqual(connection);
      expect((await store().findEnded(asUser('ben'))) === null).toBe(ofBen !== null);
    });

    it('lists live ones that were asked for, were never swept, or long ago, in this order', async () => {
      const walkOf = (asked: boolean, sweptAt: number | null) => ({
        ...{ sweptAt, readFrom: null, complete: false, fault: null, asked },
      });
      const walks = {
        fresh: walkOf(false, NOW),
        old: walkOf(false, NOW - 10),
        older: walkOf(false, NOW - 20),
        never: walkOf(false, null),
        asked: walkOf(true, NOW),
        broken: walkOf(true, null),
      };
      for (const [name, walk] of Object.entries(walks)) {
        const made = await connected(name, name, { id: name as ConnectionId, walk });
        if (name === 'broken') await breakDown(made);
      }
      const due = { sweptBefore: NOW, limit: 10 };
      expect(await store().connectionsToSweep(due)).toEqual(['asked', 'never', 'older', 'old']);
      expect(await store().connectionsToSweep({ ...due, limit: 2 })).toEqual(['asked', 'never']);
      await store().changeConnection('asked' as ConnectionId, NOW, (now) => ({ ...now, walk: walkOf(false, NOW + 1) }));
      expect(await store().connectionsToSweep({ sweptBefore: NOW - 10, limit: 10 })).toEqual(['never', 'older']);
    });

    it('gives hostile texts back, and finds by them', async () => {
      for (const [i, text] of HOSTILE.entries()) {
        const profile = { name: text, email: text, accountId: text };
        const made = await connected(`person-${i}`, text, { profile, scopes: [text], apiUrl: text });
        const expected = wellFormed(text);
        expect(made.profile).toMatchObject({ zoomUserId: expected, name: expected, email: expected });
        expect(made).toMatchObject({ scopes: [expected], apiUrl: expected });
        expect(await store().findConnection(made.id)).toEqual(made);
        expect(await store().findConnectionOfZoomUser(text)).toEqual(made);
        expect(await store().changeConnection(made.id, NOW + 1, (now) => ({ ...now, apiUrl: text }))).toEqual(made);
      }
    });
  });
}

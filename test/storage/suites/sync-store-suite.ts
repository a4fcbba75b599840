import { describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, SyncId, UserId } from '../../../src/channels/channel.ts';
import type { SyncRun } from '../../../src/channels/sync-run.ts';
import {
  atOnce,
  HOSTILE,
  makeAddition,
  makeDeparture,
  makeEntry,
  makeOpening,
  makePlatform,
  makeRun,
  NOW,
  type OpenStorage,
  openChannel,
  PLATFORM,
} from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineSyncStoreSuite(open: OpenStorage): void {
  describe('sync store: runs', () => {
    const storage = useStorage(open);

    it('queues one run for twenty requests at once', async () => {
      await openChannel(storage());
      const asked = await atOnce(20, (i) => storage().syncs.requestSync(makeRun(`sync-${i}`)));
      expect(asked.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(asked.map(({ run }) => run.id)).size).toBe(1);
      expect(await storage().syncs.listSyncs('channel-1' as ChannelId, 50)).toHaveLength(1);
    });

    it.each(['queued', 'running'] as const)('returns the run that is %s instead of queueing another', async (state) => {
      await openChannel(storage());
      const { run } = await storage().syncs.requestSync(makeRun('first'));
      await storage().syncs.saveSync({ ...run, state });
      const asked = await storage().syncs.requestSync(makeRun('second'));
      expect(asked).toEqual({ run: { ...run, state }, created: false });
    });

    it.each(['applied', 'held', 'discarded', 'failed'] as const)(
      'queues a new run when the last one is %s',
      async (state) => {
        await openChannel(storage());
        const { run } = await storage().syncs.requestSync(makeRun('first'));
        await storage().syncs.saveSync({ ...run, state });
        expect((await storage().syncs.requestSync(makeRun('second'))).created).toBe(true);
      },
    );

    it('names visited channels with a roster whose last run is old, and no others', async () => {
      const { channels, syncs } = storage();
      const opened = await openChannel(storage());
      const { platforms } = storage();
      await platforms.addPlatform(makePlatform('p1', { id: PLATFORM, status: 'active' }));
      const { fresh: _fresh, ...context } = makeOpening('1');
      const due = (change: Partial<Parameters<typeof syncs.channelsDueForSync>[0]> = {}) =>
        syncs.channelsDueForSync({ launchedSince: 0, askedBefore: NOW + 10, limit: 5, ...change });
      await channels.openChannelForContext({ ...makeOpening('1'), rosterUrl: 'https://lms.example/roster' });
      expect(await due()).toEqual([opened.id]);
      expect(await due({ launchedSince: context.at + 1 })).toEqual([]);
      await syncs.requestSync(makeRun('first', { queuedAt: NOW + 20 }));
      expect(await due()).toEqual([]);
      // However old it is: it would take the place of one that nobody asked for.
      expect(await due({ askedBefore: NOW + 21 })).toEqual([]);
      await syncs.saveSync(makeRun('first', { queuedAt: NOW + 20, state: 'applied', finishedAt: NOW + 21 }));
      expect(await due({ askedBefore: NOW + 21 })).toEqual([opened.id]);
      await platforms.updatePlatform(PLATFORM, { status: 'disabled' }, NOW);
      expect(await due({ askedBefore: NOW + 21 })).toEqual([]);
    });

    it('passes over channels that sync only when somebody asks', async () => {
      const { channels, platforms, syncs } = storage();
      await platforms.addPlatform(makePlatform('p1', { id: PLATFORM, status: 'active' }));
      const channel = await openChannel(storage());
      const due = () => syncs.channelsDueForSync({ launchedSince: 0, askedBefore: NOW, limit: 5 });
      expect(await due()).toEqual([channel.id]);
      const sync = { ...channel.sync, automatic: false };
      const quiet = await channels.updateChannel({ ...channel, sync }, NOW);
      expect(await due()).toEqual([]);
      await channels.updateChannel({ ...quiet!, sync: channel.sync }, NOW);
      expect(await due()).toEqual([channel.id]);
    });

    it('reads a run back as it was saved', async () => {
      await openChannel(storage());
      const { run } = await storage().syncs.requestSync(
        makeRun('first', { requestedBy: 'user-1' as UserId, trigger: 'api' }),
      );
      expect(await storage().syncs.findSync(run.id)).toEqual(run);
      const saved: SyncRun = {
        ...run,
        state: 'failed',
        phase: 'fetching',
        pages: 3,
        members: 150,
        counts: { added: 1, changed: 2, deactivated: 3, reactivated: 4, kept: 5, unchanged: 6 },
        totalChanges: 15,
        appliedChanges: 7,
        reason: 'timeout',
        restarts: 1,
        decidedBy: 'user:user-1',
        startedAt: NOW + 1,
        finishedAt: NOW + 2,
      };
      await storage().syncs.saveSync(saved);
      expect(await storage().syncs.findSync(run.id)).toEqual(saved);
      expect(await storage().syncs.findSync('nothing' as SyncId)).toBeNull();
    });

    it('lists runs newest first and finds the newest in given states', async () => {
      await openChannel(storage());
      const states = ['applied', 'failed', 'applied', 'held', 'queued'] as const;
      for (const [i, state] of states.entries()) {
        const { run } = await storage().syncs.requestSync(makeRun(`sync-${i}`, { queuedAt: NOW + i }));
        await storage().syncs.saveSync({ ...run, state });
      }
      const channelId = 'channel-1' as ChannelId;
      const listed = await storage().syncs.listSyncs(channelId, 3);
      expect(listed.map(({ id }) => id)).toEqual(['sync-4', 'sync-3', 'sync-2']);
      const last = async (...wanted: SyncRun['state'][]) => (await storage().syncs.lastSync(channelId, wanted))?.id;
      expect(await last('applied')).toBe('sync-2');
      expect(await last('failed', 'applied')).toBe('sync-2');
      expect(await last('failed')).toBe('sync-1');
      expect(await last('discarded')).toBeUndefined();
      expect(await last()).toBeUndefined();
    });

    it('finds what is unfinished in all channels, oldest first', async () => {
      for (const [i, name] of ['a', 'b', 'c'].entries()) {
        const { id: channelId } = await openChannel(storage(), name);
        const { run } = await storage().syncs.requestSync(makeRun(`sync-${name}`, { channelId, queuedAt: NOW - i }));
        if (name === 'b') await storage().syncs.saveSync({ ...run, state: 'applied' });
        if (name === 'c') await storage().syncs.saveSync({ ...run, state: 'running' });
      }
      expect((await storage().syncs.unfinishedSyncs({ limit: 10 })).map(({ id }) => id)).toEqual(['sync-c', 'sync-a']);
      expect((await storage().syncs.unfinishedSyncs({ limit: 1 })).map(({ id }) => id)).toEqual(['sync-c']);
    });
  });

  describe('sync store: runs that wait for their time', () => {
    const storage = useStorage(open);
    const OTHER = 'platform-2' as PlatformId;

    async function queue(name: string, change: Partial<SyncRun> = {}): Promise<SyncRun> {
      const channel = await openChannel(storage(), name);
      const run = makeRun(`sync-${name}`, { channelId: channel.id, ...change });
      return (await storage().syncs.requestSync(run)).run;
    }

    async function dueAt(at: number, platformId?: PlatformId): Promise<string[]> {
      const of = platformId === undefined ? {} : { platformId };
      return (await storage().syncs.unfinishedSyncs({ ...of, dueAt: at, limit: 10 })).map(({ id }) => id);
    }

    it('are left out until then, and named with their platforms from then on', async () => {
      const later = await queue('later', { notBefore: NOW + 50, queuedAt: NOW });
      await queue('now', { queuedAt: NOW + 1, platformId: OTHER });
      expect(await storage().syncs.findSync(later.id)).toEqual(later);
      expect(await dueAt(NOW + 49)).toEqual(['sync-now']);
      expect(await dueAt(NOW + 50)).toEqual(['sync-later', 'sync-now']);
      expect([await dueAt(NOW + 50, PLATFORM), await dueAt(NOW + 50, OTHER)]).toEqual([['sync-later'], ['sync-now']]);
      expect(await storage().syncs.platformsWithSyncs(NOW + 49)).toEqual([OTHER]);
      expect((await storage().syncs.platformsWithSyncs(NOW + 50)).sort()).toEqual([PLATFORM, OTHER]);
    });

    it('come after those that somebody asked for, when the schedule did', async () => {
      await queue('scheduled', { trigger: 'schedule', queuedAt: NOW - 100 });
      await queue('launched', { trigger: 'launch', queuedAt: NOW });
      await queue('pressed', { trigger: 'button', queuedAt: NOW - 1 });
      expect(await dueAt(NOW, PLATFORM)).toEqual(['sync-pressed', 'sync-launched', 'sync-scheduled']);
      expect((await storage().syncs.unfinishedSyncs({ limit: 2 })).map(({ id }) => id)).toEqual([
        'sync-pressed',
        'sync-launched',
      ]);
    });

    it('are written with what the LMS did to them', async () => {
      const run = await queue('1');
      const put = { ...run, state: 'queued', reason: 'throttled', tries: 2, notBefore: NOW + 90 } as const;
      expect(await storage().syncs.saveSync(put)).toBe(true);
      expect(await storage().syncs.findSync(run.id)).toEqual(put);
      await storage().syncs.saveSync({ ...put, state: 'applied', finishedAt: NOW + 99 });
      expect(await storage().syncs.platformsWithSyncs(NOW + 100)).toEqual([]);
    });

    it('begin at once when somebody asks, unless the LMS asked for the pause', async () => {
      const run = await queue('1', { notBefore: NOW + 50 });
      const ask = { trigger: 'button', requestedBy: 'user-9' as UserId } as const;
      expect(await storage().syncs.hurrySync(run.id, ask)).toEqual({ ...run, ...ask, notBefore: null });
      expect(await dueAt(NOW)).toEqual(['sync-1']);
      const failed = { ...run, tries: 1, reason: 'unreachable', notBefore: NOW + 90 } as const;
      await storage().syncs.saveSync(failed);
      expect(await storage().syncs.hurrySync(run.id, ask)).toEqual({ ...failed, ...ask, notBefore: null });
      const throttled = { ...run, tries: 1, reason: 'throttled', notBefore: NOW + 90 } as const;
      await storage().syncs.saveSync(throttled);
      expect(await storage().syncs.hurrySync(run.id, ask)).toBeNull();
      expect(await storage().syncs.findSync(run.id)).toEqual({ ...throttled, ...ask });
      await storage().syncs.saveSync({ ...throttled, state: 'running', reason: null });
      expect(await storage().syncs.hurrySync(run.id, ask)).toBeNull();
    });
  });

  describe('sync store: held runs', () => {
    const storage = useStorage(open);
    const decision = { state: 'running', reason: 'empty-roster', by: 'user:u1', at: NOW + 10 } as const;

    async function hold(id = 'held'): Promise<SyncRun> {
      await openChannel(storage());
      const { run } = await storage().syncs.requestSync(makeRun(id));
      const held = { ...run, state: 'held', reason: 'empty-roster', totalChanges: 3, finishedAt: NOW + 5 } as const;
      await storage().syncs.saveSync(held);
      return held;
    }

    it('goes on once, in the phase of applying, for the first of twenty callers', async () => {
      const held = await hold();
      const results = await atOnce(20, () => storage().syncs.decideHeldSync(held.id, decision));
      const taken = results.filter((run) => run !== null);
      expect(taken).toEqual([{ ...held, state: 'running', phase: 'applying', decidedBy: 'user:u1', finishedAt: null }]);
      expect(await storage().syncs.findSync(held.id)).toEqual(taken[0]);
    });

    it('is discarded once', async () => {
      const held = await hold();
      const discard = { ...decision, state: 'discarded', reason: 'by-hand' } as const;
      const discarded = await storage().syncs.decideHeldSync(held.id, discard);
      const end = { state: 'discarded', phase: null, reason: 'by-hand', decidedBy: 'user:u1', finishedAt: NOW + 10 };
      expect(discarded).toEqual({ ...held, ...end });
      expect(await storage().syncs.decideHeldSync(held.id, decision)).toBeNull();
      expect(await storage().syncs.findSync(held.id)).toEqual(discarded);
    });

    it('does not go on while another run of the channel is queued or running', async () => {
      const held = await hold();
      const { run } = await storage().syncs.requestSync(makeRun('next'));
      expect(await storage().syncs.decideHeldSync(held.id, decision)).toBeNull();
      expect(await storage().syncs.findSync(held.id)).toEqual(held);
      await storage().syncs.saveSync({ ...run, state: 'failed' });
      expect(await storage().syncs.decideHeldSync(held.id, decision)).toMatchObject({ state: 'running' });
    });

    it('can be discarded while another run is queued', async () => {
      const held = await hold();
      await storage().syncs.requestSync(makeRun('next'));
      const discard = { ...decision, state: 'discarded', reason: 'superseded' } as const;
      expect(await storage().syncs.decideHeldSync(held.id, discard)).toMatchObject({ state: 'discarded' });
    });

    it('is null for a run that is not held or not there', async () => {
      await openChannel(storage());
      const { run } = await storage().syncs.requestSync(makeRun('queued'));
      expect(await storage().syncs.decideHeldSync(run.id, decision)).toBeNull();
      expect(await storage().syncs.decideHeldSync('nothing' as SyncId, decision)).toBeNull();
    });
  });

  describe('sync store: diffs', () => {
    const storage = useStorage(open);
    const additions = ['a', 'b', 'c', 'd'].map((subject) => makeAddition(makeEntry(subject)));
    const departure = makeDeparture('e');

    async function start(): Promise<SyncId> {
      await openChannel(storage());
      return (await storage().syncs.requestSync(makeRun('sync-1'))).run.id;
    }

    it('stores slices in order and gives them back numbered, from any number on and by kind', async () => {
      const id = await start();
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions.slice(0, 3));
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 3, [departure, ...additions.slice(3)]);
      const all = [...additions.slice(0, 3), departure, ...additions.slice(3)].map((c, number) => ({ ...c, number }));
      expect(await storage().syncs.syncChanges(id, { from: 0, limit: 10 })).toEqual(all);
      expect(await storage().syncs.syncChanges(id, { from: 2, limit: 2 })).toEqual(all.slice(2, 4));
      expect(await storage().syncs.syncChanges(id, { from: 0, limit: 10, kind: 'deactivate' })).toEqual([all[3]]);
      expect(await storage().syncs.syncChanges(id, { from: 5, limit: 10 })).toEqual([]);
      expect(await storage().syncs.syncChanges('nothing' as SyncId, { from: 0, limit: 10 })).toEqual([]);
    });

    it('stores the same slice twice once', async () => {
      const id = await start();
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      expect(await storage().syncs.syncChanges(id, { from: 0, limit: 10 })).toHaveLength(4);
    });

    it('replaces the diff of an attempt that was broken off', async () => {
      const id = await start();
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, [departure]);
      expect(await storage().syncs.syncChanges(id, { from: 0, limit: 10 })).toEqual([{ ...departure, number: 0 }]);
    });

    it('finds the few changes of a kind in a long diff, and replaces it from any number on', async () => {
      const id = await start();
      const long = Array.from({ length: 450 }, (_, i) =>
        i % 149 === 148 ? makeDeparture(`gone-${i}`) : makeAddition(makeEntry(`person-${i}`)),
      );
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, long);
      const numbers = async (query: Parameters<ReturnType<typeof storage>['syncs']['syncChanges']>[1]) =>
        (await storage().syncs.syncChanges(id, query)).map(({ number }) => number);
      expect(await numbers({ from: 0, limit: 2, kind: 'deactivate' })).toEqual([148, 297]);
      expect(await numbers({ from: 149, limit: 5, kind: 'deactivate' })).toEqual([297, 446]);
      expect(await numbers({ from: 148, limit: 3 })).toEqual([148, 149, 150]);
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 150, [departure]);
      expect(await numbers({ from: 145, limit: 500 })).toEqual([145, 146, 147, 148, 149, 150]);
      expect(await storage().syncs.syncChanges(id, { from: 150, limit: 1 })).toEqual([{ ...departure, number: 150 }]);
    });

    it('takes nothing from an attempt that a later one has replaced, and leaves what that wrote', async () => {
      const id = await start();
      const { syncs } = storage();
      expect(await syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions)).toBe(true);
      await syncs.saveSync({ ...makeRun('sync-1'), state: 'running', restarts: 1 });
      expect(await syncs.saveSyncChanges({ id, attempt: 0 }, 0, [departure])).toBe(false);
      expect(await syncs.syncChanges(id, { from: 0, limit: 10 })).toHaveLength(4);
      expect(await syncs.saveSyncChanges({ id, attempt: 1 }, 0, [departure, ...additions])).toBe(true);
      const written = await syncs.syncChanges(id, { from: 0, limit: 10 });
      expect(written.map(({ subject }) => subject)).toEqual(['e', 'a', 'b', 'c', 'd']);
      for (const from of [0, 1, 5]) {
        expect(await syncs.saveSyncChanges({ id, attempt: 0 }, from, additions.slice(0, 2))).toBe(false);
        expect(await syncs.saveSyncChanges({ id, attempt: 0 }, from, [])).toBe(false);
      }
      expect(await syncs.syncChanges(id, { from: 0, limit: 10 })).toEqual(written);
    });

    it('keeps no line of the attempt before when the next one finds nothing to change', async () => {
      const id = await start();
      const { syncs } = storage();
      await syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      expect(await syncs.saveSyncChanges({ id, attempt: 1 }, 0, [])).toBe(true);
      expect(await syncs.syncChanges(id, { from: 0, limit: 10 })).toEqual([]);
    });

    it('reads what one attempt wrote while a later one applies it', async () => {
      const id = await start();
      const { syncs } = storage();
      await syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      await syncs.saveSync({ ...makeRun('sync-1'), state: 'running', phase: 'applying', restarts: 3, totalChanges: 4 });
      expect(await syncs.syncChanges(id, { from: 0, limit: 10 })).toHaveLength(4);
    });

    it.each(['applied', 'held', 'discarded', 'failed'] as const)('is closed once its run is %s', async (state) => {
      const id = await start();
      const { syncs } = storage();
      await syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions);
      await syncs.saveSync({ ...makeRun('sync-1'), state, finishedAt: NOW });
      for (const from of [0, 2, 4]) {
        expect(await syncs.saveSyncChanges({ id, attempt: 0 }, from, [departure])).toBe(false);
        expect(await syncs.saveSyncChanges({ id, attempt: 9 }, from, [])).toBe(false);
      }
      expect(await syncs.syncChanges(id, { from: 0, limit: 10 })).toHaveLength(4);
      expect(await syncs.saveSyncChanges({ id: 'nothing' as SyncId, attempt: 0 }, 0, [departure])).toBe(false);
    });

    it.each(HOSTILE)('keeps the name %j in a line', async (name) => {
      const id = await start();
      const change = makeAddition(makeEntry('a', { person: { name, email: name } }));
      await storage().syncs.saveSyncChanges({ id, attempt: 0 }, 0, [change]);
      expect(await storage().syncs.syncChanges(id, { from: 0, limit: 1 })).toEqual([{ ...change, number: 0 }]);
    });
  });
}

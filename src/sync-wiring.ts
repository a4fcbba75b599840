import type { Logger } from 'pino';
import { createSyncAttempt } from './channels/sync-attempt.ts';
import { createSyncLane, type LaneData } from './channels/sync-lanes.ts';
import { syncRoster } from './channels/sync-roster.ts';
import type { SyncRun } from './channels/sync-run.ts';
import type { Config } from './config/config.ts';
import type { JobKind } from './jobs/jobs.ts';
import { type Clock, sleep, systemClock } from './lib/clock.ts';
import type { Random } from './lib/ids.ts';
import type { LtiEngine } from './lti/ltijs/engine.ts';
import { createRosterReader, type RosterReaderDeps } from './lti/roster.ts';
import { type EndedSync, watchSyncs } from './metrics/watch-syncs.ts';
import type { Storage } from './storage/storage.ts';

export type SyncWiring = {
  config: Pick<Config, 'departedOverrides' | 'hold'>;
  storage: Pick<Storage, 'channels' | 'memberships' | 'syncs' | 'leases' | 'platforms' | 'isOutage'>;
  engine: Pick<LtiEngine, 'rosterPage'>;
  clock: Clock;
  random: Random;
  /** How long a run of a process that died stays locked, in milliseconds. */
  leaseMs?: number;
  /** How a walk pauses, and what it puts up with; the clock on the wall and `ROSTER_LIMITS` if not given. */
  walking?: Partial<Pick<RosterReaderDeps, 'sleep' | 'limits'>>;
  /** Aborts when lanes are to end with the run they do. */
  ending?: AbortSignal;
  /** Told of each attempt that brought its run to an end, or put it off. */
  onEnd?: (sync: EndedSync) => void;
};

/** The one way syncs are done, by the server and by the command line alike: LTI rosters into channels, under leases. */
export function wireSyncLane(wiring: SyncWiring): JobKind<LaneData> {
  const { config, storage, engine, clock, random, leaseMs } = wiring;
  const { channels, memberships, syncs, leases, platforms, isOutage } = storage;
  const rosters = createRosterReader({ engine, platforms, sleep, jitter: Math.random, ...wiring.walking });
  const roleLevelsOf = async (id: SyncRun['platformId']) => (await platforms.findPlatform(id))?.roleLevels ?? {};
  const policy = { departedOverrides: config.departedOverrides, hold: config.hold };
  const deps = { channels, memberships, syncs, leases, rosters, roleLevelsOf, policy, clock, random };
  const sync = (run: SyncRun, signal: AbortSignal, log: Logger) => syncRoster({ ...deps, log }, run, signal);
  const locking = leaseMs === undefined ? {} : { leaseMs };
  const attempt = watchSyncs(createSyncAttempt({ syncs, leases, sync, isOutage, clock, random, ...locking }), {
    onEnd: wiring.onEnd ?? (() => {}),
    clock,
  });
  return createSyncLane({
    syncs,
    attempt,
    clock,
    jobClock: systemClock,
    ...(wiring.ending ? { ending: wiring.ending } : {}),
    ...(leaseMs === undefined ? {} : { lockMs: leaseMs }),
  });
}

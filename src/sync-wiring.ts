import type { Logger } from 'pino';
import { syncRoster } from './channels/sync-roster.ts';
import type { SyncRun } from './channels/sync-run.ts';
import { createSyncRunner, type SyncRunner } from './channels/sync-runner.ts';
import type { Config } from './config/config.ts';
import { type Clock, sleep } from './lib/clock.ts';
import type { Random } from './lib/ids.ts';
import type { LtiEngine } from './lti/ltijs/engine.ts';
import { createRosterReader, type RosterReaderDeps } from './lti/roster.ts';
import type { Storage } from './storage/storage.ts';

export type SyncWiring = {
  config: Pick<Config, 'departedOverrides' | 'hold'>;
  storage: Pick<Storage, 'channels' | 'memberships' | 'syncs' | 'leases' | 'platforms'>;
  engine: Pick<LtiEngine, 'rosterPage'>;
  clock: Clock;
  random: Random;
  log: Logger;
  /** How long a run of a process that died stays locked, in milliseconds. */
  leaseMs?: number;
  /** How a walk pauses, and what it puts up with; the clock on the wall and `ROSTER_LIMITS` if not given. */
  walking?: Partial<Pick<RosterReaderDeps, 'sleep' | 'limits'>>;
};

/** The one way syncs are done, by the server and by the command line alike: LTI rosters into channels, under leases. */
export function wireSyncRunner(wiring: SyncWiring): SyncRunner {
  const { config, storage, engine, clock, random, log, leaseMs } = wiring;
  const { channels, memberships, syncs, leases, platforms } = storage;
  const rosters = createRosterReader({ engine, platforms, sleep, jitter: Math.random, ...wiring.walking });
  const roleLevelsOf = async (id: SyncRun['platformId']) => (await platforms.findPlatform(id))?.roleLevels ?? {};
  const policy = { departedOverrides: config.departedOverrides, hold: config.hold };
  const deps = { channels, memberships, syncs, leases, rosters, roleLevelsOf, policy, clock, random, log };
  return createSyncRunner({
    syncs,
    leases,
    sync: (run, signal) => syncRoster(deps, run, signal),
    clock,
    random,
    log,
    ...(leaseMs === undefined ? {} : { leaseMs }),
  });
}

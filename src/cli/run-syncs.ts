import { pino } from 'pino';
import { callLanes } from '../channels/sync-lanes.ts';
import { isUnderWay, type SyncRun } from '../channels/sync-run.ts';
import { createJobs } from '../jobs/jobs.ts';
import { sleep } from '../lib/clock.ts';
import { systemRandom } from '../lib/ids.ts';
import { wireSyncLane } from '../sync-wiring.ts';
import type { CliContext } from './context.ts';

/** How often runs are looked at, in milliseconds: others may do them, too. */
const LOOK_EVERY_MS = 200;

/**
 * Does queued syncs in this process and resolves when all have come to their ends, or wait for a time that their LMS
 * asked for. Each is done once: beside a running server either of them does it, and this waits for both.
 */
export async function runSyncsHere(context: CliContext, runs: readonly SyncRun[]): Promise<void> {
  if (runs.length === 0) return;
  const { config, storage, clock } = context;
  // On the error stream: the output belongs to the command.
  const log = pino({ level: config.logLevel === 'silent' ? 'silent' : 'warn' }, pino.destination(2));
  const jobs = createJobs({ backend: storage.jobs, log, random: systemRandom });
  const engine = await context.engine();
  await jobs.start([wireSyncLane({ config, storage, engine, clock, random: systemRandom })]);
  try {
    for (let left = runs; left.length > 0; left = await leftOf(context, left)) {
      for (const platformId of new Set(left.map((run) => run.platformId))) await callLanes(jobs, platformId);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await jobs.stop();
  }
}

async function leftOf({ storage, clock }: CliContext, runs: readonly SyncRun[]): Promise<SyncRun[]> {
  const now = await Promise.all(runs.map((run) => storage.syncs.findSync(run.id)));
  return now.filter((run) => run !== null).filter((run) => isUnderWay(run) && (run.notBefore ?? 0) <= clock());
}

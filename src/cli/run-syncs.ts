import { pino } from 'pino';
import { callLanes, type LaneData } from '../channels/sync-lanes.ts';
import { isUnderWay, type SyncRun } from '../channels/sync-run.ts';
import { createJobs, type JobKind, type Jobs } from '../jobs/jobs.ts';
import { sleep } from '../lib/clock.ts';
import { systemRandom } from '../lib/ids.ts';
import { createLog } from '../lib/log.ts';
import { wireSyncLane } from '../sync-wiring.ts';
import type { CliContext } from './context.ts';

/** How often runs are looked at, in milliseconds: others may do them, too. */
const LOOK_EVERY_MS = 500;
/** How often lanes are called, in milliseconds, for one that ended just before its platform's last run was queued. */
const CALL_EVERY_MS = 10_000;

/**
 * Does queued syncs in this process and resolves when all have come to their ends, or wait for a time that their LMS
 * asked for. Each is done once: beside a running server either of them does it, and this waits for both. Lanes are
 * shared with it, so a run of somebody else's that one of them is at then is brought to its end as well.
 */
export async function runSyncsHere(context: CliContext, runs: readonly SyncRun[]): Promise<void> {
  if (runs.length === 0) return;
  const { config, storage, clock } = context;
  // On the error stream: the output belongs to the command.
  const log = createLog(config.logLevel === 'silent' ? 'silent' : 'warn', pino.destination(2));
  const jobs = createJobs({ backend: storage.jobs, log, random: systemRandom });
  const engine = await context.engine();
  const ending = new AbortController();
  const lane = wireSyncLane({ config, storage, engine, clock, random: systemRandom, ending: ending.signal });
  const turns = new Set<Promise<unknown>>();
  await jobs.start([watched(lane, turns)]);
  try {
    await untilEnded(context, jobs, runs);
    ending.abort();
    await Promise.allSettled(turns);
  } finally {
    await jobs.stop();
  }
}

function watched(lane: JobKind<LaneData>, turns: Set<Promise<unknown>>): JobKind<LaneData> {
  return {
    ...lane,
    run(data, job) {
      const turn = lane.run(data, job);
      turns.add(turn);
      const over = () => turns.delete(turn);
      turn.then(over, over);
      return turn;
    },
  };
}

async function untilEnded(context: CliContext, jobs: Jobs, runs: readonly SyncRun[]): Promise<void> {
  let calledAt = 0;
  for (let left = runs; left.length > 0; left = await leftOf(context, left)) {
    if (Date.now() - calledAt >= CALL_EVERY_MS) {
      for (const platformId of new Set(left.map((run) => run.platformId))) await callLanes(jobs, platformId);
      calledAt = Date.now();
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** One after another: there may be thousands, and the server has its own work. */
async function leftOf({ storage, clock }: CliContext, runs: readonly SyncRun[]): Promise<SyncRun[]> {
  const left: SyncRun[] = [];
  for (const { id } of runs) {
    const run = await storage.syncs.findSync(id);
    if (run && isUnderWay(run) && (run.notBefore ?? 0) <= clock()) left.push(run);
  }
  return left;
}

import type { Logger } from 'pino';
import type { JobEnd, JobKind, Jobs, RunningJob } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { PlatformId } from './channel.ts';
import type { SyncStore } from './channel-store.ts';
import type { SyncAttempt } from './sync-attempt.ts';
import { isUnderWay, type SyncRun } from './sync-run.ts';

/**
 * A lane does the queued runs of one platform, one after another. Canvas counts all calls of one client in one bucket,
 * and more than two walks at a time slow each other down: so each platform has two lanes, each of them one job that no
 * two processes run at once.
 */
export type LaneData = { platformId: PlatformId };

const SYNC_LANE = { name: 'sync-rosters' };

const LANES_OF_A_PLATFORM = 2;
/** Runs mostly wait for an LMS; so many lanes may, before one slow LMS keeps others from being asked. */
const LANES_AT_ONCE = 20;
/** A lane whose process died is taken up by another after this long, in milliseconds. */
const LOCKED_FOR = 15_000;
/** After this long a lane goes to the end of the line: one platform with thousands of courses must not keep others waiting. */
const TURN = 30_000;
/** A lane that the LMS failed leaves it alone for this long at most, in milliseconds. */
const LONGEST_REST = 60_000;
/** Runs looked at for one that nobody works on: more than there are lanes. */
const LOOKED_AT = 10;

export type SyncLaneDeps = {
  syncs: Pick<SyncStore, 'unfinishedSyncs'>;
  attempt: SyncAttempt;
  clock: Clock;
  /** The machine's time, which jobs go by. */
  jobClock: Clock;
  lockMs?: number;
  /** Aborts when lanes are to end with the run they do. */
  ending?: AbortSignal;
};

/** The kind of job that does syncs; `attempt` does one. */
export function createSyncLane(deps: SyncLaneDeps): JobKind<LaneData> {
  const { syncs, clock, jobClock } = deps;

  async function takeTurn(platformId: PlatformId, job: RunningJob): Promise<JobEnd> {
    const attempted = new Set<SyncRun['id']>();
    const until = jobClock() + TURN;
    while (!job.signal.aborted && !deps.ending?.aborted) {
      const pause = await pauseAskedFor(platformId);
      if (pause > 0) return { againAt: jobClock() + Math.min(pause, LONGEST_REST) };
      const run = await doNext(platformId, attempted, job);
      if (run === null) return null;
      const rest = restAfter(run, clock());
      if (rest > 0) return { againAt: jobClock() + rest };
      if (jobClock() >= until) return { againAt: jobClock() };
    }
    return { againAt: jobClock() };
  }

  /** For how long the LMS still wants to be left alone, as it told one of the oldest runs; in milliseconds. */
  async function pauseAskedFor(platformId: PlatformId): Promise<number> {
    const oldest = await syncs.unfinishedSyncs({ platformId, limit: LOOKED_AT });
    const told = oldest.filter(({ reason }) => reason === 'throttled').map(({ notBefore }) => notBefore ?? 0);
    return Math.max(0, ...told) - clock();
  }

  /** Does the oldest run that may go on and that nobody works on; null when there is none. */
  async function doNext(platformId: PlatformId, attempted: Set<SyncRun['id']>, job: RunningJob) {
    const due = await syncs.unfinishedSyncs({ platformId, dueAt: clock(), limit: LOOKED_AT + attempted.size });
    for (const run of due.filter(({ id }) => !attempted.has(id))) {
      attempted.add(run.id);
      const done = await deps.attempt(run, job);
      if (done) return done;
    }
    return null;
  }

  return {
    ...SYNC_LANE,
    atOnce: LANES_AT_ONCE,
    lockMs: deps.lockMs ?? LOCKED_FOR,
    retryAfter: [1_000, 5_000, 15_000, 60_000],
    run: ({ platformId }, job) => takeTurn(platformId, job),
  };
}

/** What an LMS that failed is given: the pause of the run it failed, but never so long that others wait for nothing. */
function restAfter(run: SyncRun, now: number): number {
  if (!isUnderWay(run) || run.tries === 0 || run.notBefore === null) return 0;
  return Math.min(run.notBefore - now, LONGEST_REST);
}

/** Calls up the lanes of a platform: the first one, and the second when the first is at work already. */
export async function callLanes(jobs: Pick<Jobs, 'request'>, platformId: PlatformId): Promise<void> {
  for (let lane = 0; lane < LANES_OF_A_PLATFORM; lane++) {
    if (await jobs.request<LaneData>(SYNC_LANE, `${platformId}/${lane}`, { platformId })) return;
  }
}

/** A queue that calls lanes; what goes wrong there is logged, for the next round of `createLaneCalls` makes up for it. */
export function createLaneQueue(jobs: Pick<Jobs, 'request'>, log: Logger): { enqueue(run: SyncRun): void } {
  return {
    enqueue({ id, platformId }) {
      callLanes(jobs, platformId).catch((error: unknown) =>
        log.error({ err: error, syncId: id }, 'no lane was called'),
      );
    },
  };
}

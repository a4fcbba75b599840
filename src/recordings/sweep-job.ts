import type { JobEnd, JobKind, Jobs, RunningJob } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ConnectionStore } from '../zoom/zoom-store.ts';
import { type SweepDeps, type SweepEnd, sweepConnection } from './sweep.ts';

export type SweepData = { connectionId: ConnectionId };

const SWEEP = { name: 'sweep-zoom' };
/** Beside it, for a person who waits: the other may sleep until Zoom wants to be asked again. */
const SWEEP_NOW = { name: 'sweep-zoom-now' };

/** Zoom is looked at once an hour for everybody who is connected: webhooks get lost, and private apps may get none. */
const SWEEP_EVERY_MS = 3_600_000;
const AT_ONCE = 4;
const LOCKED_FOR_MS = 60_000;
/** Those whose sweeps fail stay due, and must not keep others from their turn. */
const SCHEDULED_AT_ONCE = 1_000;
/** After a fault that Zoom set no time for, in milliseconds. */
const AGAIN_MS = 5 * 60_000;
const SOON_MS = 1_000;

export type SweepJobDeps = SweepDeps & {
  jobs: Pick<Jobs, 'request' | 'cancel'>;
  /** The machine's time, which jobs go by. */
  jobClock: Clock;
};

/** The kinds of job that sweep one connection; see `sweepConnection`. */
export function createSweepKinds(deps: SweepJobDeps): JobKind<SweepData>[] {
  const { clock, jobClock, jobs } = deps;

  async function run({ connectionId }: SweepData, job: RunningJob): Promise<JobEnd> {
    const end = await sweepConnection(deps, connectionId, job);
    const pause = pauseAfter(end, clock());
    return pause === null ? null : { againAt: jobClock() + pause };
  }

  /** What has to wait is left to the job that sleeps, so that another person finds this one free. */
  async function runNow(data: SweepData, job: RunningJob): Promise<JobEnd> {
    const again = await run(data, job);
    if (again) await jobs.request<SweepData>(SWEEP, data.connectionId, data);
    // All is well again, and what Zoom hints at must find none that sleeps.
    else await jobs.cancel(SWEEP, data.connectionId);
    return null;
  }

  const kind = { atOnce: AT_ONCE, lockMs: LOCKED_FOR_MS, retryAfter: [10_000, 60_000] };
  return [
    { ...SWEEP, ...kind, run },
    { ...SWEEP_NOW, ...kind, run: runNow },
  ];
}

/** How long to wait before a sweep goes on, in milliseconds; null: until the next hour. */
function pauseAfter(end: SweepEnd, now: number): number | null {
  if (end.kind === 'done') return null;
  if (end.kind === 'more') return 0;
  if (end.retryAt !== null) return Math.max(end.retryAt - now, SOON_MS);
  return end.lasts ? SWEEP_EVERY_MS : AGAIN_MS;
}

export type Sweeps = {
  /** Asks for a look at what is new, soon, and not before Zoom wants to be asked; any number of times. */
  request(connectionId: ConnectionId): Promise<void>;
  /** The same for a person who waits for it: at once. */
  look(connectionId: ConnectionId): Promise<void>;
  /** Asks for those whose hour is over, and for those whose job got lost. */
  schedule: JobKind<object>;
};

export function createSweeps(deps: {
  connections: Pick<ConnectionStore, 'changeConnection' | 'connectionsToSweep'>;
  jobs: Pick<Jobs, 'request'>;
  clock: Clock;
}): Sweeps {
  const { connections, jobs, clock } = deps;

  async function ask(kind: { name: string }, connectionId: ConnectionId): Promise<void> {
    await connections.changeConnection(connectionId, clock(), (now) =>
      now.walk.asked ? null : { ...now, walk: { ...now.walk, asked: true } },
    );
    await jobs.request<SweepData>(kind, connectionId, { connectionId });
  }

  return {
    request: (id) => ask(SWEEP, id),
    look: (id) => ask(SWEEP_NOW, id),
    schedule: {
      name: 'schedule-zoom-sweeps',
      atOnce: 1,
      lockMs: 60_000,
      retryAfter: [],
      async run(_data, { signal }) {
        const due = { sweptBefore: clock() - SWEEP_EVERY_MS, limit: SCHEDULED_AT_ONCE };
        for (const connectionId of await connections.connectionsToSweep(due)) {
          if (signal.aborted) break;
          await jobs.request<SweepData>(SWEEP, connectionId, { connectionId });
        }
        return null;
      },
    },
  };
}

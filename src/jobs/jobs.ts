import type { Logger } from 'pino';
import { systemClock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { processName } from '../lib/process-name.ts';
import type { JobEngine } from './engine.ts';
import type { JobBackend, JobsOfKind } from './job-backend.ts';
import type { AnyKind, Every, JobKind } from './job-kind.ts';

export type { JobsOfKind } from './job-backend.ts';
export type { AnyKind, Every, JobEnd, JobKind, RunningJob } from './job-kind.ts';

/** Background work that outlives its process. Times are the machine's: jobs do not follow the product's `Clock`. */
export type Jobs = {
  /** Adds a job unless one with this key waits or runs. True when it was added. */
  request<Data extends object>(kind: Pick<JobKind<Data>, 'name'>, key: string, data: Data): Promise<boolean>;
  /** Takes a job that waits out of the queue; tells one that runs, whichever process runs it, to stop (its signal aborts within seconds). */
  cancel(kind: { name: string }, key: string): Promise<boolean>;
  /** Begins to run jobs of these kinds, and `every` ones at their times: each at most once for its interval on all processes together. */
  start(kinds: readonly AnyKind[], every?: readonly Every[]): Promise<void>;
  /** Takes no more jobs, tells those that run to stop and waits for them; what is unfinished is unlocked, so that another process takes it up at once. */
  stop(): Promise<void>;
  /** For metrics and doctor: per kind, how many are waiting, due, running, failed, and since when the oldest due one waits. */
  overview(): Promise<JobsOfKind[]>;
};

export type JobsDeps = {
  backend: JobBackend;
  log: Logger;
  random: Random;
  /** How often the backend is asked for jobs that others added, or that have come due; milliseconds. */
  pollMs?: number;
  /** How this process signs its locks; a name that none has had, if not given. */
  holder?: string;
};

export function createJobs(deps: JobsDeps): Jobs {
  const { backend, log, pollMs = 1_000 } = deps;
  const holder = deps.holder ?? processName(deps.random);
  let starting: Promise<JobEngine> | null = null;
  let engine: JobEngine | null = null;
  return {
    async request({ name }, key, data) {
      const added = await backend.request({ name, key, data: JSON.stringify(data), at: systemClock() });
      if (added) engine?.wake(name);
      return added;
    },
    async cancel({ name }, key) {
      const found = await backend.cancel(name, key);
      if (found) engine?.look();
      return found;
    },
    async start(kinds, every = []) {
      if (starting) throw new Error('jobs are run here already');
      // On demand: a process that only asks for jobs need not load the engine.
      starting = import('./engine.ts').then(({ startEngine }) =>
        startEngine({ backend, kinds, every, holder, log, pollMs }),
      );
      starting.catch(() => {
        starting = null;
      });
      engine = await starting;
    },
    async stop() {
      const started = await starting?.catch(() => null);
      starting = null;
      engine = null;
      await started?.stop();
    },
    overview: () => backend.overview(systemClock()),
  };
}

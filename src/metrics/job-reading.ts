import type { JobsOfKind } from '../jobs/jobs.ts';
import { type Clock, sleep } from '../lib/clock.ts';

export type JobReadingDeps = {
  overview: () => Promise<JobsOfKind[]>;
  clock: Clock;
  /** How long a reading is good for, in milliseconds: several readers, or one in a hurry, must not load the store. */
  freshMs?: number;
  /** A store that does not answer must not keep the rest of the metrics from being read. */
  patienceMs?: number;
};

/** Reads the jobs at most once in `freshMs`; null when they cannot be read, which is kept as long. */
export function createJobReading(deps: JobReadingDeps): () => Promise<JobsOfKind[] | null> {
  const { overview, clock, freshMs = 5_000, patienceMs = 2_000 } = deps;
  let last: { at: number; jobs: Promise<JobsOfKind[] | null> } | null = null;
  let asking = false;

  // One question at a time: those that wait for a store that hangs must not become more with every scrape.
  async function ask(): Promise<JobsOfKind[] | null> {
    if (asking) return null;
    asking = true;
    const patience = new AbortController();
    const answer = overview()
      .catch(() => null)
      .finally(() => {
        asking = false;
        patience.abort();
      });
    const tooLate = sleep(patienceMs, patience.signal).then(
      () => null,
      () => answer,
    );
    return Promise.race([answer, tooLate]);
  }

  return () => {
    const now = clock();
    if (last === null || now - last.at >= freshMs || now < last.at) last = { at: now, jobs: ask() };
    return last.jobs;
  };
}

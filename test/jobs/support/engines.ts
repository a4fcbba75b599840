import { pino } from 'pino';
import { afterEach, vi } from 'vitest';
import { createJobs, type Jobs } from '../../../src/jobs/jobs.ts';
import { systemRandom } from '../../../src/lib/ids.ts';
import type { Storage } from '../../../src/storage/storage.ts';

export const SILENT = pino({ level: 'silent' });
export const POLL_MS = 50;

export type Engines = {
  /** One more engine on the same store. It signs as a machine of its own: this process would pass for dead. */
  add(storage: Storage): Jobs;
};

/** Engines of the tests of a describe block, stopped after each. */
export function useEngines(): Engines {
  let engines: Jobs[] = [];
  afterEach(async () => {
    await Promise.all(engines.map((jobs) => jobs.stop()));
    engines = [];
  });
  return {
    add({ jobs: backend }) {
      const holder = `machine-${engines.length}/1/engine`;
      const jobs = createJobs({ backend, log: SILENT, random: systemRandom, pollMs: POLL_MS, holder });
      engines.push(jobs);
      return jobs;
    },
  };
}

/** Waits until something is so, or fails with what it is instead. */
export function until(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 20 });
}

/** A gate that jobs wait at; a job that is told to stop leaves it by throwing. */
export function makeGate(): { open(): void; pass(signal: AbortSignal): Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open: () => open(),
    pass: (signal) =>
      Promise.race([
        opened,
        new Promise<never>((_, reject) => {
          if (signal.aborted) reject(signal.reason as Error);
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        }),
      ]),
  };
}

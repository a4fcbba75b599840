import type { JobParameters } from 'agenda';

/** What is unique about a job, under a unique index: of a key there is one, of a repeated kind there is one. */
export function onlyOneOfKey(name: string, key: string): string {
  return JSON.stringify(['key', name, key]);
}

export function onlyOneOfName(name: string): string {
  return JSON.stringify(['single', name]);
}

/** What others wrote on a job while it ran. */
export type JobMarks = { keyed: boolean; again: boolean; cancelled: boolean };

/**
 * What becomes of a job when its run has ended: `keep` it as the engine saves it (it goes on later, or has failed),
 * `remove` it, or let it run `anew` at once. A run that is to be tried again serves a request that came meanwhile as
 * well, after its pause.
 */
export function afterRun(
  ended: { nextRunAt: Date | null; failCount?: number | undefined },
  marks: JobMarks,
): 'keep' | 'remove' | 'anew' {
  const failed = (ended.failCount ?? 0) > 0;
  const goesOn = ended.nextRunAt !== null;
  if (marks.again && (marks.cancelled || !(failed && goesOn))) return 'anew';
  if (marks.cancelled) return 'remove';
  return marks.keyed && !failed && !goesOn ? 'remove' : 'keep';
}

/** A process that lost its lock may not save the state of the job: somebody else has it by now, or nobody. */
export class JobNotHeld extends Error {
  constructor(id: string) {
    super(`job ${id} is not locked by this process`);
  }
}

/**
 * When a repeated job is due, after a process has said again how often it is to run (`asked`). Its time stays while it
 * runs, and when a process starts anew; a changed interval counts from its last run.
 */
export function nextOfRepeated(asked: Repetition, known: Repetition, now: number): Date | null {
  if (known.lockedAt) return known.nextRunAt;
  if (asked.nextRunAt !== null && asked.nextRunAt.getTime() > now) return asked.nextRunAt;
  const same = known.repeatInterval === asked.repeatInterval;
  if (known.nextRunAt !== null && same) return known.nextRunAt;
  if (typeof asked.repeatInterval !== 'number') return asked.nextRunAt;
  return new Date((known.lastRunAt?.getTime() ?? 0) + asked.repeatInterval);
}

type Repetition = Pick<JobParameters, 'nextRunAt' | 'lockedAt' | 'lastRunAt' | 'repeatInterval'>;

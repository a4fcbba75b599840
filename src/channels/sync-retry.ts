import type { Random } from '../lib/ids.ts';
import type { RosterFailure } from './roster-source.ts';
import type { SyncFailure, SyncRun } from './sync-run.ts';

/** Failures that may be over in a while: the LMS or the way to it had no time. */
const PASSING: ReadonlySet<SyncFailure> = new Set(['throttled', 'unreachable', 'timeout', 'server-error']);

/** Pauses before a run is tried again, in milliseconds: each walk has waited for the LMS a while by itself already. */
const PAUSES = [60_000, 5 * 60_000, 20 * 60_000];

/** Nobody is left alone for longer, whatever they ask for. */
const LONGEST_PAUSE = 24 * 3_600_000;

/**
 * When a run that the LMS failed is tried again (epoch milliseconds), or null when it has failed for good. Who pressed a
 * button, called the API or typed a command waits for the answer and may ask again; nobody waits for the others.
 */
export function retryAt(run: Pick<SyncRun, 'trigger' | 'tries'>, failed: RosterFailure, at: Moment): number | null {
  const pause = PAUSES[run.tries];
  if (pause === undefined || !PASSING.has(failed.reason)) return null;
  if (run.trigger !== 'launch' && run.trigger !== 'schedule') return null;
  // Courses that an LMS refused together must not come back together.
  const spread = 0.75 + 0.5 * fractionOf(at.random);
  const asked = Math.min(failed.retryAfterMs ?? 0, LONGEST_PAUSE);
  return at.now + Math.round(Math.max(pause * spread, asked));
}

type Moment = { now: number; random: Random };

function fractionOf(random: Random): number {
  return (random(1)[0] ?? 0) / 256;
}

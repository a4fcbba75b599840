import type { SyncAttempt } from '../channels/sync-attempt.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import type { Clock } from '../lib/clock.ts';

/** One attempt at a sync that came to an end; `put-off`: the LMS failed it, and it is tried again later. */
export type EndedSync = {
  outcome: 'applied' | 'held' | 'failed' | 'put-off';
  reason: SyncRun['reason'];
  trigger: SyncRun['trigger'];
  /** Null for one that was put off. */
  ms: number | null;
};

/** The same attempts, each told of when it has brought its run to an end. */
export function watchSyncs(
  attempt: SyncAttempt,
  watch: { onEnd: (sync: EndedSync) => void; clock: Clock },
): SyncAttempt {
  return async (run, job) => {
    const begunAt = watch.clock();
    const after = await attempt(run, job);
    const ended = after && endOf(run, after, begunAt);
    if (ended) watch.onEnd(ended);
    return after;
  };
}

function endOf(before: SyncRun, after: SyncRun, begunAt: number): EndedSync | null {
  const { state, reason, trigger, startedAt, finishedAt } = after;
  if (state === 'queued') return after.tries > before.tries ? { outcome: 'put-off', reason, trigger, ms: null } : null;
  if (state !== 'applied' && state !== 'held' && state !== 'failed') return null;
  // Another process brought it to its end before this one could begin.
  if (finishedAt === null || finishedAt < begunAt) return null;
  return { outcome: state, reason, trigger, ms: finishedAt - (startedAt ?? begunAt) };
}

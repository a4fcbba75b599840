import { sleep } from '../lib/clock.ts';
import type { MembershipStore } from './channel-store.ts';

/** Some 10 ms of work, and the pause after it: 10,000 people take seconds, and the syncs that bring them go on. */
const AT_ONCE = 200;
const PAUSE = 50;

/** Makes a function that makes all new people findable, a few at a time; called again while it does, it does nothing. */
export function createPeopleIndexer(
  memberships: Pick<MembershipStore, 'indexPeople'>,
  stopping: AbortSignal,
): () => Promise<void> {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    try {
      while (!stopping.aborted && (await memberships.indexPeople(AT_ONCE))) await sleep(PAUSE);
    } finally {
      busy = false;
    }
  };
}

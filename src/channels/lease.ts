import { type Clock, sleep } from '../lib/clock.ts';
import { newSecret, type Random } from '../lib/ids.ts';
import type { LeaseStore } from './channel-store.ts';

/** A holder that died lets the next one in after this long, in milliseconds. */
const HELD_FOR = 5_000;
const LOOK_EVERY = 20;

/** Does `work` while nobody else holds the lease `name`, waiting its turn. For work of some milliseconds. */
export async function withLease<Value>(
  deps: { leases: LeaseStore; clock: Clock; random: Random },
  name: string,
  work: () => Promise<Value>,
): Promise<Value> {
  const holder = newSecret(deps.random);
  while (!(await deps.leases.acquireLease(name, holder, deps.clock(), deps.clock() + HELD_FOR)))
    await sleep(LOOK_EVERY);
  try {
    return await work();
  } finally {
    await deps.leases.releaseLease(name, holder);
  }
}

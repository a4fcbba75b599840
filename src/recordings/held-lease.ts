import type { LeaseStore } from '../channels/channel-store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { processName } from '../lib/process-name.ts';

export type HoldLeaseDeps = {
  leases: LeaseStore;
  clock: Clock;
  random: Random;
  /** How long leases of a process that died stay taken, in milliseconds. */
  leaseMs?: number;
};

export type HeldLease = {
  /** Aborts when somebody else has it. */
  lost: AbortSignal;
  release(): Promise<void>;
};

const LEASE_MS = 15_000;

/** Takes a lease and keeps it until it is released; null when somebody has it. */
export async function holdLease(deps: HoldLeaseDeps, name: string): Promise<HeldLease | null> {
  const { leases, clock, leaseMs = LEASE_MS } = deps;
  const holder = processName(deps.random);
  if (!(await leases.acquireLease(name, holder, clock(), clock() + leaseMs))) return null;
  const lost = new AbortController();
  const heartbeat = setInterval(() => {
    leases.renewLease(name, holder, clock(), clock() + leaseMs).then(
      (kept) => kept || lost.abort(new Error('a lease was lost')),
      // A store that is away for a moment; who has the lease shows when it is back.
      () => {},
    );
  }, leaseMs / 3);
  return {
    lost: lost.signal,
    async release() {
      clearInterval(heartbeat);
      // It runs out by itself.
      await leases.releaseLease(name, holder).catch(() => {});
    },
  };
}

import type { Clock } from '../lib/clock.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import { type HoldLeaseDeps, holdLease } from './held-lease.ts';

/** How many imports one process does at once, and how many all processes do of one Zoom account. */
const AT_ONCE = { perProcess: 4, perConnection: 2 };
/** Jobs that may wait here for their turn, so that a lane that gets free is not idle. */
const WAITING = { perProcess: 6, perConnection: 4 };

export type Lane = {
  /** Aborts when the lease was lost to somebody else. */
  lost: AbortSignal;
  leave(): Promise<void>;
};

export type Lanes = {
  /** A lane of the account, as soon as one is free; or when to come back (machine's time), when others wait already. */
  enter(connectionId: ConnectionId, signal: AbortSignal): Promise<Lane | { againAt: number }>;
};

export type LanesDeps = HoldLeaseDeps & {
  /** The machine's time, which jobs go by. */
  jobClock: Clock;
};

const SOON_MS = 1_000;
/** Those sent away come back one after the other, so that thousands of them cost no more than some. */
const SPACING_MS = 50;
/** One that waits here for long makes room for other accounts. */
const LONGEST_WAIT_MS = 15_000;

export function createLanes(deps: LanesDeps): Lanes {
  const { jobClock } = deps;
  const running = new Map<ConnectionId, number>();
  const waiting: { connectionId: ConnectionId; go: () => void }[] = [];
  let lastReturn = 0;

  const total = () => [...running.values()].reduce((sum, count) => sum + count, 0);
  const isFree = (id: ConnectionId) => total() < AT_ONCE.perProcess && (running.get(id) ?? 0) < AT_ONCE.perConnection;

  function sendAway(): { againAt: number } {
    lastReturn = Math.max(jobClock() + SOON_MS, lastReturn + SPACING_MS);
    return { againAt: lastReturn };
  }

  function count(id: ConnectionId, change: 1 | -1): void {
    const now = (running.get(id) ?? 0) + change;
    if (now === 0) running.delete(id);
    else running.set(id, now);
    if (change === 1) return;
    const next = waiting.findIndex(({ connectionId }) => isFree(connectionId));
    if (next >= 0) waiting.splice(next, 1)[0]?.go();
  }

  /** True when a place got free, and is taken with it. */
  async function wait(connectionId: ConnectionId, signal: AbortSignal): Promise<boolean> {
    const beside = waiting.filter((one) => one.connectionId === connectionId).length;
    if (waiting.length >= WAITING.perProcess || beside >= WAITING.perConnection) return false;
    return new Promise((resolve) => {
      const end = (free: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        const at = waiting.indexOf(place);
        if (at >= 0) waiting.splice(at, 1);
        if (free) count(connectionId, 1);
        resolve(free);
      };
      const giveUp = () => end(false);
      const place = { connectionId, go: () => end(true) };
      const timer = setTimeout(giveUp, LONGEST_WAIT_MS);
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.push(place);
    });
  }

  async function takeLease(connectionId: ConnectionId): Promise<Lane | null> {
    for (let lane = 0; lane < AT_ONCE.perConnection; lane++) {
      const held = await holdLease(deps, `import/${connectionId}/${lane}`);
      if (!held) continue;
      return {
        lost: held.lost,
        async leave() {
          await held.release();
          count(connectionId, -1);
        },
      };
    }
    return null;
  }

  return {
    async enter(connectionId, signal) {
      if (isFree(connectionId)) count(connectionId, 1);
      else if (!(await wait(connectionId, signal))) return sendAway();
      try {
        const lane = await takeLease(connectionId);
        if (lane) return lane;
      } catch (error) {
        count(connectionId, -1);
        throw error;
      }
      count(connectionId, -1);
      return sendAway();
    },
  };
}

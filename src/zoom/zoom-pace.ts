import { type Clock, sleep as realSleep, systemClock } from '../lib/clock.ts';

/** Zoom's labels of how dear a call is; each has limits of its own. */
export type CallWeight = 'light' | 'medium';

/** Keeps one account from being asked too often, as its limits are shared by all its people and all their apps. */
export type ZoomPace = {
  /** Waits for the account's turn. Null: go on; else when to come back, in epoch milliseconds of the given clock. */
  turn(account: string, weight: CallWeight, signal?: AbortSignal): Promise<number | null>;
  /** Zoom said to wait until then; others of the account wait as well. */
  pause(account: string, weight: CallWeight, until: number): void;
};

type PaceDeps = {
  /** The clock that Zoom's times are compared with. */
  clock: Clock;
  /** The clock and the waiting of turns, which are about real time. */
  ticks?: Clock;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** Calls that list things: at most four at once, and four a second after that. */
const EVERY_MS = 250;
const BURST_MS = 1_000;
/** A pause that is shorter is waited for, a longer one is told. */
export const SHORT_PAUSE_MS = 5_000;
const ACCOUNTS_KEPT = 10_000;

export function createPace({ clock, ticks = systemClock, sleep = realSleep }: PaceDeps): ZoomPace {
  const paused = new Map<string, number>();
  const booked = new Map<string, number>();

  return {
    async turn(account, weight, signal) {
      const until = paused.get(`${weight} ${account}`) ?? 0;
      const left = until - clock();
      if (left > SHORT_PAUSE_MS) return until;
      if (left > 0) await sleep(left, signal);
      if (weight === 'light') return null;
      // Turns are booked ahead, so that those who wait do not all go at the same moment.
      const next = Math.max(booked.get(account) ?? 0, ticks()) + EVERY_MS;
      remember(booked, account, next);
      const wait = next - ticks() - BURST_MS;
      if (wait > 0) await sleep(wait, signal);
      return null;
    },
    pause(account, weight, until) {
      remember(paused, `${weight} ${account}`, until);
    },
  };
}

function remember(map: Map<string, number>, key: string, value: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > ACCOUNTS_KEPT && oldest !== undefined) map.delete(oldest);
}

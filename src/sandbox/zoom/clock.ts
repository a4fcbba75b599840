import type { Clock } from '../../lib/clock.ts';

/** The time at the sandbox's Zoom: the given clock, and how far it was moved ahead of it. */
export type ZoomClock = {
  /** Epoch milliseconds. */
  now: Clock;
  advance(ms: number): void;
  /** How far it was moved, in milliseconds. */
  ahead(): number;
  reset(): void;
};

export function createZoomClock(clock: Clock): ZoomClock {
  let ahead = 0;
  return {
    now: () => clock() + ahead,
    advance(ms) {
      ahead += ms;
    },
    ahead: () => ahead,
    reset() {
      ahead = 0;
    },
  };
}

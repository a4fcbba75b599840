import type { Clock } from '../lib/clock.ts';

/** Values that may be taken once and within their time. */
export type Once<Value> = {
  put(key: string, value: Value): void;
  /** The value, gone from here on; undefined when unknown, taken or too old. */
  take(key: string): Value | undefined;
};

/** Keeps at most `max` values (oldest go first), each for `lifeMs`. */
export function createOnce<Value>(clock: Clock, lifeMs: number, max = 10_000): Once<Value> {
  const kept = new Map<string, { value: Value; until: number }>();
  return {
    put(key, value) {
      const oldest = kept.size >= max ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(key, { value, until: clock() + lifeMs });
    },
    take(key) {
      const found = kept.get(key);
      kept.delete(key);
      return found && found.until >= clock() ? found.value : undefined;
    },
  };
}

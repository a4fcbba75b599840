import { AsyncLocalStorage } from 'node:async_hooks';
import type { LtijsCall } from './calls.ts';

/** Carries a call beside everything that runs in it. */
export type CallStorage = {
  run<T>(call: LtijsCall, work: () => Promise<T>): Promise<T>;
  /** The call that is running. */
  current(): LtijsCall | undefined;
};

/**
 * An `AsyncLocalStorage` that is switched off while no call runs: up to Node 22, one that was used once watches every
 * promise of the process from then on, and all of them become slower.
 */
export function createCallStorage(): CallStorage {
  const storage = new AsyncLocalStorage<LtijsCall>();
  let running = 0;
  return {
    async run(call, work) {
      running += 1;
      try {
        return await storage.run(call, work);
      } finally {
        running -= 1;
        if (running === 0) storage.disable();
      }
    },
    current: () => storage.getStore(),
  };
}

import { Router } from 'express';
import { contextOf } from './request-context.ts';

export type HealthDeps = {
  /** Throws when the database cannot be read or written. */
  ready: () => Promise<void>;
  /** How long it may take, in milliseconds. */
  readyWithinMs?: number;
};

/**
 * `/healthz`: the process answers. `/readyz`: it can serve, as the database can be read and written; jobs are in that
 * database, too. One that does not answer in time is not ready: who asks would not wait for it either.
 */
export function healthRoutes({ ready, readyWithinMs = 5_000 }: HealthDeps): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    try {
      await within(readyWithinMs, ready());
      res.json({ status: 'ready' });
    } catch (error) {
      contextOf(req).log.error({ err: error }, 'not ready');
      res.status(503).json({ status: 'not ready' });
    }
  });
  return router;
}

/** What comes of the work after its time is nobody's concern any more. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from the database within ${limitMs} ms`)), limitMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

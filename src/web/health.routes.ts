import { Router } from 'express';
import { contextOf } from './request-context.ts';

/** `/healthz`: the process answers. `/readyz`: it can serve; `ready` throws when store or jobs do not answer. */
export function healthRoutes(deps: { ready: () => Promise<void> }): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    try {
      await deps.ready();
      res.json({ status: 'ready' });
    } catch (error) {
      contextOf(req).log.error({ err: error }, 'not ready');
      res.status(503).json({ status: 'not ready' });
    }
  });
  return router;
}

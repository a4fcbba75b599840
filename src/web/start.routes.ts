import { Router } from 'express';
import { renderPage } from './render.ts';
import { contextOf } from './request-context.ts';

/** `/`: says what this is and how to begin; `sandboxUrl` is where a trial starts, null when there is none. */
export function startRoutes(deps: { sandboxUrl: string | null }): Router {
  const router = Router();
  router.get('/', (req, res) => {
    const { t } = contextOf(req);
    renderPage(req, res, 'start', { title: t('start.title'), sandboxUrl: deps.sandboxUrl });
  });
  return router;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { type Request, Router } from 'express';
import type { Metrics } from './metrics.ts';

type MetricsRouteDeps = {
  metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** Null: nobody may read them, and nothing is there. */
  token: string | null;
};

/** `GET /metrics` for Prometheus, with `Authorization: Bearer METRICS_TOKEN`. */
export function metricsRoutes({ metrics, token }: MetricsRouteDeps): Router {
  const router = Router();
  if (token === null) return router;
  const expected = digestOf(token);
  router.get('/metrics', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    if (!timingSafeEqual(digestOf(bearerOf(req)), expected)) {
      res.status(401).set('WWW-Authenticate', 'Bearer realm="metrics"').type('text/plain').send('Unauthorized\n');
      return;
    }
    const text = await metrics.text();
    // Express would put its own charset into the type that scrapers compare.
    res.setHeader('Content-Type', metrics.contentType);
    res.end(text);
  });
  return router;
}

function bearerOf(req: Request): string {
  return /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1] ?? '';
}

// Digests are equally long, so that the comparison tells nothing of the length either.
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

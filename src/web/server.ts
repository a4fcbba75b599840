import express, { type ErrorRequestHandler, type Express, type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { createReaders } from '../lib/reader.ts';
import { createAssets } from './assets.ts';
import { type ProblemReason, respondProblem } from './problems.ts';
import { contextOf, requestContext } from './request-context.ts';
import { requestLog } from './request-log.ts';
import type { RequestWatch } from './request-watch.ts';
import { securityHeaders } from './security-headers.ts';
import { readTexts } from './texts.ts';
import { createViews } from './views.ts';

export type ServerDeps = {
  /** The public origin, without a slash at its end. */
  publicUrl: string;
  /** Express's `trust proxy`. */
  trustProxy: boolean | number | string | string[];
  logger: Logger;
  /** In the order in which they are asked. */
  routers: Router[];
  /** Origins of the registered platforms; asked for pages without a viewer, so the caller keeps them at hand. */
  frameAncestors: () => string[];
  /** Whether an error means that the store is not there at the moment; never if not given. */
  isOutage?: (error: unknown) => boolean;
  /** Counts requests and open event streams. */
  watch?: RequestWatch;
  clock: Clock;
  random: Random;
  production: boolean;
};

/** `src/web` and `dist/web` are equally deep. */
const ROOT = new URL('../../', import.meta.url);
const WEBHOOK_LIMIT = '1mb';
const BODY_LIMIT = '256kb';

/** The web server, ready to listen: what every request passes through, in order. */
export function createServer(deps: ServerDeps): Express {
  const { publicUrl, frameAncestors, watch, clock, production } = deps;
  const assets = createAssets({ folder: new URL('public/', ROOT), cache: production });
  const views = createViews({ folder: new URL('views/', ROOT), cache: production });
  const texts = readTexts(new URL('locales/', ROOT));
  const kit = { texts, readers: createReaders(), views, assets, publicUrl, frameAncestors, watch, clock, production };

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy);
  app.set('query parser', 'simple');
  app.use(requestContext({ kit, logger: deps.logger, random: deps.random }));
  app.use(requestLog({ logger: deps.logger, watch }));
  app.use(securityHeaders({ production }));
  app.use('/assets', assets.routes);
  // Zoom signs the bytes that it sends.
  app.use('/zoom/webhooks', express.raw({ type: () => true, limit: WEBHOOK_LIMIT }));
  app.use(express.urlencoded({ extended: false, limit: BODY_LIMIT, parameterLimit: 200 }));
  app.use(express.json({ limit: BODY_LIMIT, type: ['application/json', 'application/*+json'] }));
  for (const router of deps.routers) app.use(router);
  app.use((req: Request, res: Response) => respondProblem(req, res, 'not-found'));
  app.use(answerError(deps));
  return app;
}

function answerError({ isOutage }: ServerDeps): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const { log } = contextOf(req);
    const fault = requestFault(error);
    const reason = fault ?? (isOutage?.(error) ? 'unavailable' : 'internal');
    if (fault === null) log.error({ err: error }, reason === 'unavailable' ? 'the store failed' : 'unexpected error');
    if (res.headersSent) {
      res.destroy();
      return;
    }
    respondProblem(req, res, reason);
  };
}

/** What the request did wrong, as far as Express and its body parsers tell; null when the fault is ours. */
function requestFault(error: unknown): ProblemReason | null {
  if (error instanceof URIError) return 'bad-request';
  const status = error instanceof Error && 'status' in error ? error.status : null;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  if (status === 413) return 'too-large';
  if (status === 415) return 'unsupported-media-type';
  return status === 404 ? 'not-found' : 'bad-request';
}

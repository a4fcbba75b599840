import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { contextOf } from './request-context.ts';

/** One line for each request: method, path, status, time and ID. Never a query, a body, a cookie or an address. */
export function requestLog(deps: { logger: Logger }): RequestHandler {
  return (req, res, next) => {
    const begun = performance.now();
    // Also when the reader left before the end of the answer.
    res.once('close', () => {
      const ms = Math.round(performance.now() - begun);
      deps.logger[levelOf(req, res)](line(req, res, ms), 'request');
    });
    next();
  };
}

function levelOf(req: Request, res: Response): 'debug' | 'info' | 'error' {
  if (/^\/(assets\/|healthz$|readyz$|metrics$)/.test(pathOf(req))) return 'debug';
  return res.statusCode >= 500 ? 'error' : 'info';
}

function line(req: Request, res: Response, ms: number): object {
  const aborted = res.writableFinished ? {} : { aborted: true };
  const { id: requestId } = contextOf(req);
  return { requestId, method: req.method, path: pathOf(req).slice(0, 200), status: res.statusCode, ms, ...aborted };
}

function pathOf(req: Request): string {
  return req.originalUrl.split('?', 1)[0] ?? '';
}

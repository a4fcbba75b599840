import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { contextOf } from './request-context.ts';
import { type EndedRequest, isEventStream, type RequestWatch, routeOf } from './request-watch.ts';

/**
 * One line for each request: method, path, status, time and ID. Never a query, a body, a cookie or an address. `watch` is
 * told of it, too.
 */
export function requestLog(deps: { logger: Logger; watch: RequestWatch | undefined }): RequestHandler {
  return (req, res, next) => {
    const begun = performance.now();
    // Also when the reader left before the end of the answer.
    res.once('close', () => {
      const ms = performance.now() - begun;
      deps.logger[levelOf(req, res)](line(req, res, Math.round(ms)), 'request');
      deps.watch?.requestEnded(ended(req, res, ms));
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
  return { requestId, method: req.method, path: shownPath(req), status: res.statusCode, ms, ...aborted };
}

function ended(req: Request, res: Response, ms: number): EndedRequest {
  const status = res.headersSent ? res.statusCode : null;
  return { method: req.method, route: routeOf(req), status, ms: isEventStream(res) ? null : ms };
}

/** A media address says who was let in to what. */
function shownPath(req: Request): string {
  return pathOf(req)
    .replace(/^\/media\/.*/, '/media/…')
    .slice(0, 200);
}

function pathOf(req: Request): string {
  return req.originalUrl.split('?', 1)[0] ?? '';
}

import type { Request, RequestHandler, Response } from 'express';
import { contextOf } from './request-context.ts';

/** One line for each request: method, path, status, time and ID. Never a query, a body, a cookie or an address. */
export function requestLog(): RequestHandler {
  return (req, res, next) => {
    const begun = performance.now();
    let written = false;
    function write(): void {
      if (written) return;
      written = true;
      const ms = Math.round(performance.now() - begun);
      contextOf(req).log[levelOf(req, res)](line(req, res, ms), 'request');
    }
    res.on('finish', write);
    // Without an end of the answer before it: the reader left.
    res.on('close', write);
    next();
  };
}

function levelOf(req: Request, res: Response): 'debug' | 'info' | 'error' {
  if (/^\/(assets\/|healthz$|readyz$|metrics$)/.test(pathOf(req))) return 'debug';
  return res.statusCode >= 500 ? 'error' : 'info';
}

function line(req: Request, res: Response, ms: number): object {
  const aborted = res.writableFinished ? {} : { aborted: true };
  return { method: req.method, path: pathOf(req).slice(0, 200), status: res.statusCode, ms, ...aborted };
}

function pathOf(req: Request): string {
  return req.originalUrl.split('?', 1)[0] ?? '';
}

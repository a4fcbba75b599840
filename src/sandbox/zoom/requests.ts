import type { RequestHandler } from 'express';
import type { Clock } from '../../lib/clock.ts';

/** One request that reached the sandbox's Zoom. */
export type ZoomRequest = {
  method: string;
  /** Below `/zoom`, with its query; secrets of OAuth are left out. */
  path: string;
  /** `files` is the second host. */
  host: 'zoom' | 'files';
  authorization: 'none' | 'basic' | 'bearer' | 'other';
  status: number;
  /** By the clock of the sandbox's Zoom. */
  at: number;
};

export type ZoomRequests = {
  /** The newest 1,000, in the order in which they came; `status` is 0 while one is unanswered. */
  log: ZoomRequest[];
  /** How many in the log have this in their method and path, `GET /v2/users/me`. */
  count(part: string): number;
  reset(): void;
};

export function createZoomRequests(): ZoomRequests {
  const requests: ZoomRequests = {
    log: [],
    count: (part) => requests.log.filter(({ method, path }) => `${method} ${path}`.includes(part)).length,
    reset() {
      requests.log = [];
    },
  };
  return requests;
}

/** Notes each request and, once it is answered, its status. */
export function logZoomRequests(requests: ZoomRequests, host: ZoomRequest['host'], now: Clock): RequestHandler {
  return (req, res, next) => {
    const [scheme] = (req.headers.authorization ?? '').toLowerCase().split(' ');
    const authorization = scheme === '' ? 'none' : scheme === 'basic' || scheme === 'bearer' ? scheme : 'other';
    const request: ZoomRequest = {
      ...{
        method: req.method,
        path: withoutSecrets(req.originalUrl.replace(/^\/zoom(?=\/)/, '')),
        host,
        authorization,
        status: 0,
      },
      at: now(),
    };
    requests.log.push(request);
    if (requests.log.length > 1000) requests.log.shift();
    res.once('finish', () => {
      request.status = res.statusCode;
    });
    next();
  };
}

function withoutSecrets(path: string): string {
  return path.replace(/\b(state|code_challenge|access_token|token)=[^&]*/g, '$1=…');
}

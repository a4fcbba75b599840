import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { contextOf } from './request-context.ts';

/** One line for each request: method, path, status, time and ID. Never a query, a body, a cookie or an address. */
export function requestLog(deps: { logger: Logger }): RequestHandler {
  return pinoHttp<Request, Response>({
    logger: deps.logger,
    genReqId: (req) => contextOf(req).id,
    serializers: { req: () => undefined, res: () => undefined },
    wrapSerializers: false,
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customLogLevel: (req, res) => (isQuiet(req) ? 'debug' : res.statusCode >= 500 ? 'error' : 'info'),
    customSuccessMessage: () => 'request',
    customErrorMessage: () => 'request',
    customSuccessObject: (req, res, value: Timed) => line(req, res, value),
    customErrorObject: (req, res, _error, value: Timed) => line(req, res, value),
  });
}

type Timed = { responseTime: number };

function line(req: Request, res: Response, timed: Timed): object {
  return { method: req.method, path: pathOf(req).slice(0, 200), status: res.statusCode, ms: timed.responseTime };
}

function isQuiet(req: Request): boolean {
  return /^\/(assets\/|healthz$|readyz$|metrics$)/.test(pathOf(req));
}

function pathOf(req: Request): string {
  return req.originalUrl.split('?', 1)[0] ?? '';
}

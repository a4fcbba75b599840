import type { Request, Response } from 'express';
import { contextOf } from '../web/request-context.ts';
import type { Refusal } from './operation.ts';
import { API_PROBLEMS } from './problems.ts';

/** A problem document (RFC 9457); its ID stands in the log. */
export function refuse(req: Request, res: Response, refusal: Refusal): void {
  const { id, log } = contextOf(req);
  const { status, title, detail } = API_PROBLEMS[refusal.reason];
  log.info({ reason: refusal.reason, status }, 'API call refused');
  if (status === 401) res.set('WWW-Authenticate', challenge(refusal));
  if (status === 403) res.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${refusal.extra?.scope}"`);
  const type = `urn:rostrum:problem:${refusal.reason}`;
  const instance = `urn:rostrum:request:${id}`;
  res
    .status(status)
    .set(refusal.headers ?? {})
    .type('application/problem+json');
  res.send(JSON.stringify({ type, title, status, detail, instance, id, ...refusal.extra }));
}

// RFC 6750, 3.1: no error code when the request carried no credentials.
function challenge({ reason }: Refusal): string {
  return reason === 'no-key' ? 'Bearer realm="rostrum"' : 'Bearer realm="rostrum", error="invalid_token"';
}

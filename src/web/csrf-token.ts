import { createHmac } from 'node:crypto';
import type { Request } from 'express';
import { readSecret, SESSION_COOKIE } from './session.ts';

/** The token for this browser's forms: an HMAC keyed by the session's secret; null without one. */
export function csrfTokenOf(req: Request): string | null {
  const secret = readSecret(req, SESSION_COOKIE);
  return secret === null ? null : createHmac('sha256', secret).update('rostrum form token v1').digest('base64url');
}

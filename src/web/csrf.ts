import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { csrfTokenOf } from './csrf-token.ts';
import { respondProblem } from './problems.ts';

/**
 * Guards the changes that our pages ask for: the request must come from our own origin (Fetch Metadata, Origin) and
 * carry the session's token in the field `_csrf`. Not for `/lti/login` and `/lti/launch`, which LMSs post to, nor for
 * the API, which takes no cookie.
 */
export function createCsrf(deps: { publicUrl: string }): RequestHandler {
  return (req, res, next) => {
    if (!isFromOurPages(req, deps.publicUrl)) return respondProblem(req, res, 'other-site');
    const expected = csrfTokenOf(req);
    if (expected === null) return respondProblem(req, res, 'no-session');
    const body = FORM.safeParse(req.body);
    if (!body.success || !sameText(body.data._csrf, expected)) return respondProblem(req, res, 'page-expired');
    next();
  };
}

const FORM = z.object({ _csrf: z.string() });

/**
 * Whether a POST comes from a page of ours. Both headers are out of reach for a page's script; every browser sends Origin
 * with a POST, Safari before 16.4 knows no Fetch Metadata.
 */
export function isFromOurPages(req: Request, publicUrl: string): boolean {
  const site = req.get('sec-fetch-site');
  return req.get('origin') === publicUrl && (site === undefined || site === 'same-origin');
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

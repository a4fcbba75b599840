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

// Browsers that know no Fetch Metadata still send Origin with a POST; one of the two must be there.
export function isFromOurPages(req: Request, publicUrl: string): boolean {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  if (origin !== undefined && origin !== publicUrl) return false;
  return site === undefined ? origin !== undefined : site === 'same-origin';
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

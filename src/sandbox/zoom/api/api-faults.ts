import type { RequestHandler, Response } from 'express';
import { sleep } from '../../../lib/clock.ts';
import { type ApiFault, takeSpoilt } from '../faults.ts';
import type { ZoomCore } from '../state.ts';
import { answer, answerHtml, cut, refuse, zoomTime } from './answers.ts';

const DAY_MS = 86_400_000;
const MEDIUM = /\/users\/me\/(meetings|recordings|settings)|\/instances|\/transcript/;

/** Stands before the API: limits of the account, and the failures that were switched on. */
export function spoilApi({ faults, clock }: Pick<ZoomCore, 'faults' | 'clock'>): RequestHandler {
  return async (req, res, next) => {
    res.setHeader('X-RateLimit-Category', MEDIUM.test(req.path) ? 'MEDIUM' : 'LIGHT');
    if (faults.slowMs > 0) await sleep(faults.slowMs);
    if (faults.dailyLeft !== null) {
      if (faults.dailyLeft < 1) return spoil(res, 'daily', clock.now());
      faults.dailyLeft--;
      res.setHeader('X-RateLimit-Remaining', faults.dailyLeft);
    }
    const fault = takeSpoilt(faults, 'api', req.originalUrl);
    return fault ? spoil(res, fault, clock.now()) : next();
  };
}

/** What Zoom says, for the failures that are a refusal: status, code, message. */
const REFUSALS: Partial<Record<ApiFault, [number, number, string]>> = {
  'expired-token': [401, 124, 'Access token is expired.'],
  'invalid-token': [401, 124, 'Invalid access token.'],
  'classic-scopes': [401, 4700, 'Invalid access token, does not contain scopes.'],
  'user-gone': [404, 1001, 'User does not exist.'],
  'user-inactive': [404, 1120, 'A invitation was sent to the user, who has not accepted it.'],
  'other-account': [400, 1010, 'User does not belong to this account.'],
  'meeting-gone': [404, 3001, 'Meeting does not exist.'],
  'not-allowed': [403, 2306, 'Not allowed to view the meetings of other users.'],
  'shared-access': [403, 403, 'The authenticated user has not permitted access to the targeted resource.'],
  plan: [400, 200, 'Only available for paid account.'],
  'admin-200': [200, 200, 'No permission: this was disabled by the administrator.'],
  'rate-4001': [429, 4001, 'Too many requests.'],
  concurrent: [429, 429, 'Too many concurrent requests. A request to disassociate this user has already been made.'],
};

function spoil(res: Response, fault: ApiFault, now: number) {
  const refusal = REFUSALS[fault];
  if (refusal) return refuse(res, ...refusal);
  switch (fault) {
    case 'validation':
      return refuse(res, 400, 300, 'Validation Failed.', [{ field: 'from', message: 'Invalid field.' }]);
    case 'qps':
      res.setHeader('X-RateLimit-Type', 'QPS');
      return refuse(res, 429, 429, 'You have reached the maximum per-second rate limit for this API. Try again later.');
    case 'daily':
      res.setHeader('X-RateLimit-Type', 'Daily-limit');
      res.setHeader('X-RateLimit-Remaining', 0);
      // The next midnight, as a time and not as a number of seconds.
      res.setHeader('Retry-After', zoomTime((Math.floor(now / DAY_MS) + 1) * DAY_MS));
      return refuse(
        res,
        429,
        429,
        'You have reached the maximum daily rate limit for this API. See the response header.',
      );
    case 'html-500':
      return answerHtml(res, 500, '500 Internal Server Error');
    case 'html-502':
      return answerHtml(res, 502, '502 Bad Gateway');
    case 'unavailable':
      return answer(res, 503, {});
    case 'not-json':
      return void res.status(200).type('text').end('OK, but not what you think');
    case 'empty':
      return void res.status(200).end();
    case 'cut':
      return cut(res);
    default:
      // Stalled: no answer, until the other side gives up or the sandbox closes.
      return;
  }
}

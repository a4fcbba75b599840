import type { Request, Response } from 'express';
import { OPEN_REFUSALS } from '../lti/open-refusals.ts';
import { LTI_REFUSALS } from '../lti/refusals.ts';
import { REGISTRATION_REFUSALS } from '../lti/registration-refusals.ts';
import { RECORDING_REFUSALS } from '../recordings/recording-refusals.ts';
import { ZOOM_REFUSALS } from '../zoom/zoom-refusals.ts';
import { renderPage } from './render.ts';
import { contextOf } from './request-context.ts';

/**
 * Every way a request can fail that is expected: its status and the text for the operator's log. The texts for the
 * person stand in `locales/*.json` under `problems.<reason>.{title,body,next}`.
 */
const PROBLEMS = {
  ...LTI_REFUSALS,
  ...OPEN_REFUSALS,
  ...REGISTRATION_REFUSALS,
  ...ZOOM_REFUSALS,
  ...RECORDING_REFUSALS,
  'bad-request': { status: 400, operator: 'The request could not be understood' },
  'not-found': { status: 404, operator: 'Nothing answers at this path' },
  'too-large': { status: 413, operator: 'The request body is over the limit' },
  'unsupported-media-type': { status: 415, operator: 'The body has a type or an encoding that is not taken' },
  'too-many-requests': { status: 429, operator: 'A rate limit was reached' },
  internal: { status: 500, operator: 'A fault in the tool; the error stands beside this line' },
  unavailable: { status: 503, operator: 'The store or the job runner does not answer' },
  'other-site': { status: 403, operator: 'A change was asked for from another site (Sec-Fetch-Site or Origin)' },
  'page-expired': { status: 403, operator: 'A form came without the token of its session' },
  'no-session': { status: 401, operator: 'The browser has no session, or an expired one' },
  'no-such-channel': { status: 404, operator: 'No such channel, or the session has no grant for it' },
  'no-such-sync': { status: 404, operator: 'No such sync in this channel' },
  'no-such-activity': { status: 404, operator: 'No such activity in this channel' },
  'no-such-member': { status: 404, operator: 'No such member in this channel' },
  'no-access': { status: 403, operator: 'The membership is not active' },
  'not-allowed': { status: 403, operator: 'The level does not allow the action' },
} as const satisfies Record<string, Problem>;

type Problem = { status: number; operator: string };

export type ProblemReason = keyof typeof PROBLEMS;

/** All reasons there are; for checking that each has its texts. */
export const PROBLEM_REASONS = Object.keys(PROBLEMS) as ProblemReason[];

export type ProblemOptions = {
  /** For the operator's log alone. */
  detail?: string | undefined;
  /** Values for the person's texts; never something the request brought. */
  values?: Record<string, string>;
};

/**
 * Answers with a page that says what happened, what to do, and an ID that stands in the log; under `/api/` with a
 * problem document (RFC 9457). Nothing of the request is repeated.
 */
export function respondProblem(req: Request, res: Response, reason: ProblemReason, options: ProblemOptions = {}): void {
  const { id, log, t } = contextOf(req);
  const problem = PROBLEMS[reason];
  const line = { reason, status: problem.status, ...(options.detail === undefined ? {} : { detail: options.detail }) };
  if (problem.status >= 500) log.error(line, problem.operator);
  else log.info(line, problem.operator);

  const text = (part: 'title' | 'body' | 'next') => t(`problems.${reason}.${part}`, options.values ?? {});
  if (isApi(req)) {
    res.status(problem.status).type('application/problem+json').set('Cache-Control', 'no-store');
    res.send(
      JSON.stringify({
        type: `urn:rostrum:problem:${reason}`,
        title: text('title'),
        status: problem.status,
        detail: text('body'),
        instance: `urn:rostrum:request:${id}`,
        id,
      }),
    );
    return;
  }
  const model = { title: text('title'), body: text('body'), next: text('next'), id };
  // A frame of an LMS that is not registered must still show why nothing works; the page holds nothing to click on.
  renderPage(req, res, 'problem', model, { status: problem.status, embeddable: 'anywhere' });
}

function isApi(req: Request): boolean {
  return req.originalUrl.startsWith('/api/');
}

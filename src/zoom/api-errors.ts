import { z } from 'zod';
import type { HttpResponse } from '../lib/http-client.ts';
import { parseJson } from '../lib/json.ts';
import { endOfNumber, type GrantEnd } from './grant-errors.ts';
import { readRetryAt } from './retry-at.ts';
import type { ZoomFailure } from './zoom-api.ts';

/** What a call is about: the person's own account, where "no such user" means that they are gone, or one meeting. */
export type CallSubject = 'me' | 'meeting';

/**
 * What an answer of the API means when it is none to use. `token`: Zoom did not take it; worth one more try with another.
 * `because` is how the grant ended if there is no other (null: Zoom did not say); it has ended, too, when `isFinal` and another is
 * refused as well. `ended`: there is no such account any more.
 */
export type ApiRefusal =
  | { kind: 'token'; because: GrantEnd | null; isFinal: boolean; detail: string }
  | { kind: 'ended'; end: GrantEnd; detail: string }
  | { kind: 'failed'; failure: ZoomFailure };

/**
 * Null for an answer that can be used. The same number means different things at different statuses, and a refusal may come
 * with 200, so status, code and text are looked at together (Zoom, "API error codes").
 */
export function readApiRefusal(answer: HttpResponse, about: CallSubject, now: number): ApiRefusal | null {
  const { status } = answer;
  const body = errorBody.safeParse(parseJson(answer.body));
  const said = body.success ? body.data : null;
  const isGood = status >= 200 && status < 300;
  if (isGood && said && !said.code) return null;
  const code = said?.code ?? null;
  const detail = describe(status, said);
  if (status === 429 || code === 429 || code === 4001) {
    return { kind: 'failed', failure: { ok: false, reason: 'throttled', detail, ...retryAtOf(answer, now) } };
  }
  if (code === null || status >= 500)
    return status === 401 ? { kind: 'token', because: null, isFinal: false, detail } : failed('fault', detail);
  return ofToken(code, said?.message ?? '', detail) ?? ofCode({ status, code, about }, said?.message ?? '', detail);
}

/** What a text that Zoom gives instead of a file says; pages come with 200 and without any code. */
export function readRefusingText(text: string): 'plan-missing' | 'forbidden' | 'not-found' | null {
  if (/administrator|\bpaid\b|\bplan\b|subscription|not enabled|does not support/i.test(text)) return 'plan-missing';
  if (/delet|not exist|no longer|expired|cannot be found|not found|in the trash/i.test(text)) return 'not-found';
  if (/permi(?:ssion|tted)|only the host|not authori[sz]ed|no access|sign in|log in/i.test(text)) return 'forbidden';
  return null;
}

function ofToken(code: number, message: string, detail: string): ApiRefusal | null {
  if (code === 124) return { kind: 'token', because: 'removed-in-zoom', isFinal: true, detail };
  const aboutScopes = /scope/i.test(message);
  if (code === 4711 || (code === 4700 && aboutScopes)) {
    const failure: ZoomFailure = { ok: false, reason: 'scope-missing', detail, scopes: scopesIn(message) };
    return { kind: 'failed', failure };
  }
  const end = endOfNumber(code);
  return end ? { kind: 'token', because: end, isFinal: true, detail } : null;
}

type Said = { status: number; code: number; about: CallSubject };

const NOT_FOUND = [1001, 1120, 3001, 3301, 3322, 12702];

function ofCode({ status, code, about }: Said, message: string, detail: string): ApiRefusal {
  const isGone = code === 1010 || code === 1001 || code === 1120;
  if (isGone && about === 'me') return { kind: 'ended', end: 'account-gone', detail };
  if (NOT_FOUND.includes(code)) return failed('not-found', detail);
  if (code === 200) return failed(readRefusingText(message) === 'forbidden' ? 'forbidden' : 'plan-missing', detail);
  if (code === 300 && /meeting ?id/i.test(message) && about === 'meeting') return failed('not-found', detail);
  if (code === 1010 || code === 2306 || status === 403) return failed('forbidden', detail);
  if (status === 401) return { kind: 'token', because: null, isFinal: false, detail };
  return failed(status === 404 && about === 'meeting' ? 'not-found' : 'fault', detail);
}

function failed(reason: ZoomFailure['reason'], detail: string): ApiRefusal {
  return { kind: 'failed', failure: { ok: false, reason, detail } };
}

const errorBody = z
  .object({
    code: z.coerce.number().int().optional().catch(undefined),
    message: z.string().optional().catch(undefined),
    // Downloads and some older parts of Zoom call them so.
    errorCode: z.coerce.number().int().optional().catch(undefined),
    errorMessage: z.string().optional().catch(undefined),
    errors: z
      .array(z.object({ field: z.string().catch(''), message: z.string().catch('') }))
      .optional()
      .catch(undefined),
  })
  .transform(({ errorCode, errorMessage, ...body }) => ({
    ...body,
    code: body.code ?? errorCode,
    message: body.message ?? errorMessage,
  }));

type ErrorBody = z.infer<typeof errorBody>;

// Zoom names people by their address in some texts, and logs hold none.
function describe(status: number, body: ErrorBody | null): string {
  if (!body) return `status ${status}, no JSON`;
  const fields = (body.errors ?? []).map(({ field, message }) => `${field}: ${message}`).join('; ');
  const text = [body.message, fields]
    .filter(Boolean)
    .join('; ')
    .replace(/\S+@\S+/g, '(address)');
  return `status ${status}, code ${body.code ?? 'none'}: ${text.slice(0, 300)}`;
}

function scopesIn(message: string): string[] {
  const listed = /\[([^\]]*)\]/.exec(message)?.[1] ?? '';
  return listed.split(/[\s,]+/).filter((scope) => /^[\w:]+$/.test(scope));
}

function retryAtOf(answer: HttpResponse, now: number): { retryAt?: number } {
  const retryAt = readRetryAt(answer.headers, now);
  return retryAt === null ? {} : { retryAt };
}

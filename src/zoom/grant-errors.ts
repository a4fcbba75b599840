import { z } from 'zod';
import type { HttpResponse } from '../lib/http-client.ts';
import { parseJson } from '../lib/json.ts';
import type { ConnectionEnd } from './connection.ts';

/** What a refusal of Zoom's token endpoint means. */
export type GrantRefusal =
  /** The grant is no more. */
  | { kind: 'ended'; end: GrantEnd; detail: string }
  /** The authorisation code is no good: too old, used, or made up. */
  | { kind: 'bad-code'; detail: string }
  /** Zoom does not know this app by its ID and secret, or its redirect address: the site has to be put right. */
  | { kind: 'misconfigured'; detail: string }
  | { kind: 'throttled'; detail: string }
  | { kind: 'fault'; detail: string };

export type GrantEnd = Exclude<ConnectionEnd, 'disconnected'>;

/**
 * How a grant ended by one of Zoom's numbers, wherever the number comes up; null when the number says nothing about that.
 * 4700, 4711, 4737 and 4740 say that a token is not taken any more, and not why.
 */
export function endOfNumber(number: number | null): GrantEnd | null {
  return number === null ? null : (ENDS[number] ?? null);
}

const ENDS: Record<number, GrantEnd> = {
  4700: 'expired',
  4711: 'expired',
  4717: 'refused-by-admin',
  4735: 'account-gone',
  4737: 'expired',
  4738: 'refused-by-admin',
  4740: 'expired',
  4741: 'superseded',
};

const BAD_CODE = [4733, 4734];
const MISCONFIGURED = [4702, 4704, 4705, 4706, 4709];
const CLIENT_ERRORS = ['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'redirect_uri_mismatch'];

/**
 * Reads a refusal of the token endpoint: `{reason, error}`, with one of Zoom's numbers in a field of its own or in the
 * text. A page instead of JSON comes from something between us and Zoom and says nothing about the grant.
 */
export function readGrantRefusal(answer: HttpResponse): GrantRefusal {
  const body = refusalBody.safeParse(parseJson(answer.body));
  const detail = `status ${answer.status}${body.success ? `: ${textOf(body.data).slice(0, 200)}` : ', no JSON'}`;
  if (answer.status === 429) return { kind: 'throttled', detail };
  if (answer.status >= 500 || !body.success) return { kind: 'fault', detail };
  const number = numberOf(body.data);
  if (number !== null && BAD_CODE.includes(number)) return { kind: 'bad-code', detail };
  if (number !== null && MISCONFIGURED.includes(number)) return { kind: 'misconfigured', detail };
  const end = endOfNumber(number);
  if (end) return { kind: 'ended', end, detail };
  if (CLIENT_ERRORS.includes(body.data.error ?? '')) return { kind: 'misconfigured', detail };
  return answer.status >= 400 && textOf(body.data)
    ? { kind: 'ended', end: 'expired', detail }
    : { kind: 'fault', detail };
}

const numeric = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{4}$/)
    .transform(Number),
]);

const refusalBody = z.object({
  reason: z.string().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
  code: numeric.optional().catch(undefined),
  error_code: numeric.optional().catch(undefined),
  errorCode: numeric.optional().catch(undefined),
});

type RefusalBody = z.infer<typeof refusalBody>;

function textOf(body: RefusalBody): string {
  return [body.error, body.reason, body.message, body.error_description].filter(Boolean).join(', ');
}

// Zoom's pages write the number with a comma, "(4,700)".
function numberOf(body: RefusalBody): number | null {
  const said = body.code ?? body.error_code ?? body.errorCode;
  if (said !== undefined) return said;
  const found = /\b4,?7\d\d\b/.exec(textOf(body));
  return found ? Number(found[0].replace(',', '')) : null;
}

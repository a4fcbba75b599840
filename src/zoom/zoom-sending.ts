import type { Logger } from 'pino';
import { type Clock, sleep as realSleep } from '../lib/clock.ts';
import type { HttpClient, HttpFailure, HttpResponse } from '../lib/http-client.ts';
import type { Random } from '../lib/ids.ts';
import { parseJson } from '../lib/json.ts';
import type { Result } from '../lib/result.ts';
import { type ApiRefusal, type CallSubject, readApiRefusal } from './api-errors.ts';
import type { Access } from './tokens.ts';
import type { ZoomCall, ZoomFailure } from './zoom-api.ts';
import { type CallWeight, SHORT_PAUSE_MS, type ZoomPace } from './zoom-pace.ts';

/** One thing asked of the API. */
export type Ask = {
  /** Below the root of the API, with encoded parts. */
  path: string;
  query?: Record<string, string>;
  about: CallSubject;
  weight: CallWeight;
  /** In a word or two, for logs and metrics. */
  purpose: string;
};

export type Bearer = Pick<Access, 'token' | 'apiUrl' | 'accountId'>;

export type Answered = { ok: true; value: unknown } | { ok: false; refusal: ApiRefusal };

/** How a call to Zoom ended, for metrics. `token`: Zoom did not take the token. */
export type ZoomCallEnd = { purpose: string; outcome: 'ok' | 'token' | ZoomFailure['reason']; ms: number };

export type ZoomSendingDeps = {
  http: HttpClient;
  pace: ZoomPace;
  /** The usual root of the API. */
  apiUrl: string;
  clock: Clock;
  random: Random;
  log: Logger;
  onCall?: ((end: ZoomCallEnd) => void) | undefined;
  sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
};

/** Asks the API with a token, in the account's turn, and again after what passes within seconds. */
export type ZoomSending = (bearer: Bearer, ask: Ask, call: ZoomCall) => Promise<Answered>;

const TIMEOUT_MS = 30_000;
/** 300 recordings with all their files are some 3 MB. */
const MAX_BYTES = 16 * 1024 * 1024;
const RETRIES = 2;

export function createZoomSending(deps: ZoomSendingDeps): ZoomSending {
  const { pace, clock } = deps;
  const sleep = deps.sleep ?? realSleep;

  async function send(bearer: Bearer, ask: Ask, call: ZoomCall): Promise<Sent> {
    const began = performance.now();
    const answer = await deps.http({
      url: `${bearer.apiUrl ?? deps.apiUrl}${ask.path}${queryOf(ask.query)}`,
      headers: { authorization: `Bearer ${bearer.token}`, accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      purpose: ask.purpose,
      ...(call.signal ? { signal: call.signal } : {}),
    });
    const refusal = answer.ok ? readApiRefusal(answer.value, ask.about, clock()) : unanswered(answer);
    note(ask, { answer, refusal, ms: performance.now() - began }, call);
    if (!refusal)
      return { answered: { ok: true, value: answer.ok ? parseJson(answer.value.body) : null }, passes: false };
    const passes = answer.ok ? answer.value.status >= 500 : answer.reason === 'unreachable';
    return { answered: { ok: false, refusal }, passes };
  }

  function note(ask: Ask, end: { answer: Answer; refusal: ApiRefusal | null; ms: number }, call: ZoomCall): void {
    const { answer, refusal, ms } = end;
    const outcome = outcomeOf(refusal);
    deps.onCall?.({ purpose: ask.purpose, outcome, ms });
    // Zoom's support asks for the tracking ID first.
    const told = answer.ok ? { status: answer.value.status, trackingId: answer.value.headers['x-zm-trackingid'] } : {};
    const detail = refusal && (refusal.kind === 'failed' ? refusal.failure.detail : refusal.detail);
    const isUsual = outcome === 'ok' || outcome === 'not-found' || call.signal?.aborted;
    const line = { purpose: ask.purpose, outcome, ...told, ...(detail ? { detail } : {}), ms: Math.round(ms) };
    (call.log ?? deps.log)[isUsual ? 'debug' : 'warn'](line, 'call to Zoom');
  }

  /** How long to wait before trying once more, in milliseconds; null when that would not help, or only later. */
  function pauseAfter({ answered, passes }: Sent, bearer: Bearer, ask: Ask): number | null {
    if (answered.ok || answered.refusal.kind !== 'failed') return null;
    const { reason, retryAt } = answered.refusal.failure;
    const jitter = 500 + ((deps.random(1)[0] ?? 0) / 255) * 500;
    if (reason !== 'throttled') return passes ? jitter : null;
    // The account's next turn waits for what Zoom said; without a word it is a limit per second.
    const until = retryAt ?? clock() + 1_000;
    pace.pause(bearer.accountId, ask.weight, until);
    return until - clock() > SHORT_PAUSE_MS ? null : jitter;
  }

  async function turnRefused(
    { accountId }: Bearer,
    { weight }: Ask,
    { signal }: ZoomCall,
  ): Promise<ZoomFailure | null> {
    try {
      const retryAt = await pace.turn(accountId, weight, signal);
      return retryAt === null ? null : { ok: false, reason: 'throttled', retryAt, detail: 'Zoom said to wait' };
    } catch (error) {
      if (!signal?.aborted) throw error;
      return { ok: false, reason: 'unreachable', detail: 'aborted while waiting for a turn' };
    }
  }

  return async (bearer, ask, call) => {
    for (let tries = 0; ; tries++) {
      const refused = await turnRefused(bearer, ask, call);
      if (refused) return { ok: false, refusal: { kind: 'failed', failure: refused } };
      const sent = await send(bearer, ask, call);
      const pause = pauseAfter(sent, bearer, ask);
      if (pause === null || tries >= RETRIES || call.signal?.aborted) return sent.answered;
      // When it is aborted meanwhile, the next turn says so.
      await sleep(pause, call.signal).catch(() => {});
    }
  };
}

type Answer = Result<HttpResponse, HttpFailure>;

/** `passes`: asking again in a second may help. */
type Sent = { answered: Answered; passes: boolean };

function unanswered(answer: { reason: HttpFailure; detail?: string }): ApiRefusal {
  const detail = `${answer.reason} ${answer.detail ?? ''}`.trim();
  const reason = answer.reason === 'too-large' || answer.reason === 'bad-url' ? 'fault' : 'unreachable';
  return { kind: 'failed', failure: { ok: false, reason, detail } };
}

function outcomeOf(refusal: ApiRefusal | null): ZoomCallEnd['outcome'] {
  if (!refusal) return 'ok';
  return refusal.kind === 'failed' ? refusal.failure.reason : 'token';
}

function queryOf(query: Record<string, string> | undefined): string {
  return query ? `?${new URLSearchParams(query)}` : '';
}

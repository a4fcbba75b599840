import type { Logger } from 'pino';
import type { HttpClient, HttpFailure, HttpResponse } from '../lib/http-client.ts';
import type { Result } from '../lib/result.ts';
import { throttleError } from './ltijs/service-error.ts';

/** How a call to an LMS ended: the class of its status, a refusal for asking too often, or why there was no answer. */
export type LmsCallOutcome = '2xx' | '3xx' | '4xx' | '5xx' | 'throttled' | HttpFailure;

export type LmsCall = { purpose: string; outcome: LmsCallOutcome; ms: number };

type Watch = {
  /** For calls that bring no log of their own. */
  log: Logger;
  onCall?: (call: LmsCall) => void;
};

/**
 * The same client, whose calls are counted and logged: each in the log of the request or job that needed it, so that a
 * call is found by their IDs. What went well is a line for debugging. Neither addresses nor answers are written down.
 */
export function watchLmsCalls(http: HttpClient, watch: Watch): HttpClient {
  return async (request) => {
    const begun = performance.now();
    const answer = await http(request);
    const ms = performance.now() - begun;
    const call: LmsCall = { purpose: request.purpose ?? 'other', outcome: outcomeOf(answer), ms };
    watch.onCall?.(call);
    (request.log ?? watch.log)[levelOf(call)](lineOf(call, answer), 'call to the LMS');
    return answer;
  };
}

type Answer = Result<HttpResponse, HttpFailure>;

function outcomeOf(answer: Answer): LmsCallOutcome {
  if (!answer.ok) return answer.reason;
  if (throttleError(answer.value, 0)) return 'throttled';
  const { status } = answer.value;
  if (status >= 500) return '5xx';
  if (status >= 400) return '4xx';
  return status >= 300 ? '3xx' : '2xx';
}

// Aborted calls are our own doing: a page asked for ahead, or a process that stops.
function levelOf({ outcome }: LmsCall): 'debug' | 'warn' {
  return outcome === '2xx' || outcome === '3xx' || outcome === 'aborted' ? 'debug' : 'warn';
}

function lineOf({ purpose, outcome, ms }: LmsCall, answer: Answer): object {
  const status = answer.ok ? { status: answer.value.status } : {};
  return { purpose, outcome, ...status, ms: Math.round(ms) };
}

import type { SyncFailure } from '../../channels/sync-run.ts';
import type { HttpFailure, HttpResponse } from '../../lib/http-client.ts';

/** Whether asking again may help: at once after a pause, or only when the LMS has rested. */
export type Retry = 'no' | 'soon' | 'later';

export type ServiceFailure = SyncFailure | 'platform-exists';

/** How an expected failure travels through ltijs, which knows only thrown errors; the engine's verbs return it as a value. */
export class ServiceError extends Error {
  readonly reason: ServiceFailure;
  readonly retry: Retry;
  /** How long the LMS asked to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** The HTTP status, when there was an answer. */
  readonly status: number | null;

  constructor(
    reason: ServiceFailure,
    detail: string,
    more: { retry?: Retry; retryAfterMs?: number | null; status?: number } = {},
  ) {
    super(detail);
    this.reason = reason;
    this.retry = more.retry ?? 'no';
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.status = more.status ?? null;
  }
}

/** What a failed exchange with an LMS means for a sync. */
export function transportError(reason: HttpFailure, detail: string): ServiceError {
  switch (reason) {
    case 'timeout':
      return new ServiceError('timeout', detail, { retry: 'soon' });
    case 'aborted':
      return new ServiceError('interrupted', detail);
    case 'too-large':
      return new ServiceError('too-large', detail);
    case 'unreachable':
      return new ServiceError('unreachable', detail, { retry: 'soon' });
    case 'bad-url':
    case 'blocked-address':
      return new ServiceError('unreachable', `${reason}: ${detail}`);
  }
}

/**
 * A refusal for asking too often, or null. Canvas: 429 in its documentation, in its source 403 with a text of its own
 * or nothing left in X-Rate-Limit-Remaining; it names no time.
 */
export function throttleError(response: HttpResponse, now: number): ServiceError | null {
  const remaining = response.headers['x-rate-limit-remaining'];
  const spent = remaining !== undefined && Number(remaining) <= 0;
  const throttled =
    response.status === 429 ||
    (response.status === 403 && (spent || /rate limit exceeded/i.test(response.body.slice(0, 2000))));
  if (!throttled) return null;
  const retryAfterMs = readRetryAfter(response.headers['retry-after'], now);
  return new ServiceError('throttled', `status ${response.status}`, {
    retry: 'later',
    retryAfterMs,
    status: response.status,
  });
}

/** A fault of the LMS itself, or null. */
export function serverError(response: HttpResponse, now: number): ServiceError | null {
  if (response.status < 500) return null;
  const retryAfterMs = readRetryAfter(response.headers['retry-after'], now);
  return new ServiceError('server-error', `status ${response.status}`, {
    retry: 'soon',
    retryAfterMs,
    status: response.status,
  });
}

/** Retry-After as seconds or as a date (RFC 9110, 10.2.3), in milliseconds from now. */
function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

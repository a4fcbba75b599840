import type { Logger } from 'pino';
import type { Result } from './result.ts';

/** A request to another server. Redirects are never followed: a token must not travel to a place nobody named. */
export type HttpRequest = {
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Record<string, string>;
  body?: string;
  /** From the start to the last byte, in milliseconds; 10 s if not given. */
  timeoutMs?: number;
  /** The largest answer taken, in bytes; 1 MiB if not given. */
  maxBytes?: number;
  signal?: AbortSignal;
  /** What the call is for, in a word or two, for logs and metrics; never sent. */
  purpose?: string;
  /** The log of the request or job that needs the call, with its IDs; whoever logs calls writes their lines there. */
  log?: Logger | undefined;
};

export type HttpResponse = {
  status: number;
  /** Names in lower case; several values of one header joined by ", ". */
  headers: Record<string, string>;
  body: string;
};

export type HttpFailure = 'bad-url' | 'blocked-address' | 'unreachable' | 'timeout' | 'too-large' | 'aborted';

/** The one way out to other servers. Any HTTP status is a success here; callers judge it. */
export type HttpClient = (request: HttpRequest) => Promise<Result<HttpResponse, HttpFailure>>;

import type { Readable } from 'node:stream';
import { type Agent, request as send } from 'undici';
import { type AddressGuardOptions, BlockedAddress, createAddressGuard } from './address-guard.ts';
import { joinHeaders } from './guarded-http.ts';
import { type Failure, failure, type Result, success } from './result.ts';

export type DownloadRequest = {
  url: string;
  /** What is sent to each address on the way; a token belongs to the hosts it was made for alone. */
  headersFor: (url: URL) => Record<string, string>;
  signal?: AbortSignal;
};

/** The last answer of a chain of redirects. `body` fails when the connection is cut, stands still or is aborted. */
export type Download = { url: URL; status: number; headers: Record<string, string>; body: Readable };

/** `bad-redirect`: a redirect to nowhere, or more of them than a download has. */
export type DownloadFailure = 'bad-url' | 'bad-redirect' | 'blocked-address' | 'unreachable' | 'timeout' | 'aborted';

/** Opens a file of any size. Any HTTP status but a redirect is a success here. The caller reads or destroys the body. */
export type GuardedDownload = {
  (request: DownloadRequest): Promise<Result<Download, DownloadFailure>>;
  close(): Promise<void>;
};

export type GuardedDownloadOptions = AddressGuardOptions & {
  userAgent: string;
  /** How long an answer may say nothing while it is being read, in milliseconds; 60 s if not given. There is no total. */
  idleMs?: number;
};

const IDLE_MS = 60_000;
const MOST_REDIRECTS = 5;

/**
 * The way to files at addresses that others name. The address is judged at each step of a chain of redirects, where the
 * connection is made; the body flows as fast as it is read and no faster.
 */
export function createGuardedDownload(options: GuardedDownloadOptions): GuardedDownload {
  const guard = createAddressGuard(options);
  const idleMs = options.idleMs ?? IDLE_MS;

  async function step(target: string, request: DownloadRequest): Promise<Result<Download, DownloadFailure>> {
    const admitted = guard.admit(target);
    if (!admitted.ok) return admitted;
    const { url, agent } = admitted.value;
    const headers = { 'accept-encoding': 'identity', 'user-agent': options.userAgent, ...request.headersFor(url) };
    return open(url, { agent, headers, idleMs, signal: request.signal });
  }

  async function download(request: DownloadRequest): Promise<Result<Download, DownloadFailure>> {
    let target = request.url;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await step(target, request);
      if (!answer.ok || !isRedirect(answer.value.status)) return answer;
      const { url, headers, body } = answer.value;
      discard(body);
      const next = headers.location ?? '';
      if (!next || !URL.canParse(next, url.href)) return failure('bad-redirect', `status ${answer.value.status}`);
      target = new URL(next, url).href;
    }
    return failure('bad-redirect', `more than ${MOST_REDIRECTS}`);
  }

  return Object.assign(download, { close: () => guard.close() });
}

type Means = { agent: Agent; headers: Record<string, string>; idleMs: number; signal: AbortSignal | undefined };

async function open(url: URL, means: Means): Promise<Result<Download, DownloadFailure>> {
  const { agent, headers, idleMs, signal } = means;
  try {
    const answer = await send(url, {
      dispatcher: agent,
      headers,
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      ...(signal ? { signal } : {}),
    });
    return success({ url, status: answer.statusCode, headers: joinHeaders(answer.headers), body: answer.body });
  } catch (error) {
    return failureOf(error, signal);
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** Ends an answer that is not wanted. What it fails with then is of no interest. */
export function discard(body: Readable): void {
  body.on('error', () => {});
  body.destroy();
}

function failureOf(error: unknown, signal: AbortSignal | undefined): Failure<DownloadFailure> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? `${code} ${error.message}`.trim() : String(error);
  if (error instanceof BlockedAddress) return failure('blocked-address', detail);
  if (signal?.aborted) return failure('aborted', detail);
  if (/^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(code)) return failure('timeout', detail);
  return failure('unreachable', detail);
}

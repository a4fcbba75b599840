import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type Agent, request as send } from 'undici';
import { type AddressGuardOptions, BlockedAddress, createAddressGuard } from './address-guard.ts';
import type { HttpClient, HttpFailure, HttpRequest, HttpResponse } from './http-client.ts';
import { type Failure, failure, type Result, success } from './result.ts';

export type GuardedHttp = HttpClient & { close(): Promise<void> };

export type GuardedHttpOptions = AddressGuardOptions & {
  /** Sent with every request; Canvas asks its API clients to name themselves. */
  userAgent: string;
  /** The deadline of requests that set none, in milliseconds; 10 s if not given. */
  timeoutMs?: number;
};

export type { Resolver } from './address-guard.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;

/**
 * The HTTP client for addresses that others name (an LMS's endpoints, links in its answers). https only; the address
 * is judged where the connection is made, so that a name which resolves differently a moment later gains nothing; no
 * redirects; one deadline for the whole exchange; a size limit on what comes out of decompression.
 */
export function createGuardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const guard = createAddressGuard(options);

  async function guarded(request: HttpRequest): Promise<Result<HttpResponse, HttpFailure>> {
    const admitted = guard.admit(request.url);
    if (!admitted.ok) return admitted;
    const { url, agent } = admitted.value;
    const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return exchange(url, request, { agent, userAgent: options.userAgent, timeoutMs });
  }

  return Object.assign(guarded, { close: () => guard.close() });
}

type Means = { agent: Agent; userAgent: string; timeoutMs: number };

async function exchange(url: URL, request: HttpRequest, means: Means): Promise<Result<HttpResponse, HttpFailure>> {
  const deadline = AbortSignal.timeout(means.timeoutMs);
  const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
  try {
    const answer = await send(url, {
      dispatcher: means.agent,
      method: request.method ?? 'GET',
      headers: { 'accept-encoding': 'gzip, br', 'user-agent': means.userAgent, ...request.headers },
      body: request.body ?? null,
      signal,
      headersTimeout: means.timeoutMs,
      bodyTimeout: means.timeoutMs,
    });
    const headers = joinHeaders(answer.headers);
    const body = await readBody(answer.body, headers['content-encoding'], request.maxBytes ?? DEFAULT_MAX_BYTES);
    return success({ status: answer.statusCode, headers, body });
  } catch (error) {
    return failureOf(error, deadline, request.signal);
  }
}

/** Header names in lower case; several values of one header joined by ", ". */
export function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

class TooLarge extends Error {}

async function readBody(raw: Readable, encoding: string | undefined, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(raw, encoding)) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBytes) {
      raw.destroy();
      throw new TooLarge(`More than ${maxBytes} bytes`);
    }
    chunks.push(bytes);
  }
  // TextDecoder drops a byte order mark, which some PHP sites send before their JSON.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function decoded(raw: Readable, encoding: string | undefined): Readable {
  const decoder = decoderFor(encoding);
  if (!decoder) return raw;
  // A failure of either end reaches the reader through the decoder; the callback only keeps it from being thrown twice.
  return pipeline(raw, decoder, () => {});
}

function decoderFor(encoding: string | undefined) {
  switch (encoding?.trim().toLowerCase() || 'identity') {
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    case 'deflate':
      return createInflate();
    default:
      throw new Error(`Unknown content encoding ${encoding}`);
  }
}

function failureOf(error: unknown, deadline: AbortSignal, given: AbortSignal | undefined): Failure<HttpFailure> {
  const detail = error instanceof Error ? describe(error) : String(error);
  if (error instanceof TooLarge) return failure('too-large', detail);
  if (error instanceof BlockedAddress) return failure('blocked-address', detail);
  if (given?.aborted) return failure('aborted', detail);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (deadline.aborted || /^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(code)) return failure('timeout', detail);
  return failure('unreachable', detail);
}

function describe(error: Error): string {
  const code = 'code' in error ? `${String(error.code)} ` : '';
  return `${code}${error.message}`;
}

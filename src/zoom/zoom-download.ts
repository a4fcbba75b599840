import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type Download, type DownloadFailure, discard, type GuardedDownload } from '../lib/guarded-download.ts';
import { parseJson } from '../lib/json.ts';
import { type ApiRefusal, readApiRefusal, readRefusingText } from './api-errors.ts';
import type { Access } from './tokens.ts';
import type { ZoomCall, ZoomDownload, ZoomFailure, ZoomFault } from './zoom-api.ts';
import type { Tried } from './zoom-calls.ts';
import { isOfZoom } from './zoom-hosts.ts';

export type DownloadFault = 'foreign-address' | 'blocked-address';

/** A file that was opened, or a refusal of ours, which no other token would change. */
export type Opened = ZoomDownload | ZoomFailure<DownloadFault>;

export type OpenFile = (access: Access, url: string, call: ZoomCall) => Promise<Tried<Opened>>;

type DownloadDeps = {
  fetch: GuardedDownload;
  /** The root of the API that the site set up: with Zoom's own hosts the only ones that a download may begin at. */
  apiUrl: string;
  now: () => number;
  log: Logger;
};

/** What is read of an answer that is no file; it says why in its first lines. */
const MOST_OF_A_PAGE = 64 * 1024;

/**
 * Opens a file of a recording (Zoom, "Get meeting recordings"). The address must be Zoom's, for lists and webhooks could name
 * any. The token goes to the first host alone: what Zoom redirects to has its own credentials in the address.
 */
export function createOpenFile({ fetch, apiUrl, now, log }: DownloadDeps): OpenFile {
  return async (access, told, call) => {
    const url = URL.canParse(told) ? new URL(told) : null;
    if (!url || !isOfZoom(url, apiUrl)) return ours('foreign-address', 'the download does not begin at a host of Zoom');
    const authorization = { authorization: `Bearer ${access.token}` };
    const answer = await fetch({
      url: url.href,
      headersFor: (at) => (at.origin === url.origin ? authorization : {}),
      ...(call.signal ? { signal: call.signal } : {}),
    });
    const opened = answer.ok ? await judge(answer.value, now()) : unopened(answer.reason, answer.detail ?? '');
    note(opened, answer.ok ? answer.value.status : null, call);
    return opened;
  };

  function note(opened: Tried<Opened>, status: number | null, call: ZoomCall): void {
    const outcome = outcomeOf(opened);
    const isUsual = outcome === 'ok' || call.signal?.aborted;
    (call.log ?? log)[isUsual ? 'debug' : 'warn']({ purpose: 'download', outcome, status }, 'call to Zoom');
  }
}

async function judge(answer: Download, now: number): Promise<Tried<Opened>> {
  const { status, headers, body } = answer;
  const contentType = headers['content-type']?.trim().toLowerCase() || 'application/octet-stream';
  const isFile =
    status === 200 && !/^(?:text\/html|application\/(?:[\w.-]+\+)?json|application\/xhtml)/.test(contentType);
  if (isFile) {
    const told = headers['content-length'] ?? '';
    return { ok: true, value: { body, contentType, bytes: /^\d{1,15}$/.test(told) ? Number(told) : null } };
  }
  const text = await readStart(body);
  return { ok: false, refusal: refusalOf({ status, headers, body: text }, now) };
}

function refusalOf(answer: { status: number; headers: Record<string, string>; body: string }, now: number): ApiRefusal {
  const { status, body } = answer;
  const isJson = parseJson(body) !== null;
  const known = isJson || status >= 400 ? readApiRefusal(answer, 'meeting', now) : null;
  // A token that may list may fetch as well, so when a renewed one is refused the grant need not be dead.
  if (known?.kind === 'token') return { ...known, isFinal: false };
  if (known && (isJson || status === 429 || status >= 500)) return known;
  const reason =
    readRefusingText(body.replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ')) ?? plain(status, isJson);
  return {
    kind: 'failed',
    failure: { ok: false, reason, detail: `status ${status}, ${isJson ? 'JSON' : 'a page'} instead of the file` },
  };
}

function plain(status: number, isJson: boolean): ZoomFault {
  if (status === 404 || status === 410) return 'not-found';
  return status === 403 || (status === 200 && !isJson) ? 'forbidden' : 'fault';
}

async function readStart(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= MOST_OF_A_PAGE) break;
    }
  } catch {
    // What came until then says enough, or nothing does.
  }
  discard(body);
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, MOST_OF_A_PAGE));
}

function unopened(reason: DownloadFailure, detail: string): Tried<Opened> {
  if (reason === 'blocked-address') return ours('blocked-address', detail);
  if (reason === 'bad-url') return ours('foreign-address', 'a redirect leads to where nothing is fetched from');
  const fault = reason === 'bad-redirect' ? 'fault' : 'unreachable';
  return {
    ok: false,
    refusal: { kind: 'failed', failure: { ok: false, reason: fault, detail: `${reason} ${detail}` } },
  };
}

function ours(reason: DownloadFault, detail: string): Tried<Opened> {
  return { ok: true, value: { ok: false, reason, detail } };
}

function outcomeOf(opened: Tried<Opened>): string {
  if (!opened.ok) return opened.refusal.kind === 'failed' ? opened.refusal.failure.reason : 'token';
  return 'reason' in opened.value ? opened.value.reason : 'ok';
}

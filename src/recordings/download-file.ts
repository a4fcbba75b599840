import { pipeline, type Readable, Transform } from 'node:stream';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ZoomApi, ZoomCall, ZoomFile } from '../zoom/zoom-api.ts';
import type { FileStore } from './file-store.ts';
import { downloadFault, type StepFailure } from './import-faults.ts';
import type { ImportFault } from './recording.ts';

export type DownloadDeps = { api: Pick<ZoomApi, 'download'>; files: FileStore };

/** What is fetched with whose grant; bytes are told on the way. */
export type Fetch = {
  connectionId: ConnectionId;
  file: ZoomFile;
  call: ZoomCall;
  onProgress?: (bytes: number) => void;
};

export type Saved = {
  bytes: number;
  contentType: string /** Zoom had told a somewhat other size. */;
  sizeDiffers: boolean;
};

type Failed = { ok: false } & StepFailure;

const MB = 1024 * 1024;
/** Where Zoom tells no size; a day of video has some 20 GB. */
const LARGEST_UNTOLD = 40_000 * MB;
const LARGEST_TEXT = 20 * MB;
/** So much less than Zoom told is a rounding; more is a part of the lecture. */
const SHORTFALL = { share: 0.01, bytes: 64 * 1024 };

/** Fetches a video or sound file into the file store, and takes it for what it should be only after looking at it. */
export async function saveMedia(
  { api, files }: DownloadDeps,
  fetch: Fetch,
  key: string,
): Promise<({ ok: true } & Saved) | Failed> {
  const opened = await open(api, fetch);
  if (!opened.ok) return opened;
  const { body, told } = opened;
  const contentType = fetch.file.type === 'M4A' ? 'audio/mp4' : 'video/mp4';
  const limited = limitBody(body, told === null ? LARGEST_UNTOLD : told * 1.1 + MB);
  try {
    const saved = await files.save<ImportFault>(key, limited.bytes, {
      contentType,
      ...(fetch.call.signal ? { signal: fetch.call.signal } : {}),
      ...(fetch.onProgress ? { onProgress: fetch.onProgress } : {}),
      check: (written) => judgeMedia(written, told),
    });
    if (!saved.ok) return failed(saved.reason, saved.detail);
    const { bytes } = saved.value;
    return { ok: true, bytes, contentType, sizeDiffers: told !== null && told !== bytes };
  } catch (error) {
    return brokenOff(error, limited, fetch.call.signal);
  } finally {
    body.destroy();
  }
}

/** Fetches a small text file whole. Text in another encoding than UTF-8 shows as such; Zoom writes UTF-8. */
export async function fetchText(
  { api }: Pick<DownloadDeps, 'api'>,
  fetch: Fetch,
): Promise<{ ok: true; text: string } | Failed> {
  const opened = await open(api, fetch);
  if (!opened.ok) return opened;
  const { body } = opened;
  const limited = limitBody(body, LARGEST_TEXT);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of limited.bytes) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    return text.trim() === '' ? failed('empty-file') : { ok: true, text };
  } catch (error) {
    return brokenOff(error, limited, fetch.call.signal);
  } finally {
    body.destroy();
  }
}

type Opened = { ok: true; body: Readable; told: number | null };

async function open(api: Pick<ZoomApi, 'download'>, { connectionId, file, call }: Fetch): Promise<Opened | Failed> {
  if (file.downloadUrl === null) return failed('zoom-fault', 'a file without an address');
  const answer = await api.download(connectionId, { url: file.downloadUrl }, call);
  if (!answer.ok) {
    const { reason, detail, retryAt } = answer;
    return { ...failed(downloadFault(reason), detail), ...(retryAt === undefined ? {} : { retryAt }) };
  }
  const { body, contentType, bytes } = answer.value;
  // What fails before somebody reads it must not end the process.
  body.on('error', () => {});
  if (isPage(contentType)) {
    body.destroy();
    return failed('not-a-video', contentType);
  }
  return { ok: true, body, told: file.bytes ?? bytes };
}

function isPage(contentType: string): boolean {
  return /^\s*(text\/html|application\/(xhtml\+xml|json|[\w.-]+\+json))\s*(;|$)/i.test(contentType);
}

/** Null when it is a file of the MPEG-4 family, of the size it should have. */
function judgeMedia({ bytes, head }: { bytes: number; head: Buffer }, told: number | null): ImportFault | null {
  if (bytes === 0) return 'empty-file';
  if (head.toString('latin1', 4, 8) !== 'ftyp') return 'not-a-video';
  const missing = told === null ? 0 : told - bytes;
  return told !== null && missing > Math.min(told * SHORTFALL.share, SHORTFALL.bytes) ? 'truncated' : null;
}

class TooLarge extends Error {}

/** What comes of a body: its bytes up to a limit, and afterwards why there were no more. */
type Limited = { bytes: Readable; fault(): ImportFault | null };

function limitBody(body: Readable, most: number): Limited {
  let count = 0;
  let fault: ImportFault | null = null;
  const bytes = new Transform({
    highWaterMark: 256 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length;
      done(count > most ? new TooLarge('the file is larger than it may be') : null, chunk);
    },
  });
  body.on('error', (error) => {
    if (!(error instanceof TooLarge)) fault ??= 'truncated';
  });
  pipeline(body, bytes, (error) => {
    if (error instanceof TooLarge) fault = 'too-large';
  });
  return { bytes, fault: () => fault };
}

/** What broke off at the other side is a fault to tell; whatever else was thrown is for the caller. */
function brokenOff(error: unknown, limited: Limited, signal: AbortSignal | undefined): Failed {
  const fault = error instanceof TooLarge ? 'too-large' : limited.fault();
  if (signal?.aborted || fault === null) throw error;
  return failed(fault, String(error));
}

function failed(fault: ImportFault, detail?: string): Failed {
  return { ok: false, fault, ...(detail === undefined ? {} : { detail }) };
}

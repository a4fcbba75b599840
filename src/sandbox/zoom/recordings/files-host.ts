import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { DOWNLOAD_FAULTS, type DownloadFault } from '../faults.ts';
import type { ZoomCore } from '../state.ts';
import { contentOf } from './file-content.ts';
import { type FileContent, openContent } from './media/content.ts';
import type { Media } from './media/media.ts';
import { paced } from './paced.ts';
import { FILE_KINDS } from './recording.ts';
import { isSigned, signText } from './signed-text.ts';
import type { SandboxFile, SandboxRecording, ZoomRecordings } from './store.ts';

type Found = { recording: SandboxRecording; file: SandboxFile };

const POLICY = z.object({ key: z.string(), until: z.number(), fault: z.enum(DOWNLOAD_FAULTS).nullable() });
const LIFE_MS = 10 * 60_000;
const SLOW_BYTES_A_SECOND = 2048;
const FIRST_BYTES = 1024;

/** Where a file lies at the second host: signed, good for ten minutes. */
export function filesAddress(core: ZoomCore, { file }: Found, fault: DownloadFault | null): string {
  const now = core.clock.now();
  const policy = { key: file.key, until: fault === 'expired' ? now : now + LIFE_MS, fault };
  const text = Buffer.from(JSON.stringify(policy)).toString('base64url');
  const url = new URL(`/cmr/replay/2026/${file.id}/${fileName(file)}`, core.filesOrigin);
  url.searchParams.set('Policy', text);
  url.searchParams.set('Signature', signText(`file ${text}`, core.app.clientSecret));
  url.searchParams.set('Key-Pair-Id', 'SANDBOX');
  return url.href;
}

/** The second host: gives the bytes to whoever has a signed address. */
export function createFilesHost(deps: { core: ZoomCore; store: ZoomRecordings; media: Media }): RequestHandler {
  const { core, store, media } = deps;
  return (req, res) => {
    const url = new URL(req.url ?? '/', core.filesOrigin);
    if (core.faults.cdnRefusesToken && req.headers.authorization !== undefined) {
      return refuse(res, 400, 'InvalidArgument', 'Only one auth mechanism allowed');
    }
    const policy = readPolicy(url.searchParams, core.app.clientSecret);
    if (!policy || policy.until <= core.clock.now()) return refuse(res, 403, 'AccessDenied', 'Access denied');
    const found = store.fileOf(policy.key);
    if (!found) return refuse(res, 404, 'NoSuchKey', 'The specified key does not exist.');
    const content = contentOf(found.recording, found.file, media, core.users.get(found.recording.host));
    res.setHeader('Content-Type', FILE_KINDS[found.file.kind][3]);
    res.setHeader('Content-Disposition', `attachment; filename="${fileName(found.file)}"`);
    // Whoever loads may go away at any time.
    sendContent({ core, req, res, content, fault: policy.fault }).catch(() => res.destroy());
  };
}

type Sending = {
  core: ZoomCore;
  req: IncomingMessage;
  res: ServerResponse;
  content: FileContent;
  fault: DownloadFault | null;
};

async function sendContent({ core, req, res, content, fault }: Sending) {
  const most = Math.floor(content.bytes * 0.6);
  const rate = fault === 'slow' ? SLOW_BYTES_A_SECOND : core.faults.bytesPerSecond;
  const send = (source: Readable, end = true) => pipeline(rate === null ? source : paced(source, rate), res, { end });
  const head = (bytes: number) => res.writeHead(200, { 'Content-Length': bytes });
  switch (fault) {
    case 'empty':
      head(0).end();
      return;
    case 'truncated':
      head(most);
      return send(openContent(content, 0, most));
    case 'length-wrong':
      head(content.bytes);
      await send(openContent(content, 0, most), false);
      res.destroy();
      return;
    case 'endless':
      res.writeHead(200);
      return send(openContent(content, 0, Number.POSITIVE_INFINITY));
    case 'stall':
      head(content.bytes);
      return send(openContent(content, 0, Math.min(FIRST_BYTES, content.bytes - 1)), false);
    default:
      return send(openRange(core, req, res, content));
  }
}

/** The part that was asked for, where ranges are honoured; else the whole. Writes the head. */
function openRange(core: ZoomCore, req: IncomingMessage, res: ServerResponse, content: FileContent): Readable {
  const range = core.faults.ranges ? /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') : null;
  const from = Number(range?.[1] ?? 0);
  const last = range?.[2] ? Math.min(Number(range[2]), content.bytes - 1) : content.bytes - 1;
  if (!range || from > last) {
    res.writeHead(200, { 'Content-Length': content.bytes });
    return openContent(content, 0, content.bytes);
  }
  const told = `bytes ${from}-${last}/${content.bytes}`;
  res.writeHead(206, { 'Content-Length': last + 1 - from, 'Content-Range': told, 'Accept-Ranges': 'bytes' });
  return openContent(content, from, last + 1);
}

function readPolicy(query: URLSearchParams, secret: string): z.infer<typeof POLICY> | null {
  const text = query.get('Policy') ?? '';
  if (!isSigned(`file ${text}`, query.get('Signature') ?? '', secret)) return null;
  return POLICY.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
}

function fileName(file: SandboxFile): string {
  const time = new Date(file.startedAt).toISOString().replaceAll(/[-:]/g, '');
  const suffix = file.kind === 'video' ? '_640x360' : '';
  return `GMT${time.slice(0, 8)}-${time.slice(9, 15)}_Recording${suffix}.${FILE_KINDS[file.kind][1].toLowerCase()}`;
}

function refuse(res: ServerResponse, status: number, code: string, message: string): void {
  res.writeHead(status, { 'Content-Type': 'text/xml' });
  res.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

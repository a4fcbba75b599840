import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import { type ProblemReason, respondProblem } from '../web/problems.ts';
import { contextOf } from '../web/request-context.ts';
import { wantedBytes } from './byte-range.ts';
import type { FileStore } from './file-store.ts';
import type { MediaKind, MediaLinks, MediaPass } from './media-links.ts';
import type { Recording, StoredFile } from './recording.ts';
import { meetRecording, type RecordingVisitDeps } from './recording-visit-routes.ts';

export type MediaRoutesDeps = RecordingVisitDeps & {
  files: Pick<FileStore, 'read'>;
  mediaLinks: Pick<MediaLinks, 'read'>;
  /** Aborts when the process is to end: what is being sent is cut off then, and players ask for the rest elsewhere. */
  stopping: AbortSignal;
};

/** The bytes of recordings' files, for whom the address was made and as long as they may see the recording. */
export function mediaRoutes(deps: MediaRoutesDeps): Router {
  const routes = Router();
  routes.get('/media/:token', async (req, res) => {
    const found = await findFile(deps, req);
    if (typeof found === 'string') return respondProblem(req, res, found);
    await sendFile(deps, req, res, found);
  });
  return routes;
}

type FoundFile = { file: StoredFile; kind: MediaKind; part: number };

/** What was true when the page was made is asked again: people leave channels, and recordings are hidden, while others watch. */
async function findFile(deps: MediaRoutesDeps, req: Request): Promise<FoundFile | ProblemReason> {
  const pass = deps.mediaLinks.read(String(req.params.token));
  if (!pass.ok) return pass.reason === 'over' ? 'media-link-expired' : 'no-such-recording';
  const recording = await deps.recordings.findRecording(pass.value.recordingId);
  if (!recording) return 'no-such-recording';
  const { grantId, userId, part, kind } = pass.value;
  const ask = { recordingId: recording.id, channelId: recording.channelId, as: grantId };
  const met = await meetRecording(deps, req, ask);
  if (!met.ok) return met.reason === 'no-session' ? 'media-link-expired' : met.reason;
  if (met.value.visitor.userId !== userId) return 'media-link-expired';
  const file = met.value.rights.view ? fileOf(met.value.recording, pass.value) : null;
  return file ? { file, kind, part } : 'no-such-recording';
}

function fileOf({ parts }: Recording, { part, kind }: Pick<MediaPass, 'part' | 'kind'>): StoredFile | null {
  return parts[part]?.[kind] ?? null;
}

const TYPES: Record<Exclude<MediaKind, 'video'>, string> = {
  transcript: 'text/vtt; charset=utf-8',
  chat: 'text/plain; charset=utf-8',
};
/** What a stored video may be sent as; a type that Zoom told is never passed on as it came. */
const VIDEO_TYPES = new Set(['video/mp4', 'audio/mp4', 'audio/x-m4a']);

async function sendFile(deps: MediaRoutesDeps, req: Request, res: Response, found: FoundFile): Promise<void> {
  const { file } = found;
  const etag = `"${createHash('sha256').update(file.key).digest('base64url').slice(0, 22)}"`;
  res.set({ ...headersOf(found), ETag: etag });
  if (req.get('if-none-match') === etag) return void res.status(304).end();
  // A range of another file than the one that is here would be put together with it.
  const isSame = [undefined, etag].includes(req.get('if-range'));
  const wanted = wantedBytes(isSame ? req.get('range') : undefined, file.bytes);
  if (wanted === 'none') {
    return void res.status(416).set('Content-Range', `bytes */${file.bytes}`).end();
  }
  const range = wanted === 'whole' ? null : wanted;
  const length = range ? range.to - range.from + 1 : file.bytes;
  if (range) res.status(206).set('Content-Range', `bytes ${range.from}-${range.to}/${file.bytes}`);
  res.set('Content-Length', String(length));
  if (req.method === 'HEAD' || length === 0) return void res.end();
  await sendBytes(deps, req, res, { file, range });
}

async function sendBytes(
  { files, stopping }: MediaRoutesDeps,
  req: Request,
  res: Response,
  { file, range }: { file: StoredFile; range: { from: number; to: number } | null },
): Promise<void> {
  const bytes = await files.read(file.key, range ?? undefined);
  if (!bytes) {
    contextOf(req).log.error({ key: file.key }, 'a file of a recording is missing');
    for (const name of ['Content-Range', 'Content-Length', 'ETag']) res.removeHeader(name);
    return respondProblem(req, res, 'no-such-recording');
  }
  try {
    // Reads no faster than the viewer takes it, and ends the reading when they leave.
    await pipeline(bytes, res, { signal: stopping });
  } catch (error) {
    if (!res.destroyed) res.destroy();
    if (!isLeaving(error) && !stopping.aborted) {
      contextOf(req).log.error({ err: error, key: file.key }, 'a file of a recording could not be read');
    }
  }
}

function isLeaving(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function headersOf({ file, kind, part }: FoundFile): Record<string, string> {
  const video = VIDEO_TYPES.has(file.contentType) ? file.contentType : 'video/mp4';
  const ending = { video: 'mp4', transcript: 'vtt', chat: 'txt' }[kind];
  return {
    'Content-Type': kind === 'video' ? video : TYPES[kind],
    'Content-Disposition': `inline; filename="recording-part-${part + 1}.${ending}"`,
    'Accept-Ranges': 'bytes',
    // Asked for again each time, so that what is hidden now is not shown out of a cache.
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

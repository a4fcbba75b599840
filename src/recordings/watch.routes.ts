import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import { placeOf } from '../channels/visit-routes.ts';
import type { Clock } from '../lib/clock.ts';
import { respondProblem } from '../web/problems.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { FileStore } from './file-store.ts';
import type { MediaLinks } from './media-links.ts';
import { readTextFile } from './read-text-file.ts';
import type { RecordingStore } from './recording-store.ts';
import { guardRecordings, type RecordingVisit, type RecordingVisitDeps } from './recording-visit-routes.ts';
import { readTranscript, type TranscriptLine } from './transcript.ts';
import { shownPart, WATCH_QUERY, watchPage } from './watch-page.ts';

export type WatchRoutesDeps = RecordingVisitDeps & {
  recordings: Pick<RecordingStore, 'findRecording' | 'findWatching' | 'addWatching'>;
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  memberships: Pick<MembershipStore, 'findUsers'>;
  files: Pick<FileStore, 'read'>;
  mediaLinks: Pick<MediaLinks, 'url'>;
  csrf: RequestHandler;
  clock: Clock;
};

/** Where one recording is: in a channel, or in the library of whoever asks. */
export const RECORDING_PATHS = ['/channels/:id/recordings/:recordingId', '/recordings/:recordingId'];

/** Watching a recording, and telling how far one is. */
export function watchRoutes(deps: WatchRoutesDeps): Router {
  const routes = Router();
  const guard = guardRecordings(deps);
  routes.get(
    RECORDING_PATHS,
    guard('view', (visit) => show(deps, visit)),
  );
  routes.post(
    RECORDING_PATHS.map((path) => `${path}/watching`),
    deps.csrf,
    guard('view', (visit) => note(deps, visit)),
  );
  return routes;
}

/** A longer one is read as captions alone. */
const TRANSCRIPT_BYTES = 4_000_000;

async function show(deps: WatchRoutesDeps, visit: RecordingVisit): Promise<void> {
  const { req, res, recording, visitor, viewer, links } = visit;
  const query = WATCH_QUERY.parse(req.query);
  const [owner = null] = await deps.memberships.findUsers([recording.ownerId]);
  const { userId, grant } = visitor;
  const facts = {
    owner,
    watching: grant.isTest ? null : await deps.recordings.findWatching(recording.id, userId),
    transcript: await transcriptOf(deps, visit, shownPart(recording, query)),
    url: (part: number, kind: 'video' | 'transcript' | 'chat') =>
      deps.mediaLinks.url({ recordingId: recording.id, part, kind, userId, grantId: grant.id }),
  };
  const courses = viewer ? await deps.channels.contextsOfChannel(viewer.channel.id) : [];
  const place = placeOf(req, 'recordings', courses);
  renderPage(req, res, 'recordings/watch', watchPage(visit, facts, { query, links, reader: readerOf(req), place }));
}

async function transcriptOf(
  { files }: WatchRoutesDeps,
  { recording }: RecordingVisit,
  part: number,
): Promise<TranscriptLine[]> {
  const file = recording.parts[part]?.transcript;
  const text = file ? await readTextFile(files, file, TRANSCRIPT_BYTES) : null;
  return text === null ? [] : readTranscript(text);
}

const DAY_MS = 86_400_000;
/** A player tells every 10 seconds; one that slept tells of more. */
const MOST_AT_ONCE_MS = 600_000;

const STEP = z.object({
  begins: z.enum(['0', '1']),
  part: z.coerce.number().int().min(0),
  positionMs: z.coerce.number().int().min(0).max(DAY_MS),
  watchedMs: z.coerce.number().int().min(0).max(MOST_AT_ONCE_MS),
});

async function note({ recordings, clock }: WatchRoutesDeps, visit: RecordingVisit): Promise<void> {
  const { req, res, recording, visitor } = visit;
  const step = STEP.safeParse(req.body);
  if (!step.success || step.data.part >= recording.parts.length) return respondProblem(req, res, 'bad-request');
  const { begins, ...where } = step.data;
  // The LMS's test student is no person who watches.
  if (!visitor.grant.isTest) {
    const who = { recordingId: recording.id, userId: visitor.userId };
    await recordings.addWatching({ ...who, ...where, begins: begins === '1', at: clock() });
  }
  res.status(204).end();
}

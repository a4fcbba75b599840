import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { ChannelId } from '../channels/channel.ts';
import { can } from '../channels/channel-policy.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { Visitor } from '../channels/viewer.ts';
import { placeOf, readPlace } from '../channels/visit-routes.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { BIN_QUERY, binPage } from './bin-page.ts';
import { type ChangeRecordingDeps, restoreRecording } from './change-recording.ts';
import { LIBRARY_QUERY, libraryPage } from './library-page.ts';
import { RECORDINGS_PER_PAGE } from './list-page.ts';
import type { Recording, RecordingId } from './recording.ts';
import { myRecordingsLinks } from './recording-links.ts';
import type { RecordingStore } from './recording-store.ts';

export type LibraryRoutesDeps = ChangeRecordingDeps & {
  viewers: Viewers;
  recordings: Pick<RecordingStore, 'findRecording' | 'listRecordings' | 'changeRecording'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  csrf: RequestHandler;
};

/** A person's own recordings without a channel, and all of theirs that are in the bin. */
export function libraryRoutes(deps: LibraryRoutesDeps): Router {
  const routes = Router();
  routes.get('/recordings', guard(deps, showLibrary));
  routes.get('/recordings/bin', guard(deps, showBin));
  routes.post('/recordings/:recordingId/restore', deps.csrf, guard(deps, restore));
  return routes;
}

type OwnVisit = { req: Request; res: Response; visitor: Visitor };
type OwnHandler = (deps: LibraryRoutesDeps, visit: OwnVisit) => Promise<void>;

function guard(deps: LibraryRoutesDeps, handler: OwnHandler): RequestHandler {
  return async (req, res) => {
    const found = await deps.viewers.visitor(req, readPlace(req).as);
    if (!found.ok) return respondProblem(req, res, found.reason);
    useLocale(req, found.value.grant);
    useFrameAncestors(req, found.value.frameAncestors);
    await handler(deps, { req, res, visitor: found.value });
  };
}

async function showLibrary(deps: LibraryRoutesDeps, { req, res, visitor }: OwnVisit): Promise<void> {
  const query = LIBRARY_QUERY.parse(req.query);
  const { q, cursor } = query;
  const filter = { libraryOf: visitor.userId, ...(q === '' ? {} : { q }) };
  const page = await deps.recordings.listRecordings(filter, pageAt(cursor));
  const former = await formerChannels(deps, page.items);
  renderPage(req, res, 'recordings/library', libraryPage(visitor, { page, former }, { query, reader: readerOf(req) }));
}

async function formerChannels({ channels }: LibraryRoutesDeps, items: readonly Recording[]) {
  const ids = new Set(items.flatMap(({ formerChannelId }) => formerChannelId ?? []));
  const found = await Promise.all([...ids].map((id: ChannelId) => channels.findChannel(id)));
  return new Map(found.flatMap((channel) => (channel ? [[channel.id, channel] as const] : [])));
}

async function showBin(deps: LibraryRoutesDeps, { req, res, visitor }: OwnVisit): Promise<void> {
  const query = BIN_QUERY.parse(req.query);
  const page = await deps.recordings.listRecordings({ binOf: visitor.userId, bin: true }, pageAt(query.cursor));
  const place = placeOf(req, 'recordings', []);
  const facts = { page, owners: null, query };
  renderPage(
    req,
    res,
    'recordings/bin',
    binPage({ visitor, viewer: null }, facts, { links: null, reader: readerOf(req), place }),
  );
}

/** One's own comes back wherever it was as long as one may contribute there, else to one's library. */
async function restore(deps: LibraryRoutesDeps, { req, res, visitor }: OwnVisit): Promise<void> {
  const recording = await deps.recordings.findRecording(String(req.params.recordingId) as RecordingId);
  if (!recording || recording.ownerId !== visitor.userId || recording.deletedAt === null) {
    return respondProblem(req, res, 'no-such-recording');
  }
  const to = (await mayReturn(deps, req, { visitor, recording })) ? recording.channelId : null;
  const restored = await restoreRecording(deps, { recording, by: visitor.userId }, to);
  const done = to === null ? 'restored-to-library' : 'restored';
  const links = myRecordingsLinks(visitor.grant.id);
  if (!restored.ok) return redirect(res, 303, links.bin({ done: restored.reason }));
  redirect(res, 303, to === null ? links.library({ done }) : links.bin({ done }));
}

async function mayReturn(
  { viewers }: LibraryRoutesDeps,
  req: Request,
  { visitor, recording }: { visitor: Visitor; recording: Recording },
): Promise<boolean> {
  if (recording.channelId === null) return false;
  const found = await viewers.resolve(req, recording.channelId, visitor.grant.id);
  return found.ok && can(found.value, 'contribute', found.value.channel);
}

function pageAt(cursor: string | null) {
  return { limit: RECORDINGS_PER_PAGE, ...(cursor === null ? {} : { cursor }) };
}

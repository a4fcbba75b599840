import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import type { Channel, ChannelId } from '../channels/channel.ts';
import { linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import { readPlace } from '../channels/visit-routes.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import type { Connection } from '../zoom/connection.ts';
import type { ConnectionStore } from '../zoom/zoom-store.ts';
import { type BringChosenDeps, bringChosen, MOST_AT_ONCE, notHereYet } from './bring-chosen.ts';
import { type CatalogueFacts, cataloguePage, ENTRIES_PER_PAGE } from './catalogue-page.ts';
import { CATALOGUE_QUERY, type CatalogueQuery } from './catalogue-query.ts';
import type { CatalogueStore } from './catalogue-store.ts';
import { type ContributingDeps, contributableChannel, contributableChannels, linksInUse } from './contributing.ts';
import type { Sweeps } from './sweep-job.ts';

export type CatalogueRoutesDeps = ContributingDeps &
  BringChosenDeps & {
    viewers: Pick<Viewers, 'visitor'>;
    connections: Pick<ConnectionStore, 'findConnectionOf'>;
    catalogue: CatalogueStore;
    sweeps: Pick<Sweeps, 'look'>;
    csrf: RequestHandler;
  };

/** A person's own recordings in Zoom, and bringing some of them in. */
export function catalogueRoutes(deps: CatalogueRoutesDeps): Router {
  const routes = Router();
  routes.get('/zoom/recordings', guard(deps, showCatalogue));
  routes.post('/zoom/recordings/look', deps.csrf, guard(deps, lookAgain));
  routes.post('/zoom/recordings/import', deps.csrf, guard(deps, importChosen));
  return routes;
}

type OwnVisit = {
  req: Request;
  res: Response;
  visitor: Visitor;
  connection: Connection;
  /** Those they may bring something into; never none. */
  channels: Channel[];
};

/** For whoever has connected an account and contributes somewhere, and about that account alone. */
function guard(
  deps: CatalogueRoutesDeps,
  handler: (deps: CatalogueRoutesDeps, visit: OwnVisit) => Promise<void>,
): RequestHandler {
  return async (req, res) => {
    const found = await deps.viewers.visitor(req, readPlace(req).as);
    if (!found.ok) return respondProblem(req, res, found.reason);
    const visitor = found.value;
    if (visitor.grant.launchOnly) return respondProblem(req, res, 'not-allowed');
    useLocale(req, visitor.grant);
    useFrameAncestors(req, visitor.frameAncestors);
    const connection = await deps.connections.findConnectionOf(visitor.userId);
    if (!connection) return redirect(res, 303, linkAs(visitor.grant.id, '/zoom'));
    const channels = await contributableChannels(deps, visitor);
    if (channels.length === 0) return respondProblem(req, res, 'bring-nowhere');
    await handler(deps, { req, res, visitor, connection, channels });
  };
}

async function showCatalogue(deps: CatalogueRoutesDeps, visit: OwnVisit): Promise<void> {
  const { req, res, visitor } = visit;
  const query = CATALOGUE_QUERY.parse(req.query);
  const facts = await catalogueFacts(deps, visit, query);
  renderPage(req, res, 'recordings/catalogue', cataloguePage(visitor, facts, { query, reader: readerOf(req) }));
}

async function catalogueFacts(
  deps: CatalogueRoutesDeps,
  { visitor, connection, channels }: OwnVisit,
  { number, q, cursor }: CatalogueQuery,
): Promise<CatalogueFacts> {
  const { id } = connection;
  const filter = { ...(number === null ? {} : { number }), ...(q === '' ? {} : { q }) };
  const at = { limit: ENTRIES_PER_PAGE, ...(cursor === null ? {} : { cursor }) };
  const [page, meetings, links] = await Promise.all([
    deps.catalogue.listEntries(id, filter, at),
    deps.catalogue.listNumbers(id),
    linksInUse(deps, id),
  ]);
  const known = await deps.recordings.findByMeetings(page.items.map(({ meetingUuid }) => meetingUuid));
  const byUuid = new Map(known.map((recording) => [recording.meetingUuid, recording]));
  return { connection, page, meetings, links, known: byUuid, channels, userId: visitor.userId };
}

async function lookAgain(deps: CatalogueRoutesDeps, { req, res, visitor, connection }: OwnVisit): Promise<void> {
  await deps.sweeps.look(connection.id);
  backTo(res, visitor, backOf(req), { done: 'looking' });
}

const CHOICE = z.object({
  uuid: z
    .union([z.string(), z.array(z.string())])
    .transform((one) => [one].flat().filter((uuid) => uuid !== '' && uuid.length <= 200))
    .catch([]),
  to: z.string().max(64).catch(''),
  visibility: z.enum(['published', 'hidden']).catch('hidden'),
  /** Present when all of a meeting are asked for. */
  all: z
    .string()
    .regex(/^\d{9,12}$/)
    .nullable()
    .catch(null),
});

async function importChosen(deps: CatalogueRoutesDeps, visit: OwnVisit): Promise<void> {
  const { req, res, visitor, connection } = visit;
  const { uuid, to, visibility, all } = CHOICE.parse(req.body ?? {});
  const back = backOf(req);
  if (connection.state !== 'live') return redirect(res, 303, linkAs(visitor.grant.id, '/zoom'));
  const channel = to === 'library' ? null : await contributableChannel(deps, to as ChannelId, visitor.userId);
  if (to !== 'library' && channel?.platformId !== visitor.platformId) {
    return backTo(res, visitor, back, { done: 'no-place' });
  }
  if (all === null && uuid.length === 0) return backTo(res, visitor, back, { done: 'nothing-chosen' });
  const entries =
    all === null
      ? await deps.catalogue.findEntries(connection.id, uuid.slice(0, MOST_AT_ONCE))
      : await notHereYet(deps, connection, all);
  const answers = await bringChosen(deps, visit, { entries, channel, visibility });
  const count = answers.filter(({ outcome }) => outcome === 'requested').length;
  const here = answers.filter(({ outcome }) => outcome === 'here' || outcome === 'other-owner').length;
  const isGone = count + here === 0 && all === null;
  const chosen: ChannelId | null = channel?.id ?? back.channel;
  backTo(res, visitor, { ...back, channel: chosen }, isGone ? { done: 'not-there' } : { done: 'asked', count, here });
}

const BACK = CATALOGUE_QUERY.pick({ channel: true, number: true, q: true, cursor: true });

/** Where on the list the form stood. */
function backOf(req: Request): z.infer<typeof BACK> {
  const { 'back-channel': channel, 'back-number': number, 'back-q': q, 'back-cursor': cursor } = req.body ?? {};
  return BACK.parse({ channel, number, q, cursor });
}

function backTo(
  res: Response,
  { grant }: Visitor,
  back: z.infer<typeof BACK>,
  outcome: { done: string; count?: number; here?: number },
): void {
  redirect(res, 303, linkAs(grant.id, '/zoom/recordings', { ...back, ...outcome }));
}

import { Router } from 'express';
import { can } from '../channels/channel-policy.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import { guardWith, placeOf, type Visit } from '../channels/visit-routes.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { BIN_QUERY, binPage } from './bin-page.ts';
import { LIST_QUERY, type ListFacts, listFilter, RECORDINGS_PER_PAGE, recordingsPage } from './list-page.ts';
import { ownersOf } from './recording-row.ts';
import type { RecordingStore } from './recording-store.ts';
import { countWaiting } from './section.ts';

export type ChannelRecordingsDeps = {
  viewers: Viewers;
  recordings: Pick<RecordingStore, 'listRecordings' | 'countWatching'>;
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  memberships: Pick<MembershipStore, 'findUsers'>;
};

/** The recordings of a channel, and for its moderators those in its bin. */
export function channelRecordingsRoutes(deps: ChannelRecordingsDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get(
    '/channels/:id/recordings',
    guard('view-channel', (visit) => showList(deps, visit)),
  );
  routes.get(
    '/channels/:id/recordings/bin',
    guard('moderate', (visit) => showBin(deps, visit)),
  );
  return routes;
}

async function showList(deps: ChannelRecordingsDeps, { req, res, viewer, links }: Visit): Promise<void> {
  const query = LIST_QUERY.parse(req.query);
  const request = { limit: RECORDINGS_PER_PAGE, ...(query.cursor === null ? {} : { cursor: query.cursor }) };
  const page = await deps.recordings.listRecordings(listFilter(viewer, query), request);
  const facts: ListFacts = {
    page,
    owners: await ownersOf(deps.memberships, page.items),
    counts: can(viewer, 'manage-members', viewer.channel)
      ? await deps.recordings.countWatching(page.items.map(({ id }) => id))
      : null,
    waiting: await countWaiting(deps, viewer),
  };
  const place = placeOf(req, 'recordings', await deps.channels.contextsOfChannel(viewer.channel.id));
  renderPage(
    req,
    res,
    'recordings/list',
    recordingsPage(viewer, facts, { query, links, reader: readerOf(req), place }),
  );
}

async function showBin(deps: ChannelRecordingsDeps, { req, res, viewer, links }: Visit): Promise<void> {
  const query = BIN_QUERY.parse(req.query);
  const request = { limit: RECORDINGS_PER_PAGE, ...(query.cursor === null ? {} : { cursor: query.cursor }) };
  const found = await deps.recordings.listRecordings({ channelId: viewer.channel.id, bin: true }, request);
  const owners = await ownersOf(deps.memberships, found.items);
  const place = placeOf(req, 'recordings', await deps.channels.contextsOfChannel(viewer.channel.id));
  const page = binPage(
    { visitor: viewer, viewer },
    { page: found, owners, query },
    { links, reader: readerOf(req), place },
  );
  renderPage(req, res, 'recordings/bin', page);
}

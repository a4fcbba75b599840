import { type RequestHandler, Router } from 'express';
import type { RateLimit } from '../web/rate-limit.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import type { ChangeManyDeps } from './change-many.ts';
import { changeNotice, findChange } from './change-notice.ts';
import { can } from './channel-policy.ts';
import type { ChannelStore, MembershipStore, SyncStore } from './channel-store.ts';
import type { ManageMembers } from './manage-members.ts';
import { addMemberRoutes } from './members-add.routes.ts';
import { addChangeRoutes } from './members-change.routes.ts';
import { addManyRoutes } from './members-many.routes.ts';
import { MEMBERS_PER_PAGE, membersPage } from './members-page.ts';
import { MEMBERS_QUERY, memberFilter } from './members-query.ts';
import { rosterState } from './roster-state.ts';
import { guardWith, placeOf, readPlace, type Visit, type VisitHandler } from './visit-routes.ts';

export type MemberRoutesDeps = ChangeManyDeps & {
  viewers: Viewers;
  channels: ChannelStore;
  memberships: MembershipStore;
  syncs: Pick<SyncStore, 'lastSync' | 'listSyncs'>;
  manageMembers: ManageMembers;
  csrf: RequestHandler;
  limit: (limit: RateLimit) => RequestHandler;
};

const SYNCS_SHOWN = 10;

/** The people of a channel: the list, and what is changed in it by hand. */
export function memberRoutes(deps: MemberRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get('/channels/:id/members', guard('view-members', listMembers(deps)));
  // Before the routes of one member, which would take these paths for somebody's ID.
  addMemberRoutes(routes, guard, deps);
  addManyRoutes(routes, guard, deps);
  addChangeRoutes(routes, guard, deps);
  return routes;
}

function listMembers(deps: MemberRoutesDeps): VisitHandler {
  return async (visit) => {
    const { req, res, viewer, links } = visit;
    const { id } = viewer.channel;
    const query = MEMBERS_QUERY.parse(req.query);
    const courses = await deps.channels.contextsOfChannel(id);
    const members = await deps.memberships.listMembers(id, memberFilter(query), {
      limit: MEMBERS_PER_PAGE,
      ...(query.cursor === null ? {} : { cursor: query.cursor }),
    });
    const roster = await rosterState(deps, id, courses);
    const syncs = await deps.syncs.listSyncs(id, SYNCS_SHOWN);
    const changed = await changeJustMade(deps, visit);
    const page = { query, links, reader: readerOf(req), place: placeOf(req, 'members', courses) };
    renderPage(req, res, 'channels/members', membersPage(viewer, { members, syncs, roster, changed }, page));
  };
}

/** The notice of a change that was made on these pages; others come with a notice of their own. */
async function changeJustMade(deps: MemberRoutesDeps, { req, viewer, links }: Visit) {
  const { notice, undo, refused } = readPlace(req);
  if (notice !== null || undo === null || !can(viewer, 'manage-members', viewer.channel)) return null;
  const found = await findChange(deps, viewer.channel, undo);
  return found && changeNotice(found, refused, { links, reader: readerOf(req) });
}

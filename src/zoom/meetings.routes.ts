import { Router } from 'express';
import type { User, UserId } from '../channels/channel.ts';
import type { SectionProvider } from '../channels/channel-sections.ts';
import type { Viewer } from '../channels/viewer.ts';
import { guardWith, placeOf, type VisitHandler } from '../channels/visit-routes.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { ConnectionId } from './connection.ts';
import { type MeetingsFacts, meetingsPage, meetingsSection } from './links-page.ts';
import type { MeetingLink } from './meeting-link.ts';
import { mayLink } from './meeting-links-policy.ts';
import { addMeetingRoutes } from './meetings-add.routes.ts';
import type { MeetingRoutesDeps } from './meetings-deps.routes.ts';
import { meetingLinkRoutes } from './meetings-link.routes.ts';

/** The meetings of a channel: to join for everybody, to link and set for those who may. */
export function meetingRoutes(deps: MeetingRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get('/channels/:id/meetings', guard('view-channel', showMeetings(deps)));
  routes.use(addMeetingRoutes(deps));
  routes.use(meetingLinkRoutes(deps));
  return routes;
}

function showMeetings(deps: MeetingRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const found = await deps.meetingLinks.linksOfChannel(viewer.channel.id);
    const staff = mayLink(viewer) ? await staffFacts(deps, found) : null;
    const place = placeOf(req, 'meetings', await deps.channels.contextsOfChannel(viewer.channel.id));
    const facts = { links: found, now: deps.clock(), staff };
    renderPage(req, res, 'zoom/meetings', meetingsPage(viewer, facts, { links, reader: readerOf(req), place }));
    deps.times?.refreshDue(found);
  };
}

async function staffFacts(
  { memberships, connections, times }: MeetingRoutesDeps,
  links: readonly MeetingLink[],
): Promise<NonNullable<MeetingsFacts['staff']>> {
  const users = await memberships.findUsers([...new Set(links.map(({ linkedBy }) => linkedBy))]);
  const ids = new Set(links.map(({ connectionId }) => connectionId));
  const found = await Promise.all([...ids].map((id) => id && connections.findConnection(id)));
  const broken = found.flatMap((one): ConnectionId[] => (one?.state === 'broken' ? [one.id] : []));
  return {
    faultOf: (link) => times?.faultOf(link) ?? null,
    people: new Map<UserId, User>(users.map((user) => [user.id, user])),
    broken: new Set(broken),
  };
}

const NOTHING_MORE: MeetingsFacts['staff'] = { faultOf: () => null, people: new Map(), broken: new Set() };

/** What the channel's first page tells of its meetings. */
export function meetingsSectionOf(deps: Pick<MeetingRoutesDeps, 'meetingLinks' | 'times' | 'clock'>): SectionProvider {
  return async (viewer: Viewer, reader, links) => {
    const found = await deps.meetingLinks.linksOfChannel(viewer.channel.id);
    deps.times?.refreshDue(found);
    const facts = { links: found, now: deps.clock(), staff: mayLink(viewer) ? NOTHING_MORE : null };
    return meetingsSection(viewer, facts, { links, reader });
  };
}

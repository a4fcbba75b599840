import { type RequestHandler, Router } from 'express';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { type ActivityRoutesDeps, activityRoutes } from './activity.routes.ts';
import { channelPage } from './channel-page.ts';
import { can } from './channel-policy.ts';
import type { ChannelSection, SectionProvider } from './channel-sections.ts';
import type { ChannelStore, MembershipStore, SyncStore } from './channel-store.ts';
import type { ManageMembers, ManageMembersDeps } from './manage-members.ts';
import { type MemberRoutesDeps, memberRoutes } from './members.routes.ts';
import { type MyChannelsRoutesDeps, myChannelsRoutes } from './my-channels.routes.ts';
import { rosterState } from './roster-state.ts';
import { type SettingsRoutesDeps, settingsRoutes } from './settings.routes.ts';
import { type SyncRoutesDeps, syncRoutes } from './syncs.routes.ts';
import { guardWith, placeOf, type VisitHandler } from './visit-routes.ts';

export type ChannelRoutesDeps = MemberRoutesDeps &
  SyncRoutesDeps &
  ActivityRoutesDeps &
  SettingsRoutesDeps &
  MyChannelsRoutesDeps &
  ManageMembersDeps & {
    manageMembers: ManageMembers;
    viewers: Viewers;
    channels: ChannelStore;
    memberships: MembershipStore;
    syncs: SyncStore;
    csrf: RequestHandler;
    /** What other domains tell on the first page, in the order in which it stands there. */
    sections: SectionProvider[];
  };

/** The pages of a channel. Each asks first who looks, then whether they may. */
export function channelRoutes(deps: ChannelRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get('/channels/:id', guard('view-channel', showChannel(deps)));
  routes.use(memberRoutes(deps));
  routes.use(syncRoutes(deps));
  routes.use(activityRoutes(deps));
  routes.use(settingsRoutes(deps));
  routes.use(myChannelsRoutes(deps));
  return routes;
}

function showChannel(deps: ChannelRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { id } = viewer.channel;
    const courses = await deps.channels.contextsOfChannel(id);
    const place = placeOf(req, 'channel', courses);
    const facts = can(viewer, 'view-members', viewer.channel)
      ? {
          counts: await deps.memberships.countMembers(id),
          roster: await rosterState(deps, id, courses),
        }
      : null;
    const reader = readerOf(req);
    const told = await Promise.all(deps.sections.map((tell) => tell(viewer, reader, links)));
    const sections = told.filter((section): section is ChannelSection => section !== null);
    renderPage(req, res, 'channels/show', channelPage(viewer, facts, { links, reader, place, sections }));
  };
}

import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import type { Channel, ChannelId } from './channel.ts';
import type { ChannelContents } from './channel-contents.ts';
import { channelLinks } from './channel-links.ts';
import type { ActivityStore, ChannelStore, MembershipStore, MyChannelsFilter } from './channel-store.ts';
import { mayRestore, restoreChannel } from './delete-channel.ts';
import { CHANNELS_PER_PAGE, MY_CHANNELS_QUERY, type MyChannelsFacts, myChannelsPage } from './my-channels-page.ts';
import type { Visitor } from './viewer.ts';
import { readPlace } from './visit-routes.ts';

export type MyChannelsRoutesDeps = {
  viewers: Pick<Viewers, 'visitor'>;
  channels: ChannelStore;
  memberships: Pick<MembershipStore, 'findMembership'>;
  activity: ActivityStore;
  contents?: ChannelContents;
  csrf: RequestHandler;
  clock: Clock;
  random: Random;
};

/** What belongs to a person and to no channel: the list of their channels, and bringing a deleted one back. */
export function myChannelsRoutes(deps: MyChannelsRoutesDeps): Router {
  const routes = Router();
  routes.get('/channels', guard(deps, listMine(deps)));
  routes.post('/channels/:id/restore', deps.csrf, guard(deps, restore(deps)));
  return routes;
}

type PersonVisit = { req: Request; res: Response; visitor: Visitor };

function guard(deps: MyChannelsRoutesDeps, handler: (visit: PersonVisit) => Promise<void>): RequestHandler {
  return async (req, res) => {
    const found = await deps.viewers.visitor(req, readPlace(req).as);
    if (!found.ok) return respondProblem(req, res, found.reason);
    const visitor = found.value;
    useLocale(req, visitor.grant);
    useFrameAncestors(req, visitor.frameAncestors);
    await handler({ req, res, visitor });
  };
}

function listMine(deps: MyChannelsRoutesDeps) {
  return async ({ req, res, visitor }: PersonVisit): Promise<void> => {
    const query = MY_CHANNELS_QUERY.parse(req.query);
    const { scope, q, cursor } = query;
    const page = await deps.channels.listMyChannels(visitor, q === '' ? { scope } : { scope, q }, {
      limit: CHANNELS_PER_PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    const totals = await totalsOf(deps, visitor, q === '' ? { [scope]: page } : {});
    const justDeleted = query.channel === null ? null : await findRestorable(deps, visitor, query.channel);
    renderPage(
      req,
      res,
      'channels/mine',
      myChannelsPage(visitor, { page, totals, justDeleted }, { query, reader: readerOf(req) }),
    );
  };
}

type Totals = MyChannelsFacts['totals'];

async function totalsOf({ channels }: MyChannelsRoutesDeps, visitor: Visitor, known: Partial<Totals>): Promise<Totals> {
  const total = async (scope: MyChannelsFilter['scope']) =>
    known[scope] ?? (await channels.listMyChannels(visitor, { scope }, { limit: 0 }));
  return { mine: await total('mine'), open: await total('open'), deleted: await total('deleted') };
}

function restore(deps: MyChannelsRoutesDeps) {
  return async ({ req, res, visitor }: PersonVisit): Promise<void> => {
    const channel = await findRestorable(deps, visitor, String(req.params.id));
    if (!channel) return respondProblem(req, res, 'no-such-channel');
    const restored = await restoreChannel(deps, { channelId: channel.id, actor: `user:${visitor.userId}` });
    if (!restored.ok) {
      return respondProblem(req, res, restored.reason === 'changed-meanwhile' ? 'unavailable' : restored.reason);
    }
    redirect(res, 303, channelLinks(channel.id, visitor.grant.id).channel({ notice: 'channel-restored' }));
  };
}

/** Whoever may not restore a deleted channel does not learn that there was one. */
async function findRestorable(
  { channels, memberships, clock }: MyChannelsRoutesDeps,
  visitor: Visitor,
  id: string,
): Promise<Channel | null> {
  const channel = await channels.findChannel(id as ChannelId);
  if (!channel || channel.platformId !== visitor.platformId) return null;
  const { userId, grant } = visitor;
  const membership = await memberships.findMembership(channel.id, userId);
  const isAdministrator = grant.launchOnly && grant.channelId === channel.id;
  return mayRestore(channel, { userId, membership, isAdministrator }, clock()) ? channel : null;
}

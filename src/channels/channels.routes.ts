import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { streamEvents } from '../web/event-stream.ts';
import { respondProblem } from '../web/problems.ts';
import { renderPage } from '../web/render.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import type { SyncId } from './channel.ts';
import { type HeadPlace, NOTICES } from './channel-head-page.ts';
import { type ChannelLinks, channelLinks } from './channel-links.ts';
import { channelPage } from './channel-page.ts';
import { type ChannelAction, can } from './channel-policy.ts';
import type { ChannelStore, MembershipStore, SyncStore } from './channel-store.ts';
import { MEMBERS_PER_PAGE, MEMBERS_QUERY, memberFilter, membersPage } from './members-page.ts';
import { changesSentence, isUnderWay, type RosterState, syncProgress } from './roster-page.ts';
import { CHANGES_PER_PAGE, SYNC_QUERY, shownKind, syncPage } from './sync-page.ts';
import type { SyncRun } from './sync-run.ts';
import type { SyncService } from './sync-service.ts';
import type { Viewer } from './viewer.ts';

export type ChannelRoutesDeps = {
  viewers: Viewers;
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  memberships: Pick<MembershipStore, 'countMembers' | 'listMembers'>;
  syncs: Pick<SyncStore, 'findSync' | 'lastSync' | 'listSyncs' | 'syncChanges'>;
  syncService: Pick<SyncService, 'request' | 'applyHeld' | 'discardHeld'>;
  csrf: RequestHandler;
  /** Aborts when the process is about to stop, so that open event streams end. */
  stopping?: AbortSignal;
};

const SYNCS_SHOWN = 10;
const EVENT_EVERY_MS = 500;
const EVENT_STREAM_MS = 60_000;

/** The pages of a channel. Each asks first who looks, then whether they may. */
export function channelRoutes(deps: ChannelRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps);
  routes.get('/channels/:id', guard('view-channel', showChannel(deps)));
  routes.get('/channels/:id/members', guard('view-members', listMembers(deps)));
  routes.post('/channels/:id/sync', deps.csrf, guard('sync-roster', requestSync(deps)));
  routes.get('/channels/:id/syncs/:syncId', guard('view-syncs', withSync(deps, showSync(deps))));
  routes.get('/channels/:id/syncs/:syncId/events', guard('view-syncs', withSync(deps, streamSync(deps))));
  routes.post(
    '/channels/:id/syncs/:syncId/apply',
    deps.csrf,
    guard('decide-held-sync', withSync(deps, decideSync(deps, 'apply'))),
  );
  routes.post(
    '/channels/:id/syncs/:syncId/discard',
    deps.csrf,
    guard('decide-held-sync', withSync(deps, decideSync(deps, 'discard'))),
  );
  return routes;
}

type Visit = { req: Request; res: Response; viewer: Viewer; links: ChannelLinks };
type VisitHandler = (visit: Visit) => Promise<void>;

const PLACE = z.object({ as: z.string().nullable().catch(null), notice: z.enum(NOTICES).nullable().catch(null) });

function guardWith({ viewers }: ChannelRoutesDeps) {
  return (action: ChannelAction, handler: VisitHandler): RequestHandler =>
    async (req, res) => {
      const found = await viewers.resolve(req, String(req.params.id), PLACE.parse(req.query).as);
      if (!found.ok) return respondProblem(req, res, found.reason);
      const viewer = found.value;
      useLocale(req, viewer.grant);
      useFrameAncestors(req, viewer.frameAncestors);
      if (!can(viewer.level, action, viewer.channel)) return respondProblem(req, res, 'not-allowed');
      await handler({ req, res, viewer, links: channelLinks(viewer.channel.id, viewer.grant.id) });
    };
}

function showChannel(deps: ChannelRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { id } = viewer.channel;
    const courses = await deps.channels.contextsOfChannel(id);
    const place = placeOf(req, 'channel', courses);
    const facts = can(viewer.level, 'view-members', viewer.channel)
      ? {
          counts: await deps.memberships.countMembers(id),
          roster: await rosterState(deps, viewer, courses),
        }
      : null;
    renderPage(req, res, 'channels/show', channelPage(viewer, facts, { links, reader: readerOf(req), place }));
  };
}

function listMembers(deps: ChannelRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { id } = viewer.channel;
    const query = MEMBERS_QUERY.parse(req.query);
    const courses = await deps.channels.contextsOfChannel(id);
    const members = await deps.memberships.listMembers(id, memberFilter(query), {
      limit: MEMBERS_PER_PAGE,
      ...(query.cursor === null ? {} : { cursor: query.cursor }),
    });
    const roster = await rosterState(deps, viewer, courses);
    const syncs = await deps.syncs.listSyncs(id, SYNCS_SHOWN);
    const page = { query, links, reader: readerOf(req), place: placeOf(req, 'members', courses) };
    renderPage(req, res, 'channels/members', membersPage(viewer, { members, syncs, roster }, page));
  };
}

function requestSync(deps: ChannelRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { channel, userId } = viewer;
    const asked = await deps.syncService.request({ channelId: channel.id, trigger: 'button', requestedBy: userId });
    if (!asked) return respondProblem(req, res, 'no-such-channel');
    res.redirect(303, links.channel({ notice: asked.created ? 'sync-asked' : 'sync-under-way' }));
  };
}

/** Finds the sync of the path; one of another channel does not exist here. */
function withSync(deps: ChannelRoutesDeps, handler: (visit: Visit & { run: SyncRun }) => Promise<void>): VisitHandler {
  return async (visit) => {
    const run = await deps.syncs.findSync(String(visit.req.params.syncId) as SyncId);
    if (run?.channelId !== visit.viewer.channel.id) return respondProblem(visit.req, visit.res, 'no-such-sync');
    await handler({ ...visit, run });
  };
}

function showSync(deps: ChannelRoutesDeps): (visit: Visit & { run: SyncRun }) => Promise<void> {
  return async ({ req, res, viewer, links, run }) => {
    const query = SYNC_QUERY.parse(req.query);
    const kind = shownKind(run, query.kind);
    const changes =
      kind === null
        ? []
        : await deps.syncs.syncChanges(run.id, { from: query.from, limit: CHANGES_PER_PAGE + 1, kind });
    const place = placeOf(req, 'sync', await deps.channels.contextsOfChannel(viewer.channel.id));
    const model = syncPage(viewer, { run, changes, kind, from: query.from }, { links, reader: readerOf(req), place });
    renderPage(req, res, 'channels/sync', model);
  };
}

function streamSync(deps: ChannelRoutesDeps): (visit: Visit & { run: SyncRun }) => Promise<void> {
  return ({ req, res, run }) => {
    const reader = readerOf(req);
    async function next() {
      const now = await deps.syncs.findSync(run.id);
      if (!now) return null;
      const last = !isUnderWay(now);
      const data = last ? { text: endSentence(now) } : syncProgress(now, reader);
      return { event: last ? 'end' : 'progress', data, last };
    }
    function endSentence(ended: SyncRun): string {
      return ended.state === 'applied' ? changesSentence(ended, reader) : reader.t(`progress.ended.${ended.state}`);
    }
    return streamEvents(req, res, {
      next,
      everyMs: EVENT_EVERY_MS,
      forMs: EVENT_STREAM_MS,
      stopping: deps.stopping ?? null,
    });
  };
}

function decideSync(
  deps: ChannelRoutesDeps,
  decision: 'apply' | 'discard',
): (visit: Visit & { run: SyncRun }) => Promise<void> {
  return async ({ res, viewer, links, run }) => {
    const actor = `user:${viewer.userId}`;
    const decided =
      decision === 'apply'
        ? await deps.syncService.applyHeld(run.id, actor)
        : await deps.syncService.discardHeld(run.id, actor);
    const done = decision === 'apply' ? 'held-applied' : 'held-discarded';
    res.redirect(303, links.sync(run.id, { notice: decided.ok ? done : REFUSED[decided.reason] }));
  };
}

const REFUSED = { 'not-held': 'already-decided', 'sync-under-way': 'not-while-syncing' } as const;

function placeOf(req: Request, current: HeadPlace['current'], courses: HeadPlace['courses']): HeadPlace {
  return { current, notice: PLACE.parse(req.query).notice, courses };
}

async function rosterState(
  deps: ChannelRoutesDeps,
  { channel }: Viewer,
  courses: readonly { rosterUrl: string | null }[],
): Promise<RosterState> {
  const [latest = null] = await deps.syncs.listSyncs(channel.id, 1);
  return {
    latest,
    lastApplied: latest?.state === 'applied' ? latest : await deps.syncs.lastSync(channel.id, ['applied']),
    held: await deps.syncs.lastSync(channel.id, ['held']),
    offered: courses.some((course) => course.rosterUrl !== null),
  };
}

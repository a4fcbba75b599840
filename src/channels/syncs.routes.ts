import { type RequestHandler, Router } from 'express';
import { streamEvents } from '../web/event-stream.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { contextOf } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import type { SyncId } from './channel.ts';
import type { ChannelStore, SyncStore } from './channel-store.ts';
import { changesSentence, syncProgress } from './roster-page.ts';
import { CHANGES_PER_PAGE, SYNC_QUERY, shownKind, syncPage } from './sync-page.ts';
import { isUnderWay, type SyncRun } from './sync-run.ts';
import type { SyncService } from './sync-service.ts';
import { guardWith, placeOf, type Visit, type VisitHandler } from './visit-routes.ts';

export type SyncRoutesDeps = {
  viewers: Viewers;
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  syncs: Pick<SyncStore, 'findSync' | 'syncChanges'>;
  syncService: Pick<SyncService, 'request' | 'applyHeld' | 'discardHeld'>;
  csrf: RequestHandler;
  /** Aborts when the process is about to stop, so that open event streams end. */
  stopping?: AbortSignal;
};

const EVENT_EVERY_MS = 500;
const EVENT_STREAM_MS = 60_000;

/** The syncs of a channel with its roster: asking for one, following it, deciding on one that is held. */
export function syncRoutes(deps: SyncRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.post('/channels/:id/sync', deps.csrf, guard('sync-roster', requestSync(deps)));
  routes.get('/channels/:id/syncs/:syncId', guard('view-syncs', withSync(deps, showSync(deps))));
  routes.get('/channels/:id/syncs/:syncId/events', guard('view-syncs', withSync(deps, streamSync(deps))));
  for (const decision of ['apply', 'discard'] as const) {
    routes.post(
      `/channels/:id/syncs/:syncId/${decision}`,
      deps.csrf,
      guard('decide-held-sync', withSync(deps, decideSync(deps, decision))),
    );
  }
  return routes;
}

function requestSync(deps: SyncRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { channel, userId } = viewer;
    const asked = await deps.syncService.request({ channelId: channel.id, trigger: 'button', requestedBy: userId });
    if (!asked) return respondProblem(req, res, 'no-such-channel');
    contextOf(req).log.info({ channelId: channel.id, syncId: asked.run.id }, 'roster sync asked for');
    redirect(res, 303, links.channel({ notice: asked.created ? 'sync-asked' : 'sync-under-way' }));
  };
}

/** Finds the sync of the path; one of another channel does not exist here. */
function withSync(deps: SyncRoutesDeps, handler: (visit: Visit & { run: SyncRun }) => Promise<void>): VisitHandler {
  return async (visit) => {
    const run = await deps.syncs.findSync(String(visit.req.params.syncId) as SyncId);
    if (run?.channelId !== visit.viewer.channel.id) return respondProblem(visit.req, visit.res, 'no-such-sync');
    await handler({ ...visit, run });
  };
}

function showSync(deps: SyncRoutesDeps): (visit: Visit & { run: SyncRun }) => Promise<void> {
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

function streamSync(deps: SyncRoutesDeps): (visit: Visit & { run: SyncRun }) => Promise<void> {
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
  deps: SyncRoutesDeps,
  decision: 'apply' | 'discard',
): (visit: Visit & { run: SyncRun }) => Promise<void> {
  return async ({ res, viewer, links, run }) => {
    const actor = `user:${viewer.userId}`;
    const decided =
      decision === 'apply'
        ? await deps.syncService.applyHeld(run.id, actor)
        : await deps.syncService.discardHeld(run.id, actor);
    const done = decision === 'apply' ? 'held-applied' : 'held-discarded';
    redirect(res, 303, links.sync(run.id, { notice: decided.ok ? done : REFUSED[decided.reason] }));
  };
}

const REFUSED = { 'not-held': 'already-decided', 'sync-under-way': 'not-while-syncing' } as const;

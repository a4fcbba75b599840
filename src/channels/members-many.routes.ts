import type { RequestHandler, Router } from 'express';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import { type ChangeManyDeps, changeMany, previewMany } from './change-many.ts';
import { changeManyPage, MANY_FORM, type ManyAsked, seenIn, selectionOf } from './change-many-page.ts';
import type { ChannelStore } from './channel-store.ts';
import { changeOf } from './member-actions.ts';
import { nextPlace } from './members-change.routes.ts';
import { placeIn } from './members-query.ts';
import type { guardWith, Visit, VisitHandler } from './visit-routes.ts';
import { placeOf } from './visit-routes.ts';

export type ManyRoutesDeps = ChangeManyDeps & {
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  csrf: RequestHandler;
};

/** Changing several people at once: a look at what would happen, then the change. */
export function addManyRoutes(routes: Router, guard: ReturnType<typeof guardWith>, deps: ManyRoutesDeps): void {
  const asked = (handler: (visit: Visit & ManyAsked) => Promise<void>) => guard('manage-members', withRequest(handler));
  routes.post('/channels/:id/members/preview', deps.csrf, asked(preview(deps)));
  routes.post('/channels/:id/members/change', deps.csrf, asked(change(deps)));
}

/** A form without people or without an action leads back to the list, which says what is missing. */
function withRequest(handler: (visit: Visit & ManyAsked) => Promise<void>): VisitHandler {
  return async (visit) => {
    const { req, res, links } = visit;
    const query = placeIn(req.body);
    const request = MANY_FORM.parse(req.body);
    const action = request.do;
    const nobody = request.users.length === 0 && request.everyone === null;
    if (nobody) return redirect(res, 303, links.members({ ...query, notice: 'nobody-chosen' }));
    if (action === null) return redirect(res, 303, links.members({ ...query, notice: 'no-action-chosen' }));
    await handler({ ...visit, query, request: { ...request, do: action } });
  };
}

function preview(deps: ManyRoutesDeps) {
  return (visit: Visit & ManyAsked): Promise<void> => look(deps, visit, { isMoreThanSeen: false });
}

function change(deps: ManyRoutesDeps) {
  return async (visit: Visit & ManyAsked): Promise<void> => {
    const { res, viewer, request, query } = visit;
    const seen = seenIn(request);
    // Nothing is changed that nobody has seen coming.
    if (seen === null) return look(deps, visit, { isMoreThanSeen: false });
    const done = await changeMany(deps, {
      channelId: viewer.channel.id,
      selection: selectionOf(request, query),
      change: changeOf(request.do),
      actor: `user:${viewer.userId}`,
      seen,
    });
    if (!done.ok) return look(deps, visit, { isMoreThanSeen: done.reason === 'more-than-seen' });
    const { activityId, refused } = done.value;
    const kept = Object.values(refused).reduce((sum, count) => sum + count, 0);
    const outcome = activityId === null ? { notice: 'nothing-changed' } : { undo: activityId };
    const left = kept === 0 ? {} : { refused: kept };
    redirect(res, 303, await nextPlace(deps, visit, { ...query, ...outcome, ...left }));
  };
}

async function look(
  deps: ManyRoutesDeps,
  visit: Visit & ManyAsked,
  { isMoreThanSeen }: { isMoreThanSeen: boolean },
): Promise<void> {
  const { req, res, viewer, links, request, query } = visit;
  const selection = selectionOf(request, query);
  const seen = await previewMany(deps, { channelId: viewer.channel.id, selection, change: changeOf(request.do) });
  if (!seen.ok && seen.reason === 'no-such-channel') return respondProblem(req, res, seen.reason);
  const outcome = seen.ok ? seen.value : null;
  const place = placeOf(req, 'members', await deps.channels.contextsOfChannel(viewer.channel.id));
  const asked = { request, query, outcome, isMoreThanSeen };
  const model = changeManyPage(viewer, asked, { links, reader: readerOf(req), place });
  const status = outcome === null ? 422 : isMoreThanSeen ? 409 : 200;
  renderPage(req, res, 'channels/change-many', model, { status });
}

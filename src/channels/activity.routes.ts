import { type Request, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { readLines } from './activity-lines.ts';
import { ACTIVITY_QUERY, activityPage } from './activity-page.ts';
import type { LinkQuery } from './channel-links.ts';
import { type ChannelAction, can } from './channel-policy.ts';
import type { ActivityEvent, ActivityStore, ChannelStore, MembershipStore } from './channel-store.ts';
import type { ManageMembersDeps } from './manage-members.ts';
import { placeIn } from './members-query.ts';
import type { Membership } from './membership.ts';
import { standsAsLeft, type UndoDeps, type UndoRefusal, undoActivity, undoKind } from './undo-activity.ts';
import type { Viewer } from './viewer.ts';
import { guardWith, placeOf, type Visit, type VisitHandler } from './visit-routes.ts';

export type ActivityRoutesDeps = {
  viewers: Viewers;
  channels: ChannelStore;
  memberships: Pick<MembershipStore, 'findUsers'> & ManageMembersDeps['memberships'];
  activity: ActivityStore;
  csrf: RequestHandler;
  clock: Clock;
  random: Random;
} & Pick<UndoDeps, 'leases'>;

/** What has been done in a channel, and taking it back. */
export function activityRoutes(deps: ActivityRoutesDeps): Router {
  const routes = Router();
  const guard = guardWith(deps.viewers);
  routes.get('/channels/:id/activity', guard('view-activity', showActivity(deps)));
  routes.post('/channels/:id/activity/:activityId/undo', deps.csrf, guard('view-activity', undo(deps)));
  return routes;
}

function showActivity(deps: ActivityRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { cursor } = ACTIVITY_QUERY.parse(req.query);
    const { id } = viewer.channel;
    const found = await readLines(deps, id, cursor);
    const lines = await Promise.all(
      found.lines.map(async (line) => ({ ...line, undoable: await isUndoable(deps, viewer, line.event) })),
    );
    const place = placeOf(req, 'activity', await deps.channels.contextsOfChannel(id));
    const facts = { ...found, lines };
    renderPage(
      req,
      res,
      'channels/activity',
      activityPage(viewer, facts, { cursor, links, reader: readerOf(req), place }),
    );
  };
}

const UNDO_NEEDS = {
  member: 'manage-members',
  settings: 'manage-settings',
  owner: 'change-owner',
} as const satisfies Record<string, ChannelAction>;

function mayUndo(viewer: Viewer, event: ActivityEvent): boolean {
  const kind = undoKind(event);
  return kind !== null && can(viewer, UNDO_NEEDS[kind], viewer.channel);
}

/** Whether an Undo would do something: what the change left must still stand. Of many members, the newest counts. */
async function isUndoable(deps: ActivityRoutesDeps, viewer: Viewer, event: ActivityEvent): Promise<boolean> {
  if (!mayUndo(viewer, event)) return false;
  const membership = await membershipOf(deps, event);
  return standsAsLeft(event, { channel: viewer.channel, membership });
}

async function membershipOf(deps: ActivityRoutesDeps, event: ActivityEvent): Promise<Membership | null> {
  if (undoKind(event) !== 'member' || event.channelId === null || event.subjectUserId === null) return null;
  return deps.memberships.findMembership(event.channelId, event.subjectUserId);
}

const UNDO_FORM = z.object({ back: z.enum(['members', 'activity', 'settings']).catch('activity') });

function undo(deps: ActivityRoutesDeps): VisitHandler {
  return async (visit) => {
    const { req, res, viewer } = visit;
    const event = await deps.activity.findActivity(String(req.params.activityId));
    if (event?.channelId !== viewer.channel.id) return respondProblem(req, res, 'no-such-activity');
    const kind = undoKind(event);
    if (kind === null) return goBack(visit, { notice: 'undo-not-undoable' });
    if (!mayUndo(viewer, event)) return respondProblem(req, res, 'not-allowed');
    const actor = `user:${viewer.userId}`;
    const undone = await undoActivity(deps, { channelId: viewer.channel.id, activityId: event.id, actor });
    if (!undone.ok) return refuse(deps, visit, event, undone.reason);
    const { activityId, undone: count, refused } = undone.value;
    if (activityId === null) return goBack(visit, { notice: 'nothing-to-undo' });
    return goBack(visit, { notice: `undone-${kind}`, count, refused: refused || null, undo: activityId });
  };
}

async function refuse(
  deps: ActivityRoutesDeps,
  visit: Visit,
  event: ActivityEvent,
  reason: UndoRefusal,
): Promise<void> {
  const { req, res, links } = visit;
  if (reason === 'no-such-channel' || reason === 'no-such-activity') return respondProblem(req, res, reason);
  if (reason !== 'changed-since') return goBack(visit, { notice: `undo-${reason}` });
  const kind = undoKind(event) ?? 'member';
  const notice = `undo-${kind}-changed-since`;
  // Settings and owner as they are now stand on the settings page, which shows them better than a sentence.
  if (kind !== 'member') return redirect(res, 303, links.settings({ notice }));
  const member = event.batch === null ? await membershipOf(deps, event) : undefined;
  return goBack(visit, { notice, now: member === undefined ? null : standingOf(member) });
}

function standingOf(member: Membership | null): string {
  if (member === null) return 'gone';
  return member.active ? member.level : 'no-access';
}

async function goBack({ req, res, viewer, links }: Visit, query: LinkQuery): Promise<void> {
  const { back } = readForm(req);
  // Whoever gave the channel away by undoing may see less than before.
  const page = back === 'settings' && !can(viewer, 'manage-settings', viewer.channel) ? 'activity' : back;
  // The list of members shows again what it showed before.
  const place = page === 'members' ? placeIn(req.body) : {};
  redirect(res, 303, links[page]({ ...place, ...query }));
}

function readForm(req: Request): z.infer<typeof UNDO_FORM> {
  return UNDO_FORM.parse(req.body ?? {});
}

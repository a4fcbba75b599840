import { type Request, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { ACTIVITY_QUERY, type ActivityLine, activityPage, peopleIn } from './activity-page.ts';
import type { ChannelId, User, UserId } from './channel.ts';
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

const EVENTS_AT_ONCE = 50;
const LINES = 25;
/** A change of thousands of members is one line; to fold it, at most so many slices of events are walked. */
const MOST_SLICES = 60;

function showActivity(deps: ActivityRoutesDeps): VisitHandler {
  return async ({ req, res, viewer, links }) => {
    const { cursor } = ACTIVITY_QUERY.parse(req.query);
    const { id } = viewer.channel;
    const found = await readLines(deps, id, cursor);
    const lines = await Promise.all(
      found.lines.map(async (line) => ({ ...line, undoable: await isUndoable(deps, viewer, line.event) })),
    );
    const people = await peopleOf(deps, lines);
    const place = placeOf(req, 'activity', await deps.channels.contextsOfChannel(id));
    const facts = { lines, nextCursor: found.nextCursor, people };
    renderPage(
      req,
      res,
      'channels/activity',
      activityPage(viewer, facts, { cursor, links, reader: readerOf(req), place }),
    );
  };
}

async function readLines(
  { activity }: ActivityRoutesDeps,
  channelId: ChannelId,
  from: string | null,
): Promise<{ lines: ActivityLine[]; nextCursor: string | null }> {
  const lines: ActivityLine[] = [];
  const batches = new Map<string, ActivityLine>();
  let cursor = from;
  for (let slice = 0; slice < MOST_SLICES; slice++) {
    const request = { limit: EVENTS_AT_ONCE, ...(cursor === null ? {} : { cursor }) };
    const page = await activity.listActivity(channelId, {}, request);
    for (const event of page.items) addEvent(lines, batches, event);
    cursor = page.nextCursor;
    const last = lines.at(-1);
    const insideOne = last?.event.batch !== null && last?.event.batch === page.items.at(-1)?.batch;
    if (cursor === null || (lines.length >= LINES && !insideOne)) return { lines, nextCursor: cursor };
  }
  const last = lines.at(-1);
  if (last) last.goesOn = last.event.batch !== null;
  return { lines, nextCursor: cursor };
}

function addEvent(lines: ActivityLine[], batches: Map<string, ActivityLine>, event: ActivityEvent): void {
  const known = event.batch === null ? undefined : batches.get(event.batch);
  if (known) {
    known.count += 1;
    known.sameTo &&= known.event.to === event.to;
    return;
  }
  const line: ActivityLine = { event, count: 1, sameTo: true, goesOn: false, undoable: false };
  lines.push(line);
  if (event.batch !== null) batches.set(event.batch, line);
}

async function peopleOf(
  { memberships }: ActivityRoutesDeps,
  lines: readonly ActivityLine[],
): Promise<ReadonlyMap<UserId, User>> {
  const ids = new Set(lines.flatMap(({ event }) => peopleIn(event)));
  const users = ids.size === 0 ? [] : await memberships.findUsers([...ids]);
  return new Map(users.map((user) => [user.id, user]));
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

import type { Request, RequestHandler, Router } from 'express';
import { z } from 'zod';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import type { ChannelId, UserId } from './channel.ts';
import type { LinkQuery } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { ActivityStore, ChannelStore, MembershipStore } from './channel-store.ts';
import { type ManageMembers, type ManageMembersDeps, rulesOf } from './manage-members.ts';
import { changeOf, MEMBER_ACTIONS, type ToldRefusal } from './member-actions.ts';
import { type LastChange, type MemberFacts, memberPage } from './member-page.ts';
import { type MembersQuery, placeIn } from './members-query.ts';
import { type guardWith, placeOf, type Visit } from './visit-routes.ts';

export type MemberChangeRoutesDeps = {
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  memberships: ManageMembersDeps['memberships'] & Pick<MembershipStore, 'findUsers'>;
  activity: Pick<ActivityStore, 'listActivity'>;
  manageMembers: Pick<ManageMembers, 'change'>;
  csrf: RequestHandler;
};

/** One member: what can be changed, and the change. */
export function addChangeRoutes(
  routes: Router,
  guard: ReturnType<typeof guardWith>,
  deps: MemberChangeRoutesDeps,
): void {
  routes.get('/channels/:id/members/:userId', guard('manage-members', showMember(deps)));
  routes.post('/channels/:id/members/:userId', deps.csrf, guard('manage-members', changeMember(deps)));
}

function showMember(deps: MemberChangeRoutesDeps) {
  return async (visit: Visit): Promise<void> => {
    const { req, res, viewer } = visit;
    const member = await deps.memberships.findMembership(viewer.channel.id, userIn(req));
    if (member === null) return respondProblem(req, res, 'no-such-member');
    await show(deps, { ...visit, query: placeIn(req.query) }, { member, refused: null });
  };
}

const FORM = z.object({ do: z.enum(MEMBER_ACTIONS), standing: z.string().max(100) });

function changeMember(deps: MemberChangeRoutesDeps) {
  return async (visit: Visit): Promise<void> => {
    const { req, res, viewer, links } = visit;
    const form = FORM.safeParse(req.body);
    if (!form.success) return respondProblem(req, res, 'bad-request');
    const query = placeIn(req.body);
    const changed = await deps.manageMembers.change({
      channelId: viewer.channel.id,
      userId: userIn(req),
      change: changeOf(form.data.do),
      override: true,
      seen: { standing: form.data.standing },
      actor: `user:${viewer.userId}`,
    });
    if (changed.ok) {
      const { activityId } = changed.value;
      const outcome = activityId === null ? { notice: 'nothing-changed' } : { undo: activityId };
      return redirect(res, 303, await nextPlace(deps, { viewer, links }, { ...query, ...outcome }));
    }
    const { reason } = changed;
    if (reason === 'no-such-channel') return respondProblem(req, res, reason);
    const member = await deps.memberships.findMembership(viewer.channel.id, userIn(req));
    if (member === null) return redirect(res, 303, links.members({ ...query, notice: 'member-gone' }));
    const last = reason === 'changed-meanwhile' ? await lastChange(deps, viewer.channel.id, member.userId) : null;
    const refused = { reason: reason as ToldRefusal, asked: form.data.do, last };
    await show(deps, { ...visit, query }, { member, refused });
  };
}

async function show(
  deps: MemberChangeRoutesDeps,
  { req, res, viewer, links, query }: Visit & { query: MembersQuery },
  facts: Omit<MemberFacts, 'rules'>,
): Promise<void> {
  const rules = await rulesOf(deps, viewer.channel, true);
  const place = placeOf(req, 'members', await deps.channels.contextsOfChannel(viewer.channel.id));
  const model = memberPage(viewer, { ...facts, rules }, { query, links, reader: readerOf(req), place });
  renderPage(req, res, 'channels/member', model, { status: facts.refused === null ? 200 : 409 });
}

/**
 * Where one goes after a change: back to the list with what was changed; who has given up their own right to see it,
 * to the channel.
 */
export async function nextPlace(
  deps: { memberships: Pick<MembershipStore, 'findMembership'> },
  { viewer, links }: Pick<Visit, 'viewer' | 'links'>,
  query: LinkQuery,
): Promise<string> {
  if (viewer.isAdministrator) return links.members(query);
  const own = await deps.memberships.findMembership(viewer.channel.id, viewer.userId);
  const level = own?.active ? own.level : null;
  return can({ ...viewer, level }, 'view-members', viewer.channel)
    ? links.members(query)
    : links.channel({ notice: 'own-level-changed' });
}

/** Besides changes of the membership, there are events of ownership about a person. */
const EVENTS_LOOKED_AT = 20;

async function lastChange(
  deps: MemberChangeRoutesDeps,
  channelId: ChannelId,
  userId: UserId,
): Promise<LastChange | null> {
  const { items } = await deps.activity.listActivity(channelId, { subjectUserId: userId }, { limit: EVENTS_LOOKED_AT });
  const event = items.find(({ action }) => action.startsWith('member.'));
  if (!event) return null;
  const [kind, id] = event.actor.split(':', 2);
  const [by] = kind === 'user' && id ? await deps.memberships.findUsers([id as UserId]) : [];
  return { event, by: by ?? null };
}

function userIn(req: Request): UserId {
  return String(req.params.userId) as UserId;
}

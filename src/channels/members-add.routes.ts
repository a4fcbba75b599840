import type { Request, RequestHandler, Router } from 'express';
import { z } from 'zod';
import { respondProblem } from '../web/problems.ts';
import type { RateLimit } from '../web/rate-limit.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { readerOf } from '../web/request-reader.ts';
import {
  type AddMemberFacts,
  addMemberPage,
  findPeople,
  foundText,
  PEOPLE_QUERY,
  type PeopleDeps,
  personLines,
} from './add-member-page.ts';
import type { UserId } from './channel.ts';
import type { ChannelStore, MembershipStore } from './channel-store.ts';
import type { ManageMembers } from './manage-members.ts';
import { type MembersQuery, placeIn } from './members-query.ts';
import { PERMISSION_LEVELS } from './permission-level.ts';
import { type guardWith, placeOf, type Visit, type VisitHandler } from './visit-routes.ts';

export type AddMemberRoutesDeps = PeopleDeps & {
  channels: Pick<ChannelStore, 'contextsOfChannel'>;
  memberships: PeopleDeps['memberships'] & Pick<MembershipStore, 'findUser'>;
  manageMembers: Pick<ManageMembers, 'enter'>;
  csrf: RequestHandler;
  limit: (limit: RateLimit) => RequestHandler;
};

/** More than anybody types; less than it takes to read a whole platform. */
const SEARCHES = { name: 'people', max: 120, windowMs: 60_000 };

/** Adding a person by hand: the page, its suggestions, and the change. */
export function addMemberRoutes(routes: Router, guard: ReturnType<typeof guardWith>, deps: AddMemberRoutesDeps): void {
  const limited = limitPerPerson(deps);
  routes.get('/channels/:id/people', guard('manage-members', limited(suggestPeople(deps))));
  routes.get('/channels/:id/members/add', guard('manage-members', limited(showForm(deps))));
  routes.post('/channels/:id/members/add', deps.csrf, guard('manage-members', addMember(deps)));
}

/** Counts a person's searches in all of their channels together; who they are is known inside the guard alone. */
function limitPerPerson({ limit }: AddMemberRoutesDeps): (handler: VisitHandler) => VisitHandler {
  const who = new WeakMap<Request, UserId>();
  const count = limit({ ...SEARCHES, key: (req) => who.get(req) ?? 'unknown' });
  return (handler) => async (visit) => {
    const { req, res, viewer } = visit;
    who.set(req, viewer.userId);
    let passed = false;
    await count(req, res, (error?: unknown) => {
      if (error) throw error;
      passed = true;
    });
    if (passed) await handler(visit);
  };
}

function suggestPeople(deps: AddMemberRoutesDeps) {
  return async ({ req, res, viewer, links }: Visit): Promise<void> => {
    const reader = readerOf(req);
    const text = PEOPLE_QUERY.parse(req.query.q);
    const found = await findPeople(deps, viewer, text);
    const people = personLines(found, text, viewer, { links, reader, query: placeIn({}) });
    renderPage(req, res, 'channels/people', { people, said: foundText(people.length, reader) });
  };
}

function showForm(deps: AddMemberRoutesDeps) {
  return async (visit: Visit): Promise<void> => {
    const { req } = visit;
    const text = PEOPLE_QUERY.parse(req.query.find);
    await show(deps, { ...visit, query: placeIn(req.query) }, { text, chosen: null, level: 'member', fault: null });
  };
}

// The place in the list has fields of its own, `level` among them.
const FORM = z.object({
  person: z.string().max(40).catch(''),
  as_level: z.enum(PERMISSION_LEVELS).catch('member'),
  find: PEOPLE_QUERY,
});

function addMember(deps: AddMemberRoutesDeps) {
  return async (visit: Visit): Promise<void> => {
    const { req, res, viewer, links } = visit;
    const query = placeIn(req.body);
    const { person, as_level: level, find: text } = FORM.parse(req.body);
    const facts = { text, chosen: person as UserId, level };
    if (person === '') return show(deps, { ...visit, query }, { ...facts, fault: 'nobody-chosen' });
    const userId = person as UserId;
    const added = await deps.manageMembers.enter({
      channelId: viewer.channel.id,
      who: { userId },
      entry: { level, updateMethod: 'manual' },
      override: true,
      // Nobody yet: who has come in meanwhile is shown as they are, not overruled.
      seen: { standing: '' },
      actor: `user:${viewer.userId}`,
    });
    if (added.ok) return redirect(res, 303, links.members({ ...query, undo: added.value.activityId }));
    if (added.reason === 'no-such-channel') return respondProblem(req, res, added.reason);
    const fault = added.reason === 'test-student' ? added.reason : await faultOf(deps, visit, userId);
    await show(deps, { ...visit, query }, { ...facts, fault });
  };
}

async function faultOf(
  deps: AddMemberRoutesDeps,
  { viewer }: Visit,
  userId: UserId,
): Promise<NonNullable<AddMemberFacts['fault']>> {
  const user = await deps.memberships.findUser(userId);
  const member = await deps.memberships.findMembership(viewer.channel.id, userId);
  return user && member ? { already: { user, member } } : 'no-such-person';
}

async function show(
  deps: AddMemberRoutesDeps,
  { req, res, viewer, links, query }: Visit & { query: MembersQuery },
  facts: Omit<AddMemberFacts, 'people'>,
): Promise<void> {
  const people = await findPeople(deps, viewer, facts.text);
  const place = placeOf(req, 'members', await deps.channels.contextsOfChannel(viewer.channel.id));
  const page = { query, links, reader: readerOf(req), place };
  const model = addMemberPage(viewer, { ...facts, people }, page);
  renderPage(req, res, 'channels/add-member', model, { status: statusOf(req, facts) });
}

function statusOf(req: Request, { fault }: Pick<AddMemberFacts, 'fault'>): number {
  if (req.method === 'GET' || fault === null) return 200;
  return typeof fault === 'string' ? 422 : 409;
}

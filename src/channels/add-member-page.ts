import { z } from 'zod';
import type { Reader } from '../lib/reader.ts';
import type { Channel, User, UserId } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { MembershipStore } from './channel-store.ts';
import { type HiddenField, type MembersQuery, placeFields } from './members-query.ts';
import type { Membership } from './membership.ts';
import { PERMISSION_LEVELS, type PermissionLevel } from './permission-level.ts';
import { personName } from './person-name.ts';
import type { Viewer } from './viewer.ts';

/** Fewer characters find too many people to be of help. */
const LEAST_CHARACTERS = 3;
const MOST_FOUND = 10;

export const PEOPLE_QUERY = z.string().trim().max(200).catch('');

/** Somebody of the platform, and what they are here. */
export type FoundPerson = { user: User; member: Membership | null };

export type PeopleDeps = {
  memberships: Pick<MembershipStore, 'searchUsers' | 'findUserBySubject' | 'findMembership' | 'isTestStudent'>;
};

/** People of the channel's own platform and school whom a search finds; who is named by the exact ID of the LMS comes first. */
export async function findPeople(deps: PeopleDeps, viewer: Viewer, text: string): Promise<FoundPerson[]> {
  if (text.length < LEAST_CHARACTERS) return [];
  const { id: channelId } = viewer.channel;
  const users = await searchPeople(deps, viewer.channel, text);
  return Promise.all(
    users.map(async (user) => ({ user, member: await deps.memberships.findMembership(channelId, user.id) })),
  );
}

async function searchPeople(
  { memberships }: PeopleDeps,
  { platformId, tenant }: Pick<Channel, 'platformId' | 'tenant'>,
  text: string,
): Promise<User[]> {
  const named = await memberships.findUserBySubject(platformId, text);
  const exact = named && (await memberships.isTestStudent(named.id)) ? null : named;
  const found = await memberships.searchUsers({ platformId, tenant }, text, MOST_FOUND);
  const others = found.filter(({ id }) => id !== exact?.id);
  return [...(exact ? [exact] : []), ...others].slice(0, MOST_FOUND);
}

/** One person of the suggestions. */
export type PersonLine = {
  userId: UserId;
  name: string;
  named: boolean;
  email: string | null;
  /** The LMS's ID; null for those who are no concern of this channel yet. */
  subject: string | null;
  /** What somebody who is here already is, and the page where that is changed. */
  here: { text: string; href: string } | null;
};

/** What the suggestions say of each; `text` is what was searched for. */
export function personLines(
  people: readonly FoundPerson[],
  text: string,
  viewer: Viewer,
  page: { links: ChannelLinks; reader: Reader; query: MembersQuery },
): PersonLine[] {
  const { t } = page.reader;
  const names = people.map(({ user }) => personName(user.name, user.subject, t).name);
  return people.map((person, i) => {
    const shared = names.indexOf(names[i] ?? '') !== i || names.lastIndexOf(names[i] ?? '') !== i;
    return personLine(person, { text, shared }, viewer, page);
  });
}

/**
 * Address and ID are shown of people of this channel, and to those who know one of them already: a manager of one course
 * is not to read the whole platform's. Of two people with one name, enough of the address to tell them apart.
 */
function personLine(
  { user, member }: FoundPerson,
  { text, shared }: { text: string; shared: boolean },
  viewer: Viewer,
  { links, reader, query }: { links: ChannelLinks; reader: Reader; query: MembersQuery },
): PersonLine {
  const known = member !== null || isNamedBy(user, text);
  const email = can(viewer, 'view-addresses', viewer.channel) ? user.email : null;
  return {
    userId: user.id,
    ...personName(user.name, user.subject, reader.t),
    email: known || email === null ? email : shared ? masked(email) : null,
    subject: known ? user.subject : null,
    here: member && {
      text: hereText(member, viewer, reader),
      href: links.member(user.id, query),
    },
  };
}

function isNamedBy({ subject, email }: User, text: string): boolean {
  return subject === text || (email !== null && email.toLowerCase() === text.toLowerCase());
}

/** "a…@school.edu"; null for what is no address. */
function masked(email: string): string | null {
  const [first] = email;
  const at = email.lastIndexOf('@');
  return first === undefined || at < 1 ? null : `${first}…${email.slice(at)}`;
}

function hereText(member: Membership, { channel }: Viewer, { t }: Reader): string {
  if (member.userId === channel.ownerId) return t('add-member.here.owner');
  const level = t(`levels.${member.level}.name`);
  return t(member.active ? 'add-member.here.active' : 'add-member.here.inactive', { level });
}

/** "3 people found", for those who do not see the list change. */
export function foundText(count: number, { t, number }: Reader): string {
  return t('add-member.found', { count, number: number(count) });
}

export type AddMemberPage = {
  title: string;
  head: ChannelHead;
  as: string;
  search: { action: string; people: string; fields: HiddenField[]; text: string };
  /** What the script says when no suggestions come, and of who was chosen: `{name}` stands for their name. */
  says: { busy: string; ended: string; offline: string; chosen: string };
  /** Null before a search. */
  found: { said: string; people: PersonLine[] } | null;
  /** Why a search was not made. */
  tooShort: boolean;
  chosen: UserId | null;
  form: { action: string; fields: HiddenField[] };
  levels: { value: PermissionLevel; name: string; explanation: string; checked: boolean }[];
  alert: { title: string; text: string; link: { text: string; href: string } | null } | null;
  back: string;
};

export type AddMemberFacts = {
  text: string;
  people: FoundPerson[];
  chosen: UserId | null;
  level: PermissionLevel;
  fault: 'nobody-chosen' | 'no-such-person' | 'test-student' | { already: FoundPerson } | null;
};

export function addMemberPage(
  viewer: Viewer,
  facts: AddMemberFacts,
  page: { query: MembersQuery; links: ChannelLinks; reader: Reader; place: HeadPlace },
): AddMemberPage {
  const { query, links, reader, place } = page;
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const searched = facts.text.length >= LEAST_CHARACTERS;
  const people = personLines(facts.people, facts.text, viewer, { links, reader, query });
  const fields = placeFields(query);
  const addAction = links.addMember();
  return {
    title: t('add-member.page-title', { name: head.name }),
    head,
    as: links.as,
    search: { action: addAction.split('?', 1)[0] ?? '', people: links.people, fields, text: facts.text },
    says: {
      busy: t('add-member.says.busy'),
      ended: t('add-member.says.ended'),
      offline: t('add-member.says.offline'),
      chosen: t('add-member.says.chosen', { name: '{name}' }),
    },
    found: searched ? { said: foundText(people.length, reader), people } : null,
    tooShort: facts.text !== '' && !searched,
    chosen: facts.chosen,
    form: { action: addAction, fields: [...fields, { name: 'find', value: facts.text }] },
    levels: PERMISSION_LEVELS.map((value) => ({
      value,
      name: t(`levels.${value}.name`),
      explanation: t(`member.levels.${value}`),
      checked: value === facts.level,
    })),
    alert: facts.fault && alertOf(facts.fault, viewer, page),
    back: links.members(query),
  };
}

function alertOf(
  fault: NonNullable<AddMemberFacts['fault']>,
  viewer: Viewer,
  page: { query: MembersQuery; links: ChannelLinks; reader: Reader },
): AddMemberPage['alert'] {
  const { t } = page.reader;
  if (typeof fault === 'string') {
    return { title: t(`add-member.faults.${fault}.title`), text: t(`add-member.faults.${fault}.text`), link: null };
  }
  const { user, member } = fault.already;
  const { name } = personName(user.name, user.subject, t);
  const here = member && { text: hereText(member, viewer, page.reader), href: page.links.member(user.id, page.query) };
  return {
    title: t('add-member.faults.already.title', { name }),
    text: here?.text ?? '',
    link: here && { text: t('add-member.faults.already.link'), href: here.href },
  };
}

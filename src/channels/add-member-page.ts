import { z } from 'zod';
import type { Reader } from '../lib/reader.ts';
import type { PlatformId, User, UserId } from './channel.ts';
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
  memberships: Pick<MembershipStore, 'searchUsers' | 'findUserBySubject' | 'findMembership'>;
};

/** People of the channel's own platform whom a search finds; who is named by the exact ID of the LMS comes first. */
export async function findPeople(deps: PeopleDeps, viewer: Viewer, text: string): Promise<FoundPerson[]> {
  if (text.length < LEAST_CHARACTERS) return [];
  const { id: channelId, platformId } = viewer.channel;
  const users = await searchPeople(deps, platformId, text);
  return Promise.all(
    users.map(async (user) => ({ user, member: await deps.memberships.findMembership(channelId, user.id) })),
  );
}

async function searchPeople({ memberships }: PeopleDeps, platformId: PlatformId, text: string): Promise<User[]> {
  const exact = await memberships.findUserBySubject(platformId, text);
  const found = await memberships.searchUsers(platformId, text, MOST_FOUND);
  const others = found.filter(({ id }) => id !== exact?.id);
  return [...(exact ? [exact] : []), ...others].slice(0, MOST_FOUND);
}

/** One person of the suggestions. */
export type PersonLine = {
  userId: UserId;
  name: string;
  named: boolean;
  email: string | null;
  subject: string;
  /** What somebody who is here already is, and the page where that is changed. */
  here: { text: string; href: string } | null;
};

export function personLine(
  { user, member }: FoundPerson,
  viewer: Viewer,
  { links, reader, query }: { links: ChannelLinks; reader: Reader; query: MembersQuery },
): PersonLine {
  const { t } = reader;
  return {
    userId: user.id,
    ...personName(user.name, user.subject, t),
    email: can(viewer, 'view-addresses', viewer.channel) ? user.email : null,
    subject: user.subject,
    here: member && {
      text: hereText(member, viewer, reader),
      href: links.member(user.id, query),
    },
  };
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
  fault: 'nobody-chosen' | 'no-such-person' | { already: FoundPerson } | null;
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
  const people = facts.people.map((person) => personLine(person, viewer, { links, reader, query }));
  const fields = placeFields(query);
  const addAction = links.addMember();
  return {
    title: t('add-member.page-title', { name: head.name }),
    head,
    as: links.as,
    search: { action: addAction.split('?', 1)[0] ?? '', people: links.people, fields, text: facts.text },
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
  const { name, here } = personLine(fault.already, viewer, page);
  return {
    title: t('add-member.faults.already.title', { name }),
    text: here?.text ?? '',
    link: here && { text: t('add-member.faults.already.link'), href: here.href },
  };
}

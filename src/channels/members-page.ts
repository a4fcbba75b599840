import { z } from 'zod';
import type { Reader, TimeText } from '../lib/reader.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { MemberFilter } from './channel-store.ts';
import type { Membership } from './membership.ts';
import { PERMISSION_LEVELS } from './permission-level.ts';
import { personName } from './person-name.ts';
import { type RosterPanel, type RosterState, rosterPanel } from './roster-page.ts';
import { type SyncLine, syncLine } from './sync-page.ts';
import type { SyncRun } from './sync-run.ts';
import type { Viewer } from './viewer.ts';

export const MEMBERS_PER_PAGE = 50;

const STATUSES = ['active', 'inactive', 'departed', 'inactive-in-lms', 'by-hand'] as const;
const METHODS = ['automatic', 'manual'] as const;

/** The list's query as it stands in the address; what is not understood counts as not given. */
export const MEMBERS_QUERY = z.object({
  q: z.string().trim().max(200).catch(''),
  level: z.enum(PERMISSION_LEVELS).nullable().catch(null),
  status: z.enum(STATUSES).nullable().catch(null),
  method: z.enum(METHODS).nullable().catch(null),
  cursor: z.string().max(2000).nullable().catch(null),
});

export type MembersQuery = z.infer<typeof MEMBERS_QUERY>;

/** What to ask the store for. */
export function memberFilter({ q, level, status, method }: MembersQuery): MemberFilter {
  return {
    ...(q === '' ? {} : { q }),
    ...(level === null ? {} : { level }),
    ...(method === null ? {} : { updateMethod: method }),
    ...statusFilter(status),
  };
}

function statusFilter(status: MembersQuery['status']): MemberFilter {
  if (status === null) return {};
  if (status === 'active' || status === 'inactive') return { active: status === 'active' };
  return { active: false, inactiveReason: status };
}

export type MembersPage = {
  title: string;
  head: ChannelHead;
  as: string;
  action: string;
  q: string;
  filters: { name: string; label: string; options: Option[] }[];
  /** Where the list without filters is; null when none is set. */
  clear: string | null;
  total: string;
  showsAddresses: boolean;
  rows: MemberRow[];
  /** What stands in place of rows. */
  empty: string | null;
  first: string | null;
  next: string | null;
  roster: RosterPanel;
  syncs: SyncLine[];
};

type Option = { value: string; text: string; selected: boolean };

export type MemberRow = {
  name: string;
  /** False when the LMS does not tell the name. */
  named: boolean;
  email: string | null;
  isTest: boolean;
  level: string;
  /** Where the level comes from, layer by layer. */
  layers: string[];
  manual: boolean;
  method: string;
  active: boolean;
  status: string;
  lastSeen: TimeText | null;
};

export type MembersFacts = {
  members: { items: Membership[]; nextCursor: string | null; total: number };
  syncs: SyncRun[];
  roster: RosterState;
};

export function membersPage(
  viewer: Viewer,
  facts: MembersFacts,
  page: { query: MembersQuery; links: ChannelLinks; reader: Reader; place: HeadPlace },
): MembersPage {
  const { query, links, reader, place } = page;
  const { channel, level } = viewer;
  const { t, number } = reader;
  const { cursor, ...set } = query;
  const filtered = Object.values(set).some((value) => value !== null && value !== '');
  const head = channelHead(viewer, links, reader, place);
  const rights = { sync: can(level, 'sync-roster', channel), decide: can(level, 'decide-held-sync', channel) };
  const showsAddresses = can(level, 'view-addresses', channel);
  const { items, nextCursor, total } = facts.members;
  return {
    title: t('members.page-title', { name: head.name }),
    head,
    as: links.as,
    action: links.members().split('?', 1)[0] ?? '',
    q: query.q,
    filters: filtersOf(query, reader),
    clear: filtered ? links.members() : null,
    total: t(filtered ? 'members.found' : 'members.total', { count: total, number: number(total) }),
    showsAddresses,
    rows: items.map((member) => memberRow(member, showsAddresses, reader)),
    empty: items.length > 0 ? null : t(filtered ? 'members.none-found' : 'members.none-yet'),
    first: cursor === null ? null : links.members(set),
    next: nextCursor === null ? null : links.members({ ...set, cursor: nextCursor }),
    roster: rosterPanel(facts.roster, rights, links, reader),
    syncs: facts.syncs.map((run) => syncLine(run, links, reader)),
  };
}

function filtersOf(query: MembersQuery, { t }: Reader): MembersPage['filters'] {
  const filter = (name: 'level' | 'status' | 'method', values: readonly string[], text: (value: string) => string) => ({
    name,
    label: t(`members.filters.${name}.label`),
    options: [
      { value: '', text: t(`members.filters.${name}.any`), selected: query[name] === null },
      ...values.map((value) => ({ value, text: text(value), selected: query[name] === value })),
    ],
  });
  return [
    filter('level', PERMISSION_LEVELS, (value) => t(`levels.${value}.name`)),
    filter('status', STATUSES, (value) => t(`members.filters.status.${value}`)),
    filter('method', METHODS, (value) => t(`members.method.${value}`)),
  ];
}

/** One person of the list. Addresses are for those who may see them. */
export function memberRow(member: Membership, showsAddresses: boolean, { t, time }: Reader): MemberRow {
  const manual = member.updateMethod === 'manual';
  return {
    ...personName(member.person.name, member.subject, t),
    email: showsAddresses ? member.person.email : null,
    isTest: member.isTest,
    level: t(`levels.${member.level}.name`),
    layers: layersOf(member, t),
    manual,
    method: t(`members.method.${member.updateMethod}`),
    active: member.active,
    status: t(`members.status.${member.inactiveReason ?? 'active'}`),
    lastSeen: member.lastSeenAt === null ? null : time(member.lastSeenAt),
  };
}

function layersOf(member: Membership, t: Reader['t']): string[] {
  const level = (value: Membership['level']) => t(`levels.${value}.name`);
  const { rosterLevel, launchLevel, override } = member;
  const layers = [
    rosterLevel ? t('members.layers.roster', { level: level(rosterLevel) }) : t('members.layers.no-roster'),
  ];
  if (launchLevel && launchLevel !== rosterLevel)
    layers.push(t('members.layers.launch', { level: level(launchLevel) }));
  if (member.addedBy === 'hand') layers.push(t('members.layers.added-by-hand'));
  if (override) layers.push(t('members.layers.override', { level: level(override) }));
  return layers;
}

import type { Reader, TimeText } from '../lib/reader.ts';
import { type ManyForm, manyForm } from './change-many-page.ts';
import type { UserId } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace, type NoticeText } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import { METHODS, type MembersQuery, placeFields, STATUSES } from './members-query.ts';
import type { Membership } from './membership.ts';
import { PERMISSION_LEVELS } from './permission-level.ts';
import { personName } from './person-name.ts';
import { type RosterPanel, type RosterState, rosterPanel } from './roster-page.ts';
import { type SyncLine, syncLine } from './sync-page.ts';
import type { SyncRun } from './sync-run.ts';
import type { Viewer } from './viewer.ts';

export const MEMBERS_PER_PAGE = 50;

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
  rows: ListRow[];
  /** What stands in place of rows. */
  empty: string | null;
  first: string | null;
  next: string | null;
  roster: RosterPanel;
  syncs: SyncLine[];
  /** Null for those who may look only. */
  manage: { add: string; many: ManyForm | null } | null;
};

type Option = { value: string; text: string; selected: boolean };

export type MemberRow = {
  userId: UserId;
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
  isOwner: boolean;
};

/** A row of the list, with the page where its person is changed; null for those who may look only. */
export type ListRow = MemberRow & { change: string | null };

export type MembersFacts = {
  members: { items: Membership[]; nextCursor: string | null; total: number };
  syncs: SyncRun[];
  roster: RosterState;
  /** What was changed just now. */
  changed: NoticeText | null;
};

export function membersPage(
  viewer: Viewer,
  facts: MembersFacts,
  page: { query: MembersQuery; links: ChannelLinks; reader: Reader; place: HeadPlace },
): MembersPage {
  const { query, links, reader, place } = page;
  const { channel } = viewer;
  const { t, number } = reader;
  const { cursor, ...set } = query;
  const filtered = Object.values(set).some((value) => value !== null && value !== '');
  const head = channelHead(viewer, links, reader, place);
  const rights = { sync: can(viewer, 'sync-roster', channel), decide: can(viewer, 'decide-held-sync', channel) };
  const showsAddresses = can(viewer, 'view-addresses', channel);
  const mayManage = can(viewer, 'manage-members', channel);
  const { items, nextCursor, total } = facts.members;
  return {
    title: t('members.page-title', { name: head.name }),
    head: { ...head, notice: noticeHere(head.notice ?? facts.changed, query) },
    as: links.as,
    action: links.members().split('?', 1)[0] ?? '',
    q: query.q,
    filters: filtersOf(query, reader),
    clear: filtered ? links.members() : null,
    total: t(filtered ? 'members.found' : 'members.total', { count: total, number: number(total) }),
    showsAddresses,
    rows: items.map((member) => ({
      ...memberRow(member, showsAddresses, reader),
      isOwner: member.userId === channel.ownerId,
      change: mayManage ? links.member(member.userId, query) : null,
    })),
    empty: items.length > 0 ? null : t(filtered ? 'members.none-found' : 'members.none-yet'),
    first: cursor === null ? null : links.members(set),
    next: nextCursor === null ? null : links.members({ ...set, cursor: nextCursor }),
    roster: rosterPanel(facts.roster, rights, links, reader),
    syncs: facts.syncs.map((run) => syncLine(run, links, reader)),
    manage: mayManage
      ? { add: links.addMember(query), many: total === 0 ? null : manyForm({ query, total, filtered }, links, reader) }
      : null,
  };
}

/** What is undone from here leads back to the same place in the list. */
function noticeHere(notice: NoticeText | null, query: MembersQuery): NoticeText | null {
  return notice?.action ? { ...notice, action: { ...notice.action, fields: placeFields(query) } } : notice;
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
    userId: member.userId,
    isOwner: false,
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

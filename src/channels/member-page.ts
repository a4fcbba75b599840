import type { Reader, TimeText } from '../lib/reader.ts';
import { readState } from './activity.ts';
import type { User } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { ActivityEvent } from './channel-store.ts';
import { standingToken } from './manage-members.ts';
import { changeOf, levelOf, MEMBER_ACTIONS, type MemberAction, type ToldRefusal } from './member-actions.ts';
import { decideChange, isAddedOnly, type MemberRules } from './member-changes.ts';
import { type MemberRow, memberRow } from './members-page.ts';
import { type HiddenField, type MembersQuery, placeFields } from './members-query.ts';
import { isOnRoster, type Membership, sameMembership } from './membership.ts';
import { personName } from './person-name.ts';
import type { SetByHand } from './set-by-hand.ts';
import type { Viewer } from './viewer.ts';

export type MemberPage = {
  title: string;
  head: ChannelHead;
  row: MemberRow;
  /** Why what was asked for was not done; null on a first look. */
  alert: { title: string; lines: string[] } | null;
  /** Said to those who look at themselves. */
  yourself: string | null;
  form: { action: string; fields: HiddenField[] };
  levels: LevelOption[];
  /** Why not every level can be chosen. */
  levelNote: string | null;
  offers: Offer[];
  back: string;
};

export type LevelOption = {
  value: MemberAction;
  name: string;
  explanation: string;
  checked: boolean;
  disabled: boolean;
};

/** One more thing that can be done; with `refused`, why it cannot be done now. */
export type Offer = {
  action: MemberAction;
  title: string;
  text: string;
  button: string;
  danger: boolean;
  refused: string | null;
};

export type MemberFacts = {
  member: Membership;
  rules: MemberRules;
  /** What was asked for and not done. */
  refused: { reason: ToldRefusal; asked: MemberAction; last: LastChange | null } | null;
};

/** The newest change of somebody by hand, and who made it; null when it was a program. */
export type LastChange = { event: ActivityEvent; by: Pick<User, 'name' | 'subject'> | null };

export function memberPage(
  viewer: Viewer,
  facts: MemberFacts,
  page: { query: MembersQuery; links: ChannelLinks; reader: Reader; place: HeadPlace },
): MemberPage {
  const { member, rules, refused } = facts;
  const { query, links, reader, place } = page;
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const row = memberRow(member, can(viewer, 'view-addresses', viewer.channel), reader);
  const levels = levelOptions(facts, reader);
  const lowered = decideChange(member, { level: 'member' }, rules);
  return {
    title: t('member.page-title', { person: row.name, name: head.name }),
    head,
    row: { ...row, isOwner: member.userId === rules.ownerId },
    alert: refused && alertOf(member, refused, reader),
    yourself: member.userId === viewer.userId ? t('member.yourself') : null,
    form: {
      action: links.changeMember(member.userId),
      fields: [...placeFields(query), { name: 'standing', value: standingToken(member) }],
    },
    levels,
    levelNote: lowered.ok ? null : t(`member.refused.${lowered.reason as ToldRefusal}.what`),
    offers: offersOf(member, rules, reader),
    back: links.members(query),
  };
}

function levelOptions({ member, rules, refused }: MemberFacts, { t }: Reader): LevelOption[] {
  const wanted = refused && levelOf(refused.asked) ? refused.asked : `level.${member.level}`;
  return MEMBER_ACTIONS.flatMap((value) => {
    const level = levelOf(value);
    if (level === null) return [];
    const option = { value, name: t(`levels.${level}.name`), explanation: t(`member.levels.${level}`) };
    const disabled = !decideChange(member, changeOf(value), rules).ok;
    return [{ ...option, checked: disabled ? false : value === wanted, disabled }];
  });
}

function offersOf(member: Membership, rules: MemberRules, reader: Reader): Offer[] {
  const actions: MemberAction[] = [
    ...(returnsToSomething(member, rules) ? ['automatic' as const] : []),
    member.active ? 'deactivate' : 'reactivate',
    ...(isAddedOnly(member) ? ['remove' as const] : []),
  ];
  return actions.map((action) => offerOf(action, member, { rules, reader }));
}

function offerOf(
  action: MemberAction,
  member: Membership,
  { rules, reader: { t } }: { rules: MemberRules; reader: Reader },
): Offer {
  const decided = decideChange(member, changeOf(action), rules);
  const next = decided.ok ? decided.value : null;
  const values = next === null ? {} : { level: t(`levels.${next.level}.name`) };
  return {
    action,
    title: t(`member.offers.${action}.title`),
    text: t(`member.offers.${textOf(action, member)}.text`, values),
    button: t(`member.offers.${action}.button`),
    danger: action === 'deactivate' || action === 'remove',
    refused: decided.ok ? null : t(`member.refused.${decided.reason as ToldRefusal}.what`),
  };
}

/** The same word of ours can do different things: by whose word somebody is in, or was shut out, decides. */
function textOf(action: MemberAction, member: Membership): string {
  if (action === 'automatic' && !isOnRoster(member)) return 'automatic-without-roster';
  if (action === 'reactivate' && member.inactiveReason !== 'by-hand') return 'reactivate-against-roster';
  return action;
}

function returnsToSomething(member: Membership, rules: MemberRules): boolean {
  if (member.updateMethod !== 'manual') return false;
  const decided = decideChange(member, { updateMethod: 'automatic' }, rules);
  if (!decided.ok) return decided.reason !== 'added-by-hand';
  return decided.value !== null && !sameMembership(member, decided.value);
}

function alertOf(
  member: Membership,
  { reason, last }: NonNullable<MemberFacts['refused']>,
  reader: Reader,
): NonNullable<MemberPage['alert']> {
  const { t } = reader;
  const title = t(`member.refused.${reason}.title`);
  if (reason !== 'changed-meanwhile') return { title, lines: [t(`member.refused.${reason}.what`)] };
  const row = memberRow(member, false, reader);
  const now = t('member.refused.changed-meanwhile.now', { level: row.level, method: row.method, status: row.status });
  return { title, lines: [now, whoChanged(member, last, reader), t('member.refused.changed-meanwhile.what')] };
}

/** Whom to ask: the person whose change stands, or the roster and launches where they changed it after that. */
function whoChanged(member: Membership, last: LastChange | null, { t, time }: Reader): string {
  const to = last && readState<SetByHand>(last.event.to);
  const isTheirs =
    to !== null &&
    (to.override ?? null) === member.override &&
    to.addedBy === member.addedBy &&
    (to.inactiveReason ?? null) === member.inactiveReason &&
    to.level === member.level;
  if (last === null && member.updateMethod === 'manual') return t('member.refused.changed-meanwhile.by-somebody');
  if (last === null || !isTheirs) return t('member.refused.changed-meanwhile.by-roster');
  const when: TimeText = time(last.event.at);
  if (last.by === null) return t('member.refused.changed-meanwhile.by-program', { when: when.text });
  const { name } = personName(last.by.name, last.by.subject, t);
  return t('member.refused.changed-meanwhile.by-person', { name, when: when.text });
}

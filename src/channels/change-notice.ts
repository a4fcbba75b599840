import type { Reader } from '../lib/reader.ts';
import { readState } from './activity.ts';
import type { Channel, UserId } from './channel.ts';
import type { NoticeText } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import type { ActivityEvent, ActivityStore, MembershipStore } from './channel-store.ts';
import { personName } from './person-name.ts';
import type { SetByHand } from './set-by-hand.ts';
import { standsAsLeft, undoKind } from './undo-activity.ts';

export type ChangeNoticeDeps = {
  activity: Pick<ActivityStore, 'findActivity' | 'countActivity'>;
  memberships: Pick<MembershipStore, 'findUser' | 'findMembership'>;
};

/** A change as the activity tells it; null when there is none, or when it does not stand any more. */
export async function findChange(deps: ChangeNoticeDeps, channel: Channel, id: string): Promise<FoundChange | null> {
  const event = await deps.activity.findActivity(id);
  if (event?.channelId !== channel.id || undoKind(event) !== 'member' || event.subjectUserId === null) return null;
  const { batch } = event;
  if (batch !== null) return { event, who: null, count: await deps.activity.countActivity(channel.id, { batch }) };
  const user = await deps.memberships.findUser(event.subjectUserId);
  const membership = await deps.memberships.findMembership(channel.id, event.subjectUserId);
  return user && standsAsLeft(event, { channel, membership }) ? { event, who: user, count: 1 } : null;
}

export type FoundChange = {
  event: ActivityEvent;
  /** Null: a change of many. */
  who: { id: UserId; name: string | null; subject: string } | null;
  count: number;
};

/** What a change of members ended in, with the button that undoes it. Its words come from what was recorded. */
export function changeNotice(
  { event, who, count }: FoundChange,
  refused: number,
  { links, reader }: { links: ChannelLinks; reader: Reader },
): NoticeText {
  const { t, number } = reader;
  const { key, values } = changeSentence(event, reader);
  const said =
    who === null
      ? t(`undo.many.${key}`, { ...values, count, number: number(count) })
      : t(`undo.one.${key}`, { ...values, name: personName(who.name, who.subject, t).name });
  const left = refused === 0 ? [] : [t('undo.refused', { count: refused, number: number(refused) })];
  return {
    text: [said, ...left].join(' '),
    tone: 'good',
    action: { href: links.undo(event.id), text: t('undo.button'), back: 'members' },
  };
}

/** Which sentence tells of a change of a member, and its level. */
function changeSentence(event: ActivityEvent, { t }: Reader): { key: string; values: { level: string } } {
  const from = readState<SetByHand>(event.from);
  const to = readState<SetByHand>(event.to);
  const values = { level: to?.level ? t(`undo.levels.${to.level}`) : '' };
  return { key: kindOf(event.action, from, to), values };
}

function kindOf(action: string, from: Partial<SetByHand> | null, to: Partial<SetByHand> | null): string {
  if (action === 'member.undo') return 'undone';
  if (to === null) return 'removed';
  if (from === null) return 'added';
  const wasOut = (from.inactiveReason ?? null) !== null;
  const isOut = (to.inactiveReason ?? null) !== null;
  if (isOut !== wasOut) return isOut ? 'deactivated' : 'reactivated';
  if ((to.override ?? null) !== null) return 'set';
  return to.addedBy === 'hand' ? 'unset' : 'automatic';
}

import { yieldToRequests } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { readState } from './activity.ts';
import { type ChangeChannelDeps, changeChannel } from './change-channel.ts';
import type { Channel, ChannelId, UserId } from './channel.ts';
import { type ChangeOwnerDeps, changeOwner, type OwnerState } from './channel-owner.ts';
import type { ActivityEvent } from './channel-store.ts';
import { inChannel, type ManageMembersDeps, rulesOf, writeMember } from './manage-members.ts';
import { isFitToOwn, type MemberRules, managersGained, refuseLoss } from './member-changes.ts';
import { isOnRoster, type Membership, membershipOfUser } from './membership.ts';
import { type SetByHand, stillSetByHand, withSetByHand } from './set-by-hand.ts';

/** `changed-since`: something else has happened to it after the change, which undoing must not sweep away. */
export type UndoRefusal =
  | 'no-such-activity'
  | 'not-undoable'
  | 'changed-since'
  | 'last-manager'
  | 'is-owner'
  | 'no-such-channel'
  | 'reference-id-taken';

export type Undone = {
  /** How many changes were undone, and how many could not be. */
  undone: number;
  refused: number;
  /** What undoing is called in the activity list; null when nothing was left to undo. */
  activityId: string | null;
};

export type UndoDeps = ManageMembersDeps & ChangeChannelDeps & ChangeOwnerDeps;

export type UndoRequest = { channelId: ChannelId; activityId: string; actor: string };

const SLICE = 50;

/** What kind of change an event tells of, for deciding who may undo it; null: it cannot be undone. */
export function undoKind({ action, subjectUserId }: Pick<ActivityEvent, 'action' | 'subjectUserId'>) {
  if (action === 'channel.change') return 'settings';
  if (action === 'channel.owner') return 'owner';
  return action.startsWith('member.') && subjectUserId !== null ? 'member' : null;
}

/** Whether what an event left still stands, so that undoing it would do something; `membership` is its subject's, if any. */
export function standsAsLeft(event: ActivityEvent, now: { channel: Channel; membership: Membership | null }): boolean {
  const kind = undoKind(event);
  if (kind === 'member') return standsAs(now.membership, readState<SetByHand>(event.to) as SetByHand | null);
  const left = readState<Channel>(event.to);
  if (kind === 'owner') return now.channel.ownerId === (left?.ownerId ?? null);
  return kind === 'settings' && left !== null && says(now.channel, left);
}

/**
 * Undoes one change, or with it all of its batch. What roster and launches said meanwhile stays; where a person changed
 * the same thing since, nothing is done. Undoing is itself a change that can be undone.
 */
export async function undoActivity(
  deps: UndoDeps,
  { channelId, activityId, actor }: UndoRequest,
): Promise<Result<Undone, UndoRefusal>> {
  const event = await deps.activity.findActivity(activityId);
  if (event?.channelId !== channelId) return failure('no-such-activity');
  const kind = undoKind(event);
  if (kind === 'settings') return undoSettings(deps, event, { channelId, actor });
  if (kind === 'owner') return undoOwner(deps, event, { channelId, actor });
  if (kind !== 'member') return failure('not-undoable');
  return event.batch === null
    ? undoMember(deps, event, { channelId, actor })
    : undoBatch(deps, event.batch, { channelId, actor });
}

type Whose = { channelId: ChannelId; actor: string };

async function undoSettings(
  deps: UndoDeps,
  event: ActivityEvent,
  { channelId, actor }: Whose,
): Promise<Result<Undone, UndoRefusal>> {
  const channel = await deps.channels.findChannel(channelId);
  const [from, to] = [readState<Channel>(event.from), readState<Channel>(event.to)];
  if (!channel || !from || !to) return failure(channel ? 'not-undoable' : 'no-such-channel');
  if (!says(channel, to)) return failure('changed-since');
  const { givenName, ...rest } = from;
  const change = 'givenName' in from ? { ...rest, name: givenName } : rest;
  const changed = await changeChannel(deps, { channelId, change, version: channel.version, actor });
  if (!changed.ok) return failure(changed.reason === 'changed-meanwhile' ? 'changed-since' : changed.reason);
  return success({ undone: 1, refused: 0, activityId: changed.value.activityId });
}

function says(channel: Channel, state: Partial<Channel>): boolean {
  const fields = Object.keys(state) as (keyof Channel)[];
  return fields.every((field) => JSON.stringify(channel[field]) === JSON.stringify(state[field]));
}

async function undoOwner(
  deps: UndoDeps,
  event: ActivityEvent,
  { channelId, actor }: Whose,
): Promise<Result<Undone, UndoRefusal>> {
  const former = readState<OwnerState>(event.from) ?? {};
  const ownerId = former.ownerId ?? null;
  const { ownerId: seenOwnerId = null, enteredBy = null } = readState<OwnerState>(event.to) ?? {};
  if (ownerId !== null && !(await mayOwnAgain(deps, channelId, { ...former, ownerId })))
    return failure('changed-since');
  const changed = await changeOwner(deps, { channelId, ownerId, seenOwnerId, leaving: enteredBy, actor });
  if (!changed.ok) return failure(changed.reason === 'no-such-channel' ? changed.reason : 'changed-since');
  const { activityId } = changed.value;
  if (activityId === null) return success({ undone: 0, refused: 0, activityId });
  // Who was made a manager in order to own the channel is what they were before.
  const entry = enteredBy === null ? null : await deps.activity.findActivity(enteredBy);
  const restored = entry === null ? null : await undoMember(deps, entry, { channelId, actor });
  return success({ undone: 1, refused: restored?.ok === false ? 1 : 0, activityId });
}

/**
 * A former owner whom a person has demoted or shut out since is not brought back by undoing; one who went because that
 * was undone, and is what they were before, is.
 */
async function mayOwnAgain(
  { memberships, activity }: UndoDeps,
  channelId: ChannelId,
  { ownerId, enteredBy }: { ownerId: UserId; enteredBy?: string },
): Promise<boolean> {
  const former = await memberships.findMembership(channelId, ownerId);
  if (former !== null && isFitToOwn(former)) return true;
  const entry = enteredBy === undefined ? null : await activity.findActivity(enteredBy);
  return entry !== null && standsAs(former, readState<SetByHand>(entry.from) as SetByHand | null);
}

async function undoMember(
  deps: UndoDeps,
  event: ActivityEvent,
  { channelId, actor }: Whose,
): Promise<Result<Undone, UndoRefusal>> {
  return inChannel(deps, channelId, async (channel) =>
    restoreMember(deps, channel, { event, actor, rules: await rulesOf(deps, channel, true) }),
  );
}

/** All events of a batch, slice by slice; those that something happened to since are left and counted. */
async function undoBatch(
  deps: UndoDeps,
  batch: string,
  { channelId, actor }: Whose,
): Promise<Result<Undone, UndoRefusal>> {
  const sum: Undone = { undone: 0, refused: 0, activityId: null };
  const undoing = newId(deps.clock(), deps.random) as string;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const request = { limit: SLICE, ...(cursor === undefined ? {} : { cursor }) };
    const page = await deps.activity.listActivity(channelId, { batch }, request);
    cursor = page.nextCursor;
    const done = await inChannel(deps, channelId, async (channel): Promise<Result<null, never>> => {
      const rules = await rulesOf(deps, channel, true);
      for (const event of page.items) {
        const restored = await restoreMember(deps, channel, { event, actor, rules, batch: undoing });
        if (restored.ok) {
          sum.undone += restored.value.undone;
          sum.activityId ??= restored.value.activityId;
        } else sum.refused += 1;
      }
      return success(null);
    });
    if (!done.ok) return done;
    await yieldToRequests();
  }
  return sum.undone === 0 && sum.refused > 0 ? failure('changed-since') : success(sum);
}

async function restoreMember(
  deps: UndoDeps,
  channel: Channel,
  { event, actor, rules, batch }: { event: ActivityEvent; actor: string; rules: MemberRules; batch?: string },
): Promise<Result<Undone, UndoRefusal>> {
  const userId = event.subjectUserId;
  const user = userId && (await deps.memberships.findUser(userId));
  if (!user) return failure('not-undoable');
  const from = readState<SetByHand>(event.from) as SetByHand | null;
  const to = readState<SetByHand>(event.to) as SetByHand | null;
  const written = await writeMember<UndoRefusal>(deps, {
    channel,
    userId: user.id,
    event: { action: 'member.undo', actor, ...(batch === undefined ? {} : { batch }) },
    decide(current) {
      if (!standsAs(current, to)) return failure('changed-since');
      const next = from
        ? withSetByHand(current ?? membershipOfUser(channel.id, user, 'hand', deps.clock()), from)
        : withoutEntry(current);
      const refusal = refuseLoss(current, next, rules);
      if (refusal === null) rules.managers += managersGained(current, next);
      return refusal === null ? success(next) : failure(refusal);
    },
  });
  if (!written.ok) return written;
  const { result, activityId } = written.value;
  return success({ undone: result === 'unchanged' ? 0 : 1, refused: 0, activityId });
}

/** Whether a membership still has what an event says people had made of it; null: none. */
function standsAs(member: Membership | null, state: SetByHand | null): boolean {
  return member === null || state === null ? member === state : stillSetByHand(member, state);
}

/** Undoing the entry of somebody whom the roster or a launch has brought meanwhile leaves what those say. */
function withoutEntry(member: Membership | null): Membership | null {
  if (member === null) return null;
  const origin = isOnRoster(member) ? 'roster' : member.launchLevel !== null ? 'launch' : null;
  if (origin === null) return null;
  const none = { override: null, inactiveReason: null, entered: null, listed: false, level: member.level };
  return withSetByHand(member, { ...none, addedBy: origin });
}

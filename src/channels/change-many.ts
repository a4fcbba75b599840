import { yieldToRequests } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Channel, ChannelId, UserId } from './channel.ts';
import type { MemberFilter, MembershipStore } from './channel-store.ts';
import { inChannel, type ManageMembersDeps, rulesOf, writeMember } from './manage-members.ts';
import {
  decideChange,
  type MemberChange,
  type MemberRefusal,
  type MemberRules,
  managersGained,
} from './member-changes.ts';
import { type Membership, sameMembership } from './membership.ts';

/** Whom a change is for: some people, or everybody a filtered list shows. */
export type MemberSelection = { userIds: readonly UserId[] } | { filter: MemberFilter };

/** What a person saw of a change before asking for it: when that was, and how many it said would be changed. */
export type SeenPreview = { at: number; changed: number };

export type ManyChange = { channelId: ChannelId; selection: MemberSelection; change: MemberChange };

/** What a change of many members does, or would do. */
export type ManyOutcome = {
  selected: number;
  changed: number;
  unchanged: number;
  /** How many cannot be changed, by reason. */
  refused: Partial<Record<MemberRefusal, number>>;
  /** Some of each, to be shown by name. */
  examples: { changed: Membership[]; refused: { member: Membership; reason: MemberRefusal }[] };
};

export type ManyPreview = ManyOutcome & { at: number };

/** `activityId` names one change of the batch, by which all of them are undone; null when nothing changed. */
export type ManyChanged = ManyOutcome & { batch: string; activityId: string | null };

export type ChangeManyDeps = ManageMembersDeps & {
  memberships: ManageMembersDeps['memberships'] & Pick<MembershipStore, 'listMembers'>;
};

/** More people than this are not changed at once. */
export const MOST_AT_ONCE = 2_000;

const SLICE = 50;
const EXAMPLES = 5;

/** What the change would do, in the order it would be done; nothing is written. */
export async function previewMany(
  deps: ChangeManyDeps,
  { channelId, selection, change }: ManyChange,
): Promise<Result<ManyPreview, 'no-such-channel' | 'too-many'>> {
  const at = deps.clock();
  const channel = await deps.channels.findChannel(channelId);
  if (!channel || channel.deletedAt !== null) return failure('no-such-channel');
  const userIds = await selectedUsers(deps, channelId, selection);
  if (userIds === null) return failure('too-many');
  return success({ ...(await foreseeAll(deps, channel, { userIds, change, seen: null })), at });
}

async function foreseeAll(
  deps: ChangeManyDeps,
  channel: Channel,
  { userIds, change, seen }: { userIds: readonly UserId[]; change: MemberChange; seen: SeenPreview | null },
): Promise<ManyOutcome> {
  const outcome = emptyOutcome();
  const rules = await rulesOf(deps, channel, true);
  for (const [i, userId] of userIds.entries()) {
    if (i % SLICE === 0) await yieldToRequests();
    const member = await deps.memberships.findMembership(channel.id, userId);
    if (!member) continue;
    if (await isNews(deps, member, seen)) tell(outcome, member, 'changed-meanwhile');
    else foresee(outcome, member, change, rules);
  }
  return outcome;
}

function foresee(outcome: ManyOutcome, member: Membership, change: MemberChange, rules: MemberRules): void {
  const decided = decideChange(member, change, rules);
  if (decided.ok) {
    rules.managers += managersGained(member, decided.value);
    const same = decided.value !== null && sameMembership(member, decided.value);
    tell(outcome, member, same ? 'unchanged' : 'changed');
  } else tell(outcome, member, decided.reason);
}

/** True for whom the person who asks cannot have seen as they are: they came since, or somebody decided about them. */
async function isNews({ activity }: ChangeManyDeps, member: Membership, seen: SeenPreview | null): Promise<boolean> {
  if (seen === null) return false;
  if (member.createdAt >= seen.at) return true;
  const { items } = await activity.listActivity(member.channelId, { subjectUserId: member.userId }, { limit: 1 });
  return items.some(({ at }) => at >= seen.at);
}

/**
 * Makes the change for each of them, a slice at a time, so that nobody else waits long; all events carry `batch`. Broken
 * off half-way, what was done stands in the activity list, and asking again does the rest. Nobody is changed whom `seen`
 * cannot have shown as they are; `more-than-seen`: more people would be changed than it said, and none was.
 */
export async function changeMany(
  deps: ChangeManyDeps,
  { channelId, selection, change, actor, seen = null }: ManyChange & { actor: string; seen?: SeenPreview | null },
): Promise<Result<ManyChanged, 'no-such-channel' | 'too-many' | 'more-than-seen'>> {
  const userIds = await selectedUsers(deps, channelId, selection);
  if (userIds === null) return failure('too-many');
  if (seen !== null && (await exceeds(deps, channelId, { userIds, change, seen }))) return failure('more-than-seen');
  const outcome: ManyChanged = { ...emptyOutcome(), batch: newId(deps.clock(), deps.random), activityId: null };
  const event = { action: `member.${Object.keys(change)[0] ?? 'change'}`, actor, batch: outcome.batch };
  for (let from = 0; from < userIds.length; from += SLICE) {
    const slice = userIds.slice(from, from + SLICE);
    const done = await inChannel(deps, channelId, (channel) =>
      changeSlice(deps, channel, { slice, change, seen, event, outcome }),
    );
    if (!done.ok) return done;
    await yieldToRequests();
  }
  return success(outcome);
}

/** A filter may find others than it found for the preview, and a sync may have changed those it finds. */
async function exceeds(
  deps: ChangeManyDeps,
  channelId: ChannelId,
  asked: { userIds: readonly UserId[]; change: MemberChange; seen: SeenPreview },
): Promise<boolean> {
  const channel = await deps.channels.findChannel(channelId);
  return channel !== null && (await foreseeAll(deps, channel, asked)).changed > asked.seen.changed;
}

async function changeSlice(
  deps: ChangeManyDeps,
  channel: Channel,
  work: {
    slice: readonly UserId[];
    change: MemberChange;
    seen: SeenPreview | null;
    event: { action: string; actor: string; batch: string };
    outcome: ManyChanged;
  },
): Promise<Result<null, never>> {
  const rules = await rulesOf(deps, channel, true);
  for (const userId of work.slice) {
    const standing = await deps.memberships.findMembership(channel.id, userId);
    if (standing !== null && (await isNews(deps, standing, work.seen))) {
      tell(work.outcome, standing, 'changed-meanwhile');
      continue;
    }
    let before: Membership | null = null;
    const written = await writeMember<MemberRefusal>(deps, {
      channel,
      userId,
      event: work.event,
      decide: (current) => {
        before = current;
        return current ? decideChange(current, work.change, rules) : failure('no-such-member');
      },
    });
    const member = before as Membership | null;
    if (!member) continue;
    if (!written.ok) tell(work.outcome, member, written.reason);
    else {
      const { result, membership, activityId } = written.value;
      work.outcome.activityId ??= activityId;
      rules.managers += managersGained(member, result === 'removed' ? null : membership);
      tell(work.outcome, member, result === 'unchanged' ? 'unchanged' : 'changed');
    }
  }
  return success(null);
}

/** The people selected, in the order of the list; null when there are too many. */
async function selectedUsers(
  deps: ChangeManyDeps,
  channelId: ChannelId,
  selection: MemberSelection,
): Promise<UserId[] | null> {
  if ('userIds' in selection) {
    const chosen = [...new Set(selection.userIds)];
    return chosen.length > MOST_AT_ONCE ? null : chosen;
  }
  const found: UserId[] = [];
  for (let cursor: string | null | undefined; cursor !== null && found.length <= MOST_AT_ONCE; ) {
    const request = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page = await deps.memberships.listMembers(channelId, selection.filter, request);
    found.push(...page.items.map((member) => member.userId));
    cursor = page.nextCursor;
    await yieldToRequests();
  }
  return found.length > MOST_AT_ONCE ? null : found;
}

function emptyOutcome(): ManyOutcome {
  return { selected: 0, changed: 0, unchanged: 0, refused: {}, examples: { changed: [], refused: [] } };
}

function tell(outcome: ManyOutcome, member: Membership, result: 'changed' | 'unchanged' | MemberRefusal): void {
  outcome.selected += 1;
  if (result === 'unchanged') outcome.unchanged += 1;
  else if (result === 'changed') {
    outcome.changed += 1;
    if (outcome.examples.changed.length < EXAMPLES) outcome.examples.changed.push(member);
  } else {
    outcome.refused[result] = (outcome.refused[result] ?? 0) + 1;
    if (outcome.examples.refused.length < EXAMPLES) outcome.examples.refused.push({ member, reason: result });
  }
}

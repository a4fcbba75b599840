import { failure, type Result, success } from '../lib/result.ts';
import { recordActivity } from './activity.ts';
import type { ChangeChannelDeps } from './change-channel.ts';
import { type Channel, type ChannelId, DELETED_KEPT_MS, type UserId } from './channel.ts';
import type { Membership } from './membership.ts';

type Ask = { channelId: ChannelId; actor: string };

/** Other writers may be quicker; what they wrote is kept. */
const ATTEMPTS = 5;

/**
 * Deletes a channel softly: nobody reaches it, nothing of it is lost, and for 30 days it can be restored. Deleting a
 * deleted channel changes nothing.
 */
export async function deleteChannel(
  deps: ChangeChannelDeps,
  ask: Ask,
): Promise<Result<Channel, 'no-such-channel' | 'changed-meanwhile'>> {
  return setDeleted(deps, ask, {
    action: 'channel.delete',
    isDone: (channel) => channel.deletedAt !== null,
    deletedAt: () => deps.clock(),
  });
}

/** Brings a deleted channel back as it was; `no-such-channel` also when its 30 days are over. */
export async function restoreChannel(
  deps: ChangeChannelDeps,
  ask: Ask,
): Promise<Result<Channel, 'no-such-channel' | 'changed-meanwhile'>> {
  return setDeleted(deps, ask, {
    action: 'channel.restore',
    isDone: (channel) => channel.deletedAt === null,
    deletedAt: () => null,
  });
}

/** Until when a deleted channel can be restored, in milliseconds; null for one that is not deleted. */
export function restorableUntil({ deletedAt }: Pick<Channel, 'deletedAt'>): number | null {
  return deletedAt === null ? null : deletedAt + DELETED_KEPT_MS;
}

/** Whether somebody may bring a channel back: whoever could delete it, for as long as it is kept. */
export function mayRestore(
  channel: Channel,
  who: { userId: UserId; membership: Membership | null; isAdministrator: boolean },
  now: number,
): boolean {
  const { membership, isAdministrator } = who;
  if (channel.deletedAt === null || isGone(channel, now) || membership?.inactiveReason === 'by-hand') return false;
  const manages = membership?.active === true && membership.level === 'manager';
  return isAdministrator || (manages && (channel.ownerId === null || channel.ownerId === who.userId));
}

async function setDeleted(
  deps: ChangeChannelDeps,
  { channelId, actor }: Ask,
  step: { action: string; isDone: (channel: Channel) => boolean; deletedAt: () => number | null },
): Promise<Result<Channel, 'no-such-channel' | 'changed-meanwhile'>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const channel = await deps.channels.findChannel(channelId);
    if (!channel || isGone(channel, deps.clock())) return failure('no-such-channel');
    if (step.isDone(channel)) return success(channel);
    const written = await deps.channels.updateChannel({ ...channel, deletedAt: step.deletedAt() }, deps.clock());
    if (!written) continue;
    await recordActivity(deps, { action: step.action, actor, channelId, platformId: channel.platformId });
    return success(written);
  }
  return failure('changed-meanwhile');
}

function isGone(channel: Channel, now: number): boolean {
  const until = restorableUntil(channel);
  return until !== null && until <= now;
}

import { failure, type Result, success } from '../lib/result.ts';
import { type Channel, type ChannelId, DELETED_KEPT_MS, type UserId } from './channel.ts';
import type { ChannelContents } from './channel-contents.ts';
import type { Membership } from './membership.ts';
import { type ChannelRewrite, type RewriteDeps, rewriteChannel } from './rewrite-channel.ts';

type Ask = {
  channelId: ChannelId;
  actor: string;
  /** The version the caller saw; left out or null: whatever stands, and what others wrote meanwhile is kept. */
  version?: number | null;
};

type EndDeps = RewriteDeps & { contents?: ChannelContents };

type Refusal = 'no-such-channel' | 'changed-meanwhile';

/**
 * Deletes a channel softly: nobody reaches it, nothing of it is lost, and for 30 days it can be restored. Deleting a
 * deleted channel changes nothing, whatever version the caller saw. Its recordings go to `recordingsTo`, a channel that
 * whoever deletes it manages, or to their owners' libraries.
 */
export async function deleteChannel(
  deps: EndDeps,
  ask: Ask & { recordingsTo?: ChannelId | null },
): Promise<Result<Channel, Refusal>> {
  const deleted = await setDeleted(deps, ask, {
    action: 'channel.delete',
    isDone: (channel) => channel.deletedAt !== null,
    deletedAt: () => deps.clock(),
  });
  const { recordingsTo = null, actor } = ask;
  if (deleted.ok) await deps.contents?.afterDelete(deleted.value, { recordingsTo, actor });
  return deleted;
}

/** Brings a deleted channel back as it was; `no-such-channel` also when its 30 days are over. */
export async function restoreChannel(deps: EndDeps, ask: Ask): Promise<Result<Channel, Refusal>> {
  const restored = await setDeleted(deps, ask, {
    action: 'channel.restore',
    isDone: (channel) => channel.deletedAt === null,
    deletedAt: () => null,
  });
  if (restored.ok) await deps.contents?.afterRestore(restored.value, { actor: ask.actor });
  return restored;
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
  deps: RewriteDeps,
  { channelId, actor, version = null }: Ask,
  step: { action: string; isDone: (channel: Channel) => boolean; deletedAt: () => number | null },
): Promise<Result<Channel, Refusal>> {
  const written = await rewriteChannel(
    deps,
    channelId,
    async (channel): Promise<Result<ChannelRewrite | null, Refusal>> => {
      if (isGone(channel, deps.clock())) return failure('no-such-channel');
      if (step.isDone(channel)) return success(null);
      if (version !== null && version !== channel.version) return failure('changed-meanwhile');
      return success({
        next: { ...channel, deletedAt: step.deletedAt() },
        tell: () => [{ action: step.action, actor }],
      });
    },
  );
  if (written.ok) return success(written.value.channel);
  // The time for restoring it ran out just before it was written.
  return written.reason === 'not-writable' ? failure('no-such-channel') : failure(written.reason);
}

function isGone(channel: Channel, now: number): boolean {
  const until = restorableUntil(channel);
  return until !== null && until <= now;
}

import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { type NewActivity, newActivity } from './activity.ts';
import type { Channel, ChannelId } from './channel.ts';
import type { ActivityEvent, ChannelStore } from './channel-store.ts';

export type RewriteDeps = {
  channels: Pick<ChannelStore, 'findChannel' | 'updateChannel'>;
  clock: Clock;
  random: Random;
};

/** The next state of a channel, and the events that tell of it once it is written. */
export type ChannelRewrite = { next: Channel; tell: (written: Channel) => NewActivity[] };

/** `activityId` names the first event, by which the change is undone; null when nothing changed. */
export type RewrittenChannel = { channel: Channel; activityId: string | null };

/** `not-writable`: nobody was quicker, and still the store refused what was to be written. */
export type RewriteRefusal = 'no-such-channel' | 'changed-meanwhile' | 'not-writable';

/** Settings, owners and titles that launches bring may be written meanwhile; nobody is so unlucky this often. */
const ATTEMPTS = 5;

/**
 * Writes what `change` makes of a channel, together with its events; when another writer was quicker, `change` is asked
 * again about what that one left. Null from it writes nothing.
 */
export async function rewriteChannel<Refusal extends string>(
  deps: RewriteDeps,
  channelId: ChannelId,
  change: (channel: Channel) => Promise<Result<ChannelRewrite | null, Refusal>>,
): Promise<Result<RewrittenChannel, Refusal | RewriteRefusal>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const channel = await deps.channels.findChannel(channelId);
    if (!channel) return failure('no-such-channel');
    const decided = await change(channel);
    if (!decided.ok) return decided;
    if (decided.value === null) return success({ channel, activityId: null });
    const written = await write(deps, decided.value);
    if (written) return success(written);
    const standing = await deps.channels.findChannel(channelId);
    if (standing?.version === channel.version) return failure('not-writable');
  }
  return failure('changed-meanwhile');
}

async function write(deps: RewriteDeps, { next, tell }: ChannelRewrite): Promise<RewrittenChannel | null> {
  const about = { channelId: next.id, platformId: next.platformId };
  const events: ActivityEvent[] = [];
  const channel = await deps.channels.updateChannel(next, deps.clock(), (written) => {
    events.splice(0, events.length, ...tell(written).map((event) => newActivity(deps, { ...event, ...about })));
    return events;
  });
  return channel && { channel, activityId: events[0]?.id ?? null };
}

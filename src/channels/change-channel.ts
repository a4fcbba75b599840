import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { recordActivity, writeState } from './activity.ts';
import type { Channel, ChannelId } from './channel.ts';
import type { ActivityStore, ChannelStore } from './channel-store.ts';

export type ChangeChannelDeps = { channels: ChannelStore; activity: ActivityStore; clock: Clock; random: Random };

/** What may change; a field that is left out stays. `name` is the one a manager gives, null returns to the LMS's title. */
export type ChannelChange = { name?: string | null | undefined } & {
  [Field in ChangeableField]?: Channel[Field] | undefined;
};

type ChangeableField = 'description' | 'tags' | 'privacy' | 'contributionPolicy' | 'moderated' | 'referenceId' | 'sync';

export type ChannelChangeRequest = {
  channelId: ChannelId;
  change: ChannelChange;
  /** The version the caller saw; null: whatever stands. */
  version: number | null;
  actor: string;
};

/** Other writers may be quicker; without a version the change is made to what they left. */
const ATTEMPTS = 5;

/** `activityId` is what undoing the change is asked by; null when nothing changed. */
export type ChangedChannel = { channel: Channel; activityId: string | null };

export type ChangeChannelRefusal = 'no-such-channel' | 'reference-id-taken' | 'changed-meanwhile';

/** Changes the settings of a channel and notes who did; a change that changes nothing writes nothing. */
export async function changeChannel(
  deps: ChangeChannelDeps,
  request: ChannelChangeRequest,
): Promise<Result<ChangedChannel, ChangeChannelRefusal>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const channel = await deps.channels.findChannel(request.channelId);
    if (!channel || channel.deletedAt !== null) return failure('no-such-channel');
    if (request.version !== null && request.version !== channel.version) return failure('changed-meanwhile');
    const changed = await tryChange(deps, channel, request);
    if (changed !== 'overtaken') return changed;
  }
  return failure('changed-meanwhile');
}

async function tryChange(
  deps: ChangeChannelDeps,
  channel: Channel,
  { change, actor }: ChannelChangeRequest,
): Promise<Result<ChangedChannel, 'reference-id-taken'> | 'overtaken'> {
  const next = withChange(channel, change);
  const fields = changedFields(channel, next);
  if (fields.length === 0) return success({ channel, activityId: null });
  if (await isTaken(deps.channels, next)) return failure('reference-id-taken');
  const written = await deps.channels.updateChannel(next, deps.clock());
  if (written) {
    const { id: channelId, platformId } = written;
    const from = writeState(pick(channel, fields));
    const to = writeState(pick(written, fields));
    const event = { action: 'channel.change', actor, channelId, platformId, from, to };
    const activityId = await recordActivity(deps, event);
    return success({ channel: written, activityId });
  }
  const standing = await deps.channels.findChannel(channel.id);
  // If nobody was quicker, a channel that is not listed (a deleted one) holds the reference ID.
  return standing?.version === channel.version ? failure('reference-id-taken') : 'overtaken';
}

function withChange(channel: Channel, { name, tags, ...rest }: ChannelChangeRequest['change']): Channel {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...channel,
    ...given,
    givenName: name === undefined ? channel.givenName : name,
    tags: tags ? [...new Set(tags)] : channel.tags,
  };
}

function pick(channel: Channel, fields: readonly (keyof Channel)[]): Partial<Channel> {
  return Object.fromEntries(fields.map((field) => [field, channel[field]]));
}

function changedFields(before: Channel, after: Channel): (keyof Channel)[] {
  const fields = Object.keys(after) as (keyof Channel)[];
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

async function isTaken(channels: ChannelStore, { id, platformId, referenceId }: Channel): Promise<boolean> {
  if (referenceId === null) return false;
  const { items } = await channels.listChannels({ platformId, referenceId }, { limit: 2 });
  return items.some((other) => other.id !== id);
}

import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { writeState } from './activity.ts';
import type { Channel, ChannelId, ChannelSyncSettings } from './channel.ts';
import type { ChannelStore } from './channel-store.ts';
import { type ChannelRewrite, type RewrittenChannel, rewriteChannel } from './rewrite-channel.ts';

export type ChangeChannelDeps = {
  channels: Pick<ChannelStore, 'findChannel' | 'listChannels' | 'updateChannel'>;
  clock: Clock;
  random: Random;
};

/**
 * What may change; a field that is left out stays, also one of `sync`. `name` is the one a manager gives, null returns to
 * the LMS's title.
 */
export type ChannelChange = {
  name?: string | null | undefined;
  sync?: { [Field in keyof ChannelSyncSettings]?: ChannelSyncSettings[Field] | undefined } | undefined;
} & { [Field in ChangeableField]?: Channel[Field] | undefined };

type ChangeableField = 'description' | 'tags' | 'privacy' | 'contributionPolicy' | 'moderated' | 'referenceId';

export type ChannelChangeRequest = {
  channelId: ChannelId;
  change: ChannelChange;
  /** The version the caller saw; null: whatever stands. */
  version: number | null;
  actor: string;
};

/** `activityId` is what undoing the change is asked by; null when nothing changed. */
export type ChangedChannel = RewrittenChannel;

export type ChangeChannelRefusal = 'no-such-channel' | 'reference-id-taken' | 'changed-meanwhile';

/** Changes the settings of a channel and notes who did; a change that changes nothing writes nothing. */
export async function changeChannel(
  deps: ChangeChannelDeps,
  { channelId, change, version, actor }: ChannelChangeRequest,
): Promise<Result<ChangedChannel, ChangeChannelRefusal>> {
  const changed = await rewriteChannel(deps, channelId, (channel) =>
    decideSettings(deps.channels, channel, { change, version, actor }),
  );
  return changed.ok ? changed : failure(settingsRefusal(changed.reason));
}

/** What a change of settings makes of a channel, null for nothing, or why it may not be made. */
export async function decideSettings(
  channels: Pick<ChannelStore, 'listChannels'>,
  channel: Channel,
  { change, version, actor }: Omit<ChannelChangeRequest, 'channelId'>,
): Promise<Result<ChannelRewrite | null, ChangeChannelRefusal>> {
  if (channel.deletedAt !== null) return failure('no-such-channel');
  if (version !== null && version !== channel.version) return failure('changed-meanwhile');
  const next = withChange(channel, change);
  const fields = changedFields(channel, next);
  if (fields.length === 0) return success(null);
  if (await isTaken(channels, next)) return failure('reference-id-taken');
  const from = writeState(pick(channel, fields));
  return success({
    next,
    tell: (written) => [{ action: 'channel.change', actor, from, to: writeState(pick(written, fields)) }],
  });
}

/** If nobody was quicker, a channel that is not listed (a deleted one) holds the reference ID. */
export function settingsRefusal<Reason extends string>(
  reason: Reason | 'not-writable',
): Exclude<Reason, 'not-writable'> | 'reference-id-taken' {
  return reason === 'not-writable' ? 'reference-id-taken' : (reason as Exclude<Reason, 'not-writable'>);
}

function withChange(channel: Channel, { name, tags, sync, ...rest }: ChannelChange): Channel {
  const given = said(rest);
  return {
    ...channel,
    ...given,
    givenName: name === undefined ? channel.givenName : name,
    tags: tags ? [...new Set(tags)] : channel.tags,
    sync: { ...channel.sync, ...said(sync ?? {}) },
  };
}

function said(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function pick(channel: Channel, fields: readonly (keyof Channel)[]): Partial<Channel> {
  return Object.fromEntries(fields.map((field) => [field, channel[field]]));
}

function changedFields(before: Channel, after: Channel): (keyof Channel)[] {
  const fields = Object.keys(after) as (keyof Channel)[];
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

async function isTaken(
  channels: Pick<ChannelStore, 'listChannels'>,
  { id, platformId, referenceId }: Channel,
): Promise<boolean> {
  if (referenceId === null) return false;
  const { items } = await channels.listChannels({ platformId, referenceId }, { limit: 2 });
  return items.some((other) => other.id !== id);
}

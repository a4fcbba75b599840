import { type ChangeChannelRefusal, changeChannel } from '../channels/change-channel.ts';
import type { Channel, ChannelId } from '../channels/channel.ts';
import { changeOwner, type OwnerRefusal } from '../channels/channel-owner.ts';
import type { ChannelFilter } from '../channels/channel-store.ts';
import { deleteChannel, restoreChannel } from '../channels/delete-channel.ts';
import type { RewrittenChannel } from '../channels/rewrite-channel.ts';
import { yieldToRequests } from '../lib/clock.ts';
import { failure, type Result, type Success, success } from '../lib/result.ts';
import { findChannel, findChannelOrDeleted, isKept } from './find-channel.ts';
import {
  type Answer,
  type Caller,
  type OperationDeps,
  type Operations,
  pageRequest,
  withoutUndefined,
} from './operation.ts';
import { findPerson } from './people.ts';
import { entityTag, meetsVersion } from './preconditions.ts';
import { presentChannel } from './present.ts';
import type { InputOf, OutputOf } from './routes-table.ts';

type ChannelOperations = Pick<
  Operations,
  'listChannels' | 'getChannel' | 'changeChannel' | 'deleteChannel' | 'restoreChannel'
>;

export function channelOperations(deps: OperationDeps): ChannelOperations {
  async function show(channel: Channel): Promise<Success<Answer<OutputOf<'getChannel'>>>> {
    const body = await presentChannel(deps, channel);
    return success({ body, headers: { ETag: entityTag(channel, body) } });
  }

  async function overtaken(channelId: ChannelId) {
    const channel = await deps.channels.findChannel(channelId);
    const shown = channel && (await show(channel)).value;
    const extra = shown ? { extra: { channel: shown.body }, headers: shown.headers ?? {} } : {};
    return { ...failure('changed-meanwhile'), ...extra };
  }

  return {
    async listChannels({ query }) {
      const { limit, cursor, deleted, ...rest } = query;
      const request = pageRequest({ limit, cursor });
      const filter = withoutUndefined<ChannelFilter>({ ...rest, deleted: deleted === 'true' || undefined });
      const page = await deps.channels.listChannels(filter, request);
      const items = [];
      for (const channel of page.items.filter((one) => isKept(one, deps.clock()))) {
        items.push(await presentChannel(deps, channel));
        await yieldToRequests();
      }
      return success({ body: { items, nextCursor: page.nextCursor } });
    },

    async getChannel({ params }) {
      const channel = await findChannelOrDeleted(deps, params.channelId);
      return channel.ok ? show(channel.value) : channel;
    },

    async changeChannel(input, caller) {
      const changed = await changeSettings(deps, input, caller);
      if (changed.ok) return show(changed.value.channel);
      return changed.reason === 'changed-meanwhile' ? overtaken(input.params.channelId as ChannelId) : changed;
    },

    async deleteChannel({ params }, { actor, precondition }) {
      const channelId = params.channelId as ChannelId;
      const channel = await deps.channels.findChannel(channelId);
      // What is deleted already is as the caller wants it, whatever its version.
      if (channel?.deletedAt === null && !meetsVersion(precondition, channel)) return overtaken(channelId);
      const version = precondition.match === null ? null : (channel?.version ?? null);
      const deleted = await deleteChannel(deps, { channelId, actor, version });
      if (deleted.ok) return show(deleted.value);
      return deleted.reason === 'changed-meanwhile' ? overtaken(channelId) : deleted;
    },

    async restoreChannel({ params }, { actor }) {
      const restored = await restoreChannel(deps, { channelId: params.channelId as ChannelId, actor });
      if (restored.ok) return show(restored.value);
      if (restored.reason === 'no-such-channel') return failure('no-such-channel');
      throw new Error('A channel that is deleted was written to by others again and again');
    },
  };
}

type ChangeInput = InputOf<'changeChannel'>;
type Changed = Result<RewrittenChannel, ChangeChannelRefusal | OwnerRefusal>;

async function changeSettings(
  deps: OperationDeps,
  { params, body }: ChangeInput,
  { actor, precondition }: Caller,
): Promise<Changed> {
  const found = await findChannel(deps, params.channelId);
  if (!found.ok) return found;
  const channel = found.value;
  if (!meetsVersion(precondition, channel)) return failure('changed-meanwhile');
  const { owner, ...change } = body;
  const version = precondition.match === null ? null : channel.version;
  const channelId = channel.id;
  if (owner === undefined) return changeChannel(deps, { channelId, change, version, actor });
  const user = owner === null ? null : await findPerson(deps.memberships, channel.platformId, owner);
  if (owner !== null && user === null) return failure('no-such-person');
  return changeOwner(deps, { channelId, ownerId: user?.id ?? null, settings: { change, version }, actor });
}

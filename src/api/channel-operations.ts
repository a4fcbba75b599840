import { type ChangeChannelRefusal, type ChannelChange, changeChannel } from '../channels/change-channel.ts';
import type { Channel, ChannelId, User } from '../channels/channel.ts';
import { changeOwner, type OwnerRefusal } from '../channels/channel-owner.ts';
import type { ChannelFilter } from '../channels/channel-store.ts';
import { deleteChannel, restoreChannel } from '../channels/delete-channel.ts';
import { yieldToRequests } from '../lib/clock.ts';
import { failure, type Result, type Success, success } from '../lib/result.ts';
import { findChannel } from './find-channel.ts';
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

/** Other writers may be quicker; a change without `If-Match` is made to what they left. */
const ATTEMPTS = 5;

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
      const { limit, cursor, ...filter } = query;
      const request = pageRequest({ limit, cursor });
      const page = await deps.channels.listChannels(withoutUndefined<ChannelFilter>(filter), request);
      const items = [];
      for (const channel of page.items) {
        items.push(await presentChannel(deps, channel));
        await yieldToRequests();
      }
      return success({ body: { items, nextCursor: page.nextCursor } });
    },

    async getChannel({ params }) {
      const channel = await findChannel(deps, params.channelId);
      return channel.ok ? show(channel.value) : channel;
    },

    async changeChannel(input, caller) {
      const changed = await changeSettings(deps, input, caller);
      if (changed.ok) return show(changed.value);
      return changed.reason === 'changed-meanwhile' ? overtaken(input.params.channelId as ChannelId) : changed;
    },

    async deleteChannel({ params }, { actor, precondition }) {
      const channelId = params.channelId as ChannelId;
      const channel = await deps.channels.findChannel(channelId);
      // What is deleted already is as the caller wants it, whatever its version.
      if (channel?.deletedAt === null && !meetsVersion(precondition, channel)) return overtaken(channelId);
      const deleted = await deleteChannel(deps, { channelId, actor });
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
type Changed = Result<Channel, ChangeChannelRefusal | OwnerRefusal>;

async function changeSettings(deps: OperationDeps, input: ChangeInput, caller: Caller): Promise<Changed> {
  for (let attempt = 1; ; attempt++) {
    const changed = await trySettings(deps, input, caller);
    const mayRepeat = caller.precondition.match === null && attempt < ATTEMPTS;
    if (changed.ok || changed.reason !== 'changed-meanwhile' || !mayRepeat) return changed;
  }
}

/** Settings and owner in turn; whatever can be refused is looked at before anything is written. */
async function trySettings(
  deps: OperationDeps,
  { params, body }: ChangeInput,
  { actor, precondition }: Caller,
): Promise<Changed> {
  const found = await findChannel(deps, params.channelId);
  if (!found.ok) return found;
  const channel = found.value;
  if (!meetsVersion(precondition, channel)) return failure('changed-meanwhile');
  const { owner, sync, ...rest } = body;
  const newOwner = await findOwner(deps, channel, owner);
  if (!newOwner.ok) return newOwner;

  const change: ChannelChange = sync
    ? { ...rest, sync: { ...channel.sync, ...withoutUndefined<Partial<typeof channel.sync>>(sync) } }
    : rest;
  // Sync settings are laid over what was read, so that must still stand.
  const version = sync || precondition.match !== null ? channel.version : null;
  const channelId = channel.id;
  const changed = await changeChannel(deps, { channelId, change, version, actor });
  if (!changed.ok || newOwner.value === undefined) return changed.ok ? success(changed.value.channel) : changed;
  const ownerId = newOwner.value?.id ?? null;
  const seen = precondition.match === null ? {} : { seenOwnerId: channel.ownerId };
  const owned = await changeOwner(deps, { channelId, ownerId, actor, ...seen });
  return owned.ok ? success(owned.value.channel) : owned;
}

async function findOwner(
  { memberships }: OperationDeps,
  { id, platformId }: Channel,
  owner: string | null | undefined,
): Promise<Result<User | null | undefined, 'no-such-person' | 'test-student'>> {
  if (owner === null || owner === undefined) return success(owner);
  const user = await findPerson(memberships, platformId, owner);
  if (!user) return failure('no-such-person');
  const member = await memberships.findMembership(id, user.id);
  return member?.isTest ? failure('test-student') : success(user);
}

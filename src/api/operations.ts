import { type ChangeChannelDeps, changeChannel } from '../channels/change-channel.ts';
import type { ChannelId, SyncId, UserId } from '../channels/channel.ts';
import type { ChannelFilter, MemberFilter } from '../channels/channel-store.ts';
import type { ManageMembers, MemberChange } from '../channels/manage-members.ts';
import type { SyncService } from '../channels/sync-service.ts';
import { yieldToRequests } from '../lib/clock.ts';
import type { PageRequest } from '../lib/page.ts';
import { type Failure, failure, type Success, success } from '../lib/result.ts';
import { type PresentDeps, presentChannel, presentMember, presentSync } from './present.ts';
import type { ApiProblemReason } from './problems.ts';
import type { InputOf, Operation, OutputOf } from './routes-table.ts';

export type OperationDeps = PresentDeps &
  ChangeChannelDeps & {
    syncService: Pick<SyncService, 'request' | 'applyHeld' | 'discardHeld'>;
    manageMembers: ManageMembers;
  };

/** Who calls, and what its `If-Match` says: a version, null when there is none, -1 when no version can match. */
export type Caller = { actor: string; version: number | null };

export type Answer<Body> = { body: Body; headers?: Record<string, string> };

/** A failure, with what its problem document shows besides the text. */
export type Refusal = Failure<ApiProblemReason> & { extra?: Record<string, unknown> };

export type Operations = {
  [Name in Operation]: (input: InputOf<Name>, caller: Caller) => Promise<Success<Answer<OutputOf<Name>>> | Refusal>;
};

/** What each operation of the table does. */
export function createOperations(deps: OperationDeps): Operations {
  const { channels, memberships, syncs, syncService, manageMembers } = deps;

  async function findChannel(id: string) {
    const channel = await channels.findChannel(id as ChannelId);
    return channel && channel.deletedAt === null ? channel : null;
  }

  async function decide(syncId: string, verb: 'applyHeld' | 'discardHeld', actor: string) {
    const known = await syncs.findSync(syncId as SyncId);
    if (!known) return failure('no-such-sync');
    const decided = await syncService[verb](known.id, actor);
    return decided.ok ? success({ body: presentSync(decided.value) }) : decided;
  }

  return {
    async listChannels({ query }) {
      const { limit, cursor, ...filter } = query;
      const page = await channels.listChannels(withoutUndefined<ChannelFilter>(filter), pageRequest({ limit, cursor }));
      const items = [];
      for (const channel of page.items) {
        items.push(await presentChannel(deps, channel));
        await yieldToRequests();
      }
      return success({ body: { items, nextCursor: page.nextCursor } });
    },

    async getChannel({ params }) {
      const channel = await findChannel(params.channelId);
      if (!channel) return failure('no-such-channel');
      return success({ body: await presentChannel(deps, channel), headers: versionHeader(channel) });
    },

    async changeChannel({ params, body }, { actor, version }) {
      const channelId = params.channelId as ChannelId;
      const changed = await changeChannel(deps, { channelId, change: body, version, actor });
      if (!changed.ok) return changed;
      return success({ body: await presentChannel(deps, changed.value), headers: versionHeader(changed.value) });
    },

    async listMembers({ params, query }) {
      const channel = await findChannel(params.channelId);
      if (!channel) return failure('no-such-channel');
      const { limit, cursor, status, ...rest } = query;
      const filter = { ...rest, active: status === undefined ? undefined : status === 'active' };
      const request = pageRequest({ limit, cursor });
      const page = await memberships.listMembers(channel.id, withoutUndefined<MemberFilter>(filter), request);
      return success({ body: { items: page.items.map(presentMember), nextCursor: page.nextCursor } });
    },

    async getMember({ params }) {
      const channel = await findChannel(params.channelId);
      if (!channel) return failure('no-such-channel');
      const member = await memberships.findMembership(channel.id, params.userId as UserId);
      return member ? success({ body: presentMember(member) }) : failure('no-such-member');
    },

    async changeMember({ params, body }, { actor }) {
      const channel = await findChannel(params.channelId);
      if (!channel) return failure('no-such-channel');
      const userId = params.userId as UserId;
      const { override = false, ...change } = body;
      // The schema lets exactly one field through.
      const request = { channelId: channel.id, userId, change: change as MemberChange, override, actor };
      const changed = await manageMembers.change(request);
      if (changed.ok) return success({ body: presentMember(changed.value.membership) });
      if (changed.reason !== 'kept-set-by-hand') return changed;
      const member = await memberships.findMembership(channel.id, userId);
      return { ...changed, extra: member ? { member: presentMember(member) } : {} };
    },

    async requestSync({ params }) {
      const channelId = params.channelId as ChannelId;
      const asked = await syncService.request({ channelId, trigger: 'api', requestedBy: null });
      if (!asked) return failure('no-such-channel');
      return success({ body: { syncId: asked.run.id }, headers: { Location: `/api/v1/syncs/${asked.run.id}` } });
    },

    async getSync({ params }) {
      const run = await syncs.findSync(params.syncId as SyncId);
      return run ? success({ body: presentSync(run) }) : failure('no-such-sync');
    },

    applySync: ({ params }, { actor }) => decide(params.syncId, 'applyHeld', actor),
    discardSync: ({ params }, { actor }) => decide(params.syncId, 'discardHeld', actor),
  };
}

function pageRequest({ limit = 50, cursor }: { limit: number | undefined; cursor: string | undefined }): PageRequest {
  return cursor === undefined ? { limit } : { limit, cursor };
}

function versionHeader({ version }: { version: number }): Record<string, string> {
  return { ETag: `"${version}"` };
}

function withoutUndefined<Filter>(filter: { [Key in keyof Filter]?: unknown }): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;
}

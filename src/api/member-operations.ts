import type { Channel, ChannelId, PlatformId, User, UserId } from '../channels/channel.ts';
import type { MemberFilter } from '../channels/channel-store.ts';
import type { Seen } from '../channels/manage-members.ts';
import type { MemberChange, MemberRefusal } from '../channels/member-changes.ts';
import type { Membership } from '../channels/membership.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { findChannel } from './find-channel.ts';
import {
  type Answer,
  type OperationDeps,
  type Operations,
  pageRequest,
  type Refusal,
  withoutUndefined,
} from './operation.ts';
import { findPerson, whoToEnter } from './people.ts';
import { entityTag, meetsTag, type Precondition } from './preconditions.ts';
import { presentMember, presentPerson } from './present.ts';
import type { ApiProblemReason } from './problems.ts';
import type { OutputOf } from './routes-table.ts';

type MemberOperations = Pick<
  Operations,
  'listMembers' | 'getMember' | 'putMember' | 'changeMember' | 'removeMember' | 'searchPeople'
>;

export function memberOperations(deps: OperationDeps): MemberOperations {
  const { memberships, manageMembers } = deps;

  async function look(params: { channelId: string; userId: string }): Promise<Result<Found, 'no-such-channel'>> {
    const channel = await findChannel(deps, params.channelId);
    if (!channel.ok) return channel;
    const user = await findPerson(memberships, channel.value.platformId, params.userId);
    const member = user && (await memberships.findMembership(channel.value.id, user.id));
    return success({ channel: channel.value, user, member });
  }

  /** The refusal with the member as it stands, for a program that decides what to do about it. */
  async function refuse(reason: ApiProblemReason, { channel, user }: Found): Promise<Refusal> {
    const member = user && (await memberships.findMembership(channel.id, user.id));
    if (!member) return failure(reason);
    const { body, headers = {} } = show(member);
    return { ...failure(reason), extra: { member: body }, headers };
  }

  return {
    async listMembers({ params, query }) {
      const channel = await findChannel(deps, params.channelId);
      if (!channel.ok) return channel;
      const { limit, cursor, status, ...rest } = query;
      const filter = { ...rest, active: status === undefined ? undefined : status === 'active' };
      const request = pageRequest({ limit, cursor });
      const page = await memberships.listMembers(channel.value.id, withoutUndefined<MemberFilter>(filter), request);
      return success({ body: { items: page.items.map(presentMember), nextCursor: page.nextCursor } });
    },

    async getMember({ params }) {
      const found = await look(params);
      if (!found.ok) return found;
      return found.value.member ? success(show(found.value.member)) : failure('no-such-member');
    },

    async putMember({ params, body }, { actor, precondition }) {
      const found = await look(params);
      if (!found.ok) return found;
      const { channel, user, member } = found.value;
      const who = whoToEnter(params.userId, user, body);
      if (who === null) return failure('no-such-person');
      const seen = expected(precondition, member);
      if (!seen.ok) return refuse(seen.reason, found.value);
      const { level, updateMethod = 'manual', override = false } = body;
      const entry = { level, updateMethod };
      const entered = await manageMembers.enter({
        channelId: channel.id,
        who,
        entry,
        override,
        seen: seen.value,
        actor,
      });
      if (!entered.ok) return entered.reason === 'no-such-channel' ? entered : refuse(entered.reason, found.value);
      const { membership, result } = entered.value;
      if (result !== 'added') return success(show(membership));
      const { headers, ...shown } = show(membership);
      return success({ ...shown, status: 201, headers: { ...headers, Location: pathOf(membership) } });
    },

    async changeMember({ params, body }, { actor, precondition }) {
      const found = await look(params);
      if (!found.ok) return found;
      const { channel, member } = found.value;
      if (!member) return failure('no-such-member');
      const seen = expected(precondition, member);
      if (!seen.ok) return refuse(seen.reason, found.value);
      const { override = false, ...change } = body;
      const changed = await manageMembers.change({
        ...{ channelId: channel.id, userId: member.userId, override, seen: seen.value, actor },
        // The schema lets exactly one field through.
        change: change as MemberChange,
      });
      return changed.ok
        ? success(show(changed.value.membership))
        : refuse(withoutOnRoster(changed.reason), found.value);
    },

    async removeMember({ params, query }, { actor, precondition }) {
      const found = await look(params);
      if (!found.ok) return found;
      const { channel, user, member } = found.value;
      if (!user) return failure('no-such-person');
      // RFC 9110, 13.1.1: what is as the caller wants it already is a success, whatever tag was expected.
      if (!member) return success({ body: null });
      const seen = expected(precondition, member);
      if (!seen.ok) return refuse(seen.reason, found.value);
      const removed = await manageMembers.change({
        ...{ channelId: channel.id, userId: user.id, seen: seen.value, actor },
        change: { remove: 'any' },
        override: query.override === 'true',
      });
      if (removed.ok || removed.reason === 'no-such-member') return success({ body: null });
      return refuse(withoutOnRoster(removed.reason), found.value);
    },

    async searchPeople({ query: { platformId, q, limit = 20 } }) {
      const people = await memberships.searchUsers({ platformId: platformId as PlatformId }, q, limit);
      return success({ body: { items: people.map(presentPerson), nextCursor: null } });
    },
  };
}

type Found = { channel: Channel; user: User | null; member: Membership | null };

function show(member: Membership): Answer<OutputOf<'getMember'>> {
  const body = presentMember(member);
  return { body, headers: { ETag: entityTag(member, body) } };
}

/** What must still stand when the change is written; null: whatever does. */
function expected(precondition: Precondition, member: Membership | null): Result<Seen | null, 'changed-meanwhile'> {
  const tag = member && entityTag(member, presentMember(member));
  if (!meetsTag(precondition, tag)) return failure('changed-meanwhile');
  if (precondition.match === null && !precondition.absent) return success(null);
  return success({ version: member?.version ?? 0 });
}

/** `on-roster` is the answer to another change than those of the API, whose removals say that they do not ask the roster. */
function withoutOnRoster(reason: MemberRefusal | 'no-such-channel'): ApiProblemReason {
  if (reason === 'on-roster') throw new Error('A change was refused as on-roster that the roster has no say in');
  return reason;
}

function pathOf({ channelId, userId }: { channelId: ChannelId; userId: UserId }): string {
  return `/api/v1/channels/${channelId}/members/${userId}`;
}

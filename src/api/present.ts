import type { z } from 'zod';
import { type Channel, channelName } from '../channels/channel.ts';
import type { ChannelStore, MembershipStore, SyncStore } from '../channels/channel-store.ts';
import type { Membership } from '../channels/membership.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import type { channelSchema, memberSchema, syncSchema } from './schemas.ts';

export type PresentDeps = { channels: ChannelStore; memberships: MembershipStore; syncs: SyncStore };

/** A channel as the API shows it, with its courses, its counts and its newest sync. */
export async function presentChannel(deps: PresentDeps, channel: Channel): Promise<z.infer<typeof channelSchema>> {
  const [contexts, memberCounts, [lastSync]] = await Promise.all([
    deps.channels.contextsOfChannel(channel.id),
    deps.memberships.countMembers(channel.id),
    deps.syncs.listSyncs(channel.id, 1),
  ]);
  return {
    id: channel.id,
    platformId: channel.platformId,
    contextIds: contexts.map((context) => context.contextId),
    referenceId: channel.referenceId,
    name: channelName(channel),
    description: channel.description,
    tags: channel.tags,
    privacy: channel.privacy,
    contributionPolicy: channel.contributionPolicy,
    moderated: channel.moderated,
    owner: channel.ownerId,
    memberCounts,
    lastSync: lastSync ? presentSync(lastSync) : null,
    createdAt: isoTime(channel.createdAt),
    updatedAt: isoTime(channel.updatedAt),
  };
}

export function presentMember(member: Membership): z.infer<typeof memberSchema> {
  const roles = member.rosterRoles ?? member.launchRoles ?? '';
  return {
    userId: member.userId,
    subject: member.subject,
    name: member.person.name,
    email: member.person.email,
    level: member.level,
    rosterLevel: member.rosterLevel,
    override: member.override,
    updateMethod: member.updateMethod,
    status: member.active ? 'active' : 'inactive',
    statusReason: member.inactiveReason,
    roles: roles.split(' ').filter((role) => role !== ''),
    lastSeenAt: isoTime(member.lastSeenAt),
  };
}

export function presentSync(run: SyncRun): z.infer<typeof syncSchema> {
  return {
    id: run.id,
    channelId: run.channelId,
    state: run.state,
    counts: run.counts,
    pages: run.pages,
    reason: run.reason,
    startedAt: isoTime(run.startedAt),
    finishedAt: isoTime(run.finishedAt),
  };
}

function isoTime(at: number): string;
function isoTime(at: number | null): string | null;
function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

import type { z } from 'zod';
import { readState } from '../channels/activity.ts';
import { type Channel, channelName, type User } from '../channels/channel.ts';
import type {
  ActivityEvent,
  ChannelStore,
  MembershipStore,
  StoredChange,
  SyncStore,
} from '../channels/channel-store.ts';
import { restorableUntil } from '../channels/delete-channel.ts';
import type { Membership } from '../channels/membership.ts';
import type { MemberSummary, SyncRun } from '../channels/sync-run.ts';
import { undoKind } from '../channels/undo-activity.ts';
import type { activitySchema, channelSchema } from './schemas/channel-schemas.ts';
import type { memberSchema, personSchema } from './schemas/member-schemas.ts';
import type { syncChangeSchema, syncSchema } from './schemas/sync-schemas.ts';

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
    sync: channel.sync,
    memberCounts,
    lastSync: lastSync ? presentSync(lastSync) : null,
    createdAt: isoTime(channel.createdAt),
    updatedAt: isoTime(channel.updatedAt),
    deletedAt: isoTime(channel.deletedAt),
    restorableUntil: isoTime(restorableUntil(channel)),
  };
}

export function presentMember(member: Membership): z.infer<typeof memberSchema> {
  const roles = member.rosterRoles || member.launchRoles || '';
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

export function presentPerson({ id, platformId, subject, name, email }: User): z.infer<typeof personSchema> {
  return { userId: id, platformId, subject, name, email };
}

/** A key that may read a channel may not read its members for that: it is told that something was done to one. */
export function presentActivity(
  event: ActivityEvent,
  { withMembers }: { withMembers: boolean },
): z.infer<typeof activitySchema> {
  const told = withMembers || !event.action.startsWith('member.');
  return {
    id: event.id,
    at: isoTime(event.at),
    actor: presentActor(event.actor),
    action: event.action,
    subject: event.subjectUserId !== null && told ? { userId: event.subjectUserId } : null,
    syncId: event.syncId,
    from: told ? presentState(event.from) : null,
    to: told ? presentState(event.to) : null,
    batch: event.batch,
    undoable: undoKind(event) !== null,
  };
}

function presentActor(actor: string): z.infer<typeof activitySchema>['actor'] {
  const [type, id = null] = actor.split(':');
  if (type === 'user' || type === 'api-key') return { type, id };
  return { type: type === 'command' ? type : 'system', id: null };
}

/** Fields that the API calls otherwise than we do. */
const API_NAMES = new Map([
  ['givenName', 'name'],
  ['ownerId', 'owner'],
  ['inactiveReason', 'statusReason'],
]);

function presentState(text: string | null): Record<string, unknown> | null {
  const state = readState<Record<string, unknown>>(text);
  return (
    state && Object.fromEntries(Object.entries(state).map(([name, value]) => [API_NAMES.get(name) ?? name, value]))
  );
}

export function presentSyncChange(change: StoredChange): z.infer<typeof syncChangeSchema> {
  const { number, kind, subject, before, after } = change;
  return { number, kind, subject, before: before && presentSide(before), after: presentSide(after) };
}

function presentSide({ level, rosterLevel, override, name, inactiveReason }: MemberSummary) {
  return { level, rosterLevel, override, name, statusReason: inactiveReason };
}

export function presentSync(run: SyncRun): z.infer<typeof syncSchema> {
  return {
    id: run.id,
    channelId: run.channelId,
    state: run.state,
    counts: run.counts,
    pages: run.pages,
    reason: run.reason,
    notBefore: isoTime(run.notBefore),
    startedAt: isoTime(run.startedAt),
    finishedAt: isoTime(run.finishedAt),
  };
}

function isoTime(at: number): string;
function isoTime(at: number | null): string | null;
function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

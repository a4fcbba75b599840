import type { Channel } from './channel.ts';
import { isAtLeast, type PermissionLevel } from './permission-level.ts';

/** What can be done with a channel and its members. */
export const CHANNEL_ACTIONS = [
  'view-channel',
  'contribute',
  'moderate',
  'view-members',
  'view-addresses',
  'view-activity',
  'view-syncs',
  'sync-roster',
  'decide-held-sync',
  'manage-members',
  'manage-settings',
  'change-owner',
  'delete-channel',
] as const;

export type ChannelAction = (typeof CHANNEL_ACTIONS)[number];

/** Who asks, as far as a channel's rules look at it. */
export type Standing = {
  /** Null: a person of the platform who is no member. */
  level: PermissionLevel | null;
  isOwner: boolean;
  /** A platform administrator who was let in to manage. */
  isAdministrator: boolean;
};

/** What the rules look at in a channel. */
export type ChannelRules = Pick<Channel, 'privacy' | 'contributionPolicy' | 'ownerId'>;

/** The least level each action needs; the owner's own and `contribute` depend on the channel too. */
const LEAST_LEVEL: Record<Exclude<ChannelAction, 'contribute'>, PermissionLevel> = {
  'view-channel': 'member',
  moderate: 'moderator',
  'view-members': 'moderator',
  'view-addresses': 'manager',
  'view-activity': 'moderator',
  'view-syncs': 'moderator',
  'sync-roster': 'moderator',
  'decide-held-sync': 'manager',
  'manage-members': 'manager',
  'manage-settings': 'manager',
  'change-owner': 'manager',
  'delete-channel': 'manager',
};

/** Where there is an owner, these are the owner's, and an administrator's when the owner has left the organisation. */
const OWNERS_OWN: ReadonlySet<ChannelAction> = new Set(['change-owner', 'delete-channel']);

/** Whether somebody may do `action` in a channel. Used by routes, views and API alike. */
export function can(who: Standing, action: ChannelAction, channel: ChannelRules): boolean {
  if (action === 'contribute') return mayContribute(who.level, channel);
  if (who.level === null) return action === 'view-channel' && channel.privacy !== 'private';
  if (OWNERS_OWN.has(action) && channel.ownerId !== null && !who.isOwner && !who.isAdministrator) return false;
  return isAtLeast(who.level, LEAST_LEVEL[action]);
}

/**
 * Open channels take contributions of everybody, members or not, and private ones of every member, where their policy
 * says `everyone`; restricted ones of contributors and above alone.
 */
function mayContribute(level: PermissionLevel | null, { privacy, contributionPolicy }: ChannelRules): boolean {
  const everyone = contributionPolicy === 'everyone' && privacy !== 'restricted';
  if (level === null) return everyone && privacy === 'open';
  return everyone || isAtLeast(level, 'contributor');
}

import type { Channel } from './channel.ts';
import { isAtLeast, type PermissionLevel } from './permission-level.ts';

/** What can be done with a channel and its members. */
export type ChannelAction =
  | 'view-channel'
  | 'view-members'
  | 'view-addresses'
  | 'view-syncs'
  | 'sync-roster'
  | 'decide-held-sync'
  | 'manage-members'
  | 'manage-settings'
  | 'contribute';

/** The least level each action needs; `contribute` depends on the channel too. */
const LEAST_LEVEL: Record<ChannelAction, PermissionLevel> = {
  'view-channel': 'member',
  'view-members': 'moderator',
  'view-addresses': 'manager',
  'view-syncs': 'moderator',
  'sync-roster': 'moderator',
  'decide-held-sync': 'manager',
  'manage-members': 'manager',
  'manage-settings': 'manager',
  contribute: 'contributor',
};

/**
 * Whether somebody of `level` may do `action`. Null is a person of the platform who is not a member: `open` and
 * `restricted` channels may be seen by them. Used by routes, views and API alike.
 */
export function can(
  level: PermissionLevel | null,
  action: ChannelAction,
  channel: Pick<Channel, 'privacy' | 'contributionPolicy'>,
): boolean {
  if (action === 'contribute') return mayContribute(level, channel);
  if (level === null) return action === 'view-channel' && channel.privacy !== 'private';
  return isAtLeast(level, LEAST_LEVEL[action]);
}

function mayContribute(
  level: PermissionLevel | null,
  channel: Pick<Channel, 'privacy' | 'contributionPolicy'>,
): boolean {
  if (level === null) return channel.privacy === 'open' && channel.contributionPolicy === 'everyone';
  return channel.contributionPolicy === 'everyone' || isAtLeast(level, LEAST_LEVEL.contribute);
}

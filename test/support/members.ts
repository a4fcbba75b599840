import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { emptyMembership, type Membership, type RosterEntry, settle } from '../../src/channels/membership.ts';

/** A membership on the roster as `level`, changed by `layers`. */
export function member(subject: string, layers: Partial<Membership> = {}): Membership {
  const key = { channelId: 'channel' as ChannelId, userId: `user-${subject}` as UserId, subject };
  const onRoster = { rosterLevel: 'member', rosterRoles: 'Learner', person: { name: subject, email: null } } as const;
  return settle({ ...emptyMembership(key, 'roster', 0), ...onRoster, ...layers });
}

/** What a roster says of somebody it lists. */
export function entry(subject: string, said: Partial<RosterEntry> = {}): RosterEntry {
  return {
    subject,
    person: { name: subject, email: null },
    level: 'member',
    roles: 'Learner',
    isTest: false,
    inactive: false,
    ...said,
  };
}

export function roster(...entries: RosterEntry[]): Map<string, RosterEntry> {
  return new Map(entries.map((one) => [one.subject, one]));
}

import { describe, expect, it } from 'vitest';
import type { ChannelPrivacy, ContributionPolicy, UserId } from '../../src/channels/channel.ts';
import {
  CHANNEL_ACTIONS,
  type ChannelAction,
  type ChannelRules,
  can,
  type Standing,
} from '../../src/channels/channel-policy.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';

/** Lowest first; null is a person of the platform who is no member. */
const LEVELS: readonly (PermissionLevel | null)[] = [null, 'member', 'contributor', 'moderator', 'manager'];
/** Most closed first. */
const PRIVACIES: readonly ChannelPrivacy[] = ['private', 'restricted', 'open'];
const POLICIES: readonly ContributionPolicy[] = ['contributors', 'everyone'];
const EITHER = [false, true] as const;

/**
 * Who may, by level from no member to manager: `y` yes, `-` no; `o` where the channel has no owner, or the person is the
 * owner or an administrator. One row for all channels, or a row for each privacy and contribution policy.
 */
const TABLE: Record<ChannelAction, Record<string, string>> = {
  //                                        none member contributor moderator manager
  'view-channel': { private: '- y y y y', restricted: 'y y y y y', open: 'y y y y y' },
  contribute: {
    'private contributors': '- - y y y',
    'private everyone': '- y y y y',
    'restricted contributors': '- - y y y',
    'restricted everyone': '- - y y y',
    'open contributors': '- - y y y',
    'open everyone': 'y y y y y',
  },
  moderate: { any: '- - - y y' },
  'view-members': { any: '- - - y y' },
  'view-addresses': { any: '- - - - y' },
  'view-activity': { any: '- - - y y' },
  'view-syncs': { any: '- - - y y' },
  'sync-roster': { any: '- - - y y' },
  'decide-held-sync': { any: '- - - - y' },
  'manage-members': { any: '- - - - y' },
  'manage-settings': { any: '- - - - y' },
  'change-owner': { any: '- - - - o' },
  'delete-channel': { any: '- - - - o' },
};

type Case = { who: Standing; action: ChannelAction; channel: ChannelRules };

function* everyCase(): Generator<Case> {
  for (const level of LEVELS)
    for (const isOwner of EITHER)
      for (const isAdministrator of EITHER)
        for (const action of CHANNEL_ACTIONS)
          for (const privacy of PRIVACIES)
            for (const contributionPolicy of POLICIES)
              for (const ownerId of [null, 'somebody' as UserId]) {
                const channel = { privacy, contributionPolicy, ownerId };
                yield { who: { level, isOwner, isAdministrator }, action, channel };
              }
}

function expected({ who, action, channel }: Case): boolean {
  const rows = TABLE[action];
  const row = rows.any ?? rows[channel.privacy] ?? rows[`${channel.privacy} ${channel.contributionPolicy}`];
  const cell = row?.split(' ')[LEVELS.indexOf(who.level)];
  if (cell === 'o') return channel.ownerId === null || who.isOwner || who.isAdministrator;
  if (cell !== 'y' && cell !== '-') throw new Error(`No cell for ${JSON.stringify({ who, action, channel })}`);
  return cell === 'y';
}

describe('the policy of channels', () => {
  it('says of every level, standing, action and channel what the table says', () => {
    const differing = [...everyCase()].filter((one) => can(one.who, one.action, one.channel) !== expected(one));
    expect(differing).toEqual([]);
    expect([...everyCase()]).toHaveLength(5 * 2 * 2 * 13 * 3 * 2 * 2);
  });

  it('never lets a higher level do less', () => {
    for (const one of everyCase()) {
      const next = LEVELS[LEVELS.indexOf(one.who.level) + 1];
      if (next === undefined || !can(one.who, one.action, one.channel)) continue;
      expect(can({ ...one.who, level: next }, one.action, one.channel), JSON.stringify({ one, next })).toBe(true);
    }
  });

  it('never lets anybody see or do more in a channel that is more private', () => {
    for (const one of everyCase()) {
      // A restricted channel takes no contributions of plain members, whom a private one may let contribute.
      if (one.action === 'contribute' && one.who.level === 'member') continue;
      const opener = PRIVACIES[PRIVACIES.indexOf(one.channel.privacy) + 1];
      if (opener === undefined || !can(one.who, one.action, one.channel)) continue;
      const opened = { ...one.channel, privacy: opener };
      expect(can(one.who, one.action, opened), JSON.stringify({ one, opener })).toBe(true);
    }
  });

  it('lets nobody who is no member do anything but look and contribute, administrators and owners included', () => {
    const outsiders = [...everyCase()].filter(({ who }) => who.level === null);
    const done = new Set(outsiders.filter((one) => can(one.who, one.action, one.channel)).map(({ action }) => action));
    expect([...done].sort()).toEqual(['contribute', 'view-channel']);
  });

  it('lets nobody contribute who may not see the channel', () => {
    for (const one of everyCase()) {
      if (one.action === 'contribute' && can(one.who, one.action, one.channel)) {
        expect(can(one.who, 'view-channel', one.channel), JSON.stringify(one)).toBe(true);
      }
    }
  });

  it("keeps what is the owner's from other managers, unless they administer the platform or there is no owner", () => {
    const owned: ChannelRules = { privacy: 'private', contributionPolicy: 'contributors', ownerId: 'owner' as UserId };
    const manager: Standing = { level: 'manager', isOwner: false, isAdministrator: false };
    for (const action of ['change-owner', 'delete-channel'] as const) {
      expect(can(manager, action, owned)).toBe(false);
      expect(can({ ...manager, isOwner: true }, action, owned)).toBe(true);
      expect(can({ ...manager, isAdministrator: true }, action, owned)).toBe(true);
      expect(can(manager, action, { ...owned, ownerId: null })).toBe(true);
      expect(can({ level: 'moderator', isOwner: true, isAdministrator: true }, action, owned)).toBe(false);
    }
  });
});

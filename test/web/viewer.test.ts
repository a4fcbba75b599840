import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import type { Channel, ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { emptyMembership, type Membership, settle } from '../../src/channels/membership.ts';
import type { Platform } from '../../src/lti/platform.ts';
import type { Grant, Session } from '../../src/web/session-store.ts';
import { createViewers } from '../../src/web/viewer.ts';
import { makePlatform } from '../storage/support/builders.ts';

const HERE = 'here' as ChannelId;
const USER = 'user' as UserId;

describe('the viewer of a channel', () => {
  it('is nobody without a session', async () => {
    expect(await resolve({ session: null })).toMatchObject({ ok: false, reason: 'no-session' });
  });

  it('is nobody in a channel that this browser was not launched into, managers elsewhere included', async () => {
    const grants = [grant({ channelId: 'elsewhere' as ChannelId, launchOnly: true })];
    expect(await resolve({ grants })).toMatchObject({ ok: false, reason: 'no-such-channel' });
  });

  it('does not find a channel that is gone', async () => {
    expect(await resolve({ channel: null })).toMatchObject({ ok: false, reason: 'no-such-channel' });
    expect(await resolve({ channel: { deletedAt: 1 } })).toMatchObject({ ok: false, reason: 'no-such-channel' });
  });

  it.each(['departed', 'inactive-in-lms', 'by-hand'] as const)('has no access when %s', async (inactiveReason) => {
    expect(await resolve({ member: { inactiveReason } })).toMatchObject({ ok: false, reason: 'no-access' });
  });

  it('has no access without a membership, unless the launch was a platform administrator’s', async () => {
    expect(await resolve({ member: null })).toMatchObject({ ok: false, reason: 'no-access' });
    const admin = grant({ launchOnly: true, launchLevel: 'manager' });
    expect(await resolve({ member: null, grants: [admin] })).toMatchObject({
      value: { level: 'manager', membership: null },
    });
  });

  it('stays out when a person shut them out, as an administrator too', async () => {
    const admin = grant({ launchOnly: true, launchLevel: 'manager' });
    const found = await resolve({ member: { inactiveReason: 'by-hand' }, grants: [admin] });
    expect(found).toMatchObject({ ok: false, reason: 'no-access' });
  });

  it.each([
    ['manager', 'member', null, 'member'],
    ['member', 'manager', null, 'member'],
    ['member', 'member', 'contributor', 'contributor'],
    ['manager', 'manager', 'member', 'member'],
  ] as const)(
    'of roster level %s, launched as %s, set to %s is %s',
    async (rosterLevel, launchLevel, override, level) => {
      const found = await resolve({ member: { rosterLevel, override }, grants: [grant({ launchLevel })] });
      expect(found).toMatchObject({ ok: true, value: { level } });
    },
  );

  it('comes by the grant that the link names, else by the newest of this channel, never by another', async () => {
    const grants = [
      grant({ id: 'teacher', launchLevel: 'manager' }),
      grant({ id: 'student', launchLevel: 'member' }),
      grant({ id: 'other', launchLevel: 'manager', channelId: 'elsewhere' as ChannelId }),
    ];
    const by = async (as: string | null) => {
      const found = await resolve({ grants, as, member: { rosterLevel: 'manager' } });
      return found.ok ? `${found.value.grant.id}: ${found.value.level}` : found.reason;
    };
    expect(await by('teacher')).toBe('teacher: manager');
    expect(await by('student')).toBe('student: member');
    expect(await by(null)).toBe('student: member');
    expect(await by('other')).toBe('no-session');
    expect(await by('of-a-session-that-ended')).toBe('no-session');
    expect(await by('')).toBe('no-session');
  });
});

describe('a launch', () => {
  const HOUR = 3_600_000;
  const at = (hours: number, over: Partial<Grant>, as: string | null = 'grant') =>
    resolve({ grants: [grant({ at: 1_000, ...over })], now: 1_000 + hours * HOUR, as });

  it('is good for 12 hours, however long others keep the session alive', async () => {
    expect(await at(11.99, {})).toMatchObject({ ok: true });
    expect(await at(12, {})).toMatchObject({ ok: false, reason: 'no-session' });
    expect(await at(12, {}, null)).toMatchObject({ ok: false, reason: 'no-session' });
  });

  it('of an administrator, which no membership backs, is good for 4 hours', async () => {
    const admin = { launchOnly: true, launchLevel: 'manager' } as const;
    expect(await at(3.99, admin)).toMatchObject({ ok: true });
    expect(await at(4, admin)).toMatchObject({ ok: false, reason: 'no-session' });
  });

  it('that is over gives way to a newer one where the link names none', async () => {
    const grants = [grant({ id: 'new', at: 9 * HOUR }), grant({ id: 'admin', at: 5 * HOUR, launchOnly: true })];
    expect(await resolve({ grants, now: 10 * HOUR })).toMatchObject({ value: { grant: { id: 'new' } } });
  });

  it.each(['disabled', 'pending', null] as const)('ends with its platform: %s', async (status) => {
    const found = await resolve({ platform: status && { status } });
    expect(found).toMatchObject({ ok: false, reason: 'inactive-registration' });
  });

  it('is shown in frames of its own platform and of the page it came from', async () => {
    const found = await resolve({ grants: [grant({ frameOrigin: 'https://learn.school.test' })] });
    expect(found).toMatchObject({ value: { frameAncestors: ['https://lms.example', 'https://learn.school.test'] } });
  });
});

type Scene = {
  session?: null;
  grants?: Grant[];
  channel?: Partial<Channel> | null;
  member?: Partial<Membership> | null;
  platform?: Partial<Platform> | null;
  as?: string | null;
  now?: number;
};

function resolve(scene: Scene) {
  const session = scene.session === null ? null : ({ grants: scene.grants ?? [grant({})] } as Session);
  const membership = scene.member === null ? null : member(scene.member ?? {});
  const viewers = createViewers({
    sessions: { find: async () => session },
    channels: {
      findChannel: async () =>
        scene.channel === null ? null : ({ id: HERE, deletedAt: null, ...scene.channel } as Channel),
    },
    memberships: { findMembership: async () => membership },
    platforms: { findPlatform: async () => (scene.platform === null ? null : makePlatform('p', scene.platform)) },
    clock: () => scene.now ?? 0,
  });
  return viewers.resolve({} as Request, HERE, scene.as ?? null);
}

function member(over: Partial<Membership>): Membership {
  const key = { channelId: HERE, userId: USER, subject: 's' };
  return settle({ ...emptyMembership(key, 'roster', 0), rosterLevel: 'member', ...over });
}

function grant(over: Partial<Grant>): Grant {
  return {
    id: 'grant',
    channelId: HERE,
    platformId: 'platform' as PlatformId,
    userId: USER,
    launchLevel: 'member',
    launchOnly: false,
    isTest: false,
    locale: null,
    timeZone: null,
    family: 'other',
    frameOrigin: null,
    at: 0,
    ...over,
  };
}

import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import type { Channel, ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { emptyMembership, type Membership, settle } from '../../src/channels/membership.ts';
import type { Platform } from '../../src/lti/platform.ts';
import type { Grant, Session } from '../../src/web/session-store.ts';
import { createViewers } from '../../src/web/viewer.ts';
import { makePlatform } from '../storage/support/builders.ts';

const HERE = 'here' as ChannelId;
const ELSEWHERE = 'elsewhere' as ChannelId;
const USER = 'user' as UserId;
const PLATFORM = 'platform' as PlatformId;
const CHANNEL = {
  id: HERE,
  platformId: PLATFORM,
  tenant: null,
  privacy: 'private',
  ownerId: null,
  deletedAt: null,
} as const;

describe('the viewer of a channel', () => {
  it('is nobody without a session', async () => {
    expect(await resolve({ session: null })).toMatchObject({ ok: false, reason: 'no-session' });
  });

  it('does not find a private channel without a membership, administrators of another channel included', async () => {
    for (const launchOnly of [false, true]) {
      const grants = [grant({ channelId: ELSEWHERE, launchOnly, launchLevel: 'manager' })];
      expect(await resolve({ grants, member: null })).toMatchObject({ ok: false, reason: 'no-such-channel' });
    }
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
    expect(await by('other')).toBe('other: manager');
    expect(await by('of-a-session-that-ended')).toBe('no-session');
    expect(await by('')).toBe('no-session');
  });
});

describe('somebody who was launched into another channel, or into none', () => {
  const visits = [ELSEWHERE, null].map((channelId) => grant({ channelId }));

  it.each(['open', 'restricted'] as const)('looks into a channel that is %s, without a level', async (privacy) => {
    for (const visit of visits) {
      const found = await resolve({ grants: [visit], member: null, channel: { privacy } });
      expect(found).toMatchObject({
        ok: true,
        value: { level: null, membership: null, isOwner: false, isAdministrator: false },
      });
    }
  });

  it('is no visitor of another school that shares the platform', async () => {
    for (const tenant of [null, 'school-b']) {
      const channel = { privacy: 'open', tenant: 'school-a' } as const;
      const found = await resolve({ grants: [grant({ channelId: null, tenant })], member: null, channel });
      expect(found).toMatchObject({ ok: false, reason: 'no-such-channel' });
    }
  });

  it('has the membership’s own level where they are a member, whatever the other launch was', async () => {
    for (const visit of visits) {
      const found = await resolve({ grants: [visit], member: { rosterLevel: 'manager' } });
      expect(found).toMatchObject({ ok: true, value: { level: 'manager' } });
    }
  });

  it.each(['departed', 'inactive-in-lms', 'by-hand'] as const)('stays out of an open one when %s', async (reason) => {
    for (const visit of visits) {
      const found = await resolve({
        grants: [visit],
        member: { inactiveReason: reason },
        channel: { privacy: 'open' },
      });
      expect(found).toMatchObject({ ok: false, reason: 'no-access' });
    }
  });

  it('is nobody in a channel of another platform, an open one included', async () => {
    const channel = { platformId: 'other' as PlatformId, privacy: 'open' } as const;
    for (const as of [null, 'grant']) {
      for (const visit of [...visits, grant({ launchOnly: true, launchLevel: 'manager' })]) {
        const found = await resolve({ grants: [visit], member: null, channel, as });
        expect(found).toMatchObject({ ok: false, reason: 'no-such-channel' });
      }
    }
  });

  it('is nowhere else as the test student, not even where channels are open', async () => {
    const grants = [grant({ channelId: ELSEWHERE, isTest: true })];
    for (const member of [null, {}]) {
      const found = await resolve({ grants, member, channel: { privacy: 'open' } });
      expect(found).toMatchObject({ ok: false, reason: 'no-such-channel' });
    }
  });

  it('does not reach a deleted channel', async () => {
    const channel = { privacy: 'open', deletedAt: 1 } as const;
    for (const grants of [visits, [grant({})]]) {
      expect(await resolve({ grants, channel })).toMatchObject({ ok: false, reason: 'no-such-channel' });
      expect(await resolve({ grants, channel, as: 'grant' })).toMatchObject({ ok: false, reason: 'no-such-channel' });
    }
  });

  it('owns a channel only as a manager in the tab that looks', async () => {
    const owned = { ownerId: USER };
    const manager = { rosterLevel: 'manager' } as const;
    const asManager = await resolve({ channel: owned, member: manager, grants: [grant({ launchLevel: 'manager' })] });
    expect(asManager).toMatchObject({ value: { level: 'manager', isOwner: true } });
    const preview = await resolve({ channel: owned, member: manager, grants: [grant({ launchLevel: 'member' })] });
    expect(preview).toMatchObject({ value: { level: 'member', isOwner: false } });
  });
});

describe('the visitor of pages without a channel', () => {
  it('comes by the named launch, else by the newest, and is never the test student', async () => {
    const grants = [
      grant({ id: 'first' }),
      grant({ id: 'second', channelId: null }),
      grant({ id: 'test', isTest: true }),
    ];
    expect(await visitor(grants, 'first')).toMatchObject({ value: { userId: USER, grant: { id: 'first' } } });
    expect(await visitor(grants.slice(0, 2), null)).toMatchObject({ value: { grant: { id: 'second' } } });
    expect(await visitor(grants, 'test')).toMatchObject({ ok: false, reason: 'not-allowed' });
    expect(await visitor(grants, null)).toMatchObject({ ok: false, reason: 'not-allowed' });
    expect(await visitor(grants, 'made-up')).toMatchObject({ ok: false, reason: 'no-session' });
    expect(await visitor([], null)).toMatchObject({ ok: false, reason: 'no-session' });
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
  return viewersOf(scene).resolve({} as Request, HERE, scene.as ?? null);
}

function visitor(grants: Grant[], as: string | null) {
  return viewersOf({ grants }).visitor({} as Request, as);
}

function viewersOf(scene: Scene) {
  const session = scene.session === null ? null : ({ grants: scene.grants ?? [grant({})] } as Session);
  const membership = scene.member === null ? null : member(scene.member ?? {});
  return createViewers({
    sessions: { find: async () => session },
    channels: {
      findChannel: async () => (scene.channel === null ? null : ({ ...CHANNEL, ...scene.channel } as Channel)),
    },
    memberships: { findMembership: async () => membership },
    platforms: { findPlatform: async () => (scene.platform === null ? null : makePlatform('p', scene.platform)) },
    clock: () => scene.now ?? 0,
  });
}

function member(over: Partial<Membership>): Membership {
  const key = { channelId: HERE, userId: USER, subject: 's' };
  return settle({ ...emptyMembership(key, 'roster', 0), rosterLevel: 'member', ...over });
}

function grant(over: Partial<Grant>): Grant {
  return {
    id: 'grant',
    channelId: HERE,
    platformId: PLATFORM,
    userId: USER,
    launchLevel: 'member',
    launchOnly: false,
    isTest: false,
    locale: null,
    timeZone: null,
    family: 'other',
    tenant: null,
    frameOrigin: null,
    at: 0,
    ...over,
  };
}

import { describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, SyncId, UserId } from '../../../src/channels/channel.ts';
import {
  deactivatedByHand,
  emptyMembership,
  type Membership,
  settle,
  withOverride,
} from '../../../src/channels/membership.ts';
import { memberMark } from '../../../src/channels/roster-mark.ts';
import {
  atOnce,
  collect,
  decideByRoster,
  enterRoster,
  HOSTILE,
  makeAddition,
  makeDeparture,
  makeEntry,
  makeRun,
  NOW,
  type OpenStorage,
  openChannel,
  PLATFORM,
} from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineMembershipStoreSuite(open: OpenStorage): void {
  describe('membership store: people', () => {
    const storage = useStorage(open);
    const ana = { platformId: PLATFORM, subject: 'ana', person: { name: 'Ana', email: null }, at: NOW };

    it('makes a user once, however many ask at once', async () => {
      const users = await atOnce(20, () => storage().memberships.upsertUser(ana));
      expect(new Set(users.map(({ id }) => id)).size).toBe(1);
      expect(await storage().memberships.findUser(users[0]!.id)).toEqual(users[0]);
    });

    it('replaces what is said anew and keeps what is withheld', async () => {
      const first = await storage().memberships.upsertUser(ana);
      const person = { name: null, email: 'ana@school.example' };
      const second = await storage().memberships.upsertUser({ ...ana, person, at: NOW + 5 });
      expect(second).toEqual({ ...first, email: 'ana@school.example', updatedAt: NOW + 5 });
      const third = await storage().memberships.upsertUser({
        ...ana,
        person: { name: 'Ana B', email: null },
        at: NOW + 6,
      });
      expect(third).toEqual({ ...second, name: 'Ana B', updatedAt: NOW + 6 });
      expect(
        await storage().memberships.upsertUser({ ...ana, person: { name: null, email: null }, at: NOW + 9 }),
      ).toEqual(third);
    });

    it('keeps the same subject of two platforms apart, and subjects that differ in case', async () => {
      const here = await storage().memberships.upsertUser(ana);
      const there = await storage().memberships.upsertUser({ ...ana, platformId: 'platform-2' as PlatformId });
      const upper = await storage().memberships.upsertUser({ ...ana, subject: 'ANA' });
      expect(new Set([here.id, there.id, upper.id]).size).toBe(3);
    });

    it.each(HOSTILE)('finds the subject and name %j again', async (text) => {
      const hostile = { ...ana, subject: text, person: { name: text, email: text } };
      const first = await storage().memberships.upsertUser(hostile);
      expect(await storage().memberships.upsertUser({ ...hostile, at: NOW + 5 })).toEqual(first);
      expect(await storage().memberships.findUser(first.id)).toEqual(first);
    });

    it('knows nobody by an unknown ID', async () => {
      expect(await storage().memberships.findUser('nobody' as UserId)).toBeNull();
    });
  });

  describe('membership store: changing one membership', () => {
    const storage = useStorage(open);

    async function enter(subject = 'ana'): Promise<Membership> {
      const channel = await openChannel(storage());
      await enterRoster(storage(), channel, [makeEntry(subject)]);
      const [member] = (await storage().memberships.listMembers(channel.id, {}, { limit: 1 })).items;
      if (!member) throw new Error('nobody entered');
      return member;
    }

    it('makes a membership with every layer and reads it back as it was written', async () => {
      const channel = await openChannel(storage());
      const person = { name: 'Ana', email: 'ana@school.example' };
      const user = await storage().memberships.upsertUser({ platformId: PLATFORM, subject: 'ana', person, at: NOW });
      const key = { channelId: channel.id, userId: user.id };
      const full = settle({
        ...emptyMembership({ ...key, subject: 'ana' }, 'hand', NOW),
        person,
        isTest: true,
        rosterLevel: 'member',
        rosterRoles: 'Learner',
        launchLevel: 'contributor',
        launchRoles: 'Instructor',
        launchAt: NOW - 5,
        rosterRolesAtLaunch: 'Learner',
        override: 'moderator',
        inactiveReason: 'by-hand',
        lastSeenAt: NOW - 5,
      });
      const written = await storage().memberships.changeMembership({ ...key, at: NOW + 3 }, (current) => {
        expect(current).toBeNull();
        return full;
      });
      expect(written).toEqual({ ...full, updatedAt: NOW + 3, version: 1 });
      expect(await storage().memberships.findMembership(channel.id, user.id)).toEqual(written);
    });

    it('writes nothing when the decision is the same state or null', async () => {
      const member = await enter();
      const same = await storage().memberships.changeMembership({ ...member, at: NOW + 50 }, (current) => current);
      expect(same).toEqual(member);
      expect(await storage().memberships.changeMembership({ ...member, at: NOW + 50 }, () => null)).toEqual(member);
      expect(await storage().memberships.findMembership(member.channelId, member.userId)).toEqual(member);
    });

    it('returns null when there is none and none is made', async () => {
      const { channelId } = await enter();
      const key = { channelId, userId: 'nobody' as UserId, at: NOW };
      expect(await storage().memberships.changeMembership(key, () => null)).toBeNull();
      expect(await storage().memberships.findMembership(channelId, 'nobody' as UserId)).toBeNull();
    });

    it('loses no change of twenty writers at once', async () => {
      const member = await enter();
      await atOnce(20, (i) =>
        storage().memberships.changeMembership(
          { ...member, at: NOW + i },
          (current) => current && { ...current, lastSeenAt: (current.lastSeenAt ?? 0) + 1 },
        ),
      );
      const after = await storage().memberships.findMembership(member.channelId, member.userId);
      expect(after).toMatchObject({ lastSeenAt: 20, version: member.version + 20 });
    });

    it('keeps what a person set while a roster with another level is applied at the same time', async () => {
      const member = await enter();
      const channel = { id: member.channelId, platformId: PLATFORM };
      await Promise.all([
        enterRoster(storage(), channel as never, [makeEntry('ana', { level: 'contributor' })], NOW + 1),
        storage().memberships.changeMembership({ ...member, at: NOW + 2 }, (m) => m && withOverride(m, 'moderator')),
        enterRoster(storage(), channel as never, [makeEntry('ana', { level: 'manager' })], NOW + 3),
      ]);
      const after = await storage().memberships.findMembership(member.channelId, member.userId);
      expect(after).toMatchObject({ override: 'moderator', level: 'moderator', version: 4 });
      // Which roster is the later one is for an engine with several connections to say.
      expect(['contributor', 'manager']).toContain(after?.rosterLevel);
    });

    it('changes nothing when the decision throws', async () => {
      const member = await enter();
      const broken = storage().memberships.changeMembership({ ...member, at: NOW }, () => {
        throw new Error('broken rule');
      });
      await expect(broken).rejects.toThrow('broken rule');
      expect(await storage().memberships.findMembership(member.channelId, member.userId)).toEqual(member);
    });
  });

  describe('membership store: applying a roster diff', () => {
    const storage = useStorage(open);

    async function start(total: number) {
      const channel = await openChannel(storage());
      const { run } = await storage().syncs.requestSync(makeRun('sync-1', { channelId: channel.id }));
      await storage().syncs.saveSync({ ...run, state: 'running', phase: 'applying', totalChanges: total });
      return {
        channel,
        slice: { syncId: run.id, channelId: channel.id, platformId: PLATFORM, at: NOW + 1, attempt: 0 },
      };
    }

    it('takes nothing from an attempt that a later one has replaced', async () => {
      const { channel, slice } = await start(1);
      const { syncs, memberships } = storage();
      const late = (await syncs.findSync(slice.syncId))!;
      expect(await syncs.saveSync({ ...late, restarts: 1 })).toBe(true);
      const changes = [makeAddition(makeEntry('ana'))];
      expect(await memberships.applyRosterDiff({ ...slice, changes, upTo: 1 }, decideByRoster)).toBe(false);
      expect(await syncs.saveSync({ ...late, state: 'failed' })).toBe(false);
      expect((await memberships.countMembers(channel.id)).total).toBe(0);
      expect(await memberships.applyRosterDiff({ ...slice, changes, upTo: 1, attempt: 1 }, decideByRoster)).toBe(true);
      expect(await syncs.saveSync({ ...late, restarts: 1, state: 'applied' })).toBe(true);
      expect(await syncs.saveSync({ ...late, restarts: 2, state: 'running' })).toBe(false);
    });

    it('makes users and memberships and moves the run along with them', async () => {
      const { channel, slice } = await start(3);
      const changes = ['ana', 'ben', 'cleo'].map((subject) => makeAddition(makeEntry(subject)));
      await storage().memberships.applyRosterDiff({ ...slice, changes: changes.slice(0, 2), upTo: 2 }, decideByRoster);
      expect((await storage().syncs.findSync(slice.syncId))?.appliedChanges).toBe(2);
      await storage().memberships.applyRosterDiff({ ...slice, changes: changes.slice(2), upTo: 3 }, decideByRoster);
      expect((await storage().syncs.findSync(slice.syncId))?.appliedChanges).toBe(3);
      const members = await collect(storage().memberships.allMembers(channel.id, 2));
      expect(members.map(({ subject }) => subject).sort()).toEqual(['ana', 'ben', 'cleo']);
      const user = await storage().memberships.findUser(members[0]!.userId);
      expect(user).toMatchObject({ subject: members[0]!.subject, name: members[0]!.person.name });
    });

    it('changes nothing when a slice is repeated, whatever came between', async () => {
      const { channel, slice } = await start(2);
      const first = { ...slice, changes: [makeAddition(makeEntry('ana')), makeAddition(makeEntry('ben'))], upTo: 2 };
      await storage().memberships.applyRosterDiff(first, decideByRoster);
      const before = await collect(storage().memberships.allMembers(channel.id, 10));
      await storage().memberships.applyRosterDiff({ ...first, at: NOW + 99 }, decideByRoster);
      expect(await collect(storage().memberships.allMembers(channel.id, 10))).toEqual(before);

      await enterRoster(storage(), channel, [makeEntry('ana', { level: 'manager' })], NOW + 100);
      await storage().memberships.applyRosterDiff({ ...first, at: NOW + 200 }, decideByRoster);
      const ana = (await storage().memberships.listMembers(channel.id, { q: 'ana' }, { limit: 1 })).items[0];
      expect(ana).toMatchObject({ level: 'manager', updatedAt: NOW + 100 });
    });

    it('gives the decision what stands at that moment, and what was set by hand stays', async () => {
      const { channel, slice } = await start(1);
      await enterRoster(storage(), channel, [makeEntry('ana')]);
      const [member] = await collect(storage().memberships.allMembers(channel.id, 10));
      await storage().memberships.changeMembership({ ...member!, at: NOW }, (m) => m && deactivatedByHand(m));
      const changes = [makeAddition(makeEntry('ana', { level: 'manager' }))];
      await storage().memberships.applyRosterDiff({ ...slice, changes, upTo: 1 }, (current, change, key) => {
        expect(current?.inactiveReason).toBe('by-hand');
        expect(key).toEqual({ channelId: channel.id, userId: member!.userId, subject: 'ana' });
        return decideByRoster(current, change, key);
      });
      expect(await storage().memberships.findMembership(channel.id, member!.userId)).toMatchObject({
        active: false,
        inactiveReason: 'by-hand',
        rosterLevel: 'manager',
      });
    });

    it('deactivates who left and passes over somebody nobody knows', async () => {
      const { channel, slice } = await start(2);
      await enterRoster(storage(), channel, [makeEntry('ana')]);
      const changes = [makeDeparture('ana'), makeDeparture('stranger')];
      await storage().memberships.applyRosterDiff({ ...slice, changes, upTo: 2 }, decideByRoster);
      const members = await collect(storage().memberships.allMembers(channel.id, 10));
      expect(members).toMatchObject([{ subject: 'ana', active: false, inactiveReason: 'departed', version: 2 }]);
    });

    it('takes a new name into the user and the membership', async () => {
      const { channel, slice } = await start(1);
      await enterRoster(storage(), channel, [makeEntry('ana')]);
      const renamed = makeEntry('ana', { person: { name: 'Ana New', email: null } });
      await storage().memberships.applyRosterDiff(
        { ...slice, changes: [makeAddition(renamed)], upTo: 1 },
        decideByRoster,
      );
      const [member] = await collect(storage().memberships.allMembers(channel.id, 10));
      expect(member?.person).toEqual({ name: 'Ana New', email: 'ana@school.example' });
      expect(await storage().memberships.findUser(member!.userId)).toMatchObject(member!.person);
    });

    it.each(HOSTILE)('writes the name %j once', async (text) => {
      const { channel } = await start(1);
      const entry = makeEntry('ana', { person: { name: text, email: text } });
      await enterRoster(storage(), channel, [entry]);
      await enterRoster(storage(), channel, [entry], NOW + 5);
      const [member] = await collect(storage().memberships.allMembers(channel.id, 10));
      expect(member).toMatchObject({ version: 1, updatedAt: NOW });
    });
  });

  describe('membership store: lists', () => {
    const storage = useStorage(open);
    const people: [string, string | null][] = [
      ['s1', 'zoë Öztürk'],
      ['s2', 'Ángel Ruiz'],
      ['s3', 'andrea Łukasiewicz'],
      ['s5', null],
      ['s4', null],
      ['s6', 'Σοφία Παπαδοπούλου'],
    ];

    async function fill(): Promise<ChannelId> {
      const channel = await openChannel(storage());
      const entries = people.map(([subject, name]) =>
        makeEntry(subject, { person: { name, email: name && `${subject}@school.example` } }),
      );
      entries.push(makeEntry('teacher', { person: { name: 'Teacher_1', email: null }, level: 'manager' }));
      await enterRoster(storage(), channel, entries);
      return channel.id;
    }

    async function subjects(
      channelId: ChannelId,
      filter: Parameters<ReturnType<typeof storage>['memberships']['listMembers']>[1],
    ) {
      const page = await storage().memberships.listMembers(channelId, filter, { limit: 50 });
      expect(page.total).toBe(page.items.length);
      return page.items.map(({ subject }) => subject);
    }

    it('sorts by name without regard to case and accents; people without one come last, by subject', async () => {
      expect(await subjects(await fill(), {})).toEqual(['s3', 's2', 'teacher', 's1', 's6', 's4', 's5']);
    });

    it('walks all pages by cursor, each with the total of all that match', async () => {
      const channelId = await fill();
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await storage().memberships.listMembers(
          channelId,
          { active: true },
          cursor ? { limit: 3, cursor } : { limit: 3 },
        );
        expect(page.total).toBe(7);
        seen.push(...page.items.map(({ subject }) => subject));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(['s3', 's2', 'teacher', 's1', 's6', 's4', 's5']);
    });

    it.each([
      ['ANGEL', ['s2']],
      ['lukasiewicz', ['s3']],
      ['ozturk', ['s1']],
      ['ΣΟΦΙΑ', ['s6']],
      ['@school', ['s3', 's2', 's1', 's6']],
      ['s4', ['s4']],
      ['  ruiz  ', ['s2']],
      ['r_1', ['teacher']],
      ['%', []],
      ['ruiz\ns2', []],
    ])('finds by part of name, address or subject: %j', async (q, expected) => {
      expect(await subjects(await fill(), { q })).toEqual(expected);
    });

    it.each(['', '   ', '\u0301'])('takes the search %j as none', async (q) => {
      expect(await subjects(await fill(), { q })).toHaveLength(7);
    });

    it('filters by level, status, cause and update method, alone and together', async () => {
      const channelId = await fill();
      const members = await collect(storage().memberships.allMembers(channelId, 100));
      const find = (subject: string) => members.find((member) => member.subject === subject)!;
      await storage().memberships.changeMembership(
        { ...find('s1'), at: NOW },
        (m) => m && withOverride(m, 'moderator'),
      );
      await storage().memberships.changeMembership({ ...find('s2'), at: NOW }, (m) => m && deactivatedByHand(m));
      expect(await subjects(channelId, { level: 'manager' })).toEqual(['teacher']);
      expect(await subjects(channelId, { updateMethod: 'manual' })).toEqual(['s1']);
      expect(await subjects(channelId, { active: false })).toEqual(['s2']);
      expect(await subjects(channelId, { inactiveReason: 'by-hand' })).toEqual(['s2']);
      expect(await subjects(channelId, { inactiveReason: 'departed' })).toEqual([]);
      expect(await subjects(channelId, { active: true, level: 'member', q: 'andrea' })).toEqual(['s3']);
    });

    it.each(HOSTILE)('survives the search %j', async (q) => {
      expect(await subjects(await fill(), { q })).toEqual([]);
    });

    it.each(['garbage', 'W10', 'WzEsMl0', 'WyJhIl0', '%00'])('takes the cursor %j as none', async (cursor) => {
      const channelId = await fill();
      const page = await storage().memberships.listMembers(channelId, {}, { limit: 50, cursor });
      expect(page.items).toHaveLength(7);
    });

    it('keeps channels apart', async () => {
      await fill();
      const other = await openChannel(storage(), 'other');
      expect(await subjects(other.id, {})).toEqual([]);
      expect(await collect(storage().memberships.allMembers(other.id, 10))).toEqual([]);
    });

    it('gives every membership in slices of the size asked for', async () => {
      const channelId = await fill();
      const sizes: number[] = [];
      for await (const slice of storage().memberships.allMembers(channelId, 3)) sizes.push(slice.length);
      expect(sizes).toEqual([3, 3, 1]);
    });

    it('leaves out who is passed over by subject and mark, which follows every change', async () => {
      const channelId = await fill();
      const { memberships } = storage();
      const first = await collect(memberships.allMembers(channelId, 3));
      const one = first.find(({ subject }) => subject === 's2')!;
      await memberships.changeMembership({ ...one, at: NOW }, (m) => m && withOverride(m, 'moderator'));
      const marks = new Map<string, string | null>();
      const left = await collect(
        memberships.allMembers(channelId, 3, (subject, mark) => {
          marks.set(subject, mark);
          return mark !== null;
        }),
      );
      expect(left.map(({ subject }) => subject)).toEqual(['s2']);
      expect(marks).toEqual(new Map(first.map((m) => [m.subject, m.subject === 's2' ? null : memberMark(m)])));
    });

    it('counts people by level and status and leaves test students out', async () => {
      const channelId = await fill();
      const channel = await openChannel(storage());
      await enterRoster(storage(), channel, [makeEntry('test-student', { isTest: true })]);
      const members = await collect(storage().memberships.allMembers(channelId, 100));
      const find = (subject: string) => members.find((member) => member.subject === subject)!;
      await storage().memberships.changeMembership(
        { ...find('s1'), at: NOW },
        (m) => m && withOverride(m, 'moderator'),
      );
      await storage().memberships.changeMembership({ ...find('s2'), at: NOW }, (m) => m && deactivatedByHand(m));
      expect(await storage().memberships.countMembers(channelId)).toEqual({
        active: { manager: 1, moderator: 1, contributor: 0, member: 4 },
        total: 6,
        inactive: 1,
        manual: 1,
      });
      expect((await storage().memberships.countMembers('nowhere' as ChannelId)).total).toBe(0);
    });

    it('copes with a slice for a run that is not there', async () => {
      const channel = await openChannel(storage());
      const slice = {
        syncId: 'gone' as SyncId,
        channelId: channel.id,
        platformId: PLATFORM,
        changes: [],
        upTo: 0,
        at: NOW,
        attempt: 0,
      };
      expect(await storage().memberships.applyRosterDiff(slice, decideByRoster)).toBe(false);
      expect(await storage().syncs.findSync('gone' as SyncId)).toBeNull();
    });
  });
}

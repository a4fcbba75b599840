import { describe, expect, it } from 'vitest';
import {
  addedByHand,
  emptyMembership,
  type Membership,
  withOverride,
  withRosterEntry,
} from '../../../src/channels/membership.ts';
import {
  atOnce,
  decideByRoster,
  enterRoster,
  makeAddition,
  makeEntry,
  makeEvent,
  makeRun,
  NOW,
  type OpenStorage,
  openChannel,
} from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineMembershipChangesSuite(open: OpenStorage): void {
  describe('membership store: removing and noting', () => {
    const storage = useStorage(open);

    async function enter(subject = 'ana'): Promise<Membership> {
      const channel = await openChannel(storage());
      await enterRoster(storage(), channel, [makeEntry(subject)]);
      const user = await storage().memberships.findUserBySubject(channel.platformId, subject);
      const member = user && (await storage().memberships.findMembership(channel.id, user.id));
      if (!member) throw new Error('nobody entered');
      return member;
    }

    const find = ({ channelId, userId }: Membership) => storage().memberships.findMembership(channelId, userId);
    const events = async ({ channelId }: Membership) =>
      (await storage().activity.listActivity(channelId, {}, { limit: 100 })).items;

    /** An event that tells what it is about, of its own each time it is asked for, as the domain makes them. */
    function notes(member: Membership, name = 'event') {
      const asked: string[] = [];
      const note = (before: Membership | null, after: Membership | null) => {
        asked.push(`${name}-${asked.length}`);
        const versions = { from: JSON.stringify({ v: before?.version }), to: JSON.stringify({ v: after?.version }) };
        const about = { channelId: member.channelId, subjectUserId: member.userId };
        return makeEvent(asked.at(-1) ?? '', { ...about, ...versions, action: 'member.level', batch: 'b' });
      };
      return { note, asked };
    }

    it('removes a membership and nothing else, and makes a new one afterwards', async () => {
      const member = await enter();
      const ben = await enter('ben');
      const { memberships } = storage();
      expect(await memberships.changeMembership({ ...member, at: NOW }, () => 'remove')).toBeNull();
      expect(await find(member)).toBeNull();
      expect(await find(ben)).toEqual(ben);
      expect(await memberships.findUser(member.userId)).toMatchObject({ subject: 'ana' });
      expect((await memberships.listMembers(member.channelId, {}, { limit: 9 })).items).toEqual([ben]);
      expect((await memberships.countMembers(member.channelId)).total).toBe(1);

      const again = await memberships.changeMembership({ ...member, at: NOW + 5 }, (current) => {
        expect(current).toBeNull();
        return addedByHand(emptyMembership(member, 'hand', NOW + 5), 'member');
      });
      expect(again).toMatchObject({ userId: member.userId, addedBy: 'hand', createdAt: NOW + 5 });
      expect(await find(member)).toEqual(again);
    });

    it('removes nobody where nobody is', async () => {
      const member = await enter();
      const { note, asked } = notes(member);
      const key = { ...member, userId: 'nobody' as Membership['userId'], at: NOW };
      expect(await storage().memberships.changeMembership(key, () => 'remove', note)).toBeNull();
      expect(asked).toEqual([]);
      expect(await events(member)).toEqual([]);
    });

    it('records what is noted of a new, a changed and a removed membership', async () => {
      const ana = await enter();
      const { memberships } = storage();
      const { note } = notes(ana);
      await memberships.changeMembership({ ...ana, at: NOW }, (m) => m && withOverride(m, 'moderator'), note);
      await memberships.changeMembership({ ...ana, at: NOW }, () => 'remove', note);
      const fresh = addedByHand(emptyMembership(ana, 'hand', NOW), 'member');
      const made = await memberships.changeMembership({ ...ana, at: NOW }, () => fresh, note);
      const noted = (await events(ana)).toReversed();
      expect(noted.map(({ from, to }) => [from, to])).toEqual([
        ['{"v":1}', '{"v":2}'],
        ['{"v":2}', '{}'],
        ['{}', JSON.stringify({ v: made?.version })],
      ]);
      expect(noted[0]).toMatchObject({ subjectUserId: ana.userId, batch: 'b' });
    });

    it('records nothing when nothing was written', async () => {
      const member = await enter();
      const { note } = notes(member);
      await storage().memberships.changeMembership({ ...member, at: NOW + 9 }, (current) => current, note);
      await storage().memberships.changeMembership({ ...member, at: NOW + 9 }, () => null, note);
      const same = (current: Membership | null) => current && withRosterEntry(current, makeEntry('ana'), 'deactivate');
      await storage().memberships.changeMembership({ ...member, at: NOW + 9 }, same, note);
      expect(await find(member)).toEqual(member);
      expect(await events(member)).toEqual([]);
    });

    it('changes nothing when the note cannot be made', async () => {
      const member = await enter();
      const broken = storage().memberships.changeMembership(
        { ...member, at: NOW },
        () => 'remove',
        () => {
          throw new Error('broken note');
        },
      );
      await expect(broken).rejects.toThrow('broken note');
      expect(await find(member)).toEqual(member);
    });

    it('records exactly one event for each of twenty changes at once, in one unbroken row', async () => {
      const member = await enter();
      await atOnce(20, (i) =>
        storage().memberships.changeMembership(
          { ...member, at: NOW + i },
          (m) => m && { ...m, lastSeenAt: (m.lastSeenAt ?? 0) + 1 },
          notes(member, `event-${i}`).note,
        ),
      );
      expect(await find(member)).toMatchObject({ lastSeenAt: 20, version: 21 });
      const versions = (await events(member)).map(({ from, to }) => [from, to].map((state) => JSON.parse(state!).v));
      expect(versions.toSorted((a, b) => a[0] - b[0])).toEqual(Array.from({ length: 20 }, (_, i) => [i + 1, i + 2]));
    });

    it('lets one of twenty remove a member, with one event', async () => {
      const member = await enter();
      await atOnce(20, (i) =>
        storage().memberships.changeMembership({ ...member, at: NOW }, () => 'remove', notes(member, `${i}`).note),
      );
      expect(await find(member)).toBeNull();
      expect(await events(member)).toHaveLength(1);
    });

    it('keeps the last active manager, test students left out, and records nothing of the refusal', async () => {
      const channel = await openChannel(storage());
      const level = 'manager';
      const roster = [
        ...['ana', 'ben'].map((subject) => makeEntry(subject, { level })),
        makeEntry('tess', { level, isTest: true }),
        makeEntry('old', { level, inactive: true }),
        makeEntry('eve'),
      ];
      await enterRoster(storage(), channel, roster);
      const { memberships } = storage();
      const { items } = await memberships.listMembers(channel.id, {}, { limit: 9 });
      const of = (name: string) => {
        const found = items.find(({ subject }) => subject === name);
        if (!found) throw new Error(`${name} is no member`);
        return { ...found, at: NOW + 1 };
      };
      const demote = (m: Membership | null) => m && withOverride(m, 'member');
      const { note, asked } = notes(of('ana'));
      const last = { ok: false, reason: 'last-manager' };
      const [one, other] = await atOnce(2, (i) =>
        memberships.changeKeepingManager(of(i === 0 ? 'ana' : 'ben'), i === 0 ? demote : () => 'remove', note),
      );
      expect([one?.ok, other?.ok].toSorted()).toEqual([false, true]);
      expect([one, other]).toContainEqual(last);
      const stays = of(one?.ok ? 'ben' : 'ana');
      expect(await memberships.changeKeepingManager(stays, () => 'remove', note)).toEqual(last);
      expect(await memberships.findMembership(channel.id, stays.userId)).toMatchObject({ version: stays.version });
      expect([asked.length, (await events(stays)).length]).toEqual([1, 1]);
      for (const name of ['tess', 'old', 'eve']) {
        expect(await memberships.changeKeepingManager(of(name), () => 'remove')).toEqual({ ok: true, value: null });
      }
      expect(await memberships.changeKeepingManager(stays, () => null)).toMatchObject({ ok: true });
      expect((await memberships.countMembers(channel.id)).active.manager).toBe(1);
    });

    it('knows a test student by any of their memberships, and finds none by a search', async () => {
      const elsewhere = await openChannel(storage(), 'c2');
      await enterRoster(storage(), elsewhere, [makeEntry('tess', { isTest: true })]);
      const ana = await enter('ana');
      const tess = await storage().memberships.findUserBySubject(elsewhere.platformId, 'tess');
      const isTest = (id: Membership['userId']) => storage().memberships.isTestStudent(id);
      expect([tess && (await isTest(tess.id)), await isTest(ana.userId)]).toEqual([true, false]);
      expect(await isTest('nobody' as Membership['userId'])).toBe(false);
      const search = (q: string) => storage().memberships.searchUsers({ platformId: elsewhere.platformId }, q, 5);
      expect([(await search('tess')).length, (await search('ana')).length]).toEqual([0, 1]);
    });

    it('brings nobody back who is removed while they are changed', async () => {
      const member = await enter();
      await atOnce(20, (i) =>
        storage().memberships.changeMembership({ ...member, at: NOW + i }, (current) => {
          if (i === 7) return 'remove';
          return current && { ...current, lastSeenAt: (current.lastSeenAt ?? 0) + 1 };
        }),
      );
      expect(await find(member)).toBeNull();
    });

    it('keeps what two people set by hand while a roster is applied and a launch comes', async () => {
      const member = await enter();
      const { channelId, userId } = member;
      const channel = await openChannel(storage());
      const { run } = await storage().syncs.requestSync(makeRun('sync-1', { channelId }));
      await storage().syncs.saveSync({ ...run, state: 'running', phase: 'applying', totalChanges: 1 });
      const changes = [makeAddition(makeEntry('ana', { level: 'contributor' }))];
      const slice = { syncId: run.id, channelId, platformId: channel.platformId, at: NOW + 3, attempt: 0 };
      await Promise.all([
        storage().memberships.applyRosterDiff({ ...slice, changes, upTo: 1 }, decideByRoster),
        storage().memberships.changeMembership(
          { ...member, at: NOW + 1 },
          (m) => m && withOverride(m, 'moderator'),
          notes(member, 'first').note,
        ),
        enterRoster(storage(), channel, [makeEntry('ana', { level: 'manager' })], NOW + 2),
        storage().memberships.changeMembership(
          { ...member, at: NOW + 1 },
          (m) => m && addedByHand(m, m.override ?? 'member'),
          notes(member, 'second').note,
        ),
      ]);
      const after = await storage().memberships.findMembership(channelId, userId);
      expect(after).toMatchObject({ override: 'moderator', level: 'moderator', addedBy: 'hand' });
      expect(await events(member)).toHaveLength(2);
    });
  });
}

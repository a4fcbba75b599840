import { describe, expect, it } from 'vitest';
import type { PlatformId, User, UserId } from '../../../src/channels/channel.ts';
import { emptyMembership } from '../../../src/channels/membership.ts';
import { atOnce, HOSTILE, makeOpening, NOW, type OpenStorage, PLATFORM } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

export function defineUserSearchSuite(open: OpenStorage): void {
  describe('membership store: finding people', () => {
    const storage = useStorage(open);
    const ELSEWHERE = 'platform-2' as PlatformId;

    function say(subject: string, name: string | null, email: string | null = null, platformId = PLATFORM) {
      return storage().memberships.upsertUser({ platformId, subject, person: { name, email }, at: NOW });
    }

    async function fill(): Promise<void> {
      await say('20001', 'Zoë Öztürk', 'zoe.oz@students.example');
      await say('20002', 'Ángel Ruiz Gómez', 'ARuiz@school.example');
      await say('20003', "Andrea Smith-O'Brien", null);
      await say('20004', null, 'anonymous@school.example');
      await say('X-77', null, null);
      await say('20006', 'Σοφία Παπαδοπούλου');
      await say('20007', '王小明');
      await say('20008', 'Ruiz, Ángela');
      await say('20001', 'Zoë Öztürk of another school', null, ELSEWHERE);
    }

    async function find(q: string, limit = 10): Promise<string[]> {
      const users = await storage().memberships.searchUsers({ platformId: PLATFORM }, q, limit);
      return users.map(({ subject }) => subject);
    }

    it.each([
      ['zoe', ['20001']],
      ['ÖZT', ['20001']],
      ['oz', ['20001']],
      ['angel', ['20002', '20008']],
      ['angel gom', ['20002']],
      ['  ruiz   ángela ', ['20008']],
      ['obrien', []],
      ["o'br", ['20003']],
      ['smith-o', ['20003']],
      ['brien andrea', ['20003']],
      ['a\u0000br', ['20003']],
      ['oz@stu', []],
      ['σοφια', ['20006']],
      ['王小', ['20007']],
      ['20004', ['20004']],
      ['x-7', ['X-77']],
      ['zoe.oz@students.example', ['20001']],
      ['aruiz@SCHOOL', ['20002']],
      ['anonymous', ['20004']],
      ['ngel', []],
      ['ruiz nobody', []],
      ['zoe another', []],
    ])('finds by the beginnings of words of name, address and ID: %j', async (q, expected) => {
      await fill();
      expect(await find(q)).toEqual(expected);
    });

    it('sorts by name, people without one last, and gives no more than asked for', async () => {
      await fill();
      expect(await find('an')).toEqual(['20003', '20002', '20008', '20004']);
      expect(await find('an', 2)).toEqual(['20003', '20002']);
    });

    it('keeps the schools of one platform apart, and shows who is in no channel yet to all', async () => {
      const [ana, ben] = [await say('a', 'Ana Twofold'), await say('b', 'Ben Twofold')];
      await say('c', 'Cem Twofold');
      for (const [tenant, user] of [
        ['school-a', ana],
        ['school-b', ben],
      ] as const) {
        const opening = makeOpening(tenant, { platformId: PLATFORM });
        const fresh = { ...opening.fresh, tenant };
        const { channel } = await storage().channels.openChannelForContext({ ...opening, fresh });
        const key = { channelId: channel.id, userId: user.id };
        await storage().memberships.changeMembership({ ...key, at: NOW }, () =>
          emptyMembership({ ...key, subject: user.subject }, 'hand', NOW),
        );
      }
      const at = async (tenant: string | null) =>
        (await storage().memberships.searchUsers({ platformId: PLATFORM, tenant }, 'twofold', 10)).map(
          ({ subject }) => subject,
        );
      expect(await at('school-a')).toEqual(['a', 'c']);
      expect(await at('school-b')).toEqual(['b', 'c']);
      expect(await at(null)).toEqual(['c']);
    });

    it('keeps platforms apart', async () => {
      await fill();
      const there = await storage().memberships.searchUsers({ platformId: ELSEWHERE }, 'zoe', 10);
      expect(there).toMatchObject([{ subject: '20001', platformId: ELSEWHERE, name: 'Zoë Öztürk of another school' }]);
      expect(await storage().memberships.searchUsers({ platformId: ELSEWHERE }, 'ruiz', 10)).toEqual([]);
    });

    it.each(['', '   ', '\u0301', '%', '_', '*', 'z%', 'zo_', 'ru*', ...HOSTILE.slice(1)])(
      'finds nobody by %j',
      async (q) => {
        await fill();
        expect(await find(q)).toEqual([]);
      },
    );

    it.each(HOSTILE.filter((text) => !text.includes('surrogate')))('finds somebody whose name is %j', async (name) => {
      const user = await say('strange', name);
      expect(await storage().memberships.searchUsers({ platformId: PLATFORM }, name, 10)).toEqual([user]);
    });

    it('takes endless words', async () => {
      const user = await say('long', 'a'.repeat(5000), `${'b'.repeat(400)}@school.example`);
      expect(await storage().memberships.searchUsers({ platformId: PLATFORM }, 'a'.repeat(5000), 10)).toEqual([user]);
      expect(await find('b'.repeat(150))).toEqual(['long']);
      expect(await find(`${'c '.repeat(5000)}`)).toEqual([]);
    });

    it('finds by the new name and no longer by the old one, and by an address that came later', async () => {
      await say('s1', 'Ana Old');
      await say('s1', 'Ana New', 'mail@school.example');
      expect(await find('old')).toEqual([]);
      expect(await find('ana new')).toEqual(['s1']);
      expect(await find('mail@')).toEqual(['s1']);
    });

    it('finds somebody whom many at once made and renamed, once and by what stands', async () => {
      await atOnce(20, (i) => say('s1', `Ana Number${i}`));
      const [user, ...others] = await storage().memberships.searchUsers({ platformId: PLATFORM }, 'ana', 10);
      expect(others).toEqual([]);
      const name = (await storage().memberships.findUser(user!.id))?.name;
      for (let i = 0; i < 20; i++) {
        expect(await find(`number${i}`)).toEqual(name?.startsWith(`Ana Number${i}`) ? ['s1'] : []);
      }
    });

    it('finds somebody among a thousand who share a word', async () => {
      for (let i = 0; i < 1000; i++) await say(`s${i}`, `Maria Number${i}`);
      expect(await find('maria', 10)).toHaveLength(10);
      expect(await find('maria number777')).toEqual(['s777']);
      expect(await find('number777 maria')).toEqual(['s777']);
    });

    async function indexAll(): Promise<void> {
      while (await storage().memberships.indexPeople(300));
    }

    it('finds the last of 1,000 new people at once', async () => {
      for (let i = 0; i < 1000; i++) await say(`s${i}`, `Newcomer Number${i}`);
      expect(await find('newcomer number999')).toEqual(['s999']);
    });

    it('finds everybody of more than 1,000 new people once they are indexed', async () => {
      for (let i = 0; i < 1500; i++) await say(`s${i}`, `Newcomer Number${i}`);
      await indexAll();
      for (const i of [0, 999, 1000, 1499]) expect(await find(`number${i} newcomer`)).toEqual([`s${i}`]);
      expect(await storage().memberships.indexPeople(300)).toBe(false);
    });

    it('finds somebody by what stands who was renamed before and after being indexed', async () => {
      for (let i = 0; i < 1200; i++) await say(`s${i}`, `Newcomer Number${i}`);
      await say('s1100', 'Other Early');
      await indexAll();
      await say('s1101', 'Other Late');
      await indexAll();
      expect(await find('number1100')).toEqual([]);
      expect(await find('number1101')).toEqual([]);
      expect(await find('other')).toEqual(['s1100', 's1101']);
    });

    it('indexes nobody twice when many do it at once', async () => {
      for (let i = 0; i < 500; i++) await say(`s${i}`, `Newcomer Number${i}`);
      await atOnce(10, () => storage().memberships.indexPeople(100));
      await indexAll();
      expect(await find('number499')).toEqual(['s499']);
      expect(await storage().memberships.searchUsers({ platformId: PLATFORM }, 'newcomer', 1000)).toHaveLength(500);
    });

    it('finds one by platform and subject', async () => {
      const ana = await say('ana', 'Ana');
      const { memberships } = storage();
      expect(await memberships.findUserBySubject(PLATFORM, 'ana')).toEqual(ana);
      expect(await memberships.findUserBySubject(PLATFORM, 'ANA')).toBeNull();
      expect(await memberships.findUserBySubject(ELSEWHERE, 'ana')).toBeNull();
      expect(await memberships.findUserBySubject(PLATFORM, 'nobody')).toBeNull();
    });

    it.each(HOSTILE)('finds the subject %j', async (subject) => {
      const user = await say(subject, null);
      expect(await storage().memberships.findUserBySubject(PLATFORM, subject)).toEqual(user);
    });

    it('finds many by their IDs, each once, and passes over those nobody has', async () => {
      const users = await Promise.all(['a', 'b', 'c'].map((subject) => say(subject, `Name ${subject}`)));
      const ids = users.slice(1).map(({ id }) => id);
      const found = await storage().memberships.findUsers([...ids, ...ids, 'nobody' as UserId, HOSTILE[2] as UserId]);
      const bySubject = (a: User, b: User) => (a.subject < b.subject ? -1 : 1);
      expect(found.toSorted(bySubject)).toEqual(users.slice(1));
      expect(await storage().memberships.findUsers([])).toEqual([]);
    });
  });
}

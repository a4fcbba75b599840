import type { PlatformId, User, UserId } from '../../channels/channel.ts';
import type { MembershipStore } from '../../channels/channel-store.ts';
import { yieldToRequests } from '../../lib/clock.ts';
import { memberSortKey } from '../member-keys.ts';
import { isFoundBy, searchWords } from '../user-words.ts';
import { toJson } from './columns.ts';
import type { Database } from './database.ts';
import { isOutage } from './faults.ts';
import { USER_COLUMNS } from './user-rows.ts';
import { createUserWordRows } from './user-word-rows.ts';

/** People a search looks at, at most: beginnings that more have in common must not hold up the process. */
const LOOKED_AT = 1000;

/** So many are sorted by name; of a beginning that more have in common a list of suggestions shows some anyway. */
const ENOUGH = 100;

/** New people whom a search makes findable first, at most, and how many of them in one go: some 10 ms of work. */
const MOST_NEW = 1000;
const NEW_AT_ONCE = 200;

/** Stands behind every word that begins with what is before it: no text has this character. */
const BEHIND_ALL = '\u{10ffff}';

const BEGIN = 'platform_id = @platformId AND word >= @from AND word < @to';

type Among = Parameters<MembershipStore['searchUsers']>[0];
type Range = { platformId: PlatformId; from: string; to: string };

/** Finds people of a platform, and many at once. */
export function createUserSearch(db: Database): Pick<MembershipStore, 'findUsers' | 'searchUsers' | 'indexPeople'> {
  const byIds = db.prepare<[string], User>(
    `SELECT ${USER_COLUMNS} FROM users WHERE id IN (SELECT value FROM json_each(?))`,
  );
  const countWords = db
    .prepare<[Range], number>(`SELECT count(*) FROM (SELECT 1 FROM user_words WHERE ${BEGIN} LIMIT ${LOOKED_AT})`)
    .pluck();
  const peopleOf = db
    .prepare<[Range & { limit: number }], UserId>(
      `SELECT user_id FROM user_words WHERE ${BEGIN} ORDER BY word, user_id LIMIT @limit`,
    )
    .pluck();
  const byId = db.prepare<[string], User>(`SELECT ${USER_COLUMNS} FROM users WHERE id = ?`);

  const asTestStudent = db.prepare<[string]>(
    'SELECT 1 FROM memberships INDEXED BY memberships_of_user WHERE user_id = ? AND is_test = 1 LIMIT 1',
  );
  const atSchool = db
    .prepare<[string | null, string], number | null>(
      `SELECT max(tenant IS ?) FROM memberships INDEXED BY memberships_of_user
       JOIN channels ON channels.id = channel_id WHERE user_id = ?`,
    )
    .pluck();
  const words = createUserWordRows(db);

  async function indexNewest(): Promise<void> {
    try {
      for (let done = 0; done < MOST_NEW && words.writeNext(NEW_AT_ONCE); done += NEW_AT_ONCE) await yieldToRequests();
    } catch (error) {
      // On a full disk people whose words stand already are found all the same.
      if (!isOutage(error)) throw error;
    }
  }

  /** The word that the fewest people have, so that the others are looked for among few. */
  function rarest(ranges: Range[]): Range | null {
    if (ranges.length < 2) return ranges[0] ?? null;
    const counted = ranges.map((range) => ({ range, people: countWords.get(range) ?? 0 }));
    return counted.sort((a, b) => a.people - b.people)[0]?.range ?? null;
  }

  function isAmong(id: UserId, { tenant }: Among): boolean {
    if (asTestStudent.get(id) !== undefined) return false;
    // Null: in no channel yet, so of no other school either.
    return tenant === undefined || atSchool.get(tenant, id) !== 0;
  }

  function search(among: Among, words: string[], enough: number): User[] {
    const { platformId } = among;
    const ranges = words.map((word) => ({ platformId, from: word, to: word + BEHIND_ALL }));
    const range = rarest(ranges);
    const all = words.length === 1 && among.tenant === undefined;
    const ids = range ? peopleOf.all({ ...range, limit: all ? enough : LOOKED_AT }) : [];
    const found: User[] = [];
    for (const id of new Set(ids)) {
      if (found.length === enough) break;
      const user = byId.get(id);
      if (user && isFoundBy(user, words) && isAmong(id, among)) found.push(user);
    }
    return found;
  }

  return {
    findUsers: async (ids) => byIds.all(toJson(ids)),
    async searchUsers(among, q, limit) {
      await indexNewest();
      return byName(search(among, searchWords(q), Math.max(limit, ENOUGH))).slice(0, limit);
    },
    indexPeople: async (limit) => words.writeNext(limit),
  };
}

function byName(users: User[]): User[] {
  const keyed = users.map((user) => ({ user, key: memberSortKey(user.subject, user) }));
  return keyed.sort((a, b) => compare(a.key, b.key) || compare(a.user.id, b.user.id)).map(({ user }) => user);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

import type { Connection, mongo } from 'mongoose';
import type { ChannelId, PlatformId, User, UserId } from '../../channels/channel.ts';
import type { MembershipStore } from '../../channels/channel-store.ts';
import { memberSortKey } from '../member-keys.ts';
import { isFoundBy, searchWords } from '../user-words.ts';
import { channelModel } from './channel-documents.ts';
import { membershipModel } from './membership-documents.ts';
import { rowsOf } from './model.ts';
import { inSlices } from './slices.ts';
import { toUser, type UserDocument, userModel } from './user-documents.ts';

/** People a search looks at, at most, and how many of them at once. */
const LOOKED_AT = 1000;
const AT_ONCE = 200;

/** So many are sorted by name; of a beginning that more have in common a list of suggestions shows some anyway. */
const ENOUGH = 100;

/** Stands behind every word that begins with what is before it: no text has this character. */
const BEHIND_ALL = '\u{10ffff}';

type Among = Parameters<MembershipStore['searchUsers']>[0];
type Range = mongo.Filter<UserDocument>;

/** Finds people of a platform, and many at once. */
export function createUserSearch(db: Connection): Pick<MembershipStore, 'findUsers' | 'searchUsers' | 'indexPeople'> {
  const users = rowsOf(userModel(db));
  const amongOf = createAmong(db);

  /** The word that the fewest people have, so that the others are looked for among few. */
  async function rarest(ranges: Range[]): Promise<Range | null> {
    if (ranges.length < 2) return ranges[0] ?? null;
    const counts = ranges.map((range) => users.countDocuments(range, { limit: LOOKED_AT }));
    const counted = (await Promise.all(counts)).map((people, i) => ({ people, range: ranges[i] ?? null }));
    return counted.sort((a, b) => a.people - b.people)[0]?.range ?? null;
  }

  async function search(among: Among, words: string[], enough: number): Promise<User[]> {
    const range = await rarest(words.map((word) => beginning(among.platformId, word)));
    const found: User[] = [];
    if (!range) return found;
    const walk = users.find(range).project<UserDocument>({ words: 0 }).limit(LOOKED_AT).batchSize(AT_ONCE);
    for await (const slice of inSlices(walk, AT_ONCE)) {
      const matching = slice.map(toUser).filter((user) => isFoundBy(user, words));
      found.push(...(await amongOf(among, matching)));
      if (found.length >= enough) break;
    }
    return found;
  }

  return {
    async findUsers(ids) {
      if (ids.length === 0) return [];
      return (await users.find({ _id: { $in: [...ids] } }).toArray()).map(toUser);
    },
    async searchUsers(among, q, limit) {
      return byName(await search(among, searchWords(q), Math.max(limit, ENOUGH))).slice(0, limit);
    },
    // The words of a user are written with the user.
    indexPeople: async () => false,
  };
}

function beginning(platformId: PlatformId, word: string): Range {
  return { platformId, words: { $elemMatch: { $gte: word, $lt: word + BEHIND_ALL } } };
}

/** Those people who are no test students, and not in channels of other schools only. */
function createAmong(db: Connection): (among: Among, people: User[]) => Promise<User[]> {
  const members = rowsOf(membershipModel(db));
  const channels = rowsOf(channelModel(db));

  async function testStudents(ids: UserId[]): Promise<Set<UserId>> {
    return new Set(await members.distinct('userId', { userId: { $in: ids }, isTest: true }));
  }

  /** Who is in channels, and all of them are of other schools. */
  async function strangers(ids: UserId[], tenant: string | null): Promise<Set<UserId>> {
    const places = await members
      .find({ userId: { $in: ids }, active: { $in: [true, false] } })
      .project<{ userId: UserId; channelId: ChannelId }>({ _id: 0, userId: 1, channelId: 1 })
      .toArray();
    const known = await channels
      .find({ _id: { $in: [...new Set(places.map(({ channelId }) => channelId))] } })
      .project<{ _id: ChannelId; tenant: string | null }>({ tenant: 1 })
      .toArray();
    const tenants = new Map(known.map((channel) => [channel._id, channel.tenant]));
    const placed = places.filter(({ channelId }) => tenants.has(channelId));
    const here = new Set(
      placed.filter(({ channelId }) => tenants.get(channelId) === tenant).map(({ userId }) => userId),
    );
    return new Set(placed.map(({ userId }) => userId).filter((id) => !here.has(id)));
  }

  return async ({ tenant }, people) => {
    if (people.length === 0) return [];
    const ids = people.map(({ id }) => id);
    const test = await testStudents(ids);
    const elsewhere = tenant === undefined ? test : await strangers(ids, tenant);
    return people.filter(({ id }) => !test.has(id) && !elsewhere.has(id));
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

import type { Connection, mongo } from 'mongoose';
import type { PlatformId, User, UserId } from '../../channels/channel.ts';
import { isDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';
import {
  newUser,
  renaming,
  type SaidOfUser,
  saysNothingNew,
  toUser,
  type UserDocument,
  userModel,
} from './user-documents.ts';

/** What a slice of a roster says of its people; subjects and persons as the engine gives them back. */
export type SaidOfMany = { platformId: PlatformId; at: number; said: ReadonlyMap<string, SaidOfUser['person'] | null> };

/** The users of some subjects, and which of them were made just now, so that no channel knows them yet. */
export type FoundUsers = { ids: Map<string, UserId>; fresh: Set<UserId> };

/** Each round somebody else has written: nobody is so unlucky this often. */
const ROUNDS = 50;

/**
 * `upsertUser` for many: one question for all of them, and one write each for those who are new and those of whom
 * something new is said. A subject of which nothing is said (null) is looked up only.
 */
export function createUserBatches(db: Connection): (asked: SaidOfMany) => Promise<FoundUsers> {
  const rows = rowsOf(userModel(db));

  return async (asked) => {
    for (let round = 0; round < ROUNDS; round++) {
      const known = await findAll(rows, asked.platformId, [...asked.said.keys()]);
      const { strangers, renamed } = newsOf(asked, known);
      const made = await insertAll(rows, strangers);
      // Otherwise a launch was quicker with some of them: all are read again, and what is still new is written.
      if (!(await updateAll(rows, renamed)) || !made) continue;
      const fresh = strangers.map(({ _id, subject }) => [subject, _id] as const);
      const ids = new Map([...[...known].map(([subject, { id }]) => [subject, id] as const), ...fresh]);
      return { ids, fresh: new Set(fresh.map(([, id]) => id)) };
    }
    throw new Error('users were changed by others again and again');
  };
}

/** Who is new, and of whom something new is said. */
function newsOf({ platformId, at, said }: SaidOfMany, known: Map<string, User>) {
  const strangers: UserDocument[] = [];
  const renamed: ReturnType<typeof renaming>[] = [];
  for (const [subject, person] of said) {
    if (!person) continue;
    const user = known.get(subject);
    if (!user) strangers.push(newUser({ platformId, subject, person, at }));
    else if (!saysNothingNew(user, person)) renamed.push(renaming(user, { person, at }));
  }
  return { strangers, renamed };
}

async function findAll(
  rows: mongo.Collection<UserDocument>,
  platformId: PlatformId,
  subjects: string[],
): Promise<Map<string, User>> {
  const found = await rows
    .find({ platformId, subject: { $in: subjects } })
    .project<UserDocument>({ words: 0 })
    .toArray();
  return new Map(found.map((document) => [document.subject, toUser(document)]));
}

/** False when some of them were there already; the others are there now. */
async function insertAll(rows: mongo.Collection<UserDocument>, users: UserDocument[]): Promise<boolean> {
  if (users.length === 0) return true;
  try {
    await rows.insertMany(users, { ordered: false });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** False when some of them had been changed meanwhile. */
async function updateAll(
  rows: mongo.Collection<UserDocument>,
  updates: ReturnType<typeof renaming>[],
): Promise<boolean> {
  if (updates.length === 0) return true;
  const operations = updates.map((updateOne) => ({ updateOne }));
  return (await rows.bulkWrite(operations, { ordered: false })).matchedCount === updates.length;
}

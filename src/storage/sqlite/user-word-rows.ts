import type { PlatformId, User, UserId } from '../../channels/channel.ts';
import { userWords } from '../user-words.ts';
import { atomic, type Database } from './database.ts';

/**
 * The rows of `user_words`. Those of new users are written apart, in the order in which the users were made, for they
 * cost as much as all else that a first sync writes.
 */
export type UserWordRows = {
  /** Keeps the words of a user who was renamed; inside the caller's transaction. */
  rename(before: User, after: User): void;
  /** Writes the words of new users, `limit` of them at most; true when more are left. */
  writeNext(limit: number): boolean;
};

type NewUser = Pick<User, 'id' | 'platformId' | 'subject' | 'name' | 'email'> & { number: number };
type WordRow = [PlatformId, string, UserId];

export function createUserWordRows(db: Database): UserWordRows {
  const add = db.prepare<WordRow>(
    'INSERT INTO user_words (platform_id, word, user_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const remove = db.prepare<WordRow>('DELETE FROM user_words WHERE platform_id = ? AND word = ? AND user_id = ?');
  const hasWords = db
    .prepare<[string], number>('SELECT number <= (SELECT up_to FROM user_words_written) FROM users WHERE id = ?')
    .pluck();
  const newest = db
    .prepare<[], number>('SELECT max(number) > (SELECT up_to FROM user_words_written) FROM users')
    .pluck();
  const next = db.prepare<[number], NewUser>(
    `SELECT number, id, platform_id AS platformId, subject, name, email FROM users
     WHERE number > (SELECT up_to FROM user_words_written) ORDER BY number LIMIT ?`,
  );
  const move = db.prepare<[number]>('UPDATE user_words_written SET up_to = ?');

  const write = atomic(db, (limit: number): boolean => {
    const users = next.all(limit);
    const last = users.at(-1);
    if (!last) return false;
    const rows = users.flatMap((user) => userWords(user).map((word): WordRow => [user.platformId, word, user.id]));
    // Neighbours one after another: each page of the table is looked for once.
    for (const row of rows.sort(byWord)) add.run(...row);
    move.run(last.number);
    return users.length === limit;
  });

  return {
    rename(before, after) {
      if (hasWords.get(after.id) !== 1) return;
      const { id, platformId } = after;
      const now = userWords(after);
      const old = userWords(before);
      for (const word of old) if (!now.includes(word)) remove.run(platformId, word, id);
      for (const word of now) if (!old.includes(word)) add.run(platformId, word, id);
    },
    writeNext: (limit) => newest.get() === 1 && write(limit),
  };
}

function byWord([, a]: WordRow, [, b]: WordRow): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { User } from '../../channels/channel.ts';
import { userWords } from '../user-words.ts';
import type { Database } from './database.ts';

/** Keeps the words of a user who was made (`before` is null) or renamed; inside the caller's transaction. */
export type KeepUserWords = (before: User | null, after: User) => void;

export function createUserWordRows(db: Database): KeepUserWords {
  const add = db.prepare<[string, string, string]>(
    'INSERT INTO user_words (platform_id, word, user_id) VALUES (?, ?, ?)',
  );
  const remove = db.prepare<[string, string, string]>(
    'DELETE FROM user_words WHERE platform_id = ? AND word = ? AND user_id = ?',
  );
  return (before, after) => {
    const { id, platformId } = after;
    const now = userWords(after);
    const old = before ? userWords(before) : [];
    for (const word of old) if (!now.includes(word)) remove.run(platformId, word, id);
    for (const word of now) if (!old.includes(word)) add.run(platformId, word, id);
  };
}

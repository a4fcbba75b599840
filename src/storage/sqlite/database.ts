import type BetterSqlite3 from 'better-sqlite3';

/** One connection; every call is synchronous and holds up the process, so verbs are small. */
export type Database = BetterSqlite3.Database;

/**
 * Makes a function that runs `work` in one immediate transaction: the write lock is taken first, so what is read cannot
 * be changed by another process before it is written. Whatever throws rolls everything back.
 */
export function atomic<Arguments extends unknown[], Value>(
  db: Database,
  work: (...args: Arguments) => Value,
): (...args: Arguments) => Value {
  return db.transaction(work).immediate as (...args: Arguments) => Value;
}

/** The code of an error of SQLite ("SQLITE_BUSY"), or null for any other. */
export function sqliteCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}

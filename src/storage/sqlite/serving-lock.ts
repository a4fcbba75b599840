import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import type { Database } from './database.ts';
import { isBusy } from './faults.ts';

/** Which process serves from a database file: the one that holds the lock beside it. */
export type ServingLock = {
  /** Takes the lock until `release` or the end of the process. False: another process has it. */
  claim(): boolean;
  /** True when some process has the lock, this one too. */
  isHeld(): boolean;
  release(): void;
};

/** A look from the command line holds the lock for less than a millisecond; a start waits that out. In milliseconds. */
const PATIENCE = 1_000;

/**
 * The lock is an open exclusive transaction on an empty file beside the database, `<path>.serving`: the operating system
 * takes it back when the process ends, however it ends, and it holds between containers that share the folder. The file
 * stays there; removing it would let two processes hold a lock on two files of that name.
 */
export function createServingLock(path: string): ServingLock {
  let held: Database | null = null;
  return {
    claim() {
      held ??= lock(path);
      return held !== null;
    },
    isHeld: () => held !== null || isServed(path),
    release() {
      held?.close();
      held = null;
    },
  };
}

/** True when a process serves from the database at `path`. */
export function isServed(path: string): boolean {
  const mine = lock(path, 0);
  mine?.close();
  return mine === null;
}

function lock(path: string, timeout = PATIENCE): Database | null {
  const db = new BetterSqlite3(lockFile(path), { timeout });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) return null;
    throw error;
  }
}

function lockFile(path: string): string {
  // Of the file itself, so that a second name of it (a symbolic link) leads to the same lock.
  const file = `${existsSync(path) ? realpathSync(path) : path}.serving`;
  try {
    // Never opened where it is there: closing any handle of a file drops the locks that this process has on it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // It is there, or cannot be made: then SQLite says so in its own words.
  }
  return file;
}

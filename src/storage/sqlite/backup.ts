import { existsSync, rmSync, statSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { failure, type Result, success } from '../../lib/result.ts';
import { copyDatabase, type DatabaseFault } from './copy-database.ts';
import type { Database } from './database.ts';
import { fileFault, isBusy } from './faults.ts';
import { appear, replaceDatabase } from './files.ts';

export type BackupFailure = 'no-database' | 'target-exists' | DatabaseFault;
export type RestoreFailure = 'no-backup' | 'in-use' | DatabaseFault;

/** `replaced` is where the database that stood there is now; null when there was none. */
export type Restored = { bytes: number; replaced: string | null };

/**
 * Copies a database, also one that is being written to, as it was at one moment; `bytes` is the size of the copy. It gets
 * its name only when it is whole, and never replaces a file.
 */
export async function backupSqlite(path: string, target: string): Promise<Result<{ bytes: number }, BackupFailure>> {
  if (!existsSync(path)) return failure('no-database');
  if (existsSync(target)) return failure('target-exists');
  const temporary = `${target}.unfinished-${process.pid}`;
  try {
    const copied = await copyDatabase(path, temporary);
    if (!copied.ok) return copied;
    const { size } = statSync(temporary);
    return appear(temporary, target) ? success({ bytes: size }) : failure('target-exists');
  } finally {
    removeWithSides(temporary);
  }
}

/**
 * Puts a backup in the place of the database at `path`. It is copied and checked first; the database that stood there is
 * kept beside it as `*.before-restore-<time>`. Refused while any process has that database open.
 */
export async function restoreSqlite(
  backup: string,
  path: string,
  at: number = Date.now(),
): Promise<Result<Restored, RestoreFailure>> {
  if (!existsSync(backup)) return failure('no-backup');
  const temporary = `${path}.unfinished-${process.pid}`;
  try {
    const copied = await copyDatabase(backup, temporary);
    if (!copied.ok) return copied;
    const { size } = statSync(temporary);
    const replaced = existsSync(path) ? `${path}.before-restore-${nameableTime(at)}` : null;
    return putInPlace(temporary, path, replaced) ? success({ bytes: size, replaced }) : failure('in-use');
  } finally {
    removeWithSides(temporary);
  }
}

function putInPlace(temporary: string, path: string, replaced: string | null): boolean {
  const lock = existsSync(path) ? lockWhole(path) : null;
  if (lock === 'in-use') return false;
  try {
    replaceDatabase(temporary, path, replaced ?? path);
    return true;
  } finally {
    lock?.close();
  }
}

/**
 * Keeps every other process out of a database and empties its write-ahead log into it. Null when the file is no database
 * any more: a restore is what helps then.
 */
function lockWhole(path: string): Database | 'in-use' | null {
  const db = new BetterSqlite3(path, { fileMustExist: true, timeout: 0 });
  try {
    // With WAL, whoever has the database open shares a lock on it for as long; leaving WAL needs it whole.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
    // In this mode the journal of the step before is emptied, not deleted.
    rmSync(`${path}-journal`, { force: true });
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) return 'in-use';
    if (fileFault(error) === 'not-a-database') return null;
    throw error;
  }
}

function removeWithSides(path: string): void {
  for (const side of ['', '-wal', '-shm', '-journal']) rmSync(path + side, { force: true });
}

function nameableTime(at: number): string {
  return new Date(at).toISOString().replaceAll(/[:.]/g, '-');
}

import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { failure, type Result, success } from '../../lib/result.ts';
import type { Database } from './database.ts';
import { fileFault, messageOf } from './faults.ts';
import { syncFile } from './files.ts';
import { judgeDatabase } from './migrate.ts';

/** `damaged`: the copy did not pass SQLite's integrity check. */
export type DatabaseFault = 'not-a-database' | 'newer-schema' | 'damaged' | 'not-writable';

/**
 * Copies a database of ours as it is at one moment, whoever writes to it meanwhile, into one complete file that needs
 * no other beside it, and checks the copy. The caller removes `target` when this fails.
 */
export async function copyDatabase(source: string, target: string): Promise<Result<null, DatabaseFault>> {
  if (!existsSync(dirname(target))) return failure('not-writable', 'The folder does not exist');
  let from: Database | null = null;
  try {
    // Not opened as read-only: such a connection would leave the side files of the write-ahead log behind.
    from = new BetterSqlite3(source, { fileMustExist: true, timeout: 10_000 });
    const kind = judgeDatabase(from);
    if (kind === 'newer') return failure('newer-schema');
    if (kind !== 'ours') return failure('not-a-database');
    // Readable by nobody else, like the database itself.
    closeSync(openSync(target, 'w', 0o600));
    await copyPages(from, target);
    return finishCopy(target);
  } catch (error) {
    const reason = fileFault(error);
    if (reason === null) throw error;
    return failure(reason, messageOf(error));
  } finally {
    from?.close();
  }
}

// The open read transaction keeps the copy at one moment; without it every write of another process starts it anew.
async function copyPages(from: Database, target: string): Promise<void> {
  from.exec('BEGIN');
  from.prepare('SELECT count(*) FROM sqlite_schema').get();
  await from.backup(target, { progress: () => 1000 });
  from.exec('COMMIT');
}

function finishCopy(target: string): Result<null, DatabaseFault> {
  const copy = new BetterSqlite3(target, { fileMustExist: true });
  try {
    copy.pragma('journal_mode = DELETE');
    const verdict = copy.pragma('integrity_check(1)', { simple: true });
    if (verdict !== 'ok') return failure('damaged', String(verdict));
  } catch (error) {
    if (fileFault(error) !== 'not-a-database') throw error;
    return failure('damaged', messageOf(error));
  } finally {
    copy.close();
  }
  syncFile(target);
  return success(null);
}

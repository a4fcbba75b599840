import { sqliteCode } from './database.ts';

/** What an error of SQLite or of the file system says of a database file; null when it is a bug. */
export function fileFault(error: unknown): 'not-a-database' | 'not-writable' | null {
  const code = sqliteCode(error);
  if (code === null) return SYSTEM_FAULTS.has(systemCode(error)) ? 'not-writable' : null;
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return 'not-a-database';
  return SQLITE_FAULTS.test(code) ? 'not-writable' : null;
}

/** True when SQLite cannot read or write the file at the moment; false for a bug. */
export function isOutage(error: unknown): boolean {
  return sqliteCode(error) !== null && fileFault(error) !== null;
}

/** True when another connection holds what was asked for. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(error) ?? '');
}

export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const SYSTEM_FAULTS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENOENT', 'ENOSPC', 'EEXIST']);
const SQLITE_FAULTS = /^SQLITE_(READONLY|CANTOPEN|PERM|IOERR|FULL|BUSY|LOCKED|AUTH)/;

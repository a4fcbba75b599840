import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite, type SqliteStorage } from '../../../src/storage/sqlite/open.ts';

/** A folder of its own, and how to remove it. */
export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'rostrum-storage-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Opens a database that must open. */
export function mustOpen(path: string): SqliteStorage {
  const opened = openSqlite({ path });
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.detail ?? ''}`);
  return opened.value;
}

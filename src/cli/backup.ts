import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadConfig } from '../config/config.ts';
import { failure, type Result } from '../lib/result.ts';
import {
  type BackupFailure,
  backupSqlite,
  type Restored,
  type RestoreFailure,
  restoreSqlite,
} from '../storage/sqlite/backup.ts';
import { createServingLock } from '../storage/sqlite/serving-lock.ts';
import type { Command } from './command.ts';
import { configFaults } from './context.ts';
import { done, type FailedOutcome, failed } from './outcome.ts';

const backup: Command = {
  name: 'backup',
  summary: 'Writes a copy of the database to PATH, also while the server runs.',
  positionals: ['PATH'],
  options: {},
  async run({ positionals: [path = ''] }, { env }) {
    const database = readDatabase(env, 'mongodump makes a copy of one, also while it is used.');
    if (!database.ok) return database;
    const target = resolve(path);
    if (!isFolder(dirname(target))) return failed('no-folder', `There is no folder ${dirname(target)}; make it first.`);
    const written = await backupSqlite(database.path, target);
    if (!written.ok) return failed(written.reason, backupFault(written.reason, target));
    const { bytes } = written.value;
    const text = `${target} is written (${bytes} bytes). Keep SECRET_KEY apart from it: without the key its LTI keys cannot be used.`;
    return done({ path: target, bytes }, text);
  },
};

const restore: Command = {
  name: 'restore',
  summary: 'Puts the copy at PATH in the place of the database; the server must be stopped.',
  positionals: ['PATH'],
  options: {},
  async run({ positionals: [path = ''] }, { env }) {
    const database = readDatabase(env, 'mongorestore brings back what mongodump wrote, while no process runs on it.');
    if (!database.ok) return database;
    const source = resolve(path);
    const restored = await restoreUnserved(source, database.path);
    if (!restored.ok) {
      const { reason } = restored;
      return failed(reason === 'served' ? 'in-use' : reason, restoreFault(reason, source));
    }
    const { bytes, replaced } = restored.value;
    const kept = replaced === null ? '' : ` The database that stood there is kept as ${replaced}.`;
    return done({ path: database.path, bytes, replaced }, `${source} is in place (${bytes} bytes).${kept}`);
  },
};

export const backupCommands: readonly Command[] = [backup, restore];

/** The file of the database; on MongoDB the server's own tools do better than these commands could. */
function readDatabase(
  env: Record<string, string | undefined>,
  instead: string,
): { ok: true; path: string } | FailedOutcome {
  const loaded = loadConfig(env);
  if (!loaded.ok) return failed('bad-config', configFaults(loaded.faults));
  const { database } = loaded.config;
  if (database.engine === 'sqlite') return { ok: true, path: database.path };
  return failed(
    'not-on-mongodb',
    `The database is MongoDB ${database.place}, and this command is for SQLite; ${instead}`,
  );
}

/** As the process that serves, so that no server starts in between; one that runs is told from a command that does. */
async function restoreUnserved(source: string, path: string): Promise<Result<Restored, RestoreFailure | 'served'>> {
  // Without a folder there is neither a database nor a server.
  const serving = isFolder(dirname(path)) ? createServingLock(path) : null;
  if (serving?.claim() === false) return failure('served');
  try {
    return await restoreSqlite(source, path);
  } finally {
    serving?.release();
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function backupFault(reason: BackupFailure, target: string): string {
  switch (reason) {
    case 'no-database':
      return 'There is no database yet: the server has not run with these settings. Check DATA_DIR and DATABASE_URL.';
    case 'target-exists':
      return `${target} is there already and is not replaced; give another name.`;
    default:
      return `The database could not be copied (${reason}); nothing was written.`;
  }
}

function restoreFault(reason: RestoreFailure | 'served', source: string): string {
  switch (reason) {
    case 'no-backup':
      return `There is no file ${source}.`;
    case 'served':
      return 'A server runs on the database; stop it first. Nothing was changed.';
    case 'in-use':
      return 'Another process has the database open; wait until other commands have ended. Nothing was changed.';
    default:
      return `${source} cannot be restored (${reason}); nothing was changed.`;
  }
}

import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Config, loadConfig } from '../config/config.ts';
import { type BackupFailure, backupSqlite, type RestoreFailure, restoreSqlite } from '../storage/sqlite/backup.ts';
import type { Command } from './command.ts';
import { configFaults } from './context.ts';
import { done, type FailedOutcome, failed } from './outcome.ts';

const backup: Command = {
  name: 'backup',
  summary: 'Writes a copy of the database to PATH, also while the server runs.',
  positionals: ['PATH'],
  options: {},
  async run({ positionals: [path = ''] }, { env }) {
    const settings = readSettings(env);
    if (!settings.ok) return settings;
    const target = resolve(path);
    if (!isFolder(dirname(target))) return failed('no-folder', `There is no folder ${dirname(target)}; make it first.`);
    const written = await backupSqlite(settings.config.database.path, target);
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
    const settings = readSettings(env);
    if (!settings.ok) return settings;
    const source = resolve(path);
    const restored = await restoreSqlite(source, settings.config.database.path);
    if (!restored.ok) return failed(restored.reason, restoreFault(restored.reason, source));
    const { bytes, replaced } = restored.value;
    const kept = replaced === null ? '' : ` The database that stood there is kept as ${replaced}.`;
    return done(
      { path: settings.config.database.path, bytes, replaced },
      `${source} is in place (${bytes} bytes).${kept}`,
    );
  },
};

export const backupCommands: readonly Command[] = [backup, restore];

function readSettings(env: Record<string, string | undefined>): { ok: true; config: Config } | FailedOutcome {
  const loaded = loadConfig(env);
  return loaded.ok ? loaded : failed('bad-config', configFaults(loaded.faults));
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

function restoreFault(reason: RestoreFailure, source: string): string {
  switch (reason) {
    case 'no-backup':
      return `There is no file ${source}.`;
    case 'in-use':
      return 'The database is in use; stop the server (and other commands) first. Nothing was changed.';
    default:
      return `${source} cannot be restored (${reason}); nothing was changed.`;
  }
}

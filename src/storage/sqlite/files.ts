import { closeSync, copyFileSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './faults.ts';

/** Gives a finished file its name, unless the name is taken: then false. */
export function appear(temporary: string, target: string): boolean {
  try {
    // A hard link fails when the name is taken; renaming would replace what is there.
    linkSync(temporary, target);
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || existsSync(target)) return false;
    renameSync(temporary, target);
  }
  syncFile(dirname(target));
  return true;
}

/** Puts a finished database in the place of another one, which stays under the name `kept`, with what belongs to it. */
export function replaceDatabase(temporary: string, path: string, kept: string): void {
  if (existsSync(path)) keep(path, kept);
  for (const side of ['-wal', '-journal']) if (existsSync(path + side)) renameSync(path + side, kept + side);
  rmSync(`${path}-shm`, { force: true });
  renameSync(temporary, path);
  syncFile(dirname(path));
}

// By a second name where the file system has hard links: at no moment is there no database at `path`.
function keep(path: string, kept: string): void {
  try {
    linkSync(path, kept);
  } catch {
    copyFileSync(path, kept);
  }
}

/** Waits until a file, or the names in a folder, are on the disk. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

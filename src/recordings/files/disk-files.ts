import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../lib/clock.ts';
import { newSecret, type Random } from '../../lib/ids.ts';
import { failure, success } from '../../lib/result.ts';
import type { FileStore, SaveOptions } from '../file-store.ts';
import { checkedKey, checkedPrefix } from './file-key.ts';
import { CheckRefused, watchBytes } from './watched-bytes.ts';

export type DiskFilesDeps = { folder: string; clock: Clock; random: Random };

/** No key has this character, so a file under way is told from a published one by its name. */
const UNDER_WAY = '~';
/** Few, large writes: the disk is waited for in a thread of the pool that others need too. */
const BUFFER_BYTES = 1024 * 1024;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Files in a folder that is this user's alone. What is published has been written to the disk, and survives a power cut. */
export function createDiskFiles({ folder, clock, random }: DiskFilesDeps): FileStore {
  const pathOf = (key: string) => join(folder, checkedKey(key));
  const draftOf = (path: string) => `${path}${UNDER_WAY}${newSecret(random).slice(0, 16)}`;

  async function write(path: string, body: Readable, options: SaveOptions<string>): Promise<number> {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
    const draft = draftOf(path);
    try {
      const watched = watchBytes(options, clock);
      const handle = await open(draft, 'wx', PRIVATE_FILE);
      const file = handle.createWriteStream({ highWaterMark: BUFFER_BYTES, flush: true });
      await pipeline(body, watched, file, options.signal ? { signal: options.signal } : {});
      await rename(draft, path);
      await syncFolder(dirname(path));
      return watched.written();
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  return {
    async save<Reason extends string>(key: string, body: Readable, options: SaveOptions<Reason>) {
      const path = pathOf(key);
      try {
        return success({ bytes: await write(path, body, options) });
      } catch (error) {
        body.destroy();
        if (error instanceof CheckRefused) return failure(error.reason as Reason);
        if (NO_SPACE.has(codeOf(error))) return failure('no-space', codeOf(error));
        throw error;
      }
    },
    async read(key, range) {
      const handle = await orNull(open(pathOf(key), 'r'));
      return handle?.createReadStream({ ...(range ? { start: range.from, end: range.to } : {}) }) ?? null;
    },
    async size(key) {
      return (await orNull(stat(pathOf(key))))?.size ?? null;
    },
    remove: (key) => rm(pathOf(key), { force: true }),
    removeAll: (prefix) => rm(join(folder, checkedPrefix(prefix)), { recursive: true, force: true }),
    async removeLeftovers(olderThan) {
      const entries = (await orNull(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
      for (const entry of entries) {
        if (!entry.isFile() || !entry.name.includes(UNDER_WAY)) continue;
        const path = join(entry.parentPath, entry.name);
        const found = await orNull(stat(path));
        if (found && found.mtimeMs < olderThan) await rm(path, { force: true });
      }
    },
    async check() {
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
      const draft = draftOf(join(folder, 'check'));
      const handle = await open(draft, 'wx', PRIVATE_FILE);
      try {
        await handle.writeFile('Rostrum can write here.\n');
        await handle.sync();
      } finally {
        await handle.close();
        await rm(draft, { force: true });
      }
    },
  };
}

/** After this the new name, too, is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orNull<Value>(found: Promise<Value>): Promise<Value | null> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { dropDatabase, mongoUrl } from '../storage/support/mongo-storage.ts';
import { makeFolder } from '../storage/support/temp-folder.ts';

/** A database of one test's own, on the engine that this run of the tests is about (`TEST_ENGINE`). */
export type TestDatabase = {
  /** What a process of the tool is started with to use it; with SQLite the database is in the folder. */
  env: Record<string, string>;
  dataDir: string;
  open(): Promise<Storage>;
  /** Removes it, when nobody uses it any more. */
  drop(): Promise<void>;
};

export const ON_MONGO = process.env.TEST_ENGINE === 'mongo';

export function makeTestDatabase(): TestDatabase {
  const { folder, remove } = makeFolder();
  if (!ON_MONGO) {
    const path = `${folder}/rostrum.sqlite`;
    return { env: {}, dataDir: folder, open: () => mustOpen({ engine: 'sqlite', path }), drop: async () => remove() };
  }
  const url = mongoUrl();
  return {
    env: { DATABASE_URL: url },
    dataDir: folder,
    open: () => mustOpen({ engine: 'mongo', url }),
    async drop() {
      remove();
      await dropDatabase(url);
    },
  };
}

async function mustOpen(address: Parameters<typeof openStorage>[0]): Promise<Storage> {
  const opened = await openStorage(address);
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.detail ?? ''}`);
  return opened.value;
}

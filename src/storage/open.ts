import { type Failure, failure, type Result } from '../lib/result.ts';
import { openSqlite } from './sqlite/open.ts';
import type { OpenFailure, Storage } from './storage.ts';
import type { CopyTarget } from './transfer.ts';

/** Which database, and how it is reached. The URL may carry a password. */
export type DatabaseAddress = { engine: 'sqlite'; path: string } | { engine: 'mongo'; url: string };

/**
 * Opens the storage of the engine that the address names, with its schema up to date. Throws for bugs alone. The MongoDB
 * driver is loaded only here, so that a process on SQLite does not pay for it.
 */
export async function openStorage(address: DatabaseAddress): Promise<Result<Storage, OpenFailure>> {
  if (address.engine === 'sqlite') return openSqlite({ path: address.path });
  const { openMongo } = await import('./mongo/open.ts');
  return unlessBadAddress(() => openMongo({ url: address.url }));
}

/** Opens a MongoDB to copy another database into it; see `openMongoTarget`. */
export async function openCopyTarget(url: string): Promise<Result<CopyTarget, OpenFailure>> {
  const { openMongoTarget } = await import('./mongo/transfer.ts');
  return unlessBadAddress(() => openMongoTarget({ url }));
}

async function unlessBadAddress<Value>(
  open: () => Promise<Result<Value, OpenFailure>>,
): Promise<Result<Value, OpenFailure>> {
  try {
    return await open();
  } catch (error) {
    const refused = addressFault(error);
    if (refused === null) throw error;
    return refused;
  }
}

/** The driver checks an address by itself. Of its texts only the names of options are kept: the others may show parts of it. */
function addressFault(error: unknown): Failure<'bad-address'> | null {
  if (!(error instanceof Error) || !ADDRESS_ERRORS.has(error.name)) return null;
  const options = /^options? ([a-z, ]{1,200}) (?:is|are) not supported/i.exec(error.message)?.[1];
  return options === undefined ? failure('bad-address') : failure('bad-address', `unknown options: ${options}`);
}

const ADDRESS_ERRORS = new Set(['MongoParseError', 'MongoInvalidArgumentError', 'MongoMissingCredentialsError']);

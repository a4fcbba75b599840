import mongoose, { type Connection, type ConnectOptions } from 'mongoose';
import { type Failure, failure, type Result, success } from '../../lib/result.ts';
import { isOutage, isReadOnly, isRefused } from './faults.ts';

export type MongoOptions = {
  url: string;
  /** How long a request, and opening, wait for a server that takes writes; milliseconds. */
  serverSelectionMs?: number;
};

type ConnectFailure = 'unreachable' | 'not-writable' | 'not-authorised' | 'bad-address';

/** The database of a URL that names none. */
const DEFAULT_NAME = 'rostrum';

/** How long a write waits to be on the disks of a majority. */
const MAJORITY_WITHIN_MS = 10_000;

/**
 * Connects, and touches nothing. An address that the driver cannot read throws, as the driver's errors of such kinds
 * show parts of it; see `openStorage`.
 */
export async function connectDatabase(options: MongoOptions): Promise<Result<Connection, ConnectFailure>> {
  const db = mongoose.createConnection();
  try {
    await db.openUri(options.url, connectOptions(options));
    return success(db);
  } catch (error) {
    await db.close(true);
    const fault = connectFault(error);
    if (fault === null) throw error;
    return fault;
  }
}

/** What an error of connecting, or of the first commands, says of the address; null when it is none of those. */
export function connectFault(error: unknown): Failure<ConnectFailure> | null {
  if (!(error instanceof Error)) return null;
  if (isRefused(error)) return failure('not-authorised', error.message);
  if (isReadOnly(error)) return failure('not-writable', error.message);
  if (isOutage(error)) return failure('unreachable', error.message);
  // Connecting sends nothing but who we are: whatever else the server says to it, it does not let us in.
  if (error instanceof mongoose.mongo.MongoServerError) return failure('not-authorised', error.message);
  return systemFault(error);
}

/** The driver passes on what the resolver says of mongodb+srv names, and what the file system says of TLS files. */
function systemFault(error: Error & { syscall?: string; path?: string }): Failure<ConnectFailure> | null {
  if (error.syscall?.startsWith('query')) return failure('unreachable', error.message);
  return error.path === undefined ? null : failure('bad-address', error.message);
}

function connectOptions({ url, serverSelectionMs = 5_000 }: MongoOptions): ConnectOptions {
  const query = new URLSearchParams(url.split('?')[1]);
  const given = new Set([...query.keys()].map((name) => name.toLowerCase()));
  const preferred = {
    appName: 'rostrum',
    maxPoolSize: 50,
    // A request that finds no free connection gives up, rather than to wait for those before it for ever.
    waitQueueTimeoutMS: 10_000,
    // A network that went dead is noticed by the heartbeat, within the sum of both, and what waits on it is interrupted;
    // a server that answers heartbeats alone is noticed by the last.
    connectTimeoutMS: 5_000,
    heartbeatFrequencyMS: 5_000,
    socketTimeoutMS: 45_000,
  };
  return {
    ...Object.fromEntries(Object.entries(preferred).filter(([name]) => !given.has(name.toLowerCase()))),
    ...(nameIn(url) === '' ? { dbName: DEFAULT_NAME } : {}),
    serverSelectionTimeoutMS: serverSelectionMs,
    autoCreate: false,
    autoIndex: false,
    bufferCommands: false,
    // Not the operator's to choose, whatever the URL says. What was answered survives a fail-over, and a verb reads what
    // the verb before it wrote. A primary without a majority is an outage soon: what was written may stand all the same,
    // or be undone by a fail-over, and each verb can be asked for again in both cases.
    // Both names of the journal: the driver (7.8) lets `journal=false` of an address win over one of them.
    writeConcern: { w: 'majority', j: true, journal: true, wtimeoutMS: MAJORITY_WITHIN_MS },
    readPreference: 'primary',
    retryReads: true,
    // The driver does so where the server can: not on a server by itself.
    retryWrites: true,
  };
}

/** The name of the database in a URL, which may have several hosts, and is no URL to Node then. */
function nameIn(url: string): string {
  return /^[a-z+]+:\/\/[^/?]*\/([^?]*)/.exec(url)?.[1] ?? '';
}

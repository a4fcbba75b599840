import mongoose from 'mongoose';

const { MongoBulkWriteError, MongoError, MongoNetworkError } = mongoose.mongo;

/** A value that has to be unique is there already. */
const DUPLICATE_KEY = 11_000;

/** True when what was written collides with a unique index, and nothing else was wrong with any part of it. */
export function isDuplicate(error: unknown): boolean {
  if (error instanceof MongoBulkWriteError) {
    const faults = [error.writeErrors].flat();
    return (
      faults.length > 0 && faults.every(({ code }) => code === DUPLICATE_KEY) && !error.result.getWriteConcernError()
    );
  }
  return error instanceof MongoError && error.code === DUPLICATE_KEY;
}

/** Does an upsert again that met another one of the same key: it finds the document now. */
export async function againIfDuplicate<Value>(upsert: () => Promise<Value>): Promise<Value> {
  try {
    return await upsert();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return upsert();
  }
}

/** True when MongoDB cannot do its work at the moment: not reachable, failing over, full, not letting us in. No bug. */
export function isOutage(error: unknown): boolean {
  if (error instanceof mongoose.Error.MongooseServerSelectionError) return true;
  if (!(error instanceof MongoError)) return isLostConnection(error);
  // The driver (7.8) puts what broke a bulk write off into an error of its own, without what tells it.
  if (error instanceof MongoBulkWriteError && isOutage(error.errorResponse)) return true;
  // Each way of losing a connection is a kind of this, with a name of its own.
  if (error instanceof MongoNetworkError) return true;
  if (error instanceof MongoBulkWriteError && isBrokenOff(error)) return true;
  if (OUTAGE_NAMES.has(error.name) || OUTAGE_LABELS.some((label) => error.hasErrorLabel(label))) return true;
  return typeof error.code === 'number' && OUTAGE_CODES.has(error.code);
}

/** A bulk write puts an error of its socket, and one of its majority, into one of its own, without what tells it. */
function isBrokenOff(error: InstanceType<typeof MongoBulkWriteError>): boolean {
  return error.result?.getWriteConcernError() !== undefined || isOutage(error.errorResponse);
}

/** True when the server knows who we are not, or does not let this account do what it has to. */
export function isRefused(error: unknown): boolean {
  return error instanceof MongoError && typeof error.code === 'number' && REFUSAL_CODES.has(error.code);
}

/** True when there are servers and none of them takes writes, for now or in time: no primary, no majority, no space. */
export function isReadOnly(error: unknown): boolean {
  if (error instanceof MongoError && typeof error.code === 'number') return READ_ONLY_CODES.has(error.code);
  const topology = reasonOf(error);
  if (topology?.type !== 'ReplicaSetNoPrimary') return false;
  return [...topology.servers.values()].some(({ type }) => type !== 'Unknown');
}

/** What was known of the servers when none was found to be asked. */
function reasonOf(error: unknown): { type: string; servers: Map<string, { type: string }> } | null {
  const { MongoServerSelectionError } = mongoose.mongo;
  if (!(error instanceof MongoServerSelectionError || error instanceof mongoose.Error.MongooseServerSelectionError)) {
    return null;
  }
  return 'reason' in error ? (error.reason as ReturnType<typeof reasonOf>) : null;
}

/** While it waits to write more, the driver (7.8) lets the error of its socket out as it is, not as one of its own. */
function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error) || !('syscall' in error && 'code' in error)) return false;
  return LOST_CONNECTION.has(`${error.syscall} ${error.code}`);
}

const LOST_CONNECTION = new Set([
  'write ECONNRESET',
  'read ECONNRESET',
  'write EPIPE',
  'read ETIMEDOUT',
  'write ETIMEDOUT',
]);

const OUTAGE_NAMES = new Set([
  'MongoServerSelectionError',
  'MongoPoolClosedError',
  'MongoWaitQueueTimeoutError',
  'MongoOperationTimeoutError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoServerClosedError',
  'MongoClientClosedError',
  'MongoStalePrimaryError',
  // Written, but not by a majority: what was asked for may be undone by a fail-over.
  'MongoWriteConcernError',
]);

const OUTAGE_LABELS = ['RetryableWriteError', 'RetryableError', 'NetworkError', 'SystemOverloadedError'];

const REFUSAL_CODES = new Set([
  13, // Unauthorized
  18, // AuthenticationFailed
  8_000, // Atlas: authentication failed
]);

const READ_ONLY_CODES = new Set([
  64, // WriteConcernTimeout
  100, // UnsatisfiableWriteConcern
  10_107, // NotWritablePrimary
  14_031, // OutOfDiskSpace
]);

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
const OUTAGE_CODES = new Set([
  ...REFUSAL_CODES,
  ...READ_ONLY_CODES,
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  46, // LockBusy
  50, // MaxTimeMSExpired
  89, // NetworkTimeout
  91, // ShutdownInProgress
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  9_001, // SocketException
  10_058, // LegacyNotPrimary
  11_600, // InterruptedAtShutdown
  11_601, // Interrupted
  11_602, // InterruptedDueToReplStateChange
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
]);

import type { Connection } from 'mongoose';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { failure, type Result, success } from '../../lib/result.ts';
import type { OpenFailure, Storage } from '../storage.ts';
import { createActivityStore } from './activity-store.ts';
import { createApiKeyStore } from './api-key-store.ts';
import { createCatalogueStore } from './catalogue-store.ts';
import { createChannelStore } from './channel-store.ts';
import { createConnectionStore } from './connection-store.ts';
import { isHalfCopied } from './copy-mark.ts';
import { connectDatabase, connectFault, type MongoOptions } from './database.ts';
import { describeMongo } from './describe.ts';
import { createRemoveExpired } from './expiry.ts';
import { isOutage } from './faults.ts';
import { createInviteStore } from './invite-store.ts';
import { createJobBackend } from './job-backend.ts';
import { createKeyStore } from './key-store.ts';
import { createLeaseStore } from './lease-store.ts';
import { createLoginStore } from './login-store.ts';
import { createMeetingLinkStore } from './meeting-link-store.ts';
import { createMembershipStore } from './membership-store.ts';
import { countCheck, readVersion } from './meta.ts';
import { rowsOf } from './model.ts';
import { platformModel } from './platform-documents.ts';
import { createPlatformStore } from './platform-store.ts';
import { prepareDatabase } from './prepare.ts';
import { createRateLimitStore } from './rate-limit-store.ts';
import { createRecordingStore } from './recording-store.ts';
import { createSessionStore } from './session-store.ts';
import { createSyncStore } from './sync-store.ts';

export type MongoStorage = Storage;

export type MongoFailure = Exclude<OpenFailure, 'already-served'>;

/**
 * Opens the database, makes it if it is empty, and brings its schema up to date; several processes may do so at once. One
 * that a newer version wrote, or one too old, or that is not ours, is left as it was. `detail` holds no password.
 */
export function openMongo(options: MongoOptions & { clock?: Clock }): Promise<Result<MongoStorage, MongoFailure>> {
  return openPrepared(options, async (db, stores) =>
    (await isHalfCopied(db)) ? failure('copy-unfinished') : success(stores),
  );
}

/** The same for any use of the database; one that is refused is closed. */
export async function openPrepared<Value>(
  options: MongoOptions & { clock?: Clock },
  use: (db: Connection, stores: Storage) => Promise<Result<Value, MongoFailure>>,
): Promise<Result<Value, MongoFailure>> {
  const connected = await connectDatabase(options);
  if (!connected.ok) return connected;
  const db = connected.value;
  try {
    // The stores define the models, whose indexes are made next; they do nothing before they are asked.
    const stores = createStores(db);
    const prepared = await prepareDatabase(db, options.clock ?? systemClock);
    const opened = prepared === 'ready' ? await use(db, stores) : failure(prepared);
    if (!opened.ok) await db.close();
    return opened;
  } catch (error) {
    await db.close(true);
    const fault = isOutage(error) ? connectFault(error) : null;
    if (fault === null) throw error;
    return fault;
  }
}

function createStores(db: Connection): Storage {
  return {
    channels: createChannelStore(db),
    memberships: createMembershipStore(db),
    syncs: createSyncStore(db),
    leases: createLeaseStore(db),
    activity: createActivityStore(db),
    platforms: createPlatformStore(db),
    logins: createLoginStore(db),
    invites: createInviteStore(db),
    keys: createKeyStore(db),
    sessions: createSessionStore(db),
    rateLimits: createRateLimitStore(db),
    apiKeys: createApiKeyStore(db),
    connections: createConnectionStore(db),
    meetingLinks: createMeetingLinkStore(db),
    recordings: createRecordingStore(db),
    catalogue: createCatalogueStore(db),
    jobs: createJobBackend(db),
    removeExpired: createRemoveExpired(db),
    check: createCheck(db),
    isOutage,
    // What may be done once only is done under a lease, whichever process does it.
    claimServing: async () => true,
    describe: async () => describeMongo(db, Number(await readVersion(db))),
    close: () => db.close(),
  };
}

/** Reads, and writes what nobody sees: where no primary is elected reading may go on, and nothing shows it but a write. */
function createCheck(db: Connection): () => Promise<void> {
  const platforms = rowsOf(platformModel(db));
  return async () => {
    await platforms.findOne({}, { projection: { _id: 1 } });
    await countCheck(db);
  };
}

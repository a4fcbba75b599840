import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { failure, type Result, success } from '../../lib/result.ts';
import type { OpenFailure, Storage } from '../storage.ts';
import { createActivityStore } from './activity-store.ts';
import { createApiKeyStore } from './api-key-store.ts';
import { createCatalogueStore } from './catalogue-store.ts';
import { createChannelStore } from './channel-store.ts';
import { type Checkpoints, startCheckpoints } from './checkpoints.ts';
import { createConnectionStore } from './connection-store.ts';
import { atomic, type Database } from './database.ts';
import { createRemoveExpired } from './expiry.ts';
import { fileFault, isBusy, isOutage, messageOf } from './faults.ts';
import { createInviteStore } from './invite-store.ts';
import { createJobBackend } from './job-backend.ts';
import { createKeyStore } from './key-store.ts';
import { createLeaseStore } from './lease-store.ts';
import { createLoginStore } from './login-store.ts';
import { createMeetingLinkStore } from './meeting-link-store.ts';
import { createMembershipStore } from './membership-store.ts';
import { judgeDatabase, migrate, SCHEMA_VERSION } from './migrate.ts';
import { createPlatformStore } from './platform-store.ts';
import { createRateLimitStore } from './rate-limit-store.ts';
import { createRecordingStore } from './recording-store.ts';
import { createServingLock, isServed, type ServingLock } from './serving-lock.ts';
import { createSessionStore } from './session-store.ts';
import { createSyncStore } from './sync-store.ts';

export type SqliteOptions = { path: string };

type SqliteFailure = Extract<OpenFailure, 'newer-schema' | 'old-schema' | 'not-a-database' | 'not-writable'>;

export type SqliteStorage = Storage & { path: string };

/** How long opening waits for another process that migrates, and then how long a write waits for one; milliseconds. */
const OPENING_TIMEOUT = 10_000;
const BUSY_TIMEOUT = 2_000;

/**
 * Opens the database file, makes it if there is none, and brings its schema up to date. A file that a newer version
 * wrote, or that is not ours, is left as it was; so is an older one that a server of its own version still serves.
 */
export function openSqlite({ path }: SqliteOptions): Result<SqliteStorage, SqliteFailure> {
  let db: Database | null = null;
  try {
    makeFile(path);
    db = new BetterSqlite3(path, { timeout: OPENING_TIMEOUT });
    const kind = judgeDatabase(db);
    if (kind === 'newer') return refuse(db, 'newer-schema');
    if (kind === 'foreign') return refuse(db, 'not-a-database');
    if (kind === 'ours' && schemaOf(db) < SCHEMA_VERSION && isServed(path)) return refuse(db, 'old-schema');
    configure(db);
    migrate(db);
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
    const serving = createServingLock(path);
    return success({ ...createStores(db, startCheckpoints(db, path), serving), path });
  } catch (error) {
    db?.close();
    const reason = fileFault(error);
    if (reason === null) throw error;
    return failure(reason, messageOf(error));
  }
}

// Names and addresses of people are in it: readable by nobody else. SQLite gives its side files the same rights.
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}

function refuse(db: Database, reason: SqliteFailure) {
  db.close();
  return failure(reason);
}

function configure(db: Database): void {
  patiently(() => db.pragma('journal_mode = WAL'));
  // With WAL: a crash of the process loses nothing, a power cut at most the last moments, and never the file.
  db.pragma('synchronous = NORMAL');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('temp_store = MEMORY');
  db.pragma('cache_size = -16000');
  // A first sync touches the same pages in every slice: written back less often, it takes a fifth less time.
  db.pragma('wal_autocheckpoint = 4000');
  db.pragma('journal_size_limit = 67108864');
}

// Of several processes that make a database at once, one switches to WAL; SQLite tells the others "busy" without waiting.
function patiently(work: () => void, attempts = 200): void {
  try {
    work();
  } catch (error) {
    if (!isBusy(error) || attempts === 0) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    patiently(work, attempts - 1);
  }
}

function createStores(db: Database, checkpoints: Checkpoints, serving: ServingLock): Storage {
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
    claimServing: async () => serving.claim(),
    describe: async () => ({ engine: 'sqlite', schema: schemaOf(db), served: serving.isHeld() }),
    async close() {
      const ending = checkpoints.close();
      if (ending) await ending;
      db.close();
      serving.release();
    },
  };
}

function schemaOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** Reads, and writes a row that nobody sees: on a full disk reading goes on, and nothing shows it but a write. */
function createCheck(db: Database): () => Promise<void> {
  const read = db.prepare('SELECT count(*) FROM platforms');
  const write = db.prepare("INSERT INTO leases (name, holder, until) VALUES ('check', '', 0)");
  const forget = db.prepare("DELETE FROM leases WHERE name = 'check'");
  const writeNothing = atomic(db, () => {
    write.run();
    forget.run();
  });
  return async () => {
    read.get();
    writeNothing();
  };
}

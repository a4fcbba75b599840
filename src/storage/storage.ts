import type { ApiKeyStore } from '../api/api-key-store.ts';
import type { ActivityStore, ChannelStore, LeaseStore, MembershipStore, SyncStore } from '../channels/channel-store.ts';
import type { JobBackend } from '../jobs/job-backend.ts';
import type { InviteStore, KeyStore, LoginStore, PlatformStore } from '../lti/lti-store.ts';
import type { CatalogueStore } from '../recordings/catalogue-store.ts';
import type { RecordingStore } from '../recordings/recording-store.ts';
import type { RateLimitStore, SessionStore } from '../web/session-store.ts';
import type { ConnectionStore, MeetingLinkStore } from '../zoom/zoom-store.ts';

/**
 * Why a database is not opened; what stands there is left as it was.
 * `newer-schema`: a newer version wrote it. `old-schema`: an older version wrote it, and it cannot be brought up to date
 * here, or not now. `not-writable`: also when another process holds a whole file, as a restore does. `not-authorised`:
 * the server knows no such user, or the user may not do what is needed. `already-served`: another process serves it, and
 * the engine allows one. `bad-address`: the address has the right form, and the driver cannot use what it says.
 * `copy-unfinished`: another database is being copied into it, or was and the copy broke off.
 */
export type OpenFailure =
  | 'newer-schema'
  | 'old-schema'
  | 'not-a-database'
  | 'not-writable'
  | 'unreachable'
  | 'not-authorised'
  | 'already-served'
  | 'bad-address'
  | 'copy-unfinished';

/** What an engine tells of itself, for `rostrum doctor`. */
export type StorageDescription =
  | { engine: 'sqlite'; schema: number; served: boolean }
  | {
      engine: 'mongo';
      schema: number;
      version: string;
      topology: 'single' | 'replica-set' | 'sharded';
      /** How far the clock of the database is ahead of this one, in milliseconds; null when it does not tell its time. */
      clockAheadMs: number | null;
    };

/** All ports of one storage engine. Every adapter passes the suites in `test/storage/suites`. */
export type Storage = {
  channels: ChannelStore;
  memberships: MembershipStore;
  syncs: SyncStore;
  leases: LeaseStore;
  activity: ActivityStore;
  platforms: PlatformStore;
  logins: LoginStore;
  invites: InviteStore;
  keys: KeyStore;
  sessions: SessionStore;
  rateLimits: RateLimitStore;
  apiKeys: ApiKeyStore;
  connections: ConnectionStore;
  meetingLinks: MeetingLinkStore;
  recordings: RecordingStore;
  catalogue: CatalogueStore;
  /** Where the engine of background work keeps its jobs; everything else asks for work through `Jobs`. */
  jobs: JobBackend;
  /**
   * Removes what has expired (logins, sessions, invites, counters, diffs of old syncs, and with all that is theirs the
   * channels deleted for longer than `DELETED_KEPT_MS`), at most `limit` rows of each. True when more may be left. People
   * and activity stay. A channel whose removal has begun is gone for every verb, and nothing restores it.
   */
  removeExpired(now: number, limit: number): Promise<boolean>;
  /**
   * Makes this the one process that serves from the database, until it is closed or the process ends, by `kill -9` too.
   * False when another process is. An engine that lets many serve always says true.
   */
  claimServing(): Promise<boolean>;
  describe(): Promise<StorageDescription>;
  /** Throws when the engine cannot read or cannot write; for `/readyz` and `rostrum doctor`. */
  check(): Promise<void>;
  /** True for what a verb throws when the engine cannot do its work at the moment (disk full, file locked); a bug is none. */
  isOutage(error: unknown): boolean;
  close(): Promise<void>;
};

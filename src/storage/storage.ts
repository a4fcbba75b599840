import type { ApiKeyStore } from '../api/api-key-store.ts';
import type { ActivityStore, ChannelStore, LeaseStore, MembershipStore, SyncStore } from '../channels/channel-store.ts';
import type { InviteStore, KeyStore, LoginStore, PlatformStore } from '../lti/lti-store.ts';
import type { RateLimitStore, SessionStore } from '../web/session-store.ts';

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
  /**
   * Removes what has expired (logins, sessions, invites, counters, diffs of old syncs, and with all that is theirs the
   * channels deleted for longer than `DELETED_KEPT_MS`), at most `limit` rows of each. True when more may be left. People
   * and activity stay. A channel whose removal has begun is gone for every verb, and nothing restores it.
   */
  removeExpired(now: number, limit: number): Promise<boolean>;
  /** Throws when the engine cannot read or cannot write; for `/readyz` and `rostrum doctor`. */
  check(): Promise<void>;
  /** True for what a verb throws when the engine cannot do its work at the moment (disk full, file locked); a bug is none. */
  isOutage(error: unknown): boolean;
  close(): Promise<void>;
};

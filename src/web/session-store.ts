import type { ChannelId, PlatformId, UserId } from '../channels/channel.ts';
import type { PermissionLevel } from '../channels/permission-level.ts';

/** What one launch gave a browser: to be one person of a platform, and with a course its channel. */
export type Grant = {
  /** Short and not secret; stands in links as `as`, so that two launches in two tabs do not mix. */
  id: string;
  /** The channel of the launch's course; null for a launch outside a course. */
  channelId: ChannelId | null;
  platformId: PlatformId;
  userId: UserId;
  /** The school of the launch, where the LMS told it: who is of another one is no visitor here. */
  tenant: string | null;
  /** The launch's level in that channel: caps the membership's in this tab (Moodle's "switch role to student"). */
  launchLevel: PermissionLevel;
  /** A platform administrator without a course role: manages for this launch, is not a member. */
  launchOnly: boolean;
  /** Given to the LMS's test student: the same human as the teacher beside it. */
  isTest: boolean;
  locale: string | null;
  timeZone: string | null;
  /** The LMS's family, for its frame messages. */
  family: string;
  /** Whose page the launch came from, by its signed return URL; null when it told none. */
  frameOrigin: string | null;
  at: number;
};

export type Session = {
  /** SHA-256 of the cookie's value. */
  idHash: string;
  /** Newest last. */
  grants: Grant[];
  createdAt: number;
  expiresAt: number;
};

export type SessionStore = {
  createSession(session: Session): Promise<void>;
  /** Null when unknown or expired. */
  findSession(idHash: string, now: number): Promise<Session | null>;
  /** Adds a grant, keeps the newest `keep`, and moves the expiry; false when the session is gone. */
  addGrant(idHash: string, grant: Grant, options: AddGrantOptions): Promise<boolean>;
  /** True for the one caller who removed it. */
  removeSession(idHash: string): Promise<boolean>;
};

export type AddGrantOptions = {
  keep: number;
  now: number;
  expiresAt: number;
  /**
   * Where only the person of the new grant may go on: if somebody else has a grant of this platform, all grants of it
   * but theirs are dropped. The test student alone is nobody else, and goes with their teacher. Null: all stay.
   */
  onePersonOf: PlatformId | null;
};

/** Counters for rate limits that hold across processes. */
export type RateLimitStore = {
  /** Counts one hit, or as many as `hits` says; a new window of `windowMs` starts when the last one is over. */
  countHit(key: string, now: number, windowMs: number, hits?: number): Promise<{ hits: number; resetsAt: number }>;
  forgetHit(key: string): Promise<void>;
  forgetHits(key: string): Promise<void>;
};

import type { UserId } from '../channels/channel.ts';
import type { Id } from '../lib/ids.ts';

export type ConnectionId = Id<'zoom-connection'>;

/**
 * Why a grant is no more. `superseded`: the Zoom account was authorised anew elsewhere (Zoom keeps one live grant per user
 * and app; OAuth error 4741). `removed-in-zoom`: the app was removed in Zoom (`app_deauthorized`, or 401 code 124 after a
 * refresh). `refused-by-admin`: an administrator disabled the app or withdrew its approval (4738, 4717). `account-gone`: the
 * Zoom user is no more (4735, 1010, 1001). `expired`: Zoom takes the refresh token no longer and does not say why.
 * `disconnected`: the person ended it here.
 */
const CONNECTION_ENDS = [
  'superseded',
  'removed-in-zoom',
  'refused-by-admin',
  'account-gone',
  'expired',
  'disconnected',
] as const;

export type ConnectionEnd = (typeof CONNECTION_ENDS)[number];

/** What Zoom tells of its user; all of it is deleted when the connection is. */
export type ZoomProfile = {
  zoomUserId: string;
  accountId: string;
  /** Null when Zoom told none. */
  name: string | null;
  email: string | null;
  /** `basic` accounts have no cloud recording. */
  plan: 'basic' | 'licensed' | 'unknown';
  /** Digits of the personal room, or null. */
  personalRoom: string | null;
  /** The name in `zoom.us/my/<name>`, in small letters; null or absent when they have none. */
  personalLink?: string | null;
  timeZone: string | null;
  /** Nothing was recorded before; epoch milliseconds, or null when unknown. */
  memberSince: number | null;
};

/** How far the catalogue of the person's recordings has been read. */
export type CatalogueWalk = {
  /** The last time the newest recordings were read without a fault; null: never. */
  sweptAt: number | null;
  /**
   * Everything from this day (yyyy-mm-dd, UTC) on has been read once; null: nothing yet. Once complete: how far back it has been
   * read again.
   */
  readFrom: string | null;
  /** True when the walk into the past has reached its end. */
  complete: boolean;
  /** Why the last sweep failed, or null. A failed sweep removes nothing. */
  fault: string | null;
  /** Somebody, or a webhook, asked for a sweep since the last one began. */
  asked: boolean;
};

/**
 * The grant of one Zoom user. There is one per Zoom user, as authorising again kills the tokens before; several people of
 * LMSs may hold it (the same human in a Canvas and in a Moodle), each of whom signed in to that Zoom account.
 */
export type Connection = {
  id: ConnectionId;
  /** `live`: works. `broken`: the grant died, `end` says how, and connecting again goes on from here. */
  state: 'live' | 'broken';
  end: ConnectionEnd | null;
  profile: ZoomProfile;
  holders: UserId[];
  /** What the grant really allows, as the token answer said. */
  scopes: string[];
  /** Root of the API for this user, as the token answer said (regional), or null for the usual one. */
  apiUrl: string | null;
  /** `Tokens` as JSON, sealed for the context `zoom-connection/<id>`; null when broken. */
  sealedTokens: string | null;
  walk: CatalogueWalk;
  connectedAt: number;
  updatedAt: number;
  version: number;
};

export type Tokens = { access: string; refresh: string /** Epoch milliseconds. */; expiresAt: number };

/** What stays of a connection that ended for good: nothing that came from Zoom. */
export type EndedConnection = { userId: UserId; end: ConnectionEnd; at: number };

/** An authorisation that was begun: bound to the person and to the browser that began it. */
export type Authorisation = {
  /** SHA-256 of the `state` parameter. */
  stateHash: string;
  userId: UserId;
  /** The grant of the session it began in; its ID stands in the page one returns to. */
  grantId: string;
  /** PKCE verifier, sealed for the context `zoom-authorisation/<stateHash>`. */
  sealedVerifier: string;
  /** A path of ours without origin, where the person goes on. */
  returnTo: string;
  startedAt: number;
  /** The callback is taken until then. */
  validUntil: number;
  /** Forgotten then; until then "started, never returned" can be told. */
  expiresAt: number;
};

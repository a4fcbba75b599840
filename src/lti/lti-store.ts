import type { PlatformId } from '../channels/channel.ts';
import type { Platform, PlatformStatus } from './platform.ts';

/** The registry of platforms. Unique: (issuer, client ID). */
export type PlatformStore = {
  findPlatform(id: PlatformId): Promise<Platform | null>;
  findPlatformByClient(issuer: string, clientId: string): Promise<Platform | null>;
  findPlatformByKey(keyId: string): Promise<Platform | null>;
  /** All registrations of one issuer; a login that names no client is clear only when there is one. */
  findPlatformsByIssuer(issuer: string): Promise<Platform[]>;
  listPlatforms(): Promise<Platform[]>;
  /** Adds a platform; false when (issuer, client ID) is registered already: a second registration never replaces the first. */
  addPlatform(platform: Platform): Promise<boolean>;
  /** Changes single fields of a platform; null when there is none. */
  updatePlatform(id: PlatformId, change: PlatformChange, at: number): Promise<Platform | null>;
  removePlatform(id: PlatformId): Promise<void>;
  /** Adds a deployment unless the platform's are `listed` and this is not one: then `refused`. */
  recordDeployment(id: PlatformId, deploymentId: string, at: number): Promise<'known' | 'recorded' | 'refused'>;
  /** Adds an origin to `serviceOrigins` if it is not there. */
  recordServiceOrigin(id: PlatformId, origin: string, at: number): Promise<void>;
};

export type PlatformChange = Partial<
  Pick<
    Platform,
    | 'name'
    | 'authUrl'
    | 'tokenUrl'
    | 'tokenAudience'
    | 'jwksUrl'
    | 'family'
    | 'deployments'
    | 'deploymentIds'
    | 'serviceOrigins'
    | 'roleLevels'
    | 'keyId'
  > & { status: PlatformStatus }
>;

/** What a login left behind, to be taken once by the launch that answers it. */
export type Login = {
  /** The SHA-256 of the state; the state itself is only in the browser and at the LMS. */
  stateHash: string;
  nonce: string;
  platformId: PlatformId;
  issuer: string;
  clientId: string;
  /** The deployment the login named, or null. */
  deploymentId: string | null;
  targetLinkUri: string;
  loginHint: string;
  messageHint: string | null;
  /** Canvas and others: the frame that keeps LTI platform storage. */
  storageTarget: string | null;
  /** SHA-256 of the browser's cookie secret. */
  browserHash: string;
  /** SHA-256 of the secret put into platform storage, when that is how the browser is bound. */
  storageHash: string | null;
  createdAt: number;
  expiresAt: number;
};

export type LoginStore = {
  saveLogin(login: Login): Promise<void>;
  /** Reads a login that has not expired, without taking it. */
  findLogin(stateHash: string, now: number): Promise<Login | null>;
  /** Takes a login: it is returned to exactly one caller, and only before it expires. */
  consumeLoginState(stateHash: string, now: number): Promise<Login | null>;
};

/** A one-time right to register a platform. */
export type RegistrationInvite = {
  id: string;
  secretHash: string;
  /** Whether the platform is active as soon as it is registered. */
  activates: boolean;
  note: string | null;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
  platformId: PlatformId | null;
};

export type InviteStore = {
  addInvite(invite: RegistrationInvite): Promise<void>;
  /** An invite that is unused, unexpired and not being used at this moment. */
  findOpenInvite(secretHash: string, now: number): Promise<RegistrationInvite | null>;
  /** Reserves an open invite until `until` for one caller; null for all others. */
  claimInvite(secretHash: string, now: number, until: number): Promise<RegistrationInvite | null>;
  /** The registration failed: the invite may be used again. */
  releaseInvite(id: string): Promise<void>;
  /** The registration succeeded: the invite is spent. */
  spendInvite(id: string, platformId: PlatformId, at: number): Promise<void>;
};

/** Keys and tokens the LTI library keeps. All `sealed` values are encrypted by the caller. */
export type KeyStore = {
  saveKeyPair(pair: { keyId: string; publicPem: string; sealedPrivatePem: string; createdAt: number }): Promise<void>;
  findPublicKey(keyId: string): Promise<string | null>;
  findSealedPrivateKey(keyId: string): Promise<string | null>;
  /** All public keys, for the key set. */
  listPublicKeys(): Promise<{ keyId: string; publicPem: string }[]>;
  removeKeyPair(keyId: string): Promise<void>;
  saveAccessToken(token: StoredAccessToken): Promise<void>;
  findAccessToken(issuer: string, clientId: string, scopes: string): Promise<StoredAccessToken | null>;
  removeAccessTokens(issuer: string, clientId: string): Promise<void>;
};

export type StoredAccessToken = {
  issuer: string;
  clientId: string;
  scopes: string;
  sealedToken: string;
  createdAt: number;
};

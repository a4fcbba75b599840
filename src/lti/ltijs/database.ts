import type { LtijsDatabase } from 'ltijs';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import type { Encryption } from '../../lib/encryption.ts';
import { newId, type Random } from '../../lib/ids.ts';
import type { KeyStore, PlatformStore } from '../lti-store.ts';
import type { Platform } from '../platform.ts';
import type { AccessTokens } from './access-tokens.ts';
import { openPrivateKey } from './key-pairs.ts';
import type { Ltijs, LtijsHooks } from './load.ts';
import { ServiceError } from './service-error.ts';

export type LtijsDatabaseDeps = {
  platforms: PlatformStore;
  keys: KeyStore;
  encryption: Encryption;
  clock: Clock;
  random: Random;
  tokens: AccessTokens;
  currentCall: Ltijs['currentCall'];
  hooks: LtijsHooks;
};

/**
 * ltijs's storage plug-in over our ports: its collections `platform` and `platformStatus` are our platforms, so that
 * there is one truth; keys and tokens are the KeyStore's. The flag that asks for encryption is not looked at: what is
 * secret is always sealed. Collections of ltijs's launch (`nonce`, `state`, `idtoken`, `contexttoken`) do not exist.
 */
export function createLtijsDatabase(deps: LtijsDatabaseDeps): LtijsDatabase & LtijsHooks {
  return {
    ...deps.hooks,
    setup: () => Promise.resolve(true),
    Close: () => Promise.resolve(true),
    Get: (_encrypted, collection, query) => get(deps, collection, readQuery(query)),
    Insert: (_encrypted, collection) => insert(collection),
    Replace: (_encrypted, collection, query, item) => replace(deps, collection, readQuery(query), item),
    Modify: (_encrypted, collection) => modify(collection),
    Delete: (collection, query) => remove(deps, collection, readKeyId(query)),
  };
}

// Strings only: what ltijs looks up may come from a token or a form and be an object that means something to an engine.
const QUERY = z.object({
  id: z.string().optional(),
  kid: z.string().optional(),
  platformUrl: z.string().optional(),
  clientId: z.string().optional(),
  scopes: z.string().optional(),
});

type Query = z.output<typeof QUERY>;

function readQuery(query: unknown): Query {
  return QUERY.parse(query ?? {});
}

// ltijs cleans up after a failed registration by a key ID that it may not have got yet.
function readKeyId(query: unknown): string | undefined {
  return z.object({ kid: z.string().optional() }).parse(query ?? {}).kid;
}

async function get(deps: LtijsDatabaseDeps, collection: string, query: Query): Promise<object[] | false> {
  const rows = await find(deps, collection, query);
  return rows.length > 0 ? rows : false;
}

function find(deps: LtijsDatabaseDeps, collection: string, query: Query): Promise<object[]> {
  switch (collection) {
    case 'platform':
      return findPlatforms(deps, query).then((found) => found.map(toRow));
    case 'platformStatus':
      return findStatus(deps, query);
    case 'publickey':
      return findPublicKey(deps.keys, query);
    case 'privatekey':
      return findPrivateKey(deps, query);
    case 'accesstoken':
      return findToken(deps.tokens, query);
    default:
      return unknownCollection(collection);
  }
}

async function findPlatforms({ platforms, currentCall }: LtijsDatabaseDeps, query: Query): Promise<Platform[]> {
  const { kid, platformUrl, clientId } = query;
  const known = currentCall()?.platform;
  if (known && known.issuer === platformUrl && known.clientId === clientId) return [known];
  if (kid !== undefined) return present(await platforms.findPlatformByKey(kid));
  if (platformUrl === undefined) return platforms.listPlatforms();
  if (clientId === undefined) return platforms.findPlatformsByIssuer(platformUrl);
  return present(await platforms.findPlatformByClient(platformUrl, clientId));
}

function toRow(platform: Platform): object {
  return {
    platformName: platform.name,
    platformUrl: platform.issuer,
    clientId: platform.clientId,
    authEndpoint: platform.authUrl,
    accesstokenEndpoint: platform.tokenUrl,
    authorizationServer: platform.tokenAudience ?? platform.tokenUrl,
    kid: platform.keyId,
    authConfig: { method: 'JWK_SET', key: platform.jwksUrl },
  };
}

// ltijs takes a platform without a status row for active, so there always is one.
async function findStatus({ platforms, currentCall }: LtijsDatabaseDeps, { id }: Query): Promise<object[]> {
  const known = currentCall()?.platform;
  if (known && known.keyId === id) return [{ id, active: known.status === 'active' }];
  const platform = id === undefined ? null : await platforms.findPlatformByKey(id);
  return [{ id, active: platform?.status === 'active' }];
}

async function findPublicKey(keys: KeyStore, { kid }: Query): Promise<object[]> {
  const key = kid === undefined ? null : await keys.findPublicKey(kid);
  return key === null ? [] : [{ kid, key }];
}

async function findPrivateKey(deps: LtijsDatabaseDeps, { kid }: Query): Promise<object[]> {
  const key = kid === undefined ? null : await openPrivateKey(deps, kid);
  return key === null ? [] : [{ kid, key }];
}

async function findToken(tokens: AccessTokens, { platformUrl, clientId, scopes }: Query): Promise<object[]> {
  if (platformUrl === undefined || clientId === undefined || scopes === undefined) return [];
  const token = await tokens.find(platformUrl, clientId, scopes);
  // It was found usable by our clock and margin; ltijs judges again, by the machine's clock and the date given here.
  return token === null ? [] : [{ token, createdAt: Date.now() }];
}

// After a dynamic registration ltijs adds a status row in a second step; ours was stored with the platform, in one.
function insert(collection: string): Promise<true> {
  return collection === 'platformStatus' ? Promise.resolve(true) : unknownCollection(collection);
}

async function replace(deps: LtijsDatabaseDeps, collection: string, query: Query, item: unknown): Promise<true> {
  if (collection === 'platform') return addPlatform(deps, item);
  if (collection === 'platformStatus') return setStatus(deps, query, item);
  return unknownCollection(collection);
}

const PLATFORM_ITEM = z.object({ platformUrl: z.string(), clientId: z.string(), kid: z.string() });

async function addPlatform(deps: LtijsDatabaseDeps, item: unknown): Promise<true> {
  const { platformUrl, clientId, kid } = PLATFORM_ITEM.parse(item);
  const fields = deps.currentCall()?.newPlatform;
  if (!fields) throw new Error('ltijs registers a platform outside of a call that is meant to');
  const at = deps.clock();
  const platform = { ...fields, issuer: platformUrl, clientId, keyId: kid, createdAt: at, updatedAt: at };
  const added = await deps.platforms.addPlatform({ id: newId(at, deps.random), ...platform });
  if (!added) throw new ServiceError('platform-exists', 'Registered by somebody else at the same moment');
  return true;
}

const STATUS_ITEM = z.object({ active: z.boolean() });

async function setStatus(deps: LtijsDatabaseDeps, { id }: Query, item: unknown): Promise<true> {
  const platform = id === undefined ? null : await deps.platforms.findPlatformByKey(id);
  const status = STATUS_ITEM.parse(item).active ? 'active' : 'disabled';
  if (platform) await deps.platforms.updatePlatform(platform.id, { status }, deps.clock());
  return true;
}

// ltijs would change a platform that is registered a second time: the first registration is never replaced.
function modify(collection: string): Promise<never> {
  if (collection !== 'platform') return unknownCollection(collection);
  return Promise.reject(new ServiceError('platform-exists', 'Registered before'));
}

/**
 * Removes a key pair that a failed registration left. Platforms are never removed on this way: ltijs would, after a
 * failed second registration, delete the first by issuer and client ID.
 */
async function remove(deps: LtijsDatabaseDeps, collection: string, keyId: string | undefined): Promise<true> {
  switch (collection) {
    case 'platform':
    case 'platformStatus':
    case 'privatekey':
      return true;
    case 'publickey':
      if (keyId !== undefined) await deps.keys.removeKeyPair(keyId);
      return true;
    default:
      return unknownCollection(collection);
  }
}

function unknownCollection(collection: string): Promise<never> {
  return Promise.reject(new Error(`ltijs asked for its collection "${collection}", which library mode never needs`));
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

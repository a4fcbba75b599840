import type { LtijsProvider } from 'ltijs';
import type { SyncFailure } from '../../channels/sync-run.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Encryption } from '../../lib/encryption.ts';
import type { HttpClient } from '../../lib/http-client.ts';
import { type Random, systemRandom } from '../../lib/ids.ts';
import { failure, type Result, type Success, success } from '../../lib/result.ts';
import type { KeyStore, PlatformStore } from '../lti-store.ts';
import type { Platform } from '../platform.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import type { NewPlatform } from './calls.ts';
import { createLtijsDatabase } from './database.ts';
import { makeKeyPair } from './key-pairs.ts';
import { type Ltijs, loadLtijs } from './load.ts';
import { createPublicKeys, type PublicKey } from './public-keys.ts';
import {
  type DynamicRegistration,
  type DynamicRegistrationFailure,
  registerDynamically,
  registerPlatform,
} from './registering.ts';
import { type PageFailure, type PageOptions, pageFailure, type RosterPage, rosterPage } from './roster-pages.ts';

export type LtiEngineDeps = {
  platforms: PlatformStore;
  keys: KeyStore;
  encryption: Encryption;
  http: HttpClient;
  clock: Clock;
  /** The secret ltijs wants for its cookies and its own encryption; neither is used. */
  secret: string;
  /** The public origin. */
  publicUrl: string;
  random?: Random;
};

/** What Rostrum has ltijs do. Everything else knows this type, never ltijs. */
export type LtiEngine = {
  /** Makes a key pair and registers a platform; never replaces one. */
  registerPlatform(platform: NewPlatform): Promise<Result<Platform, 'platform-exists'>>;
  /** LTI Dynamic Registration 1.0: registers the tool at the LMS, then the LMS here. */
  registerDynamically(request: DynamicRegistration): Promise<Result<Platform, DynamicRegistrationFailure>>;
  /** A token for these scopes, from the store while it is good for another minute. */
  accessToken(platform: Platform, scopes: readonly string[]): Promise<Result<string, SyncFailure>>;
  /** Forgets the tokens of a platform; the next call asks for new ones. */
  dropAccessToken(platform: Platform): Promise<void>;
  /** One page of a roster, asked for with `url` as it is. Whether the token may go there is the caller's to check. */
  rosterPage(platform: Platform, url: string, options?: PageOptions): Promise<Success<RosterPage> | PageFailure>;
  /** The public keys of all platforms, for the key set. */
  publicKeys(): Promise<PublicKey[]>;
  close(): Promise<void>;
};

/** Starts ltijs as a library over our ports. Throws when ltijs is not the version it must be. */
export async function createLtiEngine(deps: LtiEngineDeps): Promise<LtiEngine> {
  const random = deps.random ?? systemRandom;
  const ltijs = loadLtijs();
  const tokens = createAccessTokens({ ...deps, random });
  const provider = await startProvider(ltijs, { ...deps, random, tokens });
  const publicKeys = createPublicKeys(deps.keys);

  const dropAccessToken = (platform: Platform) => deps.keys.removeAccessTokens(platform.issuer, platform.clientId);
  return {
    registerPlatform: (platform) => registerPlatform({ ltijs, provider, platforms: deps.platforms }, platform),
    registerDynamically: (request) =>
      registerDynamically({ ltijs, provider, platforms: deps.platforms, http: deps.http }, request),
    accessToken: (platform, scopes) => accessToken(tokens, platform, scopes),
    dropAccessToken,
    rosterPage: (platform, url, options = {}) =>
      rosterPage({ ltijs, provider, http: deps.http, clock: deps.clock, dropAccessToken }, platform, { url, options }),
    publicKeys,
    async close() {
      await provider.close({ silent: true });
    },
  };
}

async function startProvider(
  ltijs: Ltijs,
  deps: LtiEngineDeps & { random: Random; tokens: AccessTokens },
): Promise<LtijsProvider> {
  const plugin = createLtijsDatabase({
    ...deps,
    currentCall: ltijs.currentCall,
    hooks: {
      makeKeyPair: () => makeKeyPair(deps),
      requestToken: (issuer, clientId, scopes) =>
        deps.tokens.request(issuer, clientId, scopes, ltijs.currentCall()?.log),
    },
  });
  const provider = ltijs.newProvider();
  provider.setup(
    deps.secret,
    { plugin },
    {
      appRoute: '/launch',
      loginRoute: '/login',
      keysetRoute: '/keys',
      cors: false,
      dynReg: { url: `${deps.publicUrl}/lti`, name: 'Rostrum', autoActivate: false, useDeepLinking: false },
    },
  );
  // deploy() adds a SIGINT handler that ends the process at once, in the middle of our own orderly stop.
  const before = new Set(process.listeners('SIGINT'));
  await provider.deploy({ serverless: true, silent: true });
  for (const added of process.listeners('SIGINT')) if (!before.has(added)) process.removeListener('SIGINT', added);
  return provider;
}

async function accessToken(
  tokens: AccessTokens,
  platform: Platform,
  scopes: readonly string[],
): Promise<Result<string, SyncFailure>> {
  if (platform.status !== 'active') return failure('platform-inactive');
  const { issuer, clientId } = platform;
  const wanted = [...scopes].sort().join(' ');
  try {
    const token = (await tokens.find(issuer, clientId, wanted)) ?? (await tokens.request(issuer, clientId, wanted));
    return success(token.access_token);
  } catch (error) {
    const { reason, detail } = pageFailure(error);
    return failure(reason, detail);
  }
}

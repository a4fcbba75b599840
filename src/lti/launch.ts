import { type CryptoKey, compactVerify, decodeProtectedHeader } from 'jose';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { hashSecret } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { type LaunchClaims, parseClaims } from './claims.ts';
import { type KeySets, SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './jwks.ts';
import {
  checkAudience,
  checkDeployment,
  checkIssuer,
  checkMessage,
  checkNonce,
  checkTarget,
  checkTimes,
} from './launch-checks.ts';
import { parseState } from './login.ts';
import type { Login, LoginStore, PlatformStore } from './lti-store.ts';
import type { Platform } from './platform.ts';
import type { LtiRefusal } from './refusals.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

/** What ties a launch to the browser that began the login. */
export type Browser = {
  /** The secret of the login cookie, or null. */
  secret: string | null;
  /** The value from LTI platform storage, if our own page sent it: a proof from another origin proves nothing. */
  storageProof?: string;
};

export type LaunchAnswer =
  | {
      next: 'open';
      launch: VerifiedLaunch;
      /** `storage`: the browser keeps no cookie here, so a session needs a window of its own. */
      boundBy: 'cookie' | 'storage';
    }
  /** The browser has to show the value it keeps in the LMS's storage; nothing was used up, the same form may come again. */
  | { next: 'ask-storage'; state: string; idToken: string; storageTarget: string; platform: Platform };

export type Launches = {
  /** Verifies the form an LMS posted to the redirect URI: a token, or an error. `log` is that of the request. */
  verifyLaunch(form: unknown, browser: Browser, log?: Logger): Promise<Result<LaunchAnswer, LtiRefusal>>;
};

type Deps = {
  platforms: Pick<PlatformStore, 'findPlatform' | 'recordDeployment'>;
  logins: Pick<LoginStore, 'findLogin' | 'consumeLoginState'>;
  keySets: KeySets;
  clock: Clock;
  /** Our origin. */
  publicUrl: string;
};

/**
 * Verification of launches, step by step (Security Framework 1.0, 5.1.3; LTI Core 1.3, 5). The order has its reasons:
 * the login is used up only by the browser that began it, so that nobody else can spoil it; it is used up before the
 * token is looked at, so that a token is tried once; and the key comes from the login's registration, never from
 * what the token says of itself.
 */
export function createLaunches(deps: Deps): Launches {
  return {
    async verifyLaunch(input, browser, log) {
      const form = parseLaunchForm(input);
      if (form.kind === 'error') return refuseForPlatform(deps, form, browser);
      if (form.kind === 'odd') return failure('bad-launch-request');
      const login = await findLogin(deps, form.state);
      if (!login.ok) return login;
      const platform = await findActivePlatform(deps, login.value);
      if (!platform.ok) return platform;
      const bound = checkBrowser(login.value, browser);
      if (!bound.ok) return bound;
      if (bound.value.by === 'storage-not-asked') return success(askStorage(form, platform.value, bound.value));
      const launch = await redeemLogin({ ...deps, log }, form, platform.value);
      return launch.ok ? success({ next: 'open', launch: launch.value, boundBy: bound.value.by }) : launch;
    },
  };
}

type TokenForm = { kind: 'token'; state: string; idToken: string };
type ErrorForm = { kind: 'error'; state: string | null; error: string };

const text = z.string().min(1).nullable().catch(null);
const launchForm = z.object({ state: text.transform(parseState), id_token: text, error: text });

function parseLaunchForm(input: unknown): TokenForm | ErrorForm | { kind: 'odd' } {
  const parsed = launchForm.safeParse(input);
  if (!parsed.success) return { kind: 'odd' };
  const { state, id_token: idToken, error } = parsed.data;
  // A token beside an error is no answer of any LMS; the error is believed.
  if (error !== null) return { kind: 'error', state, error };
  return state === null || idToken === null ? { kind: 'odd' } : { kind: 'token', state, idToken };
}

/** The errors LMSs post instead of a token (OpenID Connect Core 1.0, 3.1.2.6; Canvas adds `launch_no_longer_valid`). */
const PLATFORM_ERRORS = new Map<string, LtiRefusal>([
  ['login_required', 'platform-login-required'],
  ['interaction_required', 'platform-login-required'],
  ['launch_no_longer_valid', 'platform-launch-expired'],
  ['access_denied', 'platform-access-denied'],
  ['unauthorized_client', 'platform-client-refused'],
  ['invalid_request', 'platform-request-refused'],
  ['invalid_request_object', 'platform-request-refused'],
  ['invalid_scope', 'platform-request-refused'],
  ['unsupported_response_type', 'platform-request-refused'],
]);

/** An error says nothing that has to be proved, but it ends the login, if it is this browser's. */
async function refuseForPlatform(deps: Deps, form: ErrorForm, browser: Browser): Promise<Result<never, LtiRefusal>> {
  const login = form.state === null ? null : await deps.logins.findLogin(hashSecret(form.state), deps.clock());
  if (login && holdsCookie(login, browser)) await deps.logins.consumeLoginState(login.stateHash, deps.clock());
  const known = PLATFORM_ERRORS.get(form.error);
  // The code of an unknown error may hold anything; it is not written down.
  return known ? failure(known, form.error) : failure('platform-error');
}

async function findLogin(deps: Deps, state: string): Promise<Result<Login, LtiRefusal>> {
  const login = await deps.logins.findLogin(hashSecret(state), deps.clock());
  return login ? success(login) : failure('state-unknown');
}

async function findActivePlatform(deps: Deps, login: Login): Promise<Result<Platform, LtiRefusal>> {
  const platform = await deps.platforms.findPlatform(login.platformId);
  return platform?.status === 'active' ? success(platform) : failure('inactive-registration');
}

type Binding = { by: 'cookie' } | { by: 'storage' } | { by: 'storage-not-asked'; storageTarget: string };

function checkBrowser(login: Login, browser: Browser): Result<Binding, LtiRefusal> {
  if (holdsCookie(login, browser)) return success({ by: 'cookie' });
  if (login.storageHash !== null && login.storageTarget !== null) {
    const { storageTarget } = login;
    if (browser.storageProof === undefined) return success({ by: 'storage-not-asked', storageTarget });
    const proved = hashSecret(browser.storageProof) === login.storageHash;
    return proved ? success({ by: 'storage' }) : failure('other-browser', 'wrong value from platform storage');
  }
  return failure(browser.secret === null ? 'missing-state-cookie' : 'other-browser');
}

function holdsCookie(login: Login, browser: Browser): boolean {
  return browser.secret !== null && hashSecret(browser.secret) === login.browserHash;
}

function askStorage(form: TokenForm, platform: Platform, asked: { storageTarget: string }): LaunchAnswer {
  const { state, idToken } = form;
  return { next: 'ask-storage', state, idToken, storageTarget: asked.storageTarget, platform };
}

type RedeemDeps = Deps & { log: Logger | undefined };

/** From here on the login is spent, whatever becomes of the token. */
async function redeemLogin(
  deps: RedeemDeps,
  form: TokenForm,
  platform: Platform,
): Promise<Result<VerifiedLaunch, LtiRefusal>> {
  const login = await consumeLogin(deps, form.state);
  if (!login.ok) return login;
  const claims = await readToken(deps, platform, form.idToken);
  if (!claims.ok) return claims;
  return checkClaims(deps, { platform, login: login.value, claims: claims.value });
}

async function consumeLogin(deps: Deps, state: string): Promise<Result<Login, LtiRefusal>> {
  const login = await deps.logins.consumeLoginState(hashSecret(state), deps.clock());
  return login ? success(login) : failure('state-unknown', 'used by another request at the same time');
}

async function readToken(
  deps: RedeemDeps,
  platform: Platform,
  idToken: string,
): Promise<Result<LaunchClaims, 'bad-token' | 'keys-unreachable' | 'bad-signature'>> {
  const header = readHeader(idToken);
  if (!header.ok) return header;
  const { keyId, algorithm } = header.value;
  const key = await deps.keySets.findKey(platform, keyId, algorithm, deps.log);
  if (!key.ok) {
    const reason = key.reason === 'keys-unreachable' ? 'keys-unreachable' : 'bad-signature';
    return failure(reason, key.detail ?? key.reason);
  }
  const payload = await verifySignature(idToken, { key: key.value, algorithm });
  return payload.ok ? parseClaims(payload.value) : payload;
}

const tokenHeader = z.object({ alg: z.enum(SIGNATURE_ALGORITHMS), kid: z.string().min(1).max(255) });

/** Algorithm and key ID; all else a header may say of keys (`jwk`, `jku`, `x5u`, `x5c`) is never read. */
function readHeader(idToken: string): Result<{ keyId: string; algorithm: SignatureAlgorithm }, 'bad-token'> {
  try {
    const header = tokenHeader.safeParse(decodeProtectedHeader(idToken));
    if (!header.success) return failure('bad-token', 'algorithm not allowed, or no kid');
    return success({ keyId: header.data.kid, algorithm: header.data.alg });
  } catch {
    return failure('bad-token', 'not a JWT');
  }
}

async function verifySignature(
  idToken: string,
  by: { key: CryptoKey; algorithm: SignatureAlgorithm },
): Promise<Result<unknown, 'bad-signature' | 'bad-token'>> {
  let payload: Uint8Array;
  try {
    payload = (await compactVerify(idToken, by.key, { algorithms: [by.algorithm] })).payload;
  } catch {
    return failure('bad-signature', 'the signature does not fit the key');
  }
  try {
    return success(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return failure('bad-token', 'the payload is not JSON');
  }
}

async function checkClaims(deps: Deps, given: Verification): Promise<Result<VerifiedLaunch, LtiRefusal>> {
  const { platform, login, claims } = given;
  const issuer = checkIssuer(claims, login);
  if (!issuer.ok) return issuer;
  const audience = checkAudience(claims, login);
  if (!audience.ok) return audience;
  const times = checkTimes(claims, deps.clock());
  if (!times.ok) return times;
  const nonce = checkNonce(claims, login);
  if (!nonce.ok) return nonce;
  const message = checkMessage(claims);
  if (!message.ok) return message;
  const target = checkTarget(claims, { login, publicUrl: deps.publicUrl });
  if (!target.ok) return target;
  const deployment = checkDeployment(claims, login);
  if (!deployment.ok) return deployment;
  const admitted = await admitDeployment(deps, platform, deployment.value);
  if (!admitted.ok) return admitted;
  return success({
    platform,
    deploymentId: deployment.value,
    messageType: message.value.type,
    roles: message.value.roles,
    targetLinkUri: target.value,
    tenant: claims.tenant,
    subject: claims.subject,
    person: claims.person,
    context: claims.context,
    rosterUrl: claims.rosterUrl,
    locale: claims.locale,
    timeZone: claims.timeZone,
    returnUrl: claims.returnUrl,
    custom: claims.custom,
  });
}

type Verification = { platform: Platform; login: Login; claims: LaunchClaims };

async function admitDeployment(
  deps: Deps,
  platform: Platform,
  deploymentId: string,
): Promise<Result<null, 'unknown-deployment'>> {
  if (platform.deploymentIds.includes(deploymentId)) return success(null);
  const recorded = await deps.platforms.recordDeployment(platform.id, deploymentId, deps.clock());
  return recorded === 'refused' ? failure('unknown-deployment') : success(null);
}

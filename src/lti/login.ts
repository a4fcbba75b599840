import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { hashSecret, newSecret, type Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { isOwnTarget } from './login-target.ts';
import type { Login, LoginStore, PlatformStore } from './lti-store.ts';
import type { Platform } from './platform.ts';
import type { LtiRefusal } from './refusals.ts';

type LoginRefusal = Extract<
  LtiRefusal,
  | 'bad-login-request'
  | 'unknown-registration'
  | 'ambiguous-registration'
  | 'inactive-registration'
  | 'foreign-target'
  | 'state-unknown'
>;

/** A login that waits for its launch. */
export type LoginOutcome = {
  platform: Platform;
  state: string;
  stateHash: string;
  /** Where the browser goes next, at the LMS. */
  authorizationUrl: string;
  /** The LMS's frame for LTI platform storage, when it named one. */
  storageTarget: string | null;
};

/** A login that is bound to the browser by a value in the LMS's own storage, for browsers that keep no cookie. */
export type StoredLoginOutcome = LoginOutcome & {
  storageTarget: string;
  /** To be put into the storage under `storageKey(state)`. */
  storageSecret: string;
};

type ContinuedLogin =
  /** The cookie came back: on to the LMS. */
  | ({ next: 'lms' } & LoginOutcome)
  /** No cookie, but the LMS keeps a value for us. */
  | ({ next: 'storage' } & StoredLoginOutcome)
  /** No cookie, no storage: only a window of its own helps. */
  | { next: 'new-window' };

export type Logins = {
  /** Begins a login from what the LMS sent (LTI Core 1.3, 4.1), bound to the browser that holds `browserSecret`. */
  startLogin(params: unknown, browserSecret: string): Promise<Result<LoginOutcome, LoginRefusal>>;
  /** Goes on with a login after the browser was given its cookie; `browserSecret` is what came back, or null. */
  continueLogin(state: unknown, browserSecret: string | null): Promise<Result<ContinuedLogin, LoginRefusal>>;
  /** Begins the same login once more, in a window where the browser keeps cookies. */
  restartLogin(state: unknown, browserSecret: string): Promise<Result<LoginOutcome, LoginRefusal>>;
};

/** A login's life: the LMS's own hints live 5 minutes at most, and a person may have to sign in there. */
const LOGIN_MS = 10 * 60_000;

export function createLogins(deps: {
  platforms: Pick<PlatformStore, 'findPlatform' | 'findPlatformByClient' | 'findPlatformsByIssuer'>;
  logins: Pick<LoginStore, 'saveLogin' | 'findLogin'>;
  clock: Clock;
  random: Random;
  /** The one redirect URI. */
  launchUrl: string;
  /** Our origin. */
  publicUrl: string;
}): Logins {
  const { platforms, logins, clock, random, launchUrl, publicUrl } = deps;

  return {
    async startLogin(params, browserSecret) {
      const request = parseLoginRequest(params);
      if (!request.ok) return request;
      if (!isOwnTarget(request.value.targetLinkUri, publicUrl)) return failure('foreign-target');
      const platform = await choosePlatform(request.value);
      if (!platform.ok) return platform;
      return success(await begin(platform.value, request.value, { browserSecret, storageSecret: null }));
    },

    async continueLogin(state, browserSecret) {
      const waiting = await findWaiting(state);
      if (!waiting.ok) return waiting;
      const { login, platform, state: ownState } = waiting.value;
      if (browserSecret !== null && hashSecret(browserSecret) === login.browserHash) {
        return success({ next: 'lms', ...outcomeOf(platform, login, ownState) });
      }
      // This browser did not begin that login (or lost a race between two frames). It is never handed over: who sends
      // somebody else here with a state of their own would choose whom that person becomes. The same request begins anew.
      if (browserSecret !== null) {
        return success({ next: 'lms', ...(await begin(platform, login, { browserSecret, storageSecret: null })) });
      }
      const { storageTarget } = login;
      if (storageTarget === null) return success({ next: 'new-window' });
      const storageSecret = newSecret(random);
      const outcome = await begin(platform, login, { browserSecret: null, storageSecret });
      return success({ next: 'storage', ...outcome, storageTarget, storageSecret });
    },

    async restartLogin(state, browserSecret) {
      const waiting = await findWaiting(state);
      if (!waiting.ok) return waiting;
      const { login, platform } = waiting.value;
      // A window of its own has no LMS page around it that would keep a value.
      const request = { ...login, storageTarget: null };
      return success(await begin(platform, request, { browserSecret, storageSecret: null }));
    },
  };

  async function choosePlatform(request: LoginRequest): Promise<Result<Platform, LoginRefusal>> {
    const found =
      request.clientId === null
        ? await onlyPlatformOf(request.issuer)
        : await platforms.findPlatformByClient(request.issuer, request.clientId);
    if (found === 'several') return failure('ambiguous-registration');
    if (found === null) return failure('unknown-registration');
    if (found.status !== 'active') return failure('inactive-registration', `platform ${found.id} is ${found.status}`);
    return success(found);
  }

  async function onlyPlatformOf(issuer: string): Promise<Platform | 'several' | null> {
    const [first, ...others] = await platforms.findPlatformsByIssuer(issuer);
    return others.length > 0 ? 'several' : (first ?? null);
  }

  async function begin(platform: Platform, request: LoginHints, binding: Binding): Promise<LoginOutcome> {
    const state = newSecret(random);
    const now = clock();
    const login: Login = {
      stateHash: hashSecret(state),
      nonce: newSecret(random),
      platformId: platform.id,
      issuer: platform.issuer,
      clientId: platform.clientId,
      deploymentId: request.deploymentId,
      targetLinkUri: request.targetLinkUri,
      loginHint: request.loginHint,
      messageHint: request.messageHint,
      storageTarget: request.storageTarget,
      // A login that only the storage binds gets the hash of a secret that nobody has.
      browserHash: hashSecret(binding.browserSecret ?? newSecret(random)),
      storageHash: binding.storageSecret === null ? null : hashSecret(binding.storageSecret),
      createdAt: now,
      expiresAt: now + LOGIN_MS,
    };
    await logins.saveLogin(login);
    return outcomeOf(platform, login, state);
  }

  async function findWaiting(state: unknown): Promise<Result<WaitingLogin, LoginRefusal>> {
    const known = parseState(state);
    const login = known && (await logins.findLogin(hashSecret(known), clock()));
    if (!known || !login) return failure('state-unknown');
    const platform = await platforms.findPlatform(login.platformId);
    if (platform?.status !== 'active') return failure('inactive-registration');
    return success({ login, platform, state: known });
  }

  function outcomeOf(platform: Platform, login: Login, state: string): LoginOutcome {
    return {
      platform,
      state,
      stateHash: login.stateHash,
      authorizationUrl: authorizationUrl(platform, login, { state, launchUrl }),
      storageTarget: login.storageTarget,
    };
  }
}

type Binding = { browserSecret: string | null; storageSecret: string | null };
type LoginHints = Pick<Login, 'deploymentId' | 'targetLinkUri' | 'loginHint' | 'messageHint' | 'storageTarget'>;
type LoginRequest = LoginHints & { issuer: string; clientId: string | null };
type WaitingLogin = { login: Login; platform: Platform; state: string };

/** The key of a login's value in LTI platform storage. */
export function storageKey(state: string): string {
  return `rostrum_login_${state}`;
}

/** A state as we issue them, or null for anything else: no store is asked for it. */
export function parseState(state: unknown): string | null {
  return typeof state === 'string' && /^[A-Za-z0-9_-]{43}$/.test(state) ? state : null;
}

const needed = (max: number) => z.string().min(1).max(max);
const optional = (max: number) =>
  z
    .string()
    .max(max)
    .optional()
    .transform((text) => text || null);

const loginRequest = z
  .object({
    iss: needed(2048),
    login_hint: needed(8192),
    target_link_uri: needed(4096),
    lti_message_hint: optional(8192),
    client_id: optional(512),
    lti_deployment_id: optional(255),
    // Canvas's documentation has this name, its code the one above.
    deployment_id: optional(255),
    lti_storage_target: optional(255),
  })
  .transform(
    (params): LoginRequest => ({
      issuer: params.iss,
      clientId: params.client_id,
      deploymentId: params.lti_deployment_id ?? params.deployment_id,
      targetLinkUri: params.target_link_uri,
      loginHint: params.login_hint,
      messageHint: params.lti_message_hint,
      storageTarget: params.lti_storage_target,
    }),
  );

function parseLoginRequest(params: unknown): Result<LoginRequest, 'bad-login-request'> {
  const parsed = loginRequest.safeParse(params);
  if (parsed.success) return success(parsed.data);
  return failure('bad-login-request', parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
}

/** The authentication request (Security Framework 1.0, 5.1.1.2). Hints go back to the letter. */
function authorizationUrl(platform: Platform, login: Login, own: { state: string; launchUrl: string }): string {
  const url = new URL(platform.authUrl);
  const params: Record<string, string> = {
    scope: 'openid',
    response_type: 'id_token',
    response_mode: 'form_post',
    prompt: 'none',
    client_id: platform.clientId,
    redirect_uri: own.launchUrl,
    login_hint: login.loginHint,
    state: own.state,
    nonce: login.nonce,
  };
  if (login.messageHint !== null) params.lti_message_hint = login.messageHint;
  const query = new URLSearchParams(url.search);
  for (const [name, value] of Object.entries(params)) query.set(name, value);
  url.search = query.toString();
  return url.href;
}

import * as client from 'openid-client';
import type { Clock } from '../lib/clock.ts';
import type { HttpClient, HttpFailure, HttpResponse } from '../lib/http-client.ts';
import type { Tokens } from './connection.ts';
import { type GrantEnd, type GrantRefusal, readGrantRefusal } from './grant-errors.ts';
import { readApiUrl } from './zoom-hosts.ts';

/** What Zoom gave: the tokens and what they are good for. */
export type Grant = {
  tokens: Tokens;
  /** As the token answer said; empty when it said nothing. */
  scopes: string[];
  /** Root of the API for this person, or null for the usual one. */
  apiUrl: string | null;
};

/**
 * Why there is no grant. `ended`: it is no more, `end` says how. `bad-code`: the authorisation code is old, used or made up.
 * `misconfigured`: Zoom does not take this site's app. `unreachable`: no answer came, and whether Zoom renewed the tokens
 * is not known. `throttled` and `fault` pass.
 */
export type GrantFailure =
  | { ok: false; reason: 'ended'; end: GrantEnd; detail: string }
  | { ok: false; reason: 'bad-code' | 'misconfigured' | 'throttled' | 'fault' | 'unreachable'; detail: string };

export type GrantAnswer = { ok: true; value: Grant } | GrantFailure;

/** Zoom's OAuth for an app that each person adds for themselves (Zoom, "OAuth 2.0"). */
export type ZoomOAuth = {
  /** Where a person is sent to allow the app. `challenge` is the S256 challenge of the PKCE verifier. */
  authorizeUrl(ask: {
    state: string;
    challenge: string;
    scopes: readonly string[];
    optionalScopes: readonly string[];
  }): string;
  exchange(answer: { code: string; verifier: string }): Promise<GrantAnswer>;
  /** Zoom may take the old refresh token no longer once this was sent: what comes back is saved before it is used. */
  refresh(tokens: Pick<Tokens, 'refresh'>): Promise<GrantAnswer>;
  /** Ends the grant of an access token that is still good; the refresh token dies with it. */
  revoke(accessToken: string): Promise<{ ok: true } | GrantFailure>;
};

export type ZoomOAuthDeps = {
  app: { clientId: string; oauthUrl: string; apiUrl: string };
  secret: string;
  /** The one address that Zoom sends people back to. */
  redirectUrl: string;
  http: HttpClient;
  clock: Clock;
  /** For development: a Zoom on this machine is spoken to by plain http. */
  allowHttp: boolean;
};

const TIMEOUT_MS = 20_000;
/** Taken when Zoom does not say how long a token lives, in seconds. */
const USUAL_LIFE_S = 3_600;

export function createZoomOAuth(deps: ZoomOAuthDeps): ZoomOAuth {
  const { clock, redirectUrl, app } = deps;

  /** One exchange by the library, judged by what really came over the wire when it fails. */
  async function ask<Value>(work: (config: client.Configuration) => Promise<Value>) {
    const seen: Seen = { answer: null, failure: null };
    const config = configure(deps, seen);
    try {
      return { ok: true as const, value: await work(config) };
    } catch (error) {
      return failureOf(seen, error);
    }
  }

  async function askGrant(
    work: (config: client.Configuration) => Promise<client.TokenEndpointResponse>,
    oldRefresh: string | null,
  ): Promise<GrantAnswer> {
    const began = clock();
    const answer = await ask(work);
    if (!answer.ok) return answer;
    const { access_token: access, refresh_token: refresh = oldRefresh, expires_in: life, scope } = answer.value;
    if (!refresh) return { ok: false, reason: 'fault', detail: 'no refresh token in the answer' };
    const tokens = { access, refresh, expiresAt: began + (life ?? USUAL_LIFE_S) * 1000 };
    const scopes = scope?.split(/\s+/).filter(Boolean) ?? [];
    return { ok: true, value: { tokens, scopes, apiUrl: readApiUrl(answer.value.api_url, app.apiUrl) } };
  }

  return {
    authorizeUrl({ state, challenge, scopes, optionalScopes }) {
      const parameters: Record<string, string> = {
        redirect_uri: redirectUrl,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      };
      if (scopes.length > 0) parameters.scope = scopes.join(' ');
      if (optionalScopes.length > 0) parameters.optional_scope = optionalScopes.join(' ');
      return client.buildAuthorizationUrl(configure(deps, { answer: null, failure: null }), parameters).href;
    },
    exchange({ code, verifier }) {
      // The state was checked where it was taken from the store, so the library gets an answer without it.
      const back = new URL(redirectUrl);
      back.searchParams.set('code', code);
      return askGrant((config) => client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier }), null);
    },
    refresh: ({ refresh }) => askGrant((config) => client.refreshTokenGrant(config, refresh), refresh),
    async revoke(accessToken) {
      const answer = await ask((config) => client.tokenRevocation(config, accessToken));
      return answer.ok ? { ok: true } : answer;
    },
  };
}

/** What one exchange brought, whatever the library made of it. */
type Seen = { answer: HttpResponse | null; failure: HttpFailure | null };

function configure({ app, secret, http, allowHttp }: ZoomOAuthDeps, seen: Seen): client.Configuration {
  const server = {
    issuer: new URL(app.oauthUrl).origin,
    authorization_endpoint: `${app.oauthUrl}/authorize`,
    token_endpoint: `${app.oauthUrl}/token`,
    revocation_endpoint: `${app.oauthUrl}/revoke`,
  };
  const config = new client.Configuration(server, app.clientId, undefined, basicAuth(secret));
  config[client.customFetch] = fetchThrough(http, seen);
  config.timeout = TIMEOUT_MS / 1000 + 10;
  if (allowHttp) client.allowInsecureRequests(config);
  return config;
}

// Zoom wants ID and secret as they are. The standard's form encoding, which the library applies, writes "_" and "-", both
// usual in Zoom's IDs, in another way.
function basicAuth(secret: string): client.ClientAuth {
  return (_server, { client_id }, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}`);
  };
}

function fetchThrough(http: HttpClient, seen: Seen): client.CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await http({
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body ? { body: String(body) } : {}),
      ...(signal ? { signal } : {}),
      timeoutMs: TIMEOUT_MS,
      purpose: 'oauth',
    });
    if (!answer.ok) {
      seen.failure = answer.reason;
      throw new Error(`no answer from Zoom: ${answer.reason} ${answer.detail ?? ''}`);
    }
    seen.answer = answer.value;
    const { status, headers: told, body: text } = answer.value;
    const bodiless = status === 204 || status === 205 || status === 304 || status < 200;
    return new Response(bodiless ? null : text, {
      status: status < 200 ? 502 : status,
      headers: { 'content-type': told['content-type'] ?? '' },
    });
  };
}

function failureOf(seen: Seen, error: unknown): GrantFailure {
  const detail = error instanceof Error ? error.message : String(error);
  if (!seen.answer) return { ok: false, reason: seen.failure ? 'unreachable' : 'fault', detail };
  if (seen.answer.status < 400)
    return { ok: false, reason: 'fault', detail: `status ${seen.answer.status}, ${detail}` };
  return asFailure(readGrantRefusal(seen.answer));
}

function asFailure(refusal: GrantRefusal): GrantFailure {
  if (refusal.kind === 'ended') return { ok: false, reason: 'ended', end: refusal.end, detail: refusal.detail };
  return { ok: false, reason: refusal.kind, detail: refusal.detail };
}

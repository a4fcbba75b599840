import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { LtijsToken } from 'ltijs';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import type { Encryption } from '../../lib/encryption.ts';
import type { HttpClient, HttpResponse } from '../../lib/http-client.ts';
import { newSecret, type Random } from '../../lib/ids.ts';
import { parseJson } from '../../lib/json.ts';
import type { KeyStore, PlatformStore } from '../lti-store.ts';
import type { Platform } from '../platform.ts';
import { openPrivateKey } from './key-pairs.ts';
import { ServiceError, serverError, throttleError, transportError } from './service-error.ts';

export type AccessTokens = {
  /** A stored token that is good for another minute, or null. */
  find(issuer: string, clientId: string, scopes: string): Promise<LtijsToken | null>;
  /** A new token; callers that ask at the same time share one request, logged where the first one logs. Throws ServiceError. */
  request(issuer: string, clientId: string, scopes: string, log?: Logger): Promise<LtijsToken>;
};

export type AccessTokenDeps = {
  platforms: PlatformStore;
  keys: KeyStore;
  encryption: Encryption;
  http: HttpClient;
  clock: Clock;
  random: Random;
};

/** A token is not used in the last minute of its life: a page may take that long. */
const MARGIN_MS = 60_000;
/** Moodle 4.5 refuses an `iat` that is ahead of its clock by even a second. */
const BACKDATE_S = 30;
const ASSERTION_LIFE_S = 300;
/** Moodle fetches our key set before it answers. */
const TIMEOUT_MS = 30_000;

/**
 * Access tokens by client credentials (RFC 7523; 1EdTech Security Framework 1.0, 4.1), in place of ltijs's own
 * `getAccessToken`, which asks once per caller, uses tokens to their last second, stamps `iat` with the present second,
 * takes `Math.random` for `jti`, and trusts that all scopes were granted.
 */
export function createAccessTokens(deps: AccessTokenDeps): AccessTokens {
  const running = new Map<string, Promise<LtijsToken>>();
  /** Opened tokens by what is stored of them: a roster of many pages opens its token once. */
  const opened = new Map<string, { sealed: string; token: LtijsToken }>();

  function openOnce(key: string, sealed: string, context: string): LtijsToken | null {
    const known = opened.get(key);
    if (known?.sealed === sealed) return known.token;
    const token = openToken(deps.encryption, sealed, context);
    if (token) opened.set(key, { sealed, token });
    return token;
  }

  async function find(issuer: string, clientId: string, scopes: string): Promise<LtijsToken | null> {
    const stored = await deps.keys.findAccessToken(issuer, clientId, scopes);
    if (!stored) return null;
    const token = openOnce(keyOf(issuer, clientId, scopes), stored.sealedToken, sealContext(issuer, clientId));
    if (!token) return null;
    const lifeMs = token.expires_in * 1000;
    const usableUntil = stored.createdAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 2);
    return deps.clock() < usableUntil ? token : null;
  }

  return {
    find,
    request(issuer, clientId, scopes, log) {
      const key = keyOf(issuer, clientId, scopes);
      const shared = running.get(key);
      if (shared) return shared;
      const request = requestToken(deps, { issuer, clientId, scopes, log }).finally(() => running.delete(key));
      running.set(key, request);
      return request;
    },
  };
}

function keyOf(issuer: string, clientId: string, scopes: string): string {
  return JSON.stringify([issuer, clientId, scopes]);
}

async function requestToken(
  deps: AccessTokenDeps,
  asked: { issuer: string; clientId: string; scopes: string; log: Logger | undefined },
): Promise<LtijsToken> {
  const { issuer, clientId, scopes, log } = asked;
  const platform = await deps.platforms.findPlatformByClient(issuer, clientId);
  if (!platform) throw new ServiceError('platform-inactive', 'The platform is not registered any more');
  const createdAt = deps.clock();
  const response = await deps.http({
    url: platform.tokenUrl,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await signAssertion(deps, platform),
      scope: scopes,
    }).toString(),
    timeoutMs: TIMEOUT_MS,
    purpose: 'token',
    log,
  });
  if (!response.ok) throw transportError(response.reason, `token: ${response.detail ?? ''}`);
  const token = readToken(response.value, scopes, createdAt);
  const sealedToken = deps.encryption.seal(JSON.stringify(token), sealContext(issuer, clientId));
  await deps.keys.saveAccessToken({ issuer, clientId, scopes, sealedToken, createdAt });
  return token;
}

async function signAssertion(deps: AccessTokenDeps, platform: Platform): Promise<string> {
  const pem = await openPrivateKey(deps, platform.keyId);
  if (pem === null) throw new ServiceError('internal', `No private key ${platform.keyId}`);
  const now = Math.floor(deps.clock() / 1000);
  return (
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: platform.keyId })
      .setIssuer(platform.clientId)
      .setSubject(platform.clientId)
      // Canvas compares it with its token URL, Brightspace with an audience of its own; Moodle does not look.
      .setAudience(platform.tokenAudience ?? platform.tokenUrl)
      .setIssuedAt(now - BACKDATE_S)
      .setExpirationTime(now + ASSERTION_LIFE_S)
      .setJti(newSecret(deps.random))
      .sign(createPrivateKey(pem))
  );
}

const SECONDS = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);

const TOKEN_ANSWER = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional(),
  expires_in: SECONDS.pipe(z.number().positive()).optional(),
  scope: z.string().optional(),
});

const STORED_TOKEN = z.object({ access_token: z.string(), token_type: z.string(), expires_in: z.number() });

/** RFC 6749, 5.1 recommends `expires_in` without requiring it. */
const UNSAID_LIFE_S = 600;

// The body alone counts: Moodle 4.5 labels its JSON text/html, and some of its refusals are not valid JSON.
function readToken(response: HttpResponse, scopes: string, now: number): LtijsToken {
  if (response.status < 200 || response.status > 299) throw refusal(response, now);
  const answer = TOKEN_ANSWER.safeParse(parseJson(response.body));
  if (!answer.success) throw new ServiceError('bad-answer', 'token: the answer has no access_token');
  const { access_token, token_type, expires_in, scope } = answer.data;
  const granted = scope?.split(/\s+/);
  const missing = granted ? scopes.split(' ').filter((asked) => !granted.includes(asked)) : [];
  if (missing.length > 0) throw new ServiceError('scope-not-granted', `token: not granted: ${missing.join(' ')}`);
  if (token_type !== undefined && token_type.toLowerCase() !== 'bearer') {
    throw new ServiceError('bad-answer', 'token: not a bearer token');
  }
  return { access_token, token_type: 'Bearer', expires_in: expires_in ?? UNSAID_LIFE_S };
}

function refusal(response: HttpResponse, now: number): ServiceError {
  const passing = throttleError(response, now) ?? serverError(response, now);
  if (passing) return passing;
  const { status, body } = response;
  if (/invalid_scope/.test(body)) return new ServiceError('scope-not-granted', `token: status ${status}`, { status });
  // Moodle 4.5 answers 404 with a page when it cannot fetch our key set.
  return new ServiceError('token-refused', `token: status ${status} ${errorText(body)}`.trim(), { status });
}

const ERROR_ANSWER = z.object({ error: z.string(), error_description: z.string().optional() });

function errorText(body: string): string {
  const parsed = ERROR_ANSWER.safeParse(parseJson(body));
  if (!parsed.success) return '';
  return [parsed.data.error, parsed.data.error_description].filter(Boolean).join(': ').slice(0, 200);
}

function openToken(encryption: Encryption, sealed: string, context: string): LtijsToken | null {
  try {
    return STORED_TOKEN.parse(JSON.parse(encryption.open(sealed, context)));
  } catch {
    // Sealed with a key that is gone: a new token is asked for.
    return null;
  }
}

function sealContext(issuer: string, clientId: string): string {
  return `access token of ${JSON.stringify([issuer, clientId])}`;
}

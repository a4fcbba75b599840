import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import pino from 'pino';
import { createGuardedHttp } from '../../src/lib/guarded-http.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import { createKeySets } from '../../src/lti/jwks.ts';
import { createLaunches } from '../../src/lti/launch.ts';
import { createLogins } from '../../src/lti/login.ts';
import type { Platform } from '../../src/lti/platform.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';

export const PUBLIC_URL = 'https://tool.example';
export const LAUNCH_URL = `${PUBLIC_URL}/lti/launch`;
export const BROWSER = 'b'.repeat(43);
export const OTHER_BROWSER = 'o'.repeat(43);
export const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';

export type SigningKey = { kid: string; alg: string; privateKey: CryptoKey; jwk: JWK };

export async function newKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** An HTTP server that gives out a key set, and can be told to fail. */
export async function startKeyServer(keys: SigningKey[]) {
  const state = { keys, hits: 0, answer: null as ((res: ServerResponse) => void) | null };
  const server: Server = createServer((_req, res) => {
    state.hits++;
    if (state.answer) return state.answer(res);
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: state.keys.map((key) => key.jwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(state, { url, stop });
}

/** Login and launch over a real store, real HTTP and a clock that the test moves. */
export async function startTool(options: { publicUrl?: string; now?: number } = {}) {
  const publicUrl = options.publicUrl ?? PUBLIC_URL;
  const folder = mkdtempSync(join(tmpdir(), 'rostrum-launch-'));
  const opened = openSqlite({ path: join(folder, 'test.db') });
  if (!opened.ok) throw new Error(opened.reason);
  const storage = opened.value;
  const time = { now: options.now ?? Date.parse('2026-11-22T12:00:00Z') };
  const clock = () => time.now;
  const http = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'test' });
  const keySets = createKeySets({ http, clock, log: pino({ level: 'silent' }) });
  const logins = createLogins({
    platforms: storage.platforms,
    logins: storage.logins,
    clock,
    random: systemRandom,
    launchUrl: `${publicUrl}/lti/launch`,
    publicUrl,
  });
  const launches = createLaunches({
    platforms: storage.platforms,
    logins: storage.logins,
    keySets,
    clock,
    publicUrl,
  });
  const stop = async () => {
    await http.close();
    await storage.close();
    rmSync(folder, { recursive: true });
  };
  return { storage, time, clock, keySets, logins, launches, stop };
}

export type Tool = Awaited<ReturnType<typeof startTool>>;

export function platformFor(jwksUrl: string, change: Partial<Platform> = {}): Platform {
  return {
    id: newId<'platform'>(Date.now()),
    name: 'School',
    issuer: 'https://lms.example',
    clientId: 'client-1',
    authUrl: 'https://lms.example/auth?tenant=7',
    tokenUrl: 'https://lms.example/token',
    tokenAudience: null,
    jwksUrl,
    family: 'other',
    status: 'active',
    deployments: 'learn',
    deploymentIds: [],
    serviceOrigins: [],
    roleLevels: {},
    keyId: newId<'key'>(Date.now()),
    createdAt: 0,
    updatedAt: 0,
    ...change,
  };
}

export function loginParams(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: 'https://lms.example',
    client_id: 'client-1',
    login_hint: 'hint/7',
    lti_message_hint: '{"cmid":4,"launchid":"x"}',
    lti_deployment_id: 'dep-1',
    target_link_uri: `${PUBLIC_URL}/lti/launch`,
    ...change,
  };
}

/** What the LMS reads from the authentication request. */
export function requestOf(authorizationUrl: string): Record<string, string> {
  return Object.fromEntries(new URL(authorizationUrl).searchParams);
}

export function goodClaims(tool: Tool, nonce: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(tool.time.now / 1000);
  return {
    iss: 'https://lms.example',
    aud: 'client-1',
    sub: 'user-7',
    nonce,
    iat: now,
    exp: now + 3600,
    name: 'Ada Lovelace',
    email: 'ada@school.example',
    [`${LTI}version`]: '1.3.0',
    [`${LTI}message_type`]: 'LtiResourceLinkRequest',
    [`${LTI}deployment_id`]: 'dep-1',
    [`${LTI}target_link_uri`]: `${PUBLIC_URL}/lti/launch`,
    [`${LTI}resource_link`]: { id: 'link-1' },
    [`${LTI}roles`]: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
    [`${LTI}context`]: { id: 'course-1', label: 'C1', title: 'Course One', type: ['CourseSection'] },
    ...change,
  };
}

export function sign(claims: Record<string, unknown>, key: SigningKey, header: Record<string, unknown> = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { NRPS_SCOPE, NRPS_TYPE } from '../../src/sandbox/claim-names.ts';
import type { SandboxLms } from '../../src/sandbox/lms.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

/** A tool that has nothing but a key set, and the sandbox it is registered with. */
export type Bench = {
  sandbox: Sandbox;
  tool: TestTool;
  close(): Promise<void>;
};

export type TestTool = {
  origin: string;
  key: CryptoKey;
  kid: string;
  jwksRequests: number;
  jwksDown: boolean;
};

export async function startBench(options: Partial<SandboxOptions> = {}): Promise<Bench> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'tool-key', alg: 'RS256', use: 'sig' };
  const tool: TestTool = { origin: '', key: privateKey, kid: 'tool-key', jwksRequests: 0, jwksDown: false };
  const server = createServer((_req, res) => {
    tool.jwksRequests++;
    if (tool.jwksDown) return res.writeHead(503).end();
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tool.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sandbox = await startSandbox({
    port: 0,
    bigCourseSize: 120,
    tool: {
      loginUrl: `${tool.origin}/lti/login`,
      launchUrl: `${tool.origin}/lti/launch`,
      jwksUrl: `${tool.origin}/lti/keys`,
      registrationUrl: `${tool.origin}/lti/register`,
      origin: tool.origin,
    },
    ...options,
  });
  return {
    sandbox,
    tool,
    async close() {
      await sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the tool's login would ask of the LMS; `changes` sets parameters, null removes one. */
export function authorizationUrl(
  lms: SandboxLms,
  form: Record<string, string>,
  changes: Record<string, string | null> = {},
): string {
  const url = new URL(lms.registration.authUrl);
  const params: Record<string, string | null> = {
    scope: 'openid',
    response_type: 'id_token',
    response_mode: 'form_post',
    prompt: 'none',
    client_id: form.client_id ?? null,
    redirect_uri: lms.registrations.find(form.client_id ?? '')?.tool.redirectUris[0] ?? null,
    login_hint: form.login_hint ?? null,
    lti_message_hint: form.lti_message_hint ?? null,
    state: 'the-state',
    nonce: 'the-nonce',
    ...changes,
  };
  for (const [name, value] of Object.entries(params)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** The fields the LMS posts to the tool. Fails on a page of the LMS's own. */
export function launch(lms: SandboxLms, options: Parameters<SandboxLms['loginForm']>[0]): Record<string, unknown> {
  const answer = lms.answerAuthorization(authorizationUrl(lms, lms.loginForm(options)));
  if (answer.kind === 'page') throw new Error(`The LMS showed a page: ${answer.message}`);
  return claimsOf(answer.fields.id_token ?? '');
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}

export type AssertionChanges = {
  claims?: Record<string, unknown>;
  kid?: string | null;
  key?: CryptoKey;
  form?: Record<string, string | null>;
};

/** Asks for a token; `changes` spoils the assertion or the form. */
export async function requestToken(lms: SandboxLms, tool: TestTool, changes: AssertionChanges = {}): Promise<Response> {
  const now = Math.floor(Date.now() / 1000);
  const { clientId, tokenUrl } = lms.registration;
  const claims: JWTPayload = {
    iss: clientId,
    sub: clientId,
    aud: tokenUrl,
    iat: now - 10,
    exp: now + 60,
    jti: crypto.randomUUID(),
    ...changes.claims,
  };
  const kid = changes.kid === undefined ? tool.kid : changes.kid;
  const assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', ...(kid === null ? {} : { kid }) })
    .sign(changes.key ?? tool.key);
  const form: Record<string, string | null> = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: NRPS_SCOPE,
    ...changes.form,
  };
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== null) body.set(name, value);
  return fetch(tokenUrl, { method: 'POST', body });
}

export async function takeToken(lms: SandboxLms, tool: TestTool): Promise<string> {
  const { access_token } = JSON.parse(await (await requestToken(lms, tool)).text()) as { access_token: string };
  return access_token;
}

export type Roster = {
  status: number;
  headers: Headers;
  next: string | null;
  body: {
    id: string;
    context: { id: string; label: string; title: string };
    members: Record<string, unknown>[];
  };
};

export async function fetchRoster(url: string, token: string, accept: string = NRPS_TYPE): Promise<Roster> {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}`, Accept: accept } });
  const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    next,
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
}

/** All members of all pages. */
export async function walkRoster(url: string, token: string): Promise<Record<string, unknown>[]> {
  const members: Record<string, unknown>[] = [];
  for (let next: string | null = url; next; ) {
    const roster: Roster = await fetchRoster(next, token);
    members.push(...roster.body.members);
    next = roster.next;
  }
  return members;
}

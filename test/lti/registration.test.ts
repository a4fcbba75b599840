import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HttpClient, HttpRequest } from '../../src/lib/http-client.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { failure, success } from '../../src/lib/result.ts';
import type { NewPlatform } from '../../src/lti/ltijs/calls.ts';
import { createRegistrations, type Registrations } from '../../src/lti/registration.ts';
import { createRegistrationInvites } from '../../src/lti/registration-invites.ts';
import { toolRegistration } from '../../src/lti/tool-registration.ts';
import { startServer } from '../support/http-server.ts';
import { createWorld, PUBLIC_URL, START, type World } from './support/world.ts';

const LMS = 'https://purl.imsglobal.org/spec/lti-platform-configuration';
const TOOL = 'https://purl.imsglobal.org/spec/lti-tool-configuration';
const HOUR = 3_600_000;

let world: World;
let registrations: Registrations;
beforeEach(async () => {
  world = await createWorld();
  registrations = createRegistrations({ ...world, ...world.storage, publicUrl: PUBLIC_URL });
});
afterEach(() => world.close());

async function invite(change: { activates?: boolean; ttlMs?: number } = {}): Promise<string> {
  const invites = createRegistrationInvites({
    ...world,
    invites: world.storage.invites,
    random: systemRandom,
    publicUrl: PUBLIC_URL,
  });
  const made = await invites.create({ ttlMs: HOUR, activates: true, note: null, ...change });
  expect(made.url).toMatch(/^http:\/\/localhost:3000\/lti\/register\?invite=[\w-]{43}$/);
  return new URL(made.url).searchParams.get('invite') ?? '';
}

/** A configuration of the test's own LMS. */
function configuration(change: Record<string, unknown> = {}): Record<string, unknown> {
  const { url } = world.lms;
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    registration_endpoint: `${url}/register`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    [LMS]: { product_family_code: 'moodle' },
    ...change,
  };
}

/** Serves a configuration, and takes registrations; what was sent is returned. */
function serve(document: unknown = configuration(), answer: unknown = { client_id: 'abc' }, status = 200) {
  const sent: { authorization: string | undefined; body: Record<string, never> }[] = [];
  world.lms.on('/config', (_req, res) => void res.end(JSON.stringify(document)));
  world.lms.on('/register', (req, res) => {
    sent.push({ authorization: req.headers.authorization, body: JSON.parse(req.text) });
    res.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  return sent;
}

const request = (secret: string, token: string | null = 'reg-token') => ({
  invite: secret,
  configurationUrl: `${world.lms.url}/config`,
  registrationToken: token,
});

async function preview(secret: string) {
  const found = await registrations.preview(request(secret));
  if (!found.ok) throw new Error(found.reason);
  return found.value;
}

async function register(secret: string, token: string | null = 'reg-token') {
  const { digest } = await preview(secret);
  return registrations.register({ ...request(secret, token), digest });
}

describe('an invite', () => {
  test('is needed before anything is fetched', async () => {
    serve();
    expect(await registrations.preview(request('x'.repeat(43)))).toEqual({ ok: false, reason: 'invite-not-open' });
    const attempt = { ...request('x'.repeat(43)), digest: '' };
    expect(await registrations.register(attempt)).toEqual({ ok: false, reason: 'invite-not-open' });
    expect(world.lms.hits).toEqual([]);
  });

  test('ends with its time', async () => {
    serve();
    const secret = await invite({ ttlMs: 1000 });
    world.time.now += 1000;
    expect(await registrations.preview(request(secret))).toEqual({ ok: false, reason: 'invite-not-open' });
  });

  test('is good for one registration, and previews do not use it', async () => {
    serve();
    const secret = await invite();
    await preview(secret);
    expect(await register(secret)).toMatchObject({ ok: true });
    expect(await registrations.preview(request(secret))).toEqual({ ok: false, reason: 'invite-not-open' });
  });

  test('used twice at once registers once', async () => {
    const sent = serve();
    const secret = await invite();
    const { digest } = await preview(secret);
    const both = await Promise.all([1, 2].map(() => registrations.register({ ...request(secret), digest })));
    expect(both.filter((result) => result.ok)).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  test('stays open when the registration fails', async () => {
    serve(configuration(), 'token_already_used', 401);
    const secret = await invite();
    expect(await register(secret)).toMatchObject({
      ok: false,
      reason: 'registration-refused',
      detail: expect.stringContaining('token_already_used'),
    });
    serve();
    expect(await register(secret)).toMatchObject({ ok: true });
  });
});

describe('an invite whose registration broke off', () => {
  test('is not good for a second one when the platform was added already', async () => {
    serve();
    const secret = await invite();
    const { digest } = await preview(secret);
    const dying = createRegistrations({
      ...world,
      ...world.storage,
      engine: {
        async registerDynamically(asked) {
          await world.engine.registerDynamically(asked);
          throw new Error('the process died here');
        },
      },
      publicUrl: PUBLIC_URL,
    });
    await expect(dying.register({ ...request(secret), digest })).rejects.toThrow('died');
    world.time.now += HOUR - 1;
    serve(configuration(), { client_id: 'second' });
    const again = await registrations.register({ ...request(secret), digest });
    expect(again).toEqual({ ok: false, reason: 'invite-not-open' });
    expect(await world.storage.platforms.listPlatforms()).toHaveLength(1);
  });
});

describe('a registration', () => {
  test('sends what a stock Moodle 4.5 took, with its token, and stores what it answered', async () => {
    const sample = JSON.parse(readFileSync('test/fixtures/moodle-4.5/dynamic-registration.json', 'utf8'));
    const here = (text: string) => text.replaceAll('http://127.0.0.1:8090', world.lms.url);
    const document = JSON.parse(here(JSON.stringify(sample.openid_configuration)));
    const sent = serve({ ...document, registration_endpoint: `${world.lms.url}/register` }, sample.response.body);

    expect(await preview(await invite())).toMatchObject({ family: 'moodle', host: new URL(world.lms.url).host });
    expect(await register(await invite({ activates: false }))).toEqual({
      ok: true,
      value: {
        id: expect.any(String),
        name: `Moodle (${new URL(world.lms.url).host})`,
        issuer: world.lms.url,
        clientId: '18i6vRlIi14T88m',
        authUrl: `${world.lms.url}/mod/lti/auth.php`,
        tokenUrl: `${world.lms.url}/mod/lti/token.php`,
        tokenAudience: null,
        jwksUrl: `${world.lms.url}/mod/lti/certs.php`,
        family: 'moodle',
        status: 'pending',
        deployments: 'listed',
        deploymentIds: ['5'],
        serviceOrigins: [],
        roleLevels: {},
        keyId: expect.any(String),
        createdAt: START,
        updatedAt: START,
      },
    });
    expect(sent[0]?.authorization).toBe('Bearer reg-token');
    // Everything Moodle's own example sent is there, under the same names.
    expect(Object.keys(sent[0]?.body ?? {})).toEqual(expect.arrayContaining(Object.keys(sample.request)));
    expect(Object.keys(sent[0]?.body[TOOL] ?? {})).toEqual(expect.arrayContaining(Object.keys(sample.request[TOOL])));
    expect(sent[0]?.body).toEqual(toolRegistration(PUBLIC_URL, 'moodle'));
  });

  test('asks for the roster alone, with one redirect URI', async () => {
    expect(toolRegistration(PUBLIC_URL, 'canvas')).toMatchObject({
      application_type: 'web',
      response_types: ['id_token'],
      grant_types: ['implicit', 'client_credentials'],
      initiate_login_uri: 'http://localhost:3000/lti/login',
      redirect_uris: ['http://localhost:3000/lti/launch'],
      jwks_uri: 'http://localhost:3000/lti/keys',
      scope: 'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly',
      [TOOL]: {
        domain: 'localhost:3000',
        claims: ['iss', 'sub', 'name', 'given_name', 'family_name', 'email'],
        'https://canvas.instructure.com/lti/privacy_level': 'public',
        custom_parameters: { time_zone: '$Person.address.timezone' },
        messages: [{ placements: ['https://canvas.instructure.com/lti/course_navigation'] }],
      },
    });
  });

  test('that names no deployment learns them at launch', async () => {
    serve();
    expect(await register(await invite())).toMatchObject({
      ok: true,
      value: { status: 'active', deployments: 'learn', deploymentIds: [] },
    });
  });

  test.each(['canvas', 'blackboard'])('that names the first deployment of %s learns later ones', async (family) => {
    const answer = { client_id: 'abc', [TOOL]: { deployment_id: '7' } };
    serve(configuration({ [LMS]: { product_family_code: family } }), answer);
    expect(await register(await invite())).toMatchObject({ value: { deployments: 'learn', deploymentIds: ['7'] } });
  });

  test('without a token sends none', async () => {
    const sent = serve();
    expect(await register(await invite(), null)).toMatchObject({ ok: true });
    expect(sent[0]?.authorization).toBeUndefined();
  });

  test('never replaces one with the same issuer and client ID', async () => {
    serve();
    const first = await register(await invite());
    serve(configuration({ jwks_uri: `${world.lms.url}/other-keys` }));
    const secret = await invite();
    expect(await register(secret)).toMatchObject({ ok: false, reason: 'platform-exists' });
    expect(await world.storage.platforms.listPlatforms()).toEqual([first.ok && first.value]);
    expect(await world.engine.publicKeys()).toHaveLength(1);
    expect(await registrations.preview(request(secret))).toMatchObject({ ok: true });
  });

  test('is of the configuration that was shown', async () => {
    serve();
    const secret = await invite();
    const { digest } = await preview(secret);
    const sent = serve(configuration({ jwks_uri: `${world.lms.url}/swapped` }));
    const result = await registrations.register({ ...request(secret), digest });
    expect(result).toEqual({ ok: false, reason: 'configuration-changed' });
    expect(sent).toEqual([]);
  });

  test('uses the configuration that was checked: it is fetched once', async () => {
    serve();
    const secret = await invite();
    const { digest } = await preview(secret);
    const before = world.lms.count('/config');
    await registrations.register({ ...request(secret), digest });
    expect(world.lms.count('/config') - before).toBe(1);
  });

  test.each([
    ['no client ID', {}],
    ['an empty client ID', { client_id: '' }],
    ['a client ID that is no text', { client_id: { $ne: 1 } }],
    ['no JSON', '<html>'],
  ])('that is answered with %s fails and stores nothing', async (_what, answer) => {
    serve(configuration(), answer);
    expect(await register(await invite())).toMatchObject({ ok: false, reason: 'registration-refused' });
    expect(await world.storage.platforms.listPlatforms()).toEqual([]);
  });

  test('keeps an audience of its own for tokens, but not the bare host that Canvas names', async () => {
    serve(configuration({ authorization_server: 'https://api.brightspace.com/auth/token', [LMS]: {} }));
    expect(await register(await invite())).toMatchObject({
      value: { family: 'other', tokenAudience: 'https://api.brightspace.com/auth/token' },
    });
    const canvas = { product_family_code: 'canvas', 'https://canvas.instructure.com/lti/account_name': ' My School ' };
    serve(configuration({ authorization_server: 'canvas.instructure.com', [LMS]: canvas }), { client_id: 'c2' });
    expect(await register(await invite())).toMatchObject({
      value: { name: 'My School', family: 'canvas', tokenAudience: null },
    });
  });
});

describe('a configuration', () => {
  async function judged(document: unknown) {
    serve(document);
    return registrations.preview(request(await invite()));
  }

  test.each([
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'registration_endpoint',
    'issuer',
    'token_endpoint_auth_methods_supported',
  ])('without %s is refused', async (field) => {
    const { [field]: _, ...rest } = configuration();
    expect(await judged(rest)).toEqual({ ok: false, reason: 'bad-configuration', detail: field });
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://x/', 'not a url', 'http://a:b@x/', 7])(
    'with %s for an endpoint is refused',
    async (endpoint) => {
      expect(await judged(configuration({ authorization_endpoint: endpoint }))).toMatchObject({
        ok: false,
        reason: 'bad-configuration',
      });
    },
  );

  test('that speaks for another issuer is refused', async () => {
    for (const issuer of [
      'https://moodle.example',
      'http://127.0.0.1',
      world.lms.url.replace('127.0.0.1', 'localhost'),
    ]) {
      expect(await judged(configuration({ issuer }))).toMatchObject({ ok: false, reason: 'foreign-issuer' });
    }
  });

  test.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'registration_endpoint'])(
    'with %s somewhere else is refused',
    async (field) => {
      const result = await judged(configuration({ [field]: 'https://elsewhere.example/x' }));
      expect(result).toMatchObject({ ok: false, reason: 'foreign-endpoint' });
    },
  );

  test('that claims to be hosted Canvas with keys of its own is refused', async () => {
    const result = await judged(configuration({ issuer: 'https://canvas.instructure.com' }));
    expect(result).toMatchObject({ ok: false, reason: 'foreign-endpoint' });
  });

  test('without private_key_jwt is refused', async () => {
    const result = await judged(configuration({ token_endpoint_auth_methods_supported: ['client_secret_basic'] }));
    expect(result).toMatchObject({ ok: false, reason: 'unsupported-authentication' });
  });

  test.each([
    ['a page', '<html>', 'bad-configuration'],
    ['nothing', '', 'bad-configuration'],
    ['a list', '[]', 'bad-configuration'],
  ])('that is %s is refused', async (_what, body, reason) => {
    world.lms.on('/config', (_req, res) => void res.end(body));
    expect(await registrations.preview(request(await invite()))).toMatchObject({ ok: false, reason });
  });

  test('that is denied, moved or gone is told apart', async () => {
    const secret = await invite();
    world.lms.on('/config', (_req, res) => void res.writeHead(403).end());
    expect(await registrations.preview(request(secret))).toMatchObject({ reason: 'configuration-refused' });
    for (const configurationUrl of ['http://127.0.0.1:1/', 'http://10.0.0.1/', 'file:///etc/passwd', 'x']) {
      const result = await registrations.preview({ ...request(secret), configurationUrl });
      expect(result).toMatchObject({ ok: false, reason: 'configuration-unreachable' });
    }
  });

  test('is followed within its own origin, a few times, and nowhere else', async () => {
    const other = await startServer((_req, res) => void res.end(JSON.stringify(configuration())));
    serve();
    const secret = await invite();
    const at = (path: string) =>
      registrations.preview({ ...request(secret), configurationUrl: `${world.lms.url}${path}` });
    world.lms.on('/moved', (_req, res) => void res.writeHead(302, { location: '/config' }).end());
    expect(await at('/moved')).toMatchObject({ ok: true });
    world.lms.on('/circle', (_req, res) => void res.writeHead(302, { location: '/circle' }).end());
    expect(await at('/circle')).toMatchObject({ ok: false, reason: 'configuration-refused' });
    expect(world.lms.count('/circle')).toBe(4);
    world.lms.on('/away', (_req, res) => void res.writeHead(302, { location: other.url }).end());
    expect(await at('/away')).toMatchObject({ ok: false, reason: 'configuration-refused' });
    expect(other.hits).toEqual([]);
    await other.close();
  });
});

describe('hosted Canvas', () => {
  const canvasDocument = (host: string) => ({
    issuer: 'https://canvas.instructure.com',
    authorization_endpoint: 'https://sso.canvaslms.com/api/lti/authorize_redirect',
    token_endpoint: 'https://sso.canvaslms.com/login/oauth2/token',
    jwks_uri: 'https://sso.canvaslms.com/api/lti/security/jwks',
    registration_endpoint: `https://${host}/api/lti/registrations`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    [LMS]: { product_family_code: 'canvas' },
  });

  /** Answers for a host of the internet. */
  async function previewAt(host: string, document: object) {
    const requests: HttpRequest[] = [];
    const http: HttpClient = async (sent) => {
      requests.push(sent);
      return success({ status: 200, headers: {}, body: JSON.stringify(document) });
    };
    const there = createRegistrations({ ...world, ...world.storage, http, publicUrl: PUBLIC_URL });
    const configurationUrl = `https://${host}/api/lti/security/openid-configuration?registration_token=t`;
    const result = await there.preview({ invite: await invite(), configurationUrl, registrationToken: 't' });
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer t' });
    return result;
  }

  test.each(['school.instructure.com', 'canvas.school.example'])('is taken from a school at %s', async (host) => {
    const result = await previewAt(host, canvasDocument(host));
    expect(result).toMatchObject({ ok: true, value: { family: 'canvas', host, origin: `https://${host}` } });
  });

  test('may be sent tokens at the host of its own name that a school has', async () => {
    for (const [host, serviceOrigins] of [
      ['school.instructure.com', []],
      ['canvas.school.example', ['https://canvas.school.example']],
    ] as const) {
      const stored: NewPlatform[] = [];
      const there = createRegistrations({
        ...world,
        invites: world.storage.invites,
        http: async () => success({ status: 200, headers: {}, body: JSON.stringify(canvasDocument(host)) }),
        engine: {
          async registerDynamically(asked) {
            stored.push(asked.platformFor({ clientId: '1', deploymentId: null }));
            return failure('registration-refused');
          },
        },
        publicUrl: PUBLIC_URL,
      });
      const asked = { ...request(await invite()), configurationUrl: `https://${host}/config` };
      const shown = await there.preview(asked);
      await there.register({ ...asked, digest: shown.ok ? shown.value.digest : '' });
      expect(stored).toMatchObject([{ issuer: 'https://canvas.instructure.com', serviceOrigins }]);
    }
  });

  test('is not taken with keys, tokens or sign-in anywhere else', async () => {
    const host = 'canvas.school.example';
    for (const field of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
      const document = { ...canvasDocument(host), [field]: `https://${host}/x` };
      expect(await previewAt(host, document), field).toMatchObject({ ok: false, reason: 'foreign-endpoint' });
    }
  });

  test('is not an issuer that only sounds like it', async () => {
    for (const issuer of [
      'https://canvas.instructure.com.evil.example',
      'https://canvas.instructure.com/',
      'https://school.instructure.com',
    ]) {
      const document = { ...canvasDocument('canvas.school.example'), issuer };
      expect(await previewAt('canvas.school.example', document)).toMatchObject({ ok: false, reason: 'foreign-issuer' });
    }
  });
});

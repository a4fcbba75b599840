import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashSecret } from '../../src/lib/ids.ts';
import type { NewPlatform } from '../../src/lti/ltijs/calls.ts';
import { createLtiEngine } from '../../src/lti/ltijs/engine.ts';
import { loadLtijs } from '../../src/lti/ltijs/load.ts';
import { ROSTER_SCOPE } from '../../src/lti/scopes.ts';
import { createWorld, PUBLIC_URL, platformFields, START, tokenAnswer, type World } from './support/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

async function register(change: Partial<NewPlatform> = {}) {
  const added = await world.engine.registerPlatform({ ...platformFields(world.lms.url), ...change });
  if (!added.ok) throw new Error(added.reason);
  return added.value;
}

describe('registering a platform', () => {
  test('stores it with a key pair of its own, the private half sealed', async () => {
    const platform = await register();
    expect(await world.storage.platforms.findPlatform(platform.id)).toEqual(platform);
    expect(platform).toMatchObject({ ...platformFields(world.lms.url), createdAt: START });
    const sealed = await world.storage.keys.findSealedPrivateKey(platform.keyId);
    expect(sealed).toMatch(/^v1\./);
    expect(sealed).not.toContain('PRIVATE KEY');
  });

  test('refuses an issuer and client ID that are registered, and leaves the first as it was', async () => {
    const platform = await register();
    const other = { ...platformFields(world.lms.url), name: 'Another', jwksUrl: 'https://evil.example/jwks' };
    expect(await world.engine.registerPlatform(other)).toEqual({ ok: false, reason: 'platform-exists' });
    expect(await world.storage.platforms.listPlatforms()).toEqual([platform]);
    expect(await world.engine.publicKeys()).toHaveLength(1);
  });

  test('lets one of two registrations at the same moment win, and keeps no key of the loser', async () => {
    const fields = platformFields(world.lms.url);
    const results = await Promise.all([1, 2, 3].map(() => world.engine.registerPlatform(fields)));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(await world.storage.platforms.listPlatforms()).toHaveLength(1);
    expect(await world.engine.publicKeys()).toHaveLength(1);
  });

  test('takes two clients of one issuer', async () => {
    await register();
    await register({ clientId: 'client-2' });
    expect(await world.storage.platforms.findPlatformsByIssuer(world.lms.url)).toHaveLength(2);
  });
});

describe('the key set', () => {
  test('holds 2048-bit keys for RS256 and nothing private', async () => {
    const { keyId } = await register();
    const [key, ...others] = await world.engine.publicKeys();
    expect(others).toEqual([]);
    expect(key).toEqual({ kty: 'RSA', n: expect.any(String), e: 'AQAB', kid: keyId, alg: 'RS256', use: 'sig' });
    expect(Buffer.from(key?.n ?? '', 'base64url')).toHaveLength(256);
  });
});

describe('access tokens', () => {
  test('are asked for with an assertion that Canvas, Moodle and Brightspace take', async () => {
    let form = new URLSearchParams();
    world.lms.on('/token', (req, res) => {
      form = new URLSearchParams(req.text);
      res.end(JSON.stringify(tokenAnswer('abc')));
    });
    const platform = await world.addPlatform();
    expect(await world.engine.accessToken(platform, [ROSTER_SCOPE])).toEqual({ ok: true, value: 'abc' });

    expect(form.get('grant_type')).toBe('client_credentials');
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    expect(form.get('scope')).toBe(ROSTER_SCOPE);
    const keys = createLocalJWKSet({ keys: await world.engine.publicKeys() });
    const { payload, protectedHeader } = await jwtVerify(form.get('client_assertion') ?? '', keys, {
      currentDate: new Date(START),
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: platform.keyId });
    expect(payload).toEqual({
      iss: 'client-1',
      sub: 'client-1',
      aud: platform.tokenUrl,
      iat: START / 1000 - 30,
      exp: START / 1000 + 300,
      jti: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  test('are asked for with the audience of the platform when it has one', async () => {
    let form = new URLSearchParams();
    world.lms.on('/token', (req, res) => {
      form = new URLSearchParams(req.text);
      res.end(JSON.stringify(tokenAnswer('abc')));
    });
    const platform = await world.addPlatform({ tokenAudience: 'https://api.brightspace.com/auth/token' });
    await world.engine.accessToken(platform, [ROSTER_SCOPE]);
    const [, payload = ''] = (form.get('client_assertion') ?? '').split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      aud: 'https://api.brightspace.com/auth/token',
    });
  });

  test('are shared: 20 callers at once make one request, and later ones none', async () => {
    const platform = await world.addPlatform();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () => world.engine.accessToken(platform, [ROSTER_SCOPE])),
    );
    expect(new Set(tokens.map((token) => token.ok && token.value))).toEqual(new Set(['token-1']));
    await world.engine.accessToken(platform, [ROSTER_SCOPE]);
    expect(world.lms.count('/token')).toBe(1);
  });

  test('are renewed a minute before they end, and when they are dropped', async () => {
    const platform = await world.addPlatform();
    const ask = () => world.engine.accessToken(platform, [ROSTER_SCOPE]);
    await ask();
    world.time.now = START + 3_539_000;
    await ask();
    expect(world.lms.count('/token')).toBe(1);
    world.time.now = START + 3_540_000;
    await ask();
    expect(world.lms.count('/token')).toBe(2);
    await world.engine.dropAccessToken(platform);
    await ask();
    expect(world.lms.count('/token')).toBe(3);
  });

  test('are kept sealed', async () => {
    const platform = await world.addPlatform();
    await world.engine.accessToken(platform, [ROSTER_SCOPE]);
    const stored = await world.storage.keys.findAccessToken(platform.issuer, platform.clientId, ROSTER_SCOPE);
    expect(stored?.sealedToken).toMatch(/^v1\./);
    expect(stored?.sealedToken).not.toContain('token-1');
  });

  test('are read from what Moodle 4.5 labels text/html', async () => {
    const sample = JSON.parse(readFileSync('test/fixtures/moodle-4.5/token-response.json', 'utf8'));
    world.lms.on('/token', (_req, res) => void res.writeHead(200, sample.headers).end(sample.text));
    const platform = await world.addPlatform();
    expect(await world.engine.accessToken(platform, [ROSTER_SCOPE])).toEqual({
      ok: true,
      value: sample.json.access_token,
    });
  });

  test('that Moodle 4.5 was seen to refuse fail as refused, or for the scope', async () => {
    const variants: Record<string, { status: number; body: string }> = JSON.parse(
      readFileSync('test/fixtures/moodle-4.5/token-variants.json', 'utf8'),
    );
    const platform = await world.addPlatform();
    const refused = Object.entries(variants).filter(([, variant]) => variant.status === 400);
    expect(refused.length).toBeGreaterThan(5);
    for (const [name, variant] of refused) {
      world.lms.on('/token', (_req, res) => {
        res.writeHead(400, { 'content-type': 'text/html; charset=utf-8' }).end(variant.body);
      });
      const result = await world.engine.accessToken(platform, [ROSTER_SCOPE]);
      const reason = name === 'scope not granted' ? 'scope-not-granted' : 'token-refused';
      expect(result, name).toMatchObject({ ok: false, reason });
    }
  });

  test.each([
    [
      'a granted scope that lacks the one asked for',
      200,
      JSON.stringify(tokenAnswer('x', { scope: 'openid' })),
      'scope-not-granted',
    ],
    ['something that is no JSON', 200, '<html>', 'bad-answer'],
    ['JSON without a token', 200, '{"ok":true}', 'bad-answer'],
    ['a token of another type', 200, JSON.stringify(tokenAnswer('x', { token_type: 'mac' })), 'bad-answer'],
    ['a redirect to a login page', 302, '', 'token-refused'],
    ['the page Moodle shows when it cannot read our keys', 404, '<html>', 'token-refused'],
    ['a fault', 503, '', 'server-error'],
    ['too many requests', 429, '', 'throttled'],
    ["Canvas's throttle", 403, '403 Forbidden (Rate Limit Exceeded)', 'throttled'],
  ])('fail with a reason when the LMS answers with %s', async (_what, status, body, reason) => {
    world.lms.on('/token', (_req, res) => void res.writeHead(status).end(body));
    const platform = await world.addPlatform();
    expect(await world.engine.accessToken(platform, [ROSTER_SCOPE])).toMatchObject({ ok: false, reason });
  });

  test('are not asked for from an LMS that is gone, or for a platform that is not active', async () => {
    const gone = await world.addPlatform({ tokenUrl: 'http://127.0.0.1:1/token' });
    expect(await world.engine.accessToken(gone, [ROSTER_SCOPE])).toMatchObject({ ok: false, reason: 'unreachable' });
    const pending = await world.addPlatform({ clientId: 'client-2', status: 'pending' });
    const result = await world.engine.accessToken(pending, [ROSTER_SCOPE]);
    expect(result).toMatchObject({ ok: false, reason: 'platform-inactive' });
    expect(world.lms.hits).toEqual([]);
  });

  test('work again after the key they were sealed with is gone', async () => {
    const platform = await world.addPlatform();
    await world.storage.keys.saveAccessToken({
      issuer: platform.issuer,
      clientId: platform.clientId,
      scopes: ROSTER_SCOPE,
      sealedToken: `v1.00000000.${hashSecret('x')}.AA.AA`,
      createdAt: START,
    });
    expect(await world.engine.accessToken(platform, [ROSTER_SCOPE])).toEqual({ ok: true, value: 'token-1' });
  });
});

describe('ltijs as a library', () => {
  test('leaves no SIGINT handler that would end the process, and listens to nothing', async () => {
    const before = process.listeners('SIGINT');
    const other = await createLtiEngine({ ...world, ...world.storage, secret: 'unused', publicUrl: PUBLIC_URL });
    expect(process.listeners('SIGINT')).toEqual(before);
    await other.close();
  });

  test('has no web server: its app is not one, and listening is refused', () => {
    const plugin = { setup: async () => true } as never;
    const provider = loadLtijs().newProvider();
    provider.setup('x', { plugin }, { appRoute: '/', loginRoute: '/login', keysetRoute: '/keys' } as never);
    expect(typeof provider.app).toBe('object');
  });

  test('brings none of the packages for a server and a database of its own', () => {
    // In a process of its own: here other tests have loaded what they need.
    const script = `
      import { createRequire } from 'node:module';
      import { loadLtijs } from './dist/lti/ltijs/load.js';
      loadLtijs();
      console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    const cached = JSON.parse(output) as string[];
    expect(cached.some((path) => path.includes('/ltijs/dist/Provider/'))).toBe(true);
    for (const absent of ['/ltijs/node_modules/express/', '/mongoose/', '/got/']) {
      expect(cached.filter((path) => path.includes(absent))).toEqual([]);
    }
  });

  test('runs several engines side by side, each with its own client and store', async () => {
    const second = await createWorld();
    second.lms.on('/token', (_req, res) => void res.end(JSON.stringify(tokenAnswer('second'))));
    const [a, b] = [await world.addPlatform(), await second.addPlatform()];
    const ask = ROSTER_SCOPE;
    expect(await Promise.all([world.engine.accessToken(a, [ask]), second.engine.accessToken(b, [ask])])).toEqual([
      { ok: true, value: 'token-1' },
      { ok: true, value: 'second' },
    ]);
    await second.close();
  });
});

describe('loading ltijs', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A package that looks like ltijs as far as loading goes, with some files changed. */
  function requireFrom(change: Record<string, string> = {}): NodeJS.Require {
    const folder = mkdtempSync(join(tmpdir(), 'rostrum-ltijs-'));
    folders.push(folder);
    const files: Record<string, string> = {
      'package.json': JSON.stringify({ name: 'ltijs', version: '5.9.9', main: 'index.js' }),
      'index.js': "exports.Provider = require('./dist/Provider/Provider');",
      'dist/Utils/Http.js': 'module.exports = {};',
      'dist/Utils/Server.js': 'module.exports = class {};',
      'dist/Utils/Database.js': 'module.exports = class {};',
      'dist/Utils/Auth.js':
        'module.exports = class { static generatePlatformKeyPair() {} static getAccessToken() {} };',
      'dist/Provider/Services/NamesAndRoles.js': "require('../../Utils/Http');",
      'dist/Provider/Services/DynamicRegistration.js': "require('../../Utils/Http');",
      'dist/Provider/Provider.js': `require('../Utils/Server'); require('../Utils/Database');
        require('./Services/NamesAndRoles'); require('./Services/DynamicRegistration');
        module.exports = new (class { registerPlatform() {} })();`,
      ...change,
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, 'node_modules/ltijs', name);
      mkdirSync(dirname(path), { recursive: true });
      if (text !== '') writeFileSync(path, text);
    }
    return createRequire(join(folder, 'index.js'));
  }

  test('takes a package that is as expected', () => {
    expect(() => loadLtijs(requireFrom())).not.toThrow();
  });

  test.each([
    ['another version', { 'package.json': '{"name":"ltijs","version":"5.9.10","main":"index.js"}' }, '5.9.10'],
    [
      'no key generator',
      { 'dist/Utils/Auth.js': 'module.exports = class { static getAccessToken() {} };' },
      'generatePlatformKeyPair',
    ],
    [
      'no token request',
      { 'dist/Utils/Auth.js': 'module.exports = class { static generatePlatformKeyPair() {} };' },
      'getAccessToken',
    ],
    ['no HTTP module', { 'dist/Utils/Http.js': '' }, 'Http.js'],
    ['no server module', { 'dist/Utils/Server.js': '' }, 'Server.js'],
    ['rosters by another HTTP client', { 'dist/Provider/Services/NamesAndRoles.js': '' + ' ' }, 'NamesAndRoles.js'],
    [
      'registration by another HTTP client',
      { 'dist/Provider/Services/DynamicRegistration.js': ' ' },
      'DynamicRegistration.js',
    ],
    [
      'another provider',
      {
        'dist/Provider/Provider.js':
          "require('../Utils/Server'); require('../Utils/Database'); require('./Services/NamesAndRoles'); require('./Services/DynamicRegistration'); module.exports = {};",
      },
      'registerPlatform',
    ],
  ])('fails loudly on a package with %s', (_what, change, named) => {
    expect(() => loadLtijs(requireFrom(change))).toThrow(named);
  });

  test('fails loudly when ltijs was loaded before, with its own HTTP client', () => {
    const require = requireFrom();
    require('ltijs');
    expect(() => loadLtijs(require)).toThrow('not loaded before');
  });
});

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunSyncs } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';
import { runSyncsHere } from '../../src/cli/run-syncs.ts';
import { newId } from '../../src/lib/ids.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeChannel } from '../storage/support/builders.ts';

let folder: string;
let env: Record<string, string>;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rostrum-cli-'));
  // A port that nothing of ours listens on; loopback, so that doctor takes silence for a server that is not running.
  env = { DATA_DIR: join(folder, 'data'), PUBLIC_URL: 'http://localhost:1' };
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true });
});

const KEY = 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR';

const ADD = [
  ...['platform', 'add', '--name', 'School', '--issuer', 'https://lms.example/', '--client-id', 'c1'],
  ...['--auth-url', 'https://lms.example/mod/lti/auth.php', '--token-url', 'https://lms.example/mod/lti/token.php'],
  ...['--jwks-url', 'https://lms.example/mod/lti/certs.php'],
];

describe('platform', () => {
  it('add registers an LMS with a key pair and says what to tell it', async () => {
    const added = await json([...ADD, '--deployment-id', '1', '--deployment-id', '2']);
    expect(added).toMatchObject({
      code: 0,
      document: {
        name: 'School',
        issuer: 'https://lms.example/',
        clientId: 'c1',
        family: 'moodle',
        status: 'active',
        deployments: 'listed',
        deploymentIds: ['1', '2'],
        tool: {
          loginUrl: 'http://localhost:1/lti/login',
          redirectUri: 'http://localhost:1/lti/launch',
          keysUrl: 'http://localhost:1/lti/keys',
        },
      },
    });
    await withStorage(async ({ platforms, keys }) => {
      const [platform] = await platforms.listPlatforms();
      expect(await keys.findPublicKey(platform?.keyId ?? '')).toContain('BEGIN PUBLIC KEY');
    });
  });

  it('add learns deployments when none is named, and takes the other options', async () => {
    const options = ['--token-audience', 'aud', '--family', 'canvas', '--service-origin', 'https://school.example/x'];
    expect((await json([...ADD, ...options])).document).toMatchObject({
      deployments: 'learn',
      tokenAudience: 'aud',
      family: 'canvas',
      serviceOrigins: ['https://school.example'],
    });
  });

  it('add never replaces a platform: a second time is refused', async () => {
    await json(ADD);
    expect(await json(ADD)).toMatchObject({ code: 1, document: { error: { code: 'platform-exists' } } });
  });

  it('add names every option that is missing or wrong', async () => {
    const missing = await json(['platform', 'add', '--name', 'School']);
    expect(missing).toMatchObject({ code: 2, document: { error: { code: 'usage' } } });
    expect(missing.document.error.message).toContain('--issuer, --client-id, --auth-url, --token-url, --jwks-url');
    const wrong = await json([...ADD, '--token-url', 'http://lms.example/token', '--jwks-url', 'javascript:alert(1)']);
    expect(wrong.code).toBe(2);
    expect(wrong.document.error.message).toMatch(/--token-url is not an https.*\n--jwks-url is not an https/);
  });

  it('disable and activate switch launches off and on, and list shows it', async () => {
    const { id } = (await json(ADD)).document;
    expect(await json(['platform', 'disable', id])).toMatchObject({ code: 0, document: { id, status: 'disabled' } });
    expect((await json(['platform', 'list'])).document.items).toMatchObject([{ id, status: 'disabled' }]);
    expect(await json(['platform', 'activate', id])).toMatchObject({ code: 0, document: { id, status: 'active' } });
    expect(await json(['platform', 'activate', 'nobody'])).toMatchObject({
      code: 1,
      document: { error: { code: 'no-such-platform' } },
    });
  });

  it('list is readable by people, also when a name carries terminal codes', async () => {
    expect((await run(['platform', 'list'])).out).toContain('rostrum platform add');
    await json([...ADD, '--name', 'Sch\u001b[2Jool']);
    const { out } = await run(['platform', 'list']);
    expect(out).toContain('https://lms.example/');
    expect(out).not.toContain('\u001b');
  });
});

describe('platform change', () => {
  const CTX = 'http://purl.imsglobal.org/vocab/lis/v2/membership';

  it('changes what is named and nothing else', async () => {
    const { tool: _tool, ...before } = (await json([...ADD, '--deployment-id', '1'])).document;
    const changed = await json([
      ...['platform', 'change', before.id, '--name', 'Renamed', '--auth-url', 'https://lms.example/auth2'],
      ...['--token-url', 'https://lms.example/token2', '--jwks-url', 'https://lms.example/jwks2'],
      ...['--token-audience', 'aud', '--deployment-id', '2', '--deployment-id', '1', '--family', 'other'],
      ...['--service-origin', 'https://school.example/x', '--role-level', `${CTX}/Learner#Auditor=contributor`],
    ]);
    expect(changed.code).toBe(0);
    const after = {
      ...before,
      name: 'Renamed',
      family: 'other',
      authUrl: 'https://lms.example/auth2',
      tokenUrl: 'https://lms.example/token2',
      jwksUrl: 'https://lms.example/jwks2',
      tokenAudience: 'aud',
      deployments: 'listed',
      deploymentIds: ['1', '2'],
      serviceOrigins: ['https://school.example'],
      roleLevels: { [`${CTX}/Learner#Auditor`]: 'contributor' },
      updatedAt: expect.any(String),
    };
    expect(changed.document).toEqual(after);
    expect((await json(['platform', 'show', before.id])).document).toEqual(after);
  });

  it('gives a context role its level in both spellings that LMSs use, and takes it back', async () => {
    const { id } = (await json(ADD)).document;
    const change = (roleLevel: string) => json(['platform', 'change', id, '--role-level', roleLevel]);
    const mentor = { Mentor: 'contributor', [`${CTX}#Mentor`]: 'contributor' };
    expect((await change('Mentor=contributor')).document.roleLevels).toEqual(mentor);
    expect((await change(`${CTX}#Officer=member`)).document.roleLevels).toEqual({
      ...mentor,
      Officer: 'member',
      [`${CTX}#Officer`]: 'member',
    });
    expect((await change(`${CTX}#Mentor=default`)).document.roleLevels).not.toHaveProperty('Mentor');
    expect((await change('Officer=default')).document.roleLevels).toEqual({});
  });

  it('opens a list of deployments, and returns the audience to the token URL', async () => {
    const { id } = (await json([...ADD, '--deployment-id', '1', '--token-audience', 'aud'])).document;
    const changed = await json(['platform', 'change', id, '--any-deployment', '--token-audience', 'default']);
    expect(changed.document).toMatchObject({ deployments: 'learn', deploymentIds: ['1'], tokenAudience: null });
  });

  it('forgets the tokens that the old token URL gave', async () => {
    const { id } = (await json(ADD)).document;
    const token = { issuer: 'https://lms.example/', clientId: 'c1', scopes: 's', sealedToken: 'x', createdAt: 1 };
    await withStorage(({ keys }) => keys.saveAccessToken(token));
    await json(['platform', 'change', id, '--name', 'Renamed']);
    await withStorage(async ({ keys }) => expect(await keys.findAccessToken(token.issuer, 'c1', 's')).not.toBeNull());
    await json(['platform', 'change', id, '--token-url', 'https://lms.example/token2']);
    await withStorage(async ({ keys }) => expect(await keys.findAccessToken(token.issuer, 'c1', 's')).toBeNull());
  });

  it.each([
    ['nothing', []],
    ['an address that is not https', ['--jwks-url', 'http://lms.example/jwks']],
    ['a level that does not exist', ['--role-level', 'Learner=owner']],
    ['a role without a level', ['--role-level', 'Learner']],
    ['a bare name that is no context role', ['--role-level', 'learner=member']],
    ['the issuer', ['--issuer', 'https://other.example']],
  ])('refuses %s', async (_what, options) => {
    const { id } = (await json(ADD)).document;
    expect(await json(['platform', 'change', id, ...options])).toMatchObject({ code: 2 });
  });

  it('takes no address on this machine in production', async () => {
    const { id } = (await json(ADD)).document;
    const production = {
      ...env,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://rostrum.example',
      SECRET_KEY: KEY,
    };
    const here = ['platform', 'change', id, '--token-url', 'http://127.0.0.1/token'];
    expect(await json(here, {}, production)).toMatchObject({ code: 2 });
  });

  it('and show say so when there is no such platform', async () => {
    const missing = { code: 1, document: { error: { code: 'no-such-platform' } } };
    expect(await json(['platform', 'change', 'nobody', '--name', 'x'])).toMatchObject(missing);
    expect(await json(['platform', 'show', 'nobody'])).toMatchObject(missing);
    expect(await json(['platform', 'remove', 'nobody', '--yes'])).toMatchObject(missing);
  });

  it('and show are readable by people', async () => {
    const { id } = (await json(ADD)).document;
    const { out } = await run(['platform', 'change', id, '--role-level', 'Mentor=moderator']);
    expect(out).toMatch(/^Changed: roleLevels\..*next launch or sync\./);
    expect((await run(['platform', 'show', id])).out).toContain(`${CTX}#Mentor = moderator`);
  });
});

describe('platform remove', () => {
  it('removes a registration with its keys, and only with a yes', async () => {
    const { id } = (await json(ADD)).document;
    expect(await json(['platform', 'remove', id])).toMatchObject({ code: 2 });
    expect((await json(['platform', 'list'])).document.items).toHaveLength(1);
    expect(await json(['platform', 'remove', id, '--yes'])).toMatchObject({ code: 0, document: { id, removed: true } });
    expect((await json(['platform', 'list'])).document.items).toEqual([]);
    await withStorage(async ({ keys }) => expect(await keys.listPublicKeys()).toEqual([]));
    expect(await json(ADD)).toMatchObject({ code: 0 });
  });

  it('refuses one that has channels and names the way to disable it', async () => {
    await addChannels(1);
    const { id } = (await json(['platform', 'list'])).document.items[0];
    const refused = await json(['platform', 'remove', id, '--yes']);
    expect(refused).toMatchObject({ code: 1, document: { error: { code: 'has-channels' } } });
    expect(refused.document.error.message).toContain(`rostrum platform disable ${id}`);
    expect((await json(['platform', 'list'])).document.items).toHaveLength(1);
  });
});

describe('registration-invite create', () => {
  it('prints a link that works for the time asked', async () => {
    const before = Date.now();
    const { code, document } = await json([
      'registration-invite',
      'create',
      '--ttl',
      '2h',
      '--activate',
      '--note',
      'IT',
    ]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ activates: true, note: 'IT' });
    expect(document.url).toMatch(/^http:\/\/localhost:1\/lti\/register\?/);
    const ttl = Date.parse(document.expiresAt) - before;
    expect(ttl).toBeGreaterThanOrEqual(2 * 3_600_000 - 1);
    expect(ttl).toBeLessThan(2 * 3_600_000 + 60_000);
  });

  it('refuses a time it cannot read', async () => {
    expect(await json(['registration-invite', 'create', '--ttl', 'forever'])).toMatchObject({ code: 2 });
  });
});

describe('api-key', () => {
  it('create shows a key once, with all scopes unless some are named', async () => {
    const all = (await json(['api-key', 'create', '--name', 'sis'])).document;
    expect(all).toMatchObject({ name: 'sis', key: expect.stringMatching(/^rostrum_[\w-]{43}$/) });
    expect(all.scopes).toHaveLength(6);
    const some = await json([
      'api-key',
      'create',
      '--name',
      'read',
      '--scope',
      'members:read',
      '--scope',
      'syncs:read',
    ]);
    expect(some.document.scopes).toEqual(['members:read', 'syncs:read']);
    const listed = await run(['api-key', 'list', '--json']);
    expect(JSON.parse(listed.out).items).toHaveLength(2);
    expect(listed.out).not.toContain(all.key);
  });

  it('create refuses a scope that does not exist', async () => {
    expect(await json(['api-key', 'create', '--name', 'x', '--scope', 'everything'])).toMatchObject({ code: 2 });
  });

  it('revoke ends a key, once', async () => {
    const { id } = (await json(['api-key', 'create', '--name', 'sis'])).document;
    expect(await json(['api-key', 'revoke', id])).toMatchObject({ code: 0 });
    expect(await json(['api-key', 'revoke', id])).toMatchObject({
      code: 1,
      document: { error: { code: 'no-such-key' } },
    });
    expect((await json(['api-key', 'list'])).document.items[0].revokedAt).not.toBeNull();
  });
});

describe('sync', () => {
  it('queues a run of every channel, for the server to do', async () => {
    const ids = await addChannels(3);
    const { code, document } = await json(['sync', '--all']);
    expect(code).toBe(0);
    expect(document.syncs.map((sync: { channelId: string }) => sync.channelId).sort()).toEqual(ids.sort());
    expect(document.syncs).toMatchObject([{ state: 'queued' }, { state: 'queued' }, { state: 'queued' }]);
  });

  it('does the runs itself where it can, and fails when one of them fails', async () => {
    const [id = ''] = await addChannels(1);
    const runSyncs: RunSyncs = async ({ storage, clock }, runs) => {
      for (const run of runs) {
        await storage.syncs.saveSync({ ...run, state: 'failed', reason: 'timeout', finishedAt: clock() });
      }
    };
    const ran = await json(['sync', '--channel', id], { runSyncs });
    expect(ran).toMatchObject({
      code: 1,
      document: { syncs: [{ channelId: id, state: 'failed', reason: 'timeout' }] },
    });
  });

  it('reads the roster in this process and tells what came of it', async () => {
    // No launch of these courses told where their roster is.
    await addChannels(2);
    const { code, document } = await json(['sync', '--all'], { runSyncs: runSyncsHere });
    expect(code).toBe(1);
    const failed = { state: 'failed', reason: 'no-roster-service' };
    expect(document.syncs).toMatchObject([failed, failed]);
  });

  it('says so when there is no such channel, and asks which when none is named', async () => {
    expect(await json(['sync', '--channel', 'nope'])).toMatchObject({
      code: 1,
      document: { error: { code: 'no-such-channel' } },
    });
    expect(await json(['sync'])).toMatchObject({ code: 2 });
    expect(await json(['sync', '--all', '--channel', 'x'])).toMatchObject({ code: 2 });
  });
});

describe('backup and restore', () => {
  it('bring a database back, and keep the one that stood there', async () => {
    await json(ADD);
    const copy = join(folder, 'copy.sqlite');
    expect(await json(['backup', copy])).toMatchObject({ code: 0, document: { path: copy } });
    expect(statSync(copy).mode & 0o077).toBe(0);
    await json([...ADD, '--client-id', 'c2']);
    const restored = await json(['restore', copy]);
    expect(restored.code).toBe(0);
    expect(existsSync(restored.document.replaced)).toBe(true);
    expect((await json(['platform', 'list'])).document.items).toMatchObject([{ clientId: 'c1' }]);
  });

  it('work beside a running server, but nothing is restored under its feet', async () => {
    await json(ADD);
    const copy = join(folder, 'copy.sqlite');
    await withStorage(async () => {
      expect(await json(['backup', copy])).toMatchObject({ code: 0 });
      expect(await json(['restore', copy])).toMatchObject({ code: 1, document: { error: { code: 'in-use' } } });
    });
  });

  it('tell a server from another command in the way of a restore, and change nothing', async () => {
    await json(ADD);
    const copy = join(folder, 'copy.sqlite');
    await withStorage(async (storage) => {
      expect(await storage.claimServing()).toBe(true);
      expect(await json(['backup', copy])).toMatchObject({ code: 0 });
      const { code, document } = await json(['restore', copy]);
      expect([code, document.error]).toEqual([
        1,
        { code: 'in-use', message: 'A server runs on the database; stop it first. Nothing was changed.' },
      ]);
      expect(await storage.platforms.listPlatforms()).toHaveLength(1);
    });
    expect(await json(['restore', copy])).toMatchObject({ code: 0 });
    await withStorage(async (storage) => expect(await storage.claimServing()).toBe(true));
  });

  it('leave a MongoDB to its own tools', async () => {
    const mongo = { ...env, DATABASE_URL: 'mongodb://db-user:db-password@127.0.0.1:1/rostrum', SECRET_KEY: KEY };
    const copied = await run(['backup', join(folder, 'copy')], {}, mongo);
    expect(copied).toMatchObject({ code: 1, err: expect.stringContaining('MongoDB 127.0.0.1:1/rostrum') });
    expect(copied.err).toContain('mongodump');
    const restored = await json(['restore', join(folder, 'copy')], {}, mongo);
    expect(restored).toMatchObject({ code: 1, document: { error: { code: 'not-on-mongodb' } } });
    expect(restored.document.error.message).toContain('mongorestore');
    expect(JSON.stringify([copied, restored])).not.toContain('db-');
  });

  it('never replace a file, and refuse what is no backup', async () => {
    await json(ADD);
    const other = join(folder, 'other');
    writeFileSync(other, 'not a database'.repeat(100));
    expect(await json(['backup', other])).toMatchObject({ code: 1, document: { error: { code: 'target-exists' } } });
    expect(await json(['backup', join(folder, 'no', 'folder')])).toMatchObject({ code: 1 });
    expect(await json(['restore', other])).toMatchObject({ code: 1 });
    expect(await json(['restore', join(folder, 'nothing')])).toMatchObject({
      code: 1,
      document: { error: { code: 'no-backup' } },
    });
    expect((await json(['platform', 'list'])).document.items).toHaveLength(1);
  });
});

describe('doctor', () => {
  it('tells all faults of the settings and ends with 1', async () => {
    const { code, document } = await json(['doctor'], {}, { ...env, PORT: 'x', ROLE: 'y' });
    expect(code).toBe(1);
    expect(document.ok).toBe(false);
    expect(document.checks.map((check: { message: string }) => check.message.split(' ')[0])).toEqual(['PORT', 'ROLE']);
  });

  it('finds no fault when store, keys and LMS are in order', async () => {
    const lms = await listen((path) =>
      path === '/jwks' ? [200, '{"keys":[]}'] : [400, '{"error":"invalid_request"}'],
    );
    const self = await listen((path) => (path === '/healthz' ? [200, 'ok'] : [404, '']));
    env.PUBLIC_URL = self;
    await json(addAt(lms));
    const { code, document } = await json(['doctor']);
    expect(document.checks.filter((check: { status: string }) => check.status !== 'ok')).toEqual([]);
    expect(code).toBe(0);
  });

  it('names the platform whose key set is none', async () => {
    const lms = await listen(() => [200, '<html>']);
    const { id } = (await json(addAt(lms))).document;
    const { code, document } = await json(['doctor']);
    expect(code).toBe(1);
    const faults = document.checks.filter((check: { status: string }) => check.status === 'fault');
    expect(faults).toMatchObject([{ name: `platform ${id}`, message: expect.stringContaining('--jwks-url') }]);
  });

  it('warns of a proxy that is not named in production, and of settings without effect', async () => {
    const production = {
      ...env,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://rostrum.invalid',
      SECRET_KEY: KEY,
      SMTP_URL: 'smtps://mail.example.edu',
      MAIL_FROM: 'rostrum@example.edu',
    };
    const { document } = await json(['doctor'], {}, production);
    const warnings = document.checks.filter(
      (check: { name: string; status: string }) => check.name === 'settings' && check.status === 'warning',
    );
    const variables = warnings.map((check: { message: string }) => check.message.split(' ')[0]);
    expect(variables).toEqual(['TRUST_PROXY', 'SMTP_URL', 'MAIL_FROM']);
  });

  it('tries whether recordings can be kept where the settings say', async () => {
    const folder = join(env.DATA_DIR ?? '', 'recordings');
    const filesOf = async (place: string) => {
      const { document } = await json(['doctor'], {}, { ...env, FILES: `disk:${place}` });
      return document.checks.filter(({ name }: { name: string }) => name === 'files');
    };
    expect(await filesOf(folder)).toEqual([{ name: 'files', status: 'ok', message: `${folder} can be written to` }]);
    expect(readdirSync(folder)).toEqual([]);
    const file = join(folder, 'taken');
    writeFileSync(file, '');
    const told = { name: 'files', status: 'fault', message: expect.stringContaining(`${file} cannot be written to`) };
    expect(await filesOf(file)).toEqual([told]);
  });

  it.each([
    ['invalid_client', 'fault', 'ZOOM_CLIENT_SECRET'],
    ['invalid_grant', 'ok', 'knows the app'],
  ])('asks Zoom whether it knows the app: %s is told as %s', async (error, status, message) => {
    const zoom = await listen((path) =>
      path === '/oauth/token' ? [400, JSON.stringify({ reason: 'Invalid', error })] : [404, ''],
    );
    const app = { ZOOM_CLIENT_ID: 'app', ZOOM_CLIENT_SECRET: 'secret', ZOOM_WEBHOOK_SECRET: 'token' };
    const { document } = await json(['doctor'], {}, { ...env, ...app, ZOOM_OAUTH_URL: `${zoom}/oauth` });
    const found = document.checks.filter(({ name }: { name: string }) => name === 'zoom');
    expect(found).toEqual([{ name: 'zoom', status, message: expect.stringContaining(message) }]);
  });

  it('tells the database, its schema, and whether a server runs on it', async () => {
    await json(ADD);
    const findings = async () => {
      const { document } = await json(['doctor']);
      const found = document.checks.filter(({ name }: { name: string }) => name === 'store' || name === 'server');
      return found.map(({ status, message }: { status: string; message: string }) => `${status}: ${message}`);
    };
    const store = expect.stringMatching(/^ok: SQLite, .*rostrum\.sqlite: it reads and writes, and its schema \(\d+\)/);
    expect(await findings()).toEqual([store, 'ok: no server runs on this database']);
    await withStorage(async (storage) => {
      await storage.claimServing();
      expect(await findings()).toEqual([store, 'ok: a server runs on this database']);
    });
  });

  it('names a database of another version as the fault it is', async () => {
    await json(ADD);
    const db = new BetterSqlite3(join(env.DATA_DIR ?? '', 'rostrum.sqlite'));
    db.pragma('user_version = 9999');
    db.close();
    const { code, document } = await json(['doctor']);
    expect(code).toBe(1);
    const [fault] = document.checks.filter(({ status }: { status: string }) => status === 'fault');
    expect(fault).toMatchObject({ name: 'store', message: expect.stringContaining('start that version') });
  });

  it('finds keys that the secret key cannot open', async () => {
    const lms = await listen(() => [200, '{"keys":[]}']);
    await json(addAt(lms), {}, { ...env, SECRET_KEY: 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR' });
    const { document } = await json(['doctor'], {}, { ...env, SECRET_KEY: 'aB3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR' });
    const faults = document.checks.filter((check: { status: string }) => check.status === 'fault');
    expect(faults).toMatchObject([{ message: expect.stringContaining('SECRET_KEY') }]);
  });
});

describe('a MongoDB that does not answer', () => {
  const hidden = 'mongodb://db-user:db-password@127.0.0.1:1/rostrum';

  it.each([
    ['in words', ['doctor']],
    ['in words', ['platform', 'list']],
    ['as a document', ['doctor', '--json']],
    ['as a document', ['platform', 'list', '--json']],
  ])('is told by its place, never with its password, %s: %j', async (_how, argv) => {
    const mongo = {
      ...env,
      DATABASE_URL: hidden,
      SECRET_KEY: KEY,
      LOG_LEVEL: 'trace',
    };
    const { code, out, err } = await run(argv, {}, mongo);
    expect(code).toBe(1);
    expect(out + err).toContain('MongoDB 127.0.0.1:1/rostrum cannot be reached');
    expect(out + err).not.toMatch(/db-user|db-password/);
  });

  it('is not asked when its address cannot be used', async () => {
    const { code, document } = await json(
      ['doctor'],
      {},
      { ...env, DATABASE_URL: 'mongodb://db-user:db-pass@word@db/x' },
    );
    expect(code).toBe(1);
    expect(JSON.stringify(document)).toContain('%40');
    expect(JSON.stringify(document)).not.toMatch(/db-user|db-pass/);
  });
});

describe('every command', () => {
  it('tells all faults of the settings before it does anything', async () => {
    const { code, document } = await json(['platform', 'list'], {}, { ...env, PORT: 'x', SANDBOX: 'y' });
    expect(code).toBe(1);
    expect(document.error.code).toBe('bad-config');
    expect(document.error.message).toMatch(/PORT .*\n.*SANDBOX /);
    expect(existsSync(env.DATA_DIR ?? '')).toBe(false);
  });

  it('has a help text, and an unknown one is answered with the list', async () => {
    for (const command of [
      'platform add',
      'platform list',
      'platform show',
      'platform change',
      'platform remove',
      'api-key create',
      'sync',
      'doctor',
      'backup',
      'restore',
    ]) {
      const { code, out } = await run([...command.split(' '), '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`Usage: rostrum ${command}`);
    }
    expect((await run(['--help'])).out).toContain('registration-invite create');
    expect((await run(['platform', '--help'])).out).toContain('platform activate');
    expect(await json(['platform', 'fly'])).toMatchObject({ code: 2 });
    expect((await run(['fly'])).err).toContain('platform add');
    expect((await run([])).code).toBe(2);
  });

  it('refuses options and words it does not know', async () => {
    expect((await json(['platform', 'list', '--colour'])).document.error.message).toContain('--colour');
    expect(await json(['platform', 'list', 'extra'])).toMatchObject({ code: 2 });
    expect(await json(['platform', 'activate'])).toMatchObject({ code: 2 });
  });
});

// Node runs the built files; without a build there is nothing to try.
const script = join(process.cwd(), 'dist', 'cli.js');
it.skipIf(!existsSync(script))(
  'the executable reads the .env file of its folder; what is really set wins',
  async () => {
    writeFileSync(join(folder, '.env'), 'DATA_DIR=from-file\nLOG_LEVEL=info\nPUBLIC_URL=http://localhost:1\n');
    const call = promisify(execFile);
    const options = { cwd: folder, env: { PATH: process.env.PATH } };
    const { stdout } = await call(process.execPath, [script, 'platform', 'list', '--json'], options);
    expect(JSON.parse(stdout)).toEqual({ items: [] });
    expect(existsSync(join(folder, 'from-file', 'rostrum.sqlite'))).toBe(true);
    const wrong = call(process.execPath, [script, 'doctor'], {
      ...options,
      env: { ...options.env, LOG_LEVEL: 'loud' },
    });
    await expect(wrong).rejects.toMatchObject({ code: 1 });
  },
);

async function run(argv: string[], options = {}, withEnv: Record<string, string> = env) {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await runCli(argv, io, withEnv, options);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function json(argv: string[], options: { runSyncs?: RunSyncs } = {}, withEnv: Record<string, string> = env) {
  const { code, out, err } = await run([...argv, '--json'], options, withEnv);
  expect(err).toBe('');
  return { code, document: JSON.parse(out) };
}

async function withStorage(use: (storage: Storage) => Promise<void>): Promise<void> {
  const opened = openSqlite({ path: join(env.DATA_DIR ?? '', 'rostrum.sqlite') });
  if (!opened.ok) throw new Error(opened.reason);
  await use(opened.value).finally(() => opened.value.close());
}

async function addChannels(count: number): Promise<string[]> {
  const ids: string[] = [];
  const { id: platformId } = (await json(ADD)).document;
  await withStorage(async ({ channels }) => {
    for (let i = 0; i < count; i++) {
      const at = 1_700_000_000_000 + i;
      const title = `Course ${i}`;
      const fresh = makeChannel({ id: newId(at), platformId, referenceId: `course-${i}`, title, label: null });
      const course = { platformId, contextId: `course-${i}`, deploymentId: '1', title: fresh.title, label: null };
      await channels.openChannelForContext({ ...course, types: [], rosterUrl: null, at, fresh });
      ids.push(fresh.id);
    }
  });
  return ids;
}

async function listen(answer: (path: string) => [number, string]): Promise<string> {
  const server = createServer((req, res) => {
    const [status, body] = answer(req.url ?? '');
    res.writeHead(status).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function addAt(lms: string): string[] {
  const urls = ['--auth-url', `${lms}/auth`, '--token-url', `${lms}/token`, '--jwks-url', `${lms}/jwks`];
  return ['platform', 'add', '--name', 'Local', '--issuer', lms, '--client-id', 'c1', ...urls];
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { ENV_NAMES, type Environment } from '../../src/config/env.ts';

const KEY = 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR';
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://rostrum.example.edu', SECRET_KEY: KEY };

describe('the settings', () => {
  it('need nothing outside production', () => {
    expect(configOf({})).toEqual({
      production: false,
      port: 3000,
      publicUrl: 'http://localhost:3000',
      dataDir: resolve('data'),
      database: { engine: 'sqlite', path: resolve('data/rostrum.sqlite') },
      role: 'all',
      sandbox: { enabled: true, switchedOn: true, port: 3001, host: '127.0.0.1' },
      trustProxy: false,
      lmsNetworks: [],
      syncMaxAgeMs: 3_600_000,
      syncIntervalMs: 86_400_000,
      departedOverrides: 'deactivate',
      hold: { min: 5, share: 0.2 },
      zoom: {
        clientId: 'rostrum-trial',
        oauthUrl: 'http://127.0.0.1:3001/zoom/oauth',
        apiUrl: 'http://127.0.0.1:3001/zoom/v2',
        trial: true,
      },
      files: { engine: 'disk', path: resolve('data/files') },
      mailFrom: null,
      logLevel: 'info',
    });
  });

  it('take an empty or blank variable as not set', () => {
    expect(configOf({ PORT: '', PUBLIC_URL: '  ', SYNC_MAX_AGE: '', SECRET_KEY: '' })).toEqual(configOf({}));
  });

  it('switch the sandbox off in production', () => {
    expect(configOf(PRODUCTION)).toMatchObject({ production: true, sandbox: { enabled: false } });
  });

  it('keep secrets apart from what may be logged', () => {
    const secrets = {
      SECRET_KEY: `${KEY},old${KEY}`,
      ZOOM_CLIENT_ID: 'app',
      ZOOM_CLIENT_SECRET: 'zoom-client-secret',
      ZOOM_WEBHOOK_SECRET: 'zoom-webhook-secret',
      METRICS_TOKEN: 'metrics-token-of-24-char',
      SMTP_URL: 'smtp://user:mail-password@mail.example.edu',
      MAIL_FROM: 'Rostrum <rostrum@example.edu>',
      DATABASE_URL: 'mongodb://db-user:db-password@db1,db2/rostrum?replicaSet=rs0',
    };
    const loaded = loadConfig({ ...PRODUCTION, ...secrets });
    expect(loaded).toMatchObject({
      ok: true,
      secrets: {
        secretKeys: [KEY, `old${KEY}`],
        zoom: { client: 'zoom-client-secret', webhooks: ['zoom-webhook-secret'] },
        metricsToken: 'metrics-token-of-24-char',
        smtpUrl: 'smtp://user:mail-password@mail.example.edu',
        databaseUrl: 'mongodb://db-user:db-password@db1,db2/rostrum?replicaSet=rs0',
      },
    });
    const logged = JSON.stringify(loaded.ok && loaded.config);
    const shown = [
      KEY,
      'zoom-client-secret',
      'zoom-webhook-secret',
      'metrics-token',
      'mail-password',
      'db-user',
      'db-password',
    ];
    for (const secret of shown) expect(logged).not.toContain(secret);
  });

  it.each<[Environment, Partial<Config>]>([
    [{ PORT: '8080' }, { port: 8080, publicUrl: 'http://localhost:8080' }],
    [{ PORT: '8080' }, { sandbox: { enabled: true, switchedOn: true, port: 8081, host: '127.0.0.1' } }],
    [{ PORT: '0' }, { sandbox: { enabled: true, switchedOn: true, port: 0, host: '127.0.0.1' } }],
    [{ PUBLIC_URL: 'https://Rostrum.Example.edu/' }, { publicUrl: 'https://rostrum.example.edu' }],
    [{ DATA_DIR: '/srv/rostrum' }, { database: { engine: 'sqlite', path: join('/srv/rostrum', 'rostrum.sqlite') } }],
    [{ DATABASE_URL: 'sqlite:/srv/a.db' }, { database: { engine: 'sqlite', path: '/srv/a.db' } }],
    [{ DATABASE_URL: 'sqlite:///srv/a.db' }, { database: { engine: 'sqlite', path: '/srv/a.db' } }],
    [{ DATABASE_URL: 'sqlite:b.db' }, { database: { engine: 'sqlite', path: resolve('b.db') } }],
    [
      { SYNC_MAX_AGE: '90s', SYNC_INTERVAL: '15m' },
      { syncMaxAgeMs: 90_000, syncIntervalMs: 900_000 },
    ],
    [{ SYNC_HOLD_SHARE: '35%', SYNC_HOLD_MIN: '0' }, { hold: { min: 0, share: 0.35 } }],
    [{ SYNC_HOLD_SHARE: '0.5' }, { hold: { min: 5, share: 0.5 } }],
    [{ DEPARTED_OVERRIDES: 'keep' }, { departedOverrides: 'keep' }],
    [{ TRUST_PROXY: 'on' }, { trustProxy: 1 }],
    [{ TRUST_PROXY: '2' }, { trustProxy: 2 }],
    [{ LMS_NETWORKS: '10.2.0.0/16, fd00:12::/32' }, { lmsNetworks: ['10.2.0.0/16', 'fd00:12::/32'] }],
    [{ TRUST_PROXY: '10.0.0.0/8, loopback' }, { trustProxy: ['10.0.0.0/8', 'loopback'] }],
    [{ FILES: 's3://bucket/a/b/' }, { files: { engine: 's3', bucket: 'bucket', prefix: 'a/b' } }],
    [{ FILES: 'disk:/srv/files' }, { files: { engine: 'disk', path: '/srv/files' } }],
    [{ DATABASE_URL: 'mongodb://db/rostrum' }, { database: { engine: 'mongo', place: 'db/rostrum' } }],
    [
      { SANDBOX: 'off', LOG_LEVEL: 'DEBUG', ROLE: 'ALL' },
      { logLevel: 'debug', role: 'all' },
    ],
  ])('%j is understood', (env, expected) => {
    expect(configOf(env)).toMatchObject(expected);
  });

  it('allow plain http to this machine in production, for a trial behind nothing', () => {
    expect(configOf({ ...PRODUCTION, PUBLIC_URL: 'http://localhost:3000' }).publicUrl).toBe('http://localhost:3000');
  });
});

describe('a wrong setting', () => {
  it.each<[Environment, string, RegExp]>([
    [{ NODE_ENV: 'prod' }, 'NODE_ENV', /production, development, test/],
    [{ PORT: '70000' }, 'PORT', /0 to 65535/],
    [{ PORT: '3000x' }, 'PORT', /whole number/],
    [{ PUBLIC_URL: 'rostrum.example.edu' }, 'PUBLIC_URL', /not a URL/],
    [{ PUBLIC_URL: 'ftp://rostrum.example.edu' }, 'PUBLIC_URL', /not a URL/],
    [{ PUBLIC_URL: 'https://example.edu/rostrum' }, 'PUBLIC_URL', /origin alone/],
    [{ PUBLIC_URL: 'https://example.edu/?a=b' }, 'PUBLIC_URL', /origin alone/],
    [{ PUBLIC_URL: 'https://me:pw@example.edu' }, 'PUBLIC_URL', /password/],
    [{ ...PRODUCTION, PUBLIC_URL: 'http://rostrum.example.edu' }, 'PUBLIC_URL', /https/],
    [{ ...PRODUCTION, PUBLIC_URL: undefined }, 'PUBLIC_URL', /not set/],
    [{ ...PRODUCTION, SECRET_KEY: undefined }, 'SECRET_KEY', /openssl rand/],
    [{ SECRET_KEY: 'short' }, 'SECRET_KEY', /32 characters/],
    [{ SECRET_KEY: `${KEY},short` }, 'SECRET_KEY', /32 characters/],
    [{ SECRET_KEY: 'x'.repeat(40) }, 'SECRET_KEY', /guessed/],
    [{ ...PRODUCTION, SANDBOX: 'on' }, 'SANDBOX', /off/],
    [{ SANDBOX: 'maybe' }, 'SANDBOX', /on or off/],
    [{ SANDBOX_PORT: '3000' }, 'SANDBOX_PORT', /same as PORT/],
    [{ PORT: '65535' }, 'SANDBOX_PORT', /no next one/],
    [{ DATABASE_URL: 'mongodb:///rostrum' }, 'DATABASE_URL', /names no host/],
    [{ DATABASE_URL: 'postgres://localhost/x' }, 'DATABASE_URL', /sqlite:PATH or mongodb:/],
    [{ DATABASE_URL: 'sqlite::memory:' }, 'DATABASE_URL', /memory/],
    [{ ROLE: 'both' }, 'ROLE', /all, web, worker/],
    [{ LMS_NETWORKS: 'campus' }, 'LMS_NETWORKS', /list of networks/],
    [{ TRUST_PROXY: 'everybody' }, 'TRUST_PROXY', /number of proxies/],
    [{ TRUST_PROXY: '10.0.0.0/99' }, 'TRUST_PROXY', /number of proxies/],
    [{ SYNC_MAX_AGE: '1 hour' }, 'SYNC_MAX_AGE', /15m or 24h/],
    [{ SYNC_INTERVAL: '1s' }, 'SYNC_INTERVAL', /10s to 14d/],
    [{ SYNC_INTERVAL: '60d' }, 'SYNC_INTERVAL', /10s to 14d/],
    [{ SYNC_HOLD_MIN: '-1' }, 'SYNC_HOLD_MIN', /whole number/],
    [{ SYNC_HOLD_SHARE: '20' }, 'SYNC_HOLD_SHARE', /20%/],
    [{ DEPARTED_OVERRIDES: 'delete' }, 'DEPARTED_OVERRIDES', /deactivate, keep/],
    [{ ZOOM_CLIENT_ID: 'app' }, 'ZOOM_CLIENT_SECRET', /all of them or none/],
    [{ ZOOM_API_URL: 'http://api.zoom.us' }, 'ZOOM_API_URL', /https/],
    [{ FILES: '/srv/files' }, 'FILES', /disk:PATH/],
    [{ SMTP_URL: 'mail.example.edu', MAIL_FROM: 'a@example.edu' }, 'SMTP_URL', /smtp:/],
    [{ SMTP_URL: 'smtp://mail.example.edu' }, 'MAIL_FROM', /not set/],
    [{ MAIL_FROM: 'nobody' }, 'MAIL_FROM', /mail address/],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL', /info/],
    [{ METRICS_TOKEN: 'short' }, 'METRICS_TOKEN', /16/],
  ])('%j is told by name, with what would be right', (env, variable, problem) => {
    const fault = faultsOf(env).find((candidate) => candidate.variable === variable);
    expect(fault?.problem).toMatch(problem);
  });

  it('does not hide the others: all faults come at once', () => {
    const env = { NODE_ENV: 'production', PORT: 'x', SYNC_MAX_AGE: 'soon', ROLE: 'none' };
    const named = faultsOf(env).map((fault) => fault.variable);
    expect(named.sort()).toEqual(['PORT', 'PUBLIC_URL', 'ROLE', 'SECRET_KEY', 'SYNC_MAX_AGE']);
  });

  it('is never repeated in the message', () => {
    const env = Object.fromEntries(ENV_NAMES.map((name) => [name, `s3cr3t-v4lue of ${name}`]));
    expect(JSON.stringify(faultsOf(env))).not.toContain('s3cr3t');
  });
});

describe('a variable that is not one of ours', () => {
  it('is no fault, but a likely misspelling is told', () => {
    const loaded = loadConfig({
      PUBLIC_URI: 'x',
      'log-level': 'info',
      SYNC_MAXAGE: '1h',
      PATH: '/bin',
      HOME: '/',
      PORTS: '1',
    });
    expect(loaded.ok).toBe(true);
    expect(loaded.warnings.map((warning) => warning.variable)).toEqual(['PUBLIC_URI', 'log-level', 'SYNC_MAXAGE']);
    expect(loaded.warnings[0]?.problem).toContain('did you mean PUBLIC_URL?');
  });

  it('is left alone when the right one is set as well', () => {
    expect(loadConfig({ PUBLIC_URI: 'x', PUBLIC_URL: 'http://localhost:3000' }).warnings).toEqual([]);
  });
});

it('a plain address that is not localhost brings a warning: browsers keep no session there', () => {
  expect(loadConfig({ PUBLIC_URL: 'http://192.168.0.7:3000' }).warnings).toMatchObject([{ variable: 'PUBLIC_URL' }]);
});

describe('a setting without effect', () => {
  it('brings a warning by its name, each one that is set', () => {
    const idle = { SMTP_URL: 'smtps://mail.example.edu', MAIL_FROM: 'rostrum@example.edu' };
    const { warnings } = loadConfig(idle);
    expect(warnings.map(({ variable }) => variable).sort()).toEqual(Object.keys(idle).sort());
    for (const { problem } of warnings) expect(problem).toContain('has no effect in this version');
  });

  it('is an address of Zoom without an app there', () => {
    const { warnings } = loadConfig({ ZOOM_API_URL: 'https://api.zoom.us/v2' });
    expect(warnings).toEqual([{ variable: 'ZOOM_API_URL', problem: 'has no effect without ZOOM_CLIENT_ID' }]);
  });

  it('is not told of where it is empty or says what holds anyway', () => {
    const env = { ROLE: 'all', FILES: '', ZOOM_CLIENT_ID: ' ', METRICS_TOKEN: 'metrics-token-of-24-char' };
    expect(loadConfig(env).warnings).toEqual([]);
  });
});

describe('the Zoom app', () => {
  const APP = { ZOOM_CLIENT_ID: 'app', ZOOM_CLIENT_SECRET: 'client-secret', ZOOM_WEBHOOK_SECRET: 'token' };
  const SITE = { ...PRODUCTION, TRUST_PROXY: 'on' };

  it('takes the place of the sandbox’s, and is none in production without one', () => {
    expect(configOf({ ...SITE, ...APP }).zoom).toEqual({
      clientId: 'app',
      oauthUrl: 'https://zoom.us/oauth',
      apiUrl: 'https://api.zoom.us/v2',
      trial: false,
    });
    expect(configOf(SITE).zoom).toBeNull();
    expect(configOf({ SANDBOX: 'off' }).zoom).toBeNull();
  });

  it('may have several webhook secrets, newest first, while one is renewed', () => {
    const loaded = loadConfig({ ...SITE, ...APP, ZOOM_WEBHOOK_SECRET: 'new, old' });
    expect(loaded).toMatchObject({ ok: true, warnings: [], secrets: { zoom: { webhooks: ['new', 'old'] } } });
    for (const ZOOM_WEBHOOK_SECRET of [',', 'new,', 'two words']) {
      const faults = faultsOf({ ...SITE, ...APP, ZOOM_WEBHOOK_SECRET });
      expect(faults.map(({ variable }) => variable)).toEqual(['ZOOM_WEBHOOK_SECRET']);
    }
  });

  it('needs an https address to send people back to, unless it is a Zoom on this machine', () => {
    const problem = expect.stringContaining('PUBLIC_URL starts with http://');
    const plain = { ...APP, PUBLIC_URL: 'http://localhost:3000' };
    expect(loadConfig(plain).warnings).toEqual([{ variable: 'ZOOM_CLIENT_ID', problem }]);
    expect(faultsOf({ ...SITE, ...plain })).toEqual([{ variable: 'ZOOM_CLIENT_ID', problem }]);
    expect(loadConfig({ ...plain, ZOOM_OAUTH_URL: 'http://127.0.0.1:4000/oauth' }).warnings).toEqual([]);
    expect(loadConfig({ ...SITE, ...APP }).warnings).toEqual([]);
  });

  it('brings recordings to a place that all processes share, or a warning', () => {
    const worker = { ...SITE, ...APP, DATABASE_URL: 'mongodb://db/rostrum', ROLE: 'worker' };
    expect(loadConfig(worker).warnings).toMatchObject([{ variable: 'FILES' }]);
    expect(loadConfig({ ...worker, FILES: 'disk:/srv/shared' }).warnings).toEqual([]);
  });
});

describe('a bucket for files', () => {
  const FILES = 's3://bucket/prefix';

  it('is told of where its region, or half of its key pair, is missing', () => {
    expect(loadConfig({ FILES }).warnings).toMatchObject([
      { variable: 'FILES', problem: expect.stringContaining('AWS_REGION') },
    ]);
    expect(faultsOf({ FILES, AWS_REGION: 'eu-north-1', AWS_ACCESS_KEY_ID: 'id' })).toMatchObject([
      { variable: 'FILES', problem: expect.stringContaining('AWS_SECRET_ACCESS_KEY is not set') },
    ]);
  });

  it.each<[Environment]>([
    [{ AWS_REGION: 'eu-north-1' }],
    [{ AWS_REGION: 'eu-north-1', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }],
    [{ AWS_PROFILE: 'rostrum' }],
  ])('is taken with %j, as machines have roles and profiles of their own', (aws) => {
    expect(loadConfig({ FILES, ...aws })).toMatchObject({ ok: true, warnings: [] });
  });
});

describe('the role of a process', () => {
  const MONGO = { DATABASE_URL: 'mongodb://db/rostrum', SECRET_KEY: KEY };

  it.each(['web', 'worker'] as const)('%s is refused on SQLite, which runs in one process', (role) => {
    const problem = `is ${role}, but SQLite runs in one process; set ROLE=all or a mongodb:// DATABASE_URL`;
    expect(faultsOf({ ROLE: role })).toEqual([{ variable: 'ROLE', problem }]);
    expect(faultsOf({ ROLE: role, DATABASE_URL: 'sqlite:/srv/a.db' })).toEqual([{ variable: 'ROLE', problem }]);
  });

  it.each(['all', 'web', 'worker'] as const)('%s works on MongoDB, without a warning', (role) => {
    expect(configOf({ ...MONGO, ROLE: role }).role).toBe(role);
    expect(loadConfig({ ...MONGO, ROLE: role }).warnings).toEqual([]);
  });

  it('is not called wrong beside an address that cannot be read', () => {
    const faults = faultsOf({ ROLE: 'web', DATABASE_URL: 'mongodb://' });
    expect(faults.map(({ variable }) => variable)).toEqual(['DATABASE_URL']);
  });

  it('decides over the trial LMSs: a worker serves no launches', () => {
    expect(configOf({ ...MONGO, ROLE: 'worker', SANDBOX: 'on' }).sandbox.enabled).toBe(false);
    expect(configOf({ ...MONGO, ROLE: 'web' }).sandbox.enabled).toBe(true);
  });
});

describe('the secret key on MongoDB', () => {
  const DATABASE_URL = 'mongodb://db/rostrum';

  it('is asked for outside production too, where one made on each machine would not do', () => {
    const { warnings } = loadConfig({ DATABASE_URL });
    expect(warnings).toMatchObject([{ variable: 'SECRET_KEY', problem: expect.stringContaining('set one for all') }]);
    expect(loadConfig({ DATABASE_URL, SECRET_KEY: KEY }).warnings).toEqual([]);
  });

  it('is required in production', () => {
    const faults = faultsOf({ ...PRODUCTION, DATABASE_URL, SECRET_KEY: undefined });
    expect(faults.map(({ variable }) => variable)).toEqual(['SECRET_KEY']);
  });
});

describe('a proxy in front', () => {
  it('is asked for in production, where all people would otherwise share one address', () => {
    expect(loadConfig(PRODUCTION).warnings).toMatchObject([{ variable: 'TRUST_PROXY' }]);
  });

  it.each<[Environment]>([
    [{ ...PRODUCTION, TRUST_PROXY: 'on' }],
    [{ ...PRODUCTION, TRUST_PROXY: 'off' }],
    [{ ...PRODUCTION, PUBLIC_URL: 'http://localhost:3000' }],
    [{}],
  ])('is not asked for with %j', (env) => {
    expect(loadConfig(env).warnings).toEqual([]);
  });
});

it('the example file names every variable, and is valid as it stands', () => {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  const pairs = lines.flatMap((line) => (/^[A-Z_]+=/.test(line) ? [line.split(/=(.*)/s)] : []));
  expect(pairs.map(([name]) => name).sort()).toEqual([...ENV_NAMES].sort());
  expect(configOf(Object.fromEntries(pairs))).toEqual(configOf({}));
  expect(loadConfig(Object.fromEntries(pairs)).warnings).toEqual([]);
});

function configOf(env: Environment): Config {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

function faultsOf(env: Environment) {
  const loaded = loadConfig(env);
  return loaded.ok ? [] : loaded.faults;
}

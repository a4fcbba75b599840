import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BUCKET_ENV_NAMES } from '../src/config/bucket.ts';
import { loadConfig } from '../src/config/config.ts';
import { ENV_NAMES } from '../src/config/env.ts';
import { createMetrics } from '../src/metrics/metrics.ts';
import { createHttpServer } from '../src/web/http-server.ts';
import { startServer } from './support/http-server.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const settings: readonly string[] = [...ENV_NAMES, ...BUCKET_ENV_NAMES];

type Instruction = { name: string; rest: string };

/** The instructions of the Dockerfile, a continued line as one, by stage. */
function dockerStages(): Instruction[][] {
  const text = read('Dockerfile')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  const stages: Instruction[][] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`No instruction: ${line}`);
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

const all = (stage: Instruction[], name: string) => stage.filter((each) => each.name === name).map(({ rest }) => rest);

describe('the image', () => {
  const [build = [], final = []] = dockerStages();
  const copies = [...all(build, 'COPY'), ...all(final, 'COPY')];
  const fromContext = copies
    .filter((rest) => !rest.startsWith('--from='))
    .flatMap((rest) => rest.split(' ').slice(0, -1));

  it('is built in two stages, on a Node that the product runs on', () => {
    const from = [...all(build, 'FROM'), ...all(final, 'FROM')];
    expect(from).toEqual(['node:20-bookworm-slim AS build', 'node:20-bookworm-slim']);
    expect(JSON.parse(read('package.json')).engines.node).toBe('>=20.19');
  });

  it('copies files that are there, and that .dockerignore lets through, and nothing is let through besides', () => {
    for (const source of fromContext) expect(existsSync(source), source).toBe(true);
    const [first, ...rules] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(rules.map((rule) => rule.replace(/^!/, '')).sort()).toEqual([...fromContext].sort());
    expect(rules.every((rule) => rule.startsWith('!'))).toBe(true);
  });

  it('has every folder that the product reads while it runs', () => {
    const read = sourceFiles('src').flatMap((text) =>
      [...text.matchAll(/new URL\('(?:\.\.\/)*(views|public|locales)\//g)].map(([, folder]) => folder),
    );
    const copied = all(final, 'COPY').map((rest) =>
      rest
        .split(' ')
        .at(-2)
        ?.replace(/^\/app\//, ''),
    );
    expect(new Set(read)).toEqual(new Set(['views', 'public', 'locales']));
    expect(copied).toEqual(expect.arrayContaining([...read, 'dist', 'node_modules', 'package.json']));
  });

  it('installs without scripts, as the one that builds the product has no sources then, and compiles what needs it', () => {
    const runs = all(build, 'RUN').join('\n');
    expect(runs).toMatch(/npm ci --ignore-scripts/);
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Record<string, unknown>> };
    const compiled = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript && !entry.optional && !entry.dev)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(compiled.filter((name) => name !== '')).toEqual([...(/npm rebuild (\S+)/.exec(runs)?.slice(1) ?? [])]);
    expect(runs).toMatch(/npm prune --omit=dev --ignore-scripts/);
  });

  it('runs the process itself, as nobody of importance, and is told to stop by a signal that the process knows', () => {
    expect(JSON.parse(all(final, 'CMD')[0] ?? '')).toEqual(['node', 'dist/main.js']);
    expect(read('package.json')).toContain('"start": "node dist/main.js"');
    expect(all(final, 'USER')).toEqual(['node']);
    expect(final.findIndex(({ name }) => name === 'USER')).toBeGreaterThan(
      final.findLastIndex(({ name }) => name === 'COPY' || name === 'RUN'),
    );
    expect(all(final, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(read('src/main.ts')).toContain("'SIGTERM'");
  });

  it('sets only what the product knows, and no secret', () => {
    const set = [...(all(final, 'ENV')[0] ?? '').matchAll(/(\w+)=/g)].map(([, name]) => name);
    expect(settings).toEqual(expect.arrayContaining(set));
    expect(set).toEqual(['NODE_ENV', 'PORT', 'DATA_DIR']);
    expect(all(final, 'EXPOSE')).toEqual(['3000']);
  });

  it.each([
    ['healthy', 200, 0],
    ['not', 503, 1],
  ])('is %s when the process answers with %i', async (_word, status, code) => {
    const [command = '', ...args] = healthCheck(final);
    const server = await startServer((req, res) => void res.writeHead(req.url === '/healthz' ? status : 404).end());
    const PORT = String(server.port);
    const ended = await promisify(execFile)(command, args, { env: { ...process.env, PORT } }).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
    await server.close();
    expect(ended).toBe(code);
  });

  it('is not healthy when nothing answers', async () => {
    const server = await startServer((_req, res) => void res.end());
    await server.close();
    const [command = '', ...args] = healthCheck(final);
    const { status } = spawnSync(command, args, { env: { ...process.env, PORT: String(server.port) } });
    expect(status).toBe(1);
  });
});

function healthCheck(stage: Instruction[]): string[] {
  const check = all(stage, 'HEALTHCHECK')[0] ?? '';
  return JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[];
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)));
}

type Service = {
  image: string;
  build?: string;
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  restart?: string;
  read_only?: boolean;
  stop_grace_period?: string;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
};

type Compose = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
};

/** What an operator writes into `.env`, filled in. */
const FILLED: Record<string, string> = {
  ...Object.fromEntries([...read('deploy/compose.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, k, v]) => [k, v])),
  SECRET_KEY: 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR',
  MONGO_ROOT_PASSWORD: '3e25960a79dbc69b674cd4ec67a72c62',
  MONGO_PASSWORD: '7d793037a0760186574b0282f2f435e7',
  METRICS_TOKEN: '2c26b46b68ffc68ff99b453c1d304134',
};

/** The variables that compose.yaml takes from `.env`. */
const TAKEN = /\$\{(\w+)(?::([-?])([^}]*))?\}/g;

function compose(filled: Record<string, string> = FILLED): Compose {
  const text = read('compose.yaml').replaceAll(TAKEN, (_all, name: string, kind: string, rest: string) => {
    const value = filled[name] ?? '';
    if (value === '' && kind === '?') throw new Error(`${name}: ${rest}`);
    return value === '' && kind === '-' ? rest : value;
  });
  return parse(text, { merge: true }) as Compose;
}

const seconds = (text: string | undefined) => Number(/^(\d+)s$/.exec(text ?? '')?.[1]);
/** How long `src/app.ts` waits for requests under way. */
/** How long a process may take to stop, in seconds. */
const drain = ['WORK_ENDS', 'OUTSIDE_CLOSES', 'STORE_CLOSES']
  .map((name) => new RegExp(`${name}_WITHIN_MS = ([\\d_]+);`).exec(read('src/app.ts'))?.[1]?.replaceAll('_', ''))
  .reduce((sum, ms) => sum + Number(ms) / 1000, 0);

describe('compose.yaml', () => {
  const { services, networks, volumes } = compose();
  const ours = Object.entries(services).filter(([, { image }]) => image === 'rostrum:local');

  it('runs two web and two worker processes, a database and a proxy, and all of them again after a fault', () => {
    const roles = ours.map(([, { environment }]) => environment?.ROLE).sort();
    expect(roles).toEqual(['web', 'web', 'worker', 'worker']);
    expect(Object.keys(services)).toHaveLength(6);
    expect(services.mongo?.image).toBe('mongo:8');
    for (const service of Object.values(services)) expect(service.restart).toBe('unless-stopped');
  });

  it.each(ours)(
    'gives %s settings that it starts with, without a fault or a warning',
    (_name, { environment = {} }) => {
      expect(settings).toEqual(expect.arrayContaining(Object.keys(environment)));
      const loaded = loadConfig(environment);
      expect(loaded).toMatchObject({ ok: true, warnings: [] });
      expect(loaded.ok && loaded.config).toMatchObject({
        production: true,
        role: environment.ROLE,
        trustProxy: 1,
        sandbox: { enabled: false },
        database: { engine: 'mongo', place: 'mongo:27017/rostrum' },
        zoom: null,
        files: { engine: 'disk', path: '/files' },
      });
      expect(loaded.ok && loaded.secrets.metricsToken).toBe(FILLED.METRICS_TOKEN);
    },
  );

  it.each(ours)('gives %s the one volume of recordings, which the image has a place for', (_name, { volumes = [] }) => {
    expect(volumes).toEqual(['recordings:/files']);
    const [, final = []] = dockerStages();
    expect(all(final, 'RUN').join()).toMatch(/mkdir \/data \/files\s+&& chown node:node \/data \/files/);
  });

  it('takes a Zoom app and a bucket from .env, without a fault or a warning', () => {
    const app = { ZOOM_CLIENT_ID: 'app', ZOOM_CLIENT_SECRET: 'secret', ZOOM_WEBHOOK_SECRET: 'new,old' };
    const bucket = { FILES: 's3://school/rostrum', AWS_REGION: 'eu-north-1' };
    const worker = compose({ ...FILLED, ...app, ...bucket }).services['worker-1'];
    expect(loadConfig(worker?.environment ?? {})).toMatchObject({
      ok: true,
      warnings: [],
      config: { zoom: { clientId: 'app' }, files: { engine: 's3', bucket: 'school' } },
      secrets: { zoom: { webhooks: ['new', 'old'] } },
    });
  });

  it('asks for each secret by name, keeps none of them in the file, and takes all else from .env or does without', () => {
    for (const name of ['PUBLIC_URL', 'SECRET_KEY', 'MONGO_ROOT_PASSWORD', 'MONGO_PASSWORD']) {
      expect(() => compose({ ...FILLED, [name]: '' })).toThrow(name);
    }
    expect(() => compose({ ...FILLED, METRICS_TOKEN: '', LMS_NETWORKS: '', LOG_LEVEL: '' })).not.toThrow();
    const taken = new Set([...read('compose.yaml').matchAll(TAKEN)].map(([, name]) => name));
    expect([...taken].sort()).toEqual(Object.keys(FILLED).sort());
  });

  it('lets strangers reach the proxy alone, and the database nobody but the product', () => {
    const open = Object.entries(services).filter(([, { ports = [] }]) => ports.length > 0);
    expect(open.map(([name]) => name)).toEqual(['proxy']);
    const beside = Object.entries(services).filter(([, service]) => service.networks?.includes('store'));
    expect(beside.map(([name]) => name).sort()).toEqual([...ours.map(([name]) => name), 'mongo'].sort());
    expect(networks.store).toEqual({ internal: true });
    expect(services.mongo?.networks).toEqual(['store']);
  });

  it('names networks, volumes, files and services that are there', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const network of service.networks ?? []) expect(networks, name).toHaveProperty(network);
      for (const other of Object.keys(service.depends_on ?? {})) expect(services, name).toHaveProperty(other);
      for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
        if (source.startsWith('./')) expect(statSync(source).isFile(), source).toBe(true);
        else expect(volumes).toHaveProperty(source);
      }
    }
  });

  it('waits for what is healthy, and gives requests time to end', () => {
    expect(services.mongo?.healthcheck?.test[0]).toBe('CMD');
    expect(services.proxy?.depends_on).toMatchObject({ 'web-1': { condition: 'service_healthy' } });
    expect(drain).toBeGreaterThan(0);
    for (const [, service] of ours) {
      expect(service.depends_on).toEqual({ mongo: { condition: 'service_healthy' } });
      expect(seconds(service.stop_grace_period)).toBeGreaterThan(drain);
      expect(service.read_only).toBe(true);
    }
  });

  it('makes the user that the address names, with rights in its database alone', () => {
    const address = new URL(ours[0]?.[1].environment?.DATABASE_URL ?? '');
    const made: unknown[] = [];
    const env = services.mongo?.environment ?? {};
    runInNewContext(read('deploy/mongo-init.js'), {
      process: { env },
      db: { createUser: (user: unknown) => made.push(user) },
    });
    const { username: user, password: pwd } = address;
    const db = address.pathname.slice(1);
    expect(made).toEqual([{ user, pwd, roles: [{ role: 'readWrite', db }] }]);
    // A user is looked for in the database of the address, unless that says otherwise.
    expect(env.MONGO_INITDB_DATABASE).toBe(db);
    expect(address.hostname in services).toBe(true);
  });
});

describe('the proxies', () => {
  it('lead to the web processes, by the port they listen on', () => {
    const { services } = compose();
    const web = Object.entries(services).filter(([, { environment }]) => environment?.ROLE === 'web');
    const upstreams = /reverse_proxy (.+) \{/.exec(read('deploy/Caddyfile'))?.[1]?.split(' ');
    expect(upstreams).toEqual(web.map(([name, { environment }]) => `${name}:${environment?.PORT}`));
    expect(read('deploy/nginx.conf')).toContain('server 127.0.0.1:3000;');
    expect(read('deploy/Caddyfile')).toContain('{$PUBLIC_URL} {');
    expect(services.proxy?.environment).toHaveProperty('PUBLIC_URL');
  });

  it('keep nothing back of an event stream, write the ID of a request anew, and hide the metrics', () => {
    const [caddy, nginx] = [read('deploy/Caddyfile'), read('deploy/nginx.conf')];
    expect(caddy).toMatch(/flush_interval -1/);
    expect(nginx).toMatch(/proxy_buffering off;/);
    // An ID that a client brings is a trusted one once a trusted proxy has passed it on.
    expect(caddy).toMatch(/header_up X-Request-Id \{http\.request\.uuid\}/);
    expect(nginx).toMatch(/proxy_set_header X-Request-Id \$request_id;/);
    expect(nginx).toMatch(/proxy_set_header X-Forwarded-For \$remote_addr;/);
    expect(caddy).toMatch(/@inside path \/metrics\n\s*respond @inside 404/);
    expect(nginx).toMatch(/location = \/metrics \{\s*return 404;/);
  });

  it('take from Zoom what the product takes, and let a paused player wait', () => {
    const nginx = read('deploy/nginx.conf');
    const limit = /WEBHOOK_LIMIT = '(\d+)mb'/.exec(read('src/web/server.ts'))?.[1];
    expect(/client_max_body_size (\d+)m;/.exec(nginx)?.[1]).toBe(limit);
    expect(nginx).toMatch(/location \/media\/ \{\s*proxy_pass http:\/\/rostrum;\s*send_timeout \d+m;/);
    // Set once for all locations: a location with a header of its own would lose the others.
    expect(nginx.match(/^ {4}proxy_set_header/gm)).toBeNull();
  });

  it('close idle connections before the server does, which a request must not meet', () => {
    const { keepAliveTimeout } = createHttpServer(() => {});
    const seconds = [
      /keepalive_timeout (\d+)s;/.exec(read('deploy/nginx.conf')),
      /keepalive (\d+)s/.exec(read('deploy/Caddyfile')),
    ];
    for (const found of seconds) expect(Number(found?.[1]) * 1000).toBeLessThan(keepAliveTimeout);
  });

  it('keep secrets of queries out of their logs', () => {
    const format = /log_format rostrum '([^']*)'/.exec(read('deploy/nginx.conf'))?.[1] ?? '';
    expect(format).toContain('$uri"');
    expect(format).not.toMatch(/\$(request|request_uri|args|query_string|http_referer)\b(?!_)/);
    expect(read('deploy/Caddyfile')).toMatch(/request>uri regexp \\\?\.\* /);
  });
});

describe('the systemd unit', () => {
  const unit = read('deploy/rostrum.service');
  const values = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  it('runs the built product as a user of its own, where it may write to its data alone', () => {
    expect(values('ExecStart')).toEqual(['/usr/bin/node dist/main.js']);
    expect(values('User')).toEqual(['rostrum']);
    expect(values('ProtectSystem')).toEqual(['strict']);
    const environment = values('Environment').map((pair) => pair.split('='));
    expect(settings).toEqual(expect.arrayContaining(environment.map(([name]) => name)));
    expect(environment).toContainEqual(['DATA_DIR', `/var/lib/${values('StateDirectory')[0]}`]);
    expect(values('EnvironmentFile')).toEqual(['/etc/rostrum/rostrum.env']);
    // V8 writes the code that it runs.
    expect(values('MemoryDenyWriteExecute')).toEqual([]);
  });

  it('gives requests time to end, and is never given up', () => {
    expect(values('KillSignal')).toEqual(['SIGTERM']);
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(drain);
    expect(values('Restart')).toEqual(['on-failure']);
    expect(values('StartLimitIntervalSec')).toEqual(['0']);
  });

  // Where there is no systemd, the rest is checked all the same.
  const analyzer = 'systemd-analyze';
  it.skipIf(!has(analyzer))('is one that systemd understands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rostrum-unit-'));
    const path = join(folder, 'rostrum.service');
    // The product is not installed here.
    const here = unit.replace('/usr/bin/node', process.execPath).replace('/opt/rostrum\n', `${folder}\n`);
    writeFileSync(path, here);
    const { status, stderr } = spawnSync(analyzer, ['verify', '--man=no', path], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(stderr.split('\n').filter((line) => line.includes('rostrum.service'))).toEqual([]);
    expect(status).toBe(0);
  });
});

function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
}

describe('what operators read', () => {
  const guide = read('docs/operations.md');

  it('names only settings that there are', () => {
    const named = [...guide.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    expect([...settings, ...Object.keys(FILLED)]).toEqual(expect.arrayContaining(named));
  });

  it('names only metrics that there are', async () => {
    const metrics = createMetrics({ version: '0', clock: Date.now, jobs: async () => [] });
    const there = await metrics.text();
    const named = new Set([...guide.matchAll(/\b(?:rostrum|nodejs|process)_[a-z_]*[a-z]\b/g)].map(([name]) => name));
    expect(named.size).toBeGreaterThan(8);
    for (const name of named) {
      const family = name.replace(/_(bucket|sum|count)$/, '');
      expect(there, name).toMatch(new RegExp(`^# TYPE (${name}|${family}) `, 'm'));
    }
  });

  it('names only files of the product that there are', () => {
    const named = [...guide.matchAll(/\b((?:deploy|docs|bench)\/[\w./-]*\w|compose\.yaml|Dockerfile|\.env\.example)/g)];
    expect(named.length).toBeGreaterThan(4);
    for (const [, path = ''] of named) expect(existsSync(path), path).toBe(true);
  });
});

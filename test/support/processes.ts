import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { createApp } from '../../src/app.ts';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ensureSecretKey } from '../../src/config/secrets.ts';
import { hashSecret, newSecret } from '../../src/lib/ids.ts';
import type { Sandbox, SandboxLms } from '../../src/sandbox/sandbox.ts';
import { startTrial } from '../../src/sandbox/trial.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeTestDatabase, type TestDatabase } from './test-database.ts';
import { channelIn, freePort } from './tool.ts';
import { Visitor } from './visitor.ts';

/** The built tool in a process of its own. */
export type ToolProcess = {
  url: string;
  child: ChildProcess;
  /** Its log and whatever else it wrote. */
  said(): string;
  /** Waits until it says that it is ready. */
  ready(): Promise<void>;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end and returns its exit code. */
  stop(): Promise<number | null>;
  /** One API call; a connection that ends without an answer throws. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
};

/** A sandbox in this process, and tools as processes on one database beside it, that can be killed without it. */
export type ProcessWorld = {
  url: string;
  dataDir: string;
  sandbox: Sandbox;
  /** A connection of this process to the tools' database. */
  storage: Storage;
  /** What a tool is started with to use the database. */
  database: TestDatabase;
  /** Starts a tool; with `port: 'another'` beside the first one. Wait for `ready()`. */
  start(options?: { port?: 'another'; env?: Record<string, string> }): Promise<ToolProcess>;
  /** Launches into the course by a tool that runs. */
  launch(lms: SandboxLms, who: { courseId: string; personId: string; visitor?: Visitor }): Promise<Visitor>;
  members(channelId: ChannelId): Promise<Membership[]>;
  close(): Promise<void>;
};

export async function startProcessWorld(options: { bigCourseSize?: number } = {}): Promise<ProcessWorld> {
  const database = makeTestDatabase();
  const { dataDir } = database;
  const port = await freePort();
  const env = { PORT: `${port}`, DATA_DIR: dataDir, LOG_LEVEL: 'error', TRUST_PROXY: 'on', ...database.env };
  const { sandbox, url } = await register(env, database, options);
  const storage = await database.open();
  const key = newSecret();
  const apiKey = { id: 'key', name: 'test', keyHash: hashSecret(key), scopes: [...API_SCOPES] };
  await storage.apiKeys.addApiKey({ ...apiKey, createdAt: Date.now(), revokedAt: null });
  const running = new Set<ChildProcess>();

  async function start({ port: which, env: more }: Parameters<ProcessWorld['start']>[0] = {}): Promise<ToolProcess> {
    const own = which === 'another' ? await freePort() : port;
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { ...process.env, ...env, SANDBOX: 'off', PUBLIC_URL: url, PORT: `${own}`, ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    const gone = once(child, 'exit').then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return {
      url: `http://localhost:${own}`,
      child,
      said: () => said,
      ready: () => vi.waitFor(() => expect(said).toContain('Rostrum is ready'), { timeout: 60_000 }),
      async kill() {
        child.kill('SIGKILL');
        await gone;
      },
      async stop() {
        child.kill('SIGTERM');
        return gone;
      },
      api: (method, rest, body) => callApi(`http://localhost:${own}/api/v1${rest}`, { method, key, body }),
    };
  }

  return {
    url,
    dataDir,
    database,
    sandbox,
    storage,
    start,
    async launch(lms, { visitor = new Visitor(url), ...who }) {
      await visitor.post(`${url}/lti/login`, lms.loginForm(who));
      return visitor.followForms();
    },
    async members(channelId) {
      const members: Membership[] = [];
      for await (const slice of storage.memberships.allMembers(channelId, 500)) members.push(...slice);
      return members;
    },
    async close() {
      await Promise.all(
        [...running].map((child) => {
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          return gone;
        }),
      );
      await sandbox.close();
      await storage.close();
      await database.drop();
    },
  };
}

/** Makes the database and registers the sandbox's LMSs in it; nothing of the tool runs afterwards. */
async function register(env: Record<string, string>, database: TestDatabase, options: { bigCourseSize?: number }) {
  const loaded = loadConfig({ ...env, SANDBOX_PORT: '0' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const { config } = loaded;
  const secrets = ensureSecretKey(loaded.secrets, config.dataDir);
  const storage = await database.open();
  const app = await createApp({ config, secrets, storage, log: pino({ level: 'silent' }) });
  const sandbox = await startTrial(config, { ...app, platforms: storage.platforms }, options);
  await app.close();
  return { sandbox, url: config.publicUrl };
}

let calls = 0;

async function callApi(url: string, call: { method: string; key: string; body?: unknown }) {
  calls += 1;
  const answer = await fetch(url, {
    method: call.method,
    headers: {
      authorization: `Bearer ${call.key}`,
      'content-type': 'application/json',
      // An address of its own for each call, so that no rate limit is met.
      'x-forwarded-for': `10.${calls >> 16}.${(calls >> 8) & 255}.${calls & 255}`,
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Launches the instructor into the big Canvas course and waits until its first sync is applied. */
export async function launchAndSync(world: ProcessWorld): Promise<{ channelId: ChannelId; visitor: Visitor }> {
  const { canvas } = world.sandbox;
  const { id, cast } = canvas.course('big');
  const visitor = await world.launch(canvas, { courseId: id, personId: cast.instructor });
  const channelId = channelIn(visitor.url);
  await finished(world, (await world.storage.syncs.listSyncs(channelId, 1))[0]?.id as SyncId);
  return { channelId, visitor };
}

/** Waits until a run is applied. */
export async function finished(world: ProcessWorld, id: SyncId): Promise<void> {
  const apply = async () => expect((await world.storage.syncs.findSync(id))?.state).toBe('applied');
  await vi.waitFor(apply, { timeout: 120_000, interval: 50 });
}

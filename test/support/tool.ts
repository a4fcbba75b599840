import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { type App, type AppDeps, createApp } from '../../src/app.ts';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { ensureSecretKey, type Secrets } from '../../src/config/secrets.ts';
import { sleep, systemClock } from '../../src/lib/clock.ts';
import type { Sandbox, SandboxLms, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startTrial } from '../../src/sandbox/trial.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeTestDatabase } from './test-database.ts';
import { Visitor } from './visitor.ts';

/** A whole tool beside a whole sandbox, on free ports and in a folder of its own. */
export type Tool = {
  url: string;
  config: Config;
  secrets: Secrets;
  storage: Storage;
  app: App;
  sandbox: Sandbox;
  /** What the log said, a line a record. */
  logged: Record<string, unknown>[];
  visitor(): Visitor;
  /** Waits until no sync is running, or queued to begin now. */
  settled(): Promise<void>;
  lastRun(channelId: ChannelId | string): Promise<SyncRun>;
  close(): Promise<void>;
};

export type ToolOptions = {
  env?: Record<string, string>;
  sandbox?: Partial<Pick<SandboxOptions, 'bigCourseSize' | 'pageDelayMs'>>;
  clock?: () => number;
  leaseMs?: number;
} & Pick<AppDeps, 'walking'>;

export async function startTool(options: ToolOptions = {}): Promise<Tool> {
  const database = makeTestDatabase();
  const { dataDir } = database;
  const [port, sandboxPort] = await Promise.all([freePort(), freePort()]);
  const env = {
    PORT: `${port}`,
    SANDBOX_PORT: `${sandboxPort}`,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'debug',
    ...database.env,
    ...options.env,
  };
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const { config } = loaded;
  const secrets = ensureSecretKey(loaded.secrets, dataDir);
  const storage = await database.open();
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const app = await createApp({
    config,
    secrets,
    storage,
    log,
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.leaseMs ? { leaseMs: options.leaseMs } : {}),
    ...(options.walking ? { walking: options.walking } : {}),
  });
  const clock = options.clock ?? systemClock;
  await app.listen();
  const sandbox = await startTrial(config, { ...app, platforms: storage.platforms }, options.sandbox);
  await app.startWork();
  return {
    url: config.publicUrl,
    config,
    secrets,
    storage,
    app,
    sandbox,
    logged,
    visitor: () => new Visitor(config.publicUrl),
    async settled() {
      while ((await storage.syncs.unfinishedSyncs({ dueAt: clock(), limit: 1 })).length > 0) await sleep(5);
    },
    async lastRun(channelId) {
      const [run] = await storage.syncs.listSyncs(channelId as ChannelId, 1);
      if (!run) throw new Error('no sync was asked for');
      return run;
    },
    async close() {
      await app.close();
      await sandbox.close();
      await database.drop();
    },
  };
}

/** Launches as a person and returns the visitor at the page it ended on. */
export async function launchAs(
  tool: Tool,
  lms: SandboxLms,
  who: { courseId: string; personId: string; visitor?: Visitor } & Record<string, unknown>,
): Promise<Visitor> {
  const visitor = who.visitor ?? tool.visitor();
  const { visitor: _visitor, ...options } = who;
  await visitor.post(`${tool.url}/lti/login`, lms.loginForm(options as Parameters<SandboxLms['loginForm']>[0]));
  await visitor.followForms();
  return visitor;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The channel that a page's address names. */
export function channelIn(url: string): ChannelId {
  const id = /\/channels\/([^/?]+)/.exec(url)?.[1];
  if (!id) throw new Error(`${url} is no page of a channel`);
  return id as ChannelId;
}

export async function membersOf(tool: Tool, channelId: ChannelId): Promise<Membership[]> {
  const members: Membership[] = [];
  for await (const slice of tool.storage.memberships.allMembers(channelId, 500)) members.push(...slice);
  return members;
}

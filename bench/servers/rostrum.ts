import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { answerQuestions, cpuMs } from '../support/child.ts';
import { type Course, fillChannels, fillPeople, type ManyChannels, openCourse } from '../support/fill.ts';
import { fillRecordings, type ManyRecordings } from '../support/fill-recordings.ts';
import { connectZoom, type ImportOwner, measureImport, watchImports, zoomSettings } from '../support/importing.ts';
import type { LaunchTarget } from '../support/launch-types.ts';
import { product } from '../support/product.ts';
import { exactTime, type WatchedRun, watchSyncs } from '../support/sync-watch.ts';
import { countWrites } from '../support/written.ts';
import type { OneVideo, ZoomAccount, ZoomApp } from './zoom.ts';

export type RostrumStart = {
  port: number;
  publicUrl: string;
  /** Those that the database does not know yet. */
  platforms: RostrumPlatform[];
  /** `all` if not given. */
  role?: 'all' | 'web' | 'worker';
  /** Background work begins when it is told to, and not at once. */
  worksLater?: boolean;
  /** A Zoom on this machine, which the product does not go to in production: then it runs as in development. */
  zoom?: ZoomApp;
};
export type RostrumPlatform = {
  issuer: string;
  clientId: string;
  deploymentIds: string[];
  authUrl: string;
  tokenUrl: string;
  jwksUrl: string;
};
export type MeasuredSync = Pick<SyncRun, 'state' | 'reason' | 'counts' | 'pages'> & {
  ms: number;
  cpu: number;
  /** From asking for it to the moment that it is seen to run, in milliseconds. */
  beginsMs: number;
  /** The longest time the event loop was held up, in milliseconds. */
  pauseMs: number;
  /** Memberships written. */
  written: number;
};
/** Who asked for a sync, and when, in epoch milliseconds. */
export type AskedSync = { id: SyncRun['id']; at: number };
/** All syncs that this process ended: how many members they brought, when the last one ended, and why others failed. */
export type EndedSyncs = { count: number; members: number; lastAt: number; failures: string[] };

type Running = Awaited<ReturnType<typeof start>>;

let running: Running | null = null;
const dataDir = mkdtempSync(join(tmpdir(), 'rostrum-bench-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));

/**
 * The product as it runs in production, in a folder of its own, but reaching an LMS on this machine. Its database is that
 * of `DATABASE_URL`, or in the folder.
 */
answerQuestions({
  async start(options: RostrumStart): Promise<LaunchTarget> {
    running = await start(options);
    const { publicUrl } = options;
    return {
      origin: `http://127.0.0.1:${running.port}`,
      loginPath: '/lti/login',
      launchPath: '/lti/launch',
      targetLinkUri: `${publicUrl}/lti/launch`,
    };
  },
  work: () => tool().app.startWork(),
  openCourse: (course: Course) => openCourse(tool(), course),
  sync: (channelId: ChannelId) => measureSync(tool(), channelId),
  askForSync: (channelId: ChannelId) => askForSync(tool(), channelId),
  endOfSync: (id: SyncRun['id']): Promise<WatchedRun> => tool().watch.ended(id),
  endedSyncs: () => endedSyncs(tool()),
  fillChannels: (given: ManyChannels) => fillChannels(tool(), given),
  fillPeople: (count: number) => fillPeople(tool(), count),
  fillRecordings: (given: ManyRecordings) => fillRecordings(tool(), given),
  connectZoom: (account: ZoomAccount) => connectZoom(tool().importing, account),
  import: (given: { owner: ImportOwner; videos: OneVideo[] }) => measureImport(tool().importing, given),
  token: () => tool().seen.authorization,
  memory: () => ({ rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
});

async function start({ port, publicUrl, platforms, role = 'all', worksLater = false, zoom }: RostrumStart) {
  const { createApp } = await product<typeof import('../../src/app.ts')>('app');
  const { loadConfig } = await product<typeof import('../../src/config/config.ts')>('config/config');
  const { databaseAddress } = await product<typeof import('../../src/config/places.ts')>('config/places');
  const { ensureSecretKey } = await product<typeof import('../../src/config/secrets.ts')>('config/secrets');
  const { openStorage } = await product<typeof import('../../src/storage/open.ts')>('storage/open');
  const loaded = loadConfig({
    NODE_ENV: 'production',
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    DATA_DIR: dataDir,
    DATABASE_URL: process.env.DATABASE_URL,
    ROLE: role,
    TRUST_PROXY: '1',
    SECRET_KEY: 'a secret of a measurement 0123456789 abcdefghij',
    ...(zoom ? zoomSettings(zoom) : {}),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const { config } = loaded;
  const address = databaseAddress(config, loaded.secrets);
  const opened = await openStorage(address);
  if (!opened.ok) throw new Error(opened.reason);
  const watch = watchSyncs(opened.value);
  const { storage, ends } = watchImports(watch.storage);
  const { http, seen } = await createHttp();
  const secrets = ensureSecretKey(loaded.secrets, dataDir);
  const app = await createApp({ config, secrets, storage, log: pino({ level: config.logLevel }), http });
  const registered = [];
  for (const platform of platforms) registered.push(await register(app, platform));
  const actualPort = await app.listen();
  if (!worksLater) await app.startWork();
  const importing = { storage, jobs: app.jobs, ends, secretKeys: secrets.secretKeys };
  return { app, storage, watch, importing, address, seen, port: actualPort, platforms: registered };
}

/** The way out of the product, but to this machine too, and what it last said of who it is. */
async function createHttp() {
  const { createGuardedHttp } = await product<typeof import('../../src/lib/guarded-http.ts')>('lib/guarded-http');
  const guarded = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'Rostrum (measurement)' });
  const seen = { authorization: '' };
  const http: typeof guarded = Object.assign(
    (request: Parameters<typeof guarded>[0]) => {
      seen.authorization = request.headers?.authorization ?? request.headers?.Authorization ?? seen.authorization;
      return guarded(request);
    },
    { close: guarded.close },
  );
  return { http, seen };
}

type Registering = { engine: import('../../src/app.ts').App['engine'] };

async function register({ engine }: Registering, platform: RostrumPlatform) {
  const registered = await engine.registerPlatform({
    ...platform,
    name: 'Measurement',
    tokenAudience: null,
    family: 'canvas',
    status: 'active',
    deployments: 'listed',
    serviceOrigins: [],
    roleLevels: {},
  });
  if (!registered.ok) throw new Error(registered.reason);
  return registered.value;
}

function tool(): Running {
  if (!running) throw new Error('not started');
  return running;
}

async function askForSync({ app }: Running, channelId: ChannelId): Promise<AskedSync> {
  const at = exactTime();
  const asked = await app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
  if (!asked) throw new Error('the sync was not asked for');
  return { id: asked.run.id, at };
}

/** Longer than this resolution is what counts as a pause. */
const RESOLUTION_MS = 2;

async function measureSync(running: Running, channelId: ChannelId): Promise<MeasuredSync> {
  const written = await countWrites(running.address);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const cpuBefore = cpuMs();
  const { id, at } = await askForSync(running, channelId);
  const { begunAt, endedAt, run } = await running.watch.ended(id);
  const cpu = cpuMs() - cpuBefore;
  delay.disable();
  const { state, reason, counts, pages } = run;
  const pauseMs = delay.max / 1e6 - RESOLUTION_MS;
  const times = { ms: endedAt - at, beginsMs: (begunAt ?? Number.NaN) - at, pauseMs };
  return { ...times, cpu, state, reason, counts, pages, written: await written() };
}

function endedSyncs({ watch }: Running): EndedSyncs {
  const ended = [...watch.runs.values()].filter(({ endedAt }) => endedAt !== null);
  return {
    count: ended.length,
    members: ended.reduce((sum, { run }) => sum + run.members, 0),
    lastAt: Math.max(0, ...ended.map(({ endedAt }) => endedAt ?? 0)),
    failures: ended.filter(({ run }) => run.state !== 'applied').map(({ run }) => `${run.state}: ${run.reason}`),
  };
}

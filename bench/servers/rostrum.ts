import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import BetterSqlite3 from 'better-sqlite3';
import { pino } from 'pino';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { answerQuestions, cpuMs } from '../support/child.ts';
import type { LaunchTarget } from '../support/launch-types.ts';
import { product } from '../support/product.ts';

export type RostrumStart = { port: number; publicUrl: string; platform: RostrumPlatform };
type RostrumPlatform = {
  issuer: string;
  clientId: string;
  deploymentIds: string[];
  authUrl: string;
  tokenUrl: string;
  jwksUrl: string;
};
export type Course = { contextId: string; title: string; rosterUrl: string; instructor: string };
export type ManyChannels = { count: number; instructor: string };
export type MeasuredSync = {
  ms: number;
  cpu: number;
  /** The longest time the event loop was held up, in milliseconds. */
  pauseMs: number;
  state: SyncRun['state'];
  reason: SyncRun['reason'];
  counts: SyncRun['counts'];
  pages: number;
  /** Memberships written. */
  written: number;
};

type Running = Awaited<ReturnType<typeof start>>;

let running: Running | null = null;
const dataDir = mkdtempSync(join(tmpdir(), 'rostrum-bench-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));

/** The product as it runs in production, in a folder of its own, but reaching an LMS on this machine. */
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
  openCourse: (course: Course) => openCourse(tool(), course),
  sync: (channelId: ChannelId) => measureSync(tool(), channelId),
  fillChannels: (given: ManyChannels) => fillChannels(tool(), given),
  fillPeople: (count: number) => fillPeople(tool(), count),
  token: () => tool().seen.authorization,
  memory: () => ({ rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
});

async function start({ port, publicUrl, platform }: RostrumStart) {
  const { createApp } = await product<typeof import('../../src/app.ts')>('app');
  const { loadConfig } = await product<typeof import('../../src/config/config.ts')>('config/config');
  const { ensureSecretKey } = await product<typeof import('../../src/config/secrets.ts')>('config/secrets');
  const { openSqlite } = await product<typeof import('../../src/storage/sqlite/open.ts')>('storage/sqlite/open');
  const { createGuardedHttp } = await product<typeof import('../../src/lib/guarded-http.ts')>('lib/guarded-http');
  const loaded = loadConfig({
    NODE_ENV: 'production',
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    DATA_DIR: dataDir,
    TRUST_PROXY: '1',
    SECRET_KEY: 'a secret of a measurement 0123456789 abcdefghij',
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const { config } = loaded;
  const opened = openSqlite({ path: config.database.path });
  if (!opened.ok) throw new Error(opened.reason);
  const storage = opened.value;

  const guarded = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'Rostrum (measurement)' });
  const seen = { authorization: '' };
  const http: typeof guarded = Object.assign(
    (request: Parameters<typeof guarded>[0]) => {
      seen.authorization = request.headers?.authorization ?? request.headers?.Authorization ?? seen.authorization;
      return guarded(request);
    },
    { close: guarded.close },
  );
  const secrets = ensureSecretKey(loaded.secrets, dataDir);
  const app = await createApp({ config, secrets, storage, log: pino({ level: config.logLevel }), http });
  const registered = await app.engine.registerPlatform({
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
  const actualPort = await app.listen();
  await app.startWork();
  return { app, storage, config, seen, port: actualPort, platform: registered.value };
}

function tool(): Running {
  if (!running) throw new Error('not started');
  return running;
}

/** What the first launch of a course does, without its sync. */
async function openCourse({ storage, platform }: Running, course: Course): Promise<ChannelId> {
  const { openChannel } = await product<typeof import('../../src/channels/open-channel.ts')>('channels/open-channel');
  const { systemClock } = await product<typeof import('../../src/lib/clock.ts')>('lib/clock');
  const { systemRandom } = await product<typeof import('../../src/lib/ids.ts')>('lib/ids');
  const opened = await openChannel(
    { ...storage, clock: systemClock, random: systemRandom },
    {
      platformId: platform.id,
      tenant: null,
      roleLevels: {},
      teachesToo: false,
      adminsLaunchAsInstructors: false,
      deploymentId: platform.deploymentIds[0] ?? '',
      subject: course.instructor,
      person: { name: null, email: null },
      roles: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor'],
      context: { id: course.contextId, title: course.title, label: null, types: [] },
      rosterUrl: course.rosterUrl,
    },
  );
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value.channel.id;
}

/** So many channels that this person is in, and as many of the platform that are open to everybody. */
async function fillChannels(running: Running, { count, instructor }: ManyChannels): Promise<void> {
  const { channels } = running.storage;
  for (let i = 0; i < count; i++) {
    const title = `Course ${i} of ${SUBJECTS[i % SUBJECTS.length]}`;
    await openCourse(running, { contextId: `mine-${i}`, title, rosterUrl: 'https://lms.example/', instructor });
    const open = await openCourse(running, { contextId: `open-${i}`, title, rosterUrl: '', instructor: 'colleague' });
    const channel = await channels.findChannel(open);
    if (channel) await channels.updateChannel({ ...channel, privacy: 'open' }, Date.now());
  }
}

const SUBJECTS = ['Biology', 'Chemistry', 'History', 'Physics', 'Law'];
const NAMES = ['Ana', 'Ben', 'Maria', 'José', 'Zoë', 'Ivan', 'Li', 'Fatima', 'Olu', 'Kim'];

async function fillPeople({ storage, platform }: Running, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const person = { name: `${NAMES[i % NAMES.length]} Number${i}`, email: `person.${i}@school.example` };
    await storage.memberships.upsertUser({ platformId: platform.id, subject: `s-${i}`, person, at: Date.now() });
  }
  while (await storage.memberships.indexPeople(1000));
}

/** Longer than this resolution is what counts as a pause. */
const RESOLUTION_MS = 2;

async function measureSync({ app, storage, config }: Running, channelId: ChannelId): Promise<MeasuredSync> {
  const written = countWrites(config.database.path);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const cpuBefore = cpuMs();
  const begun = performance.now();
  const asked = await app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
  await app.syncRunner.idle();
  const ms = performance.now() - begun;
  const cpu = cpuMs() - cpuBefore;
  delay.disable();
  const run = asked && (await storage.syncs.findSync(asked.run.id));
  if (!run) throw new Error('the sync was not asked for');
  const { state, reason, counts, pages } = run;
  const pauseMs = delay.max / 1e6 - RESOLUTION_MS;
  return { ms, cpu, pauseMs, state, reason, counts, pages, written: written() };
}

/** Every write of a membership makes its version one higher. */
function countWrites(path: string): () => number {
  const db = new BetterSqlite3(path, { readonly: true });
  const versions = db.prepare<[], number | null>('SELECT sum(version) FROM memberships').pluck();
  const before = versions.get() ?? 0;
  return () => {
    const after = versions.get() ?? 0;
    db.close();
    return after - before;
  };
}

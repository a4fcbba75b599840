import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UserId } from '../../src/channels/channel.ts';
import { TRIAL_ZOOM_APP } from '../../src/config/secrets.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createEncryption } from '../../src/lib/encryption.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import { requestImports } from '../../src/recordings/request-import.ts';
import { retryImport } from '../../src/recordings/retry-import.ts';
import type { NewZoomRecording } from '../../src/sandbox/zoom/recordings/store.ts';
import { sealTokens } from '../../src/zoom/sealed-tokens.ts';
import { until } from '../jobs/support/engines.ts';
import { catalogueEntryOf, connectionOf } from '../recordings/zoom-facts.ts';
import { type ProcessWorld, startProcessWorld, type ToolProcess } from '../support/processes.ts';
import { startS3Server } from '../support/s3-server.ts';

const MB = 1024 * 1024;
// IMPORT_MB: how large the large recording is.
const LARGE = Number(process.env.IMPORT_MB ?? 600) * MB;
/** Of util-linux; sets limits of a process that runs. */
const LIMITER = 'prlimit';
const GROWS_AT_MOST = 100 * MB;

let world: ProcessWorld;
let tool: ToolProcess;
const owner = newId<'user'>(Date.now()) as UserId;

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: 10 });
  tool = await startTool();
});
afterAll(() => world.close());

async function startTool(files: Record<string, string> = {}): Promise<ToolProcess> {
  const { base } = world.sandbox.zoom;
  const { clientId, secrets } = TRIAL_ZOOM_APP;
  const app = {
    ZOOM_CLIENT_ID: clientId,
    ZOOM_CLIENT_SECRET: secrets.client,
    ZOOM_WEBHOOK_SECRET: secrets.webhooks[0],
  };
  const started = await world.start({
    env: { ...app, ...files, ZOOM_OAUTH_URL: `${base}/oauth`, ZOOM_API_URL: `${base}/v2` },
  });
  await started.ready();
  return started;
}

/** Connects `ada`, and asks for a recording of hers as another process does. */
async function request(change: Partial<NewZoomRecording>): Promise<Recording['id']> {
  const { sandbox, storage, dataDir } = world;
  const { zoom } = sandbox;
  const encryption = createEncryption([readFileSync(join(dataDir, 'secret-key'), 'utf8').trim()]);
  const { access, refresh, expiresInSeconds, grant } = zoom.oauth.issue('ada');
  const tokens = { access, refresh, expiresAt: Date.now() + expiresInSeconds * 1000 };
  const fresh = connectionOf(zoom.user('ada'), { holder: owner, scopes: grant.scopes, at: Date.now() });
  const made = await storage.connections.connect(fresh, (as) => sealTokens(encryption, as, tokens));
  if (!made.ok) throw new Error(made.reason);
  const connectionId = made.value.connection.id;
  const startedAt = Date.now() - 3 * 3_600_000;
  const { uuid } = zoom.recordings.add({ host: 'ada', number: '84512345678', startedAt, quiet: true, ...change });
  await storage.catalogue.putEntries([catalogueEntryOf(connectionId, zoom.recordings.get(uuid)!, Date.now())]);
  const jobs = createJobs({ backend: storage.jobs, log: pino({ level: 'silent' }), random: systemRandom });
  const by = { userId: owner, platformId: newId<'platform'>(0) };
  const ask = { by, connectionId, meetingUuids: [uuid], channelId: null };
  const [answer] = await requestImports({ ...storage, jobs, clock: systemClock, random: systemRandom }, ask);
  return answer!.recording!.id;
}

async function find(id: Recording['id']): Promise<Recording> {
  const found = await world.storage.recordings.findRecording(id);
  if (!found) throw new Error('the recording is gone');
  return found;
}

const isDone = (id: Recording['id']) => until(async () => expect((await find(id)).import.state).toBe('done'));

/** Published files of a recording, and what killed downloads left. */
function filesOf(id: Recording['id']): { published: string[]; left: string[] } {
  const names = readdirSync(join(world.dataDir, 'files/recordings', id));
  return { published: names.filter((name) => !name.includes('~')), left: names.filter((name) => name.includes('~')) };
}

it('goes on after kill -9 with what is missing, and nothing comes twice', async () => {
  const { faults, requests } = world.sandbox.zoom;
  faults.bytesPerSecond = 3 * MB;
  const id = await request({ bytes: 3 * MB, durationMs: 1_200_000, segments: 3, transcript: 'never' });
  await until(async () => {
    const { filesDone, bytesDone } = (await find(id)).import;
    expect(filesDone).toBeGreaterThan(0);
    expect(bytesDone).toBeGreaterThan(filesDone * 3 * MB);
  });
  await tool.kill();
  const before = await find(id);
  expect(before.import.state).toBe('running');
  expect(filesOf(id).published).toHaveLength(before.import.filesDone);
  faults.bytesPerSecond = null;
  tool = await startTool();
  await isDone(id);
  const after = await find(id);
  expect(after.parts.map(({ video }) => video?.bytes)).toEqual(Array(3).fill(3 * MB));
  expect(after.parts.slice(0, before.import.filesDone)).toEqual(before.parts);
  expect(filesOf(id).published).toHaveLength(3);
  // The one that was cut is loaded anew, and no other.
  expect(requests.log.filter(({ host }) => host === 'files')).toHaveLength(4);
  expect(filesOf(id).left.length).toBeLessThanOrEqual(1);
});

it.runIf(process.platform === 'linux')(
  `brings ${LARGE / MB} MB without holding them in memory`,
  async () => {
    const peak = watchMemory(tool.child.pid!);
    const id = await request({ bytes: LARGE, transcript: 'never', number: '84512345679' });
    await isDone(id);
    const { parts } = await find(id);
    expect(parts.map(({ video }) => video?.bytes)).toEqual([LARGE]);
    expect(peak()).toBeLessThan(GROWS_AT_MOST);
  },
  180_000,
);

it.runIf(process.platform === 'linux')(
  'tells that there is no space left, keeps nothing half, and goes on once there is',
  async () => {
    const limit = (size: string) => execFileSync(LIMITER, ['--pid', `${tool.child.pid}`, `--fsize=${size}:`]);
    limit(`${16 * MB}`);
    const id = await request({ bytes: 20 * MB, transcript: 'never', number: '84512345671' });
    await until(async () =>
      expect((await find(id)).import).toMatchObject({ state: 'queued', fault: 'no-space', tries: 1 }),
    );
    expect(filesOf(id)).toEqual({ published: [], left: [] });
    limit('unlimited');
    const { storage } = world;
    const jobs = createJobs({ backend: storage.jobs, log: pino({ level: 'silent' }), random: systemRandom });
    const again = { recordingId: id, by: owner };
    await retryImport({ ...storage, jobs, clock: systemClock, random: systemRandom }, again);
    await isDone(id);
    expect(filesOf(id).published).toHaveLength(1);
  },
);

it.runIf(process.platform === 'linux')(
  'brings a large file into a bucket without holding it in memory',
  async () => {
    expect(await tool.stop()).toBe(0);
    const s3 = await startS3Server('lectures', { forgetful: true });
    const { accessKeyId, secretAccessKey } = s3.credentials;
    tool = await startTool({
      ...{ FILES: 's3://lectures/rostrum', AWS_ENDPOINT_URL_S3: s3.url, AWS_REGION: s3.region },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    });
    // What speaks to buckets is loaded with the first file.
    await isDone(await request({ bytes: MB, transcript: 'never', number: '84512345672' }));
    const peak = watchMemory(tool.child.pid!);
    const id = await request({ bytes: LARGE / 3, transcript: 'never', number: '84512345670' });
    await isDone(id);
    const [part] = (await find(id)).parts;
    expect(s3.objects.get(`rostrum/${part?.video?.key}`)?.size).toBe(LARGE / 3);
    expect(s3.uploads.size).toBe(0);
    expect(peak()).toBeLessThan(GROWS_AT_MOST);
    await s3.close();
  },
  180_000,
);

/** How far the memory of a process has grown above what it had at most since now; in bytes. */
function watchMemory(pid: number): () => number {
  const read = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  // Forgets the peak there was before.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = read('VmRSS');
  return () => read('VmHWM') - before;
}

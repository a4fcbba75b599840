import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { UserId } from '../../src/channels/channel.ts';
import { type Imports, wireImports } from '../../src/import-wiring.ts';
import { createJobs, type Jobs } from '../../src/jobs/jobs.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import { callImport } from '../../src/recordings/import-job.ts';
import type { Recording, RecordingId } from '../../src/recordings/recording.ts';
import type { NewZoomRecording } from '../../src/sandbox/zoom/recordings/store.ts';
import type { ConnectionId } from '../../src/zoom/connection.ts';
import { SILENT, until } from '../jobs/support/engines.ts';
import { makeFolder } from '../storage/support/temp-folder.ts';
import { startZoomBench, type ZoomBench } from '../zoom/support.ts';
import { catalogueEntryOf } from './zoom-facts.ts';

const LECTURE = '84512345678';
const PLATFORM = newId<'platform'>(0);

/** Imports from the sandbox's Zoom into a folder, done by jobs on a real store. The clock is that of the sandbox's Zoom. */
export type ImportBench = ZoomBench & {
  imports: Imports;
  jobs: Jobs;
  /** Where the files are, as paths below it. */
  filesHere(): string[];
  /** A recording in Zoom, known to the catalogue of the connection. */
  record(change?: Partial<NewZoomRecording>): Promise<string>;
  /** Asks for one and waits until nothing is done for it any more now. */
  bring(uuid: string, change?: Partial<Parameters<Imports['requestImports']>[0]>): Promise<Recording>;
  request(
    uuids: string[],
    change?: Partial<Parameters<Imports['requestImports']>[0]>,
  ): ReturnType<Imports['requestImports']>;
  /** As if its time had come: has what waits looked at now. */
  wake(id: RecordingId): Promise<Recording>;
  settled(id: RecordingId): Promise<Recording>;
  find(id: RecordingId): Promise<Recording>;
  /** Everything calm, and a fresh connection of `ada`. */
  fresh(): Promise<void>;
  connectionId: ConnectionId;
  owner: UserId;
};

export async function startImportBench(): Promise<ImportBench> {
  const zoomBench = await startZoomBench();
  const { zoom, storage } = zoomBench;
  const { folder, remove } = makeFolder();
  const clock = () => zoom.clock.now();
  const jobs = createJobs({ backend: storage.jobs, log: SILENT, random: systemRandom, pollMs: 50 });
  const listeners = { forget: [], onConnected: [], onRecordings: [] };
  // The client is made anew with each reset.
  const api = new Proxy(zoomBench.api, { get: (_made, name) => Reflect.get(zoomBench.api, name) });
  const config = { files: { engine: 'disk', path: folder } } as const;
  const imports = wireImports({ config, storage, zoom: { api, listeners }, jobs, clock, random: systemRandom });
  await jobs.start(imports.kinds);
  let count = 0;

  const bench: ImportBench = Object.assign(zoomBench, {
    imports,
    jobs,
    connectionId: '' as ConnectionId,
    owner: newId<'user'>(1) as UserId,
    filesHere: () =>
      readdirSync(join(folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
    async record(change: Partial<NewZoomRecording> = {}) {
      const startedAt = clock() - 3 * 3_600_000 - count++ * 60_000;
      const asked = { host: 'ada', number: LECTURE, topic: 'Biology 101', startedAt, durationMs: 600_000, quiet: true };
      const { uuid } = zoom.recordings.add({ ...asked, ...change });
      await know(uuid);
      return uuid;
    },
    async request(uuids: string[], change: Partial<Parameters<Imports['requestImports']>[0]> = {}) {
      const { connectionId } = bench;
      const by = { userId: bench.owner, platformId: PLATFORM };
      return imports.requestImports({ by, connectionId, meetingUuids: uuids, channelId: null, ...change });
    },
    async bring(uuid: string, change: Partial<Parameters<Imports['requestImports']>[0]> = {}) {
      const [answer] = await bench.request([uuid], change);
      if (!answer?.recording) throw new Error(answer?.outcome);
      return bench.settled(answer.recording.id);
    },
    async settled(id: RecordingId) {
      await until(async () => {
        const { import: state } = await bench.find(id);
        const isUnderWay = state.state === 'running' || (state.state === 'queued' && state.nextTryAt === null);
        if (isUnderWay) throw new Error(`${state.state}: ${state.fault}`);
      });
      return bench.find(id);
    },
    async wake(id: RecordingId) {
      const before = await bench.find(id);
      await callImport(jobs, id);
      await until(async () => {
        const after = await bench.find(id);
        if (after.version === before.version) throw new Error('not looked at yet');
      });
      return bench.settled(id);
    },
    async find(id: RecordingId) {
      const recording = await storage.recordings.findRecording(id);
      if (!recording) throw new Error('no such recording');
      return recording;
    },
    async fresh() {
      zoomBench.reset();
      bench.owner = newId<'user'>(clock()) as UserId;
      bench.connectionId = await zoomBench.connect('ada', { holders: [bench.owner] });
    },
  });

  async function know(uuid: string): Promise<void> {
    const recording = zoom.recordings.get(uuid);
    if (recording) await storage.catalogue.putEntries([catalogueEntryOf(bench.connectionId, recording, clock())]);
  }

  const { close } = zoomBench;
  bench.close = async () => {
    await jobs.stop();
    await imports.close();
    await close();
    remove();
  };
  return bench;
}

import type { UserId } from './channels/channel.ts';
import type { Config } from './config/config.ts';
import type { AnyKind, Every, Jobs } from './jobs/jobs.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Random } from './lib/ids.ts';
import { cancelImport, endImportsOf } from './recordings/cancel-import.ts';
import type { FileStore } from './recordings/file-store.ts';
import { openFiles } from './recordings/files/open-files.ts';
import { createImportKinds, createImportRepair, createLeftoverRemoval } from './recordings/import-job.ts';
import { createLanes } from './recordings/import-lanes.ts';
import type { Recording, RecordingId } from './recordings/recording.ts';
import { createFileRemoval } from './recordings/remove-import-files.ts';
import { type ImportAnswer, type ImportRequest, requestImports } from './recordings/request-import.ts';
import { hintImport, resumeImportsOf, retryImport } from './recordings/retry-import.ts';
import type { Storage } from './storage/storage.ts';
import type { ConnectionId } from './zoom/connection.ts';
import type { Zoom } from './zoom-wiring.ts';

export type ImportWiring = {
  config: Pick<Config, 'files'>;
  storage: Storage;
  zoom: Pick<Zoom, 'api' | 'listeners'>;
  jobs: Jobs;
  clock: Clock;
  random: Random;
};

/** Bringing recordings from Zoom, as pages and other parts ask for it. Whether somebody may is asked before. */
export type Imports = {
  files: FileStore;
  requestImports(ask: ImportRequest): Promise<ImportAnswer[]>;
  /** Null: there is nothing to do again. */
  retryImport(ask: Parameters<typeof retryImport>[1]): Promise<Recording | null>;
  /** Null: there is none to end. */
  cancelImport(id: RecordingId): Promise<Recording | null>;
  /** Zoom told that something of a meeting is new, such as its transcript. */
  transcriptHint(meetingUuid: string): Promise<void>;
  /** A connection ended, or one person left it. */
  endImportsOf(id: ConnectionId, leaver: UserId | null): Promise<void>;
  kinds: AnyKind[];
  every: Every[];
  close(): Promise<void>;
};

const REPAIR_EVERY_MS = 60_000;
const LEFTOVERS_EVERY_MS = 6 * 3_600_000;

export function wireImports({ config, storage, zoom, jobs, clock, random }: ImportWiring): Imports {
  const { recordings } = storage;
  const { close, ...files } = openFiles(config.files, { clock, random });
  const jobClock = systemClock;
  const lanes = createLanes({ leases: storage.leases, clock, jobClock, random });
  const deps = { ...storage, api: zoom.api, jobs, files, clock, jobClock, random, lanes };
  zoom.listeners.forget.push((id, leaver) => endImportsOf(deps, id, leaver));
  zoom.listeners.onConnected.push((id) => resumeImportsOf(deps, id));
  zoom.listeners.onRecordings.push(async (_id, meetingUuids) => {
    for (const uuid of meetingUuids) await hintImport(deps, uuid);
  });
  return {
    files,
    requestImports: (ask) => requestImports(deps, ask),
    retryImport: (ask) => retryImport(deps, ask),
    cancelImport: (id) => cancelImport(deps, id),
    transcriptHint: (uuid) => hintImport(deps, uuid),
    endImportsOf: (id, leaver) => endImportsOf(deps, id, leaver),
    kinds: [...createImportKinds(deps), createFileRemoval(deps)],
    every: [
      { kind: createImportRepair({ recordings, jobs }), intervalMs: REPAIR_EVERY_MS },
      { kind: createLeftoverRemoval(deps), intervalMs: LEFTOVERS_EVERY_MS },
    ],
    close,
  };
}

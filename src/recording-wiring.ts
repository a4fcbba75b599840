import type { Router } from 'express';
import type { Logger } from 'pino';
import { type Catalogues, wireCatalogueRouter, wireCatalogues } from './catalogue-wiring.ts';
import type { ChannelContents } from './channels/channel-contents.ts';
import type { SectionProvider } from './channels/channel-sections.ts';
import type { Config } from './config/config.ts';
import { type Imports, wireImports } from './import-wiring.ts';
import type { AnyKind, Every, Jobs } from './jobs/jobs.ts';
import type { Clock } from './lib/clock.ts';
import type { Encryption } from './lib/encryption.ts';
import type { Random } from './lib/ids.ts';
import { recordingChangeRoutes } from './recordings/change-recording.routes.ts';
import { channelRecordingsRoutes } from './recordings/channel-recordings.routes.ts';
import { createEmptyBin, EMPTY_BIN_EVERY_MS } from './recordings/empty-bin.ts';
import { importRoutes } from './recordings/import.routes.ts';
import { libraryRoutes } from './recordings/library.routes.ts';
import { mediaRoutes } from './recordings/media.routes.ts';
import { createMediaLinks, type MediaLinks } from './recordings/media-links.ts';
import { askToRehome, countIn, createRehome, createStraysRound, STRAYS_EVERY_MS } from './recordings/rehome.ts';
import { createRecordingSection } from './recordings/section.ts';
import { watchRoutes } from './recordings/watch.routes.ts';
import type { Storage } from './storage/storage.ts';
import type { WebWiring, Zoom } from './zoom-wiring.ts';

export type RecordingWiring = {
  config: Pick<Config, 'files' | 'publicUrl'>;
  /** Signs media URLs. */
  secretKey: string;
  storage: Storage;
  encryption: Encryption;
  zoom: Zoom;
  jobs: Jobs;
  clock: Clock;
  random: Random;
  log: Logger;
};

/** Recordings as routes and background work see them. */
export type Recordings = {
  imports: Imports;
  catalogues: Catalogues;
  mediaLinks: MediaLinks;
  /** What a channel's end does with its recordings. */
  contents: ChannelContents;
  kinds: AnyKind[];
  every: Every[];
  close(): Promise<void>;
};

export function wireRecordings(wiring: RecordingWiring): Recordings {
  const { secretKey, storage, jobs, clock, random, log } = wiring;
  const imports = wireImports(wiring);
  const { files } = imports;
  const catalogues = wireCatalogues({ ...wiring, imports });
  const emptyBin = createEmptyBin({ ...storage, files, clock, log });
  const strays = createStraysRound({ ...storage, jobs });
  return {
    imports,
    catalogues,
    mediaLinks: createMediaLinks({ secretKey, clock }),
    contents: channelContents(storage, jobs),
    kinds: [...imports.kinds, ...catalogues.kinds, createRehome({ ...storage, clock, random })],
    every: [
      ...imports.every,
      ...catalogues.every,
      { kind: emptyBin, intervalMs: EMPTY_BIN_EVERY_MS },
      { kind: strays, intervalMs: STRAYS_EVERY_MS },
    ],
    close: imports.close,
  };
}

function channelContents({ recordings }: Pick<Storage, 'recordings'>, jobs: Jobs): ChannelContents {
  return {
    countRecordings: (channelId) => countIn(recordings, channelId),
    afterDelete: ({ id, version }, { recordingsTo, actor }) =>
      askToRehome(jobs, { channelId: id, to: recordingsTo, by: actor }, version),
    afterRestore: ({ id, version }, { actor }) => askToRehome(jobs, { channelId: id, to: null, by: actor }, version),
  };
}

/** Routers of the catalogue, of imports, of watching, and of a person's own recordings. */
export function wireRecordingRouters(recordings: Recordings, _zoom: Zoom, web: WebWiring): Router[] {
  const { imports, catalogues, mediaLinks } = recordings;
  const { files } = imports;
  const deps = { ...web.storage, ...web, files, mediaLinks };
  // The library and the lists first: `bin` is no recording.
  return [
    libraryRoutes(deps),
    channelRecordingsRoutes(deps),
    recordingChangeRoutes(deps),
    importRoutes({ ...deps, imports }),
    watchRoutes(deps),
    mediaRoutes(deps),
    wireCatalogueRouter(catalogues, imports, web),
  ];
}

/** What a channel's first page tells of its recordings. */
export function recordingSections(_recordings: Recordings, web: WebWiring): SectionProvider[] {
  return [createRecordingSection(web.storage)];
}

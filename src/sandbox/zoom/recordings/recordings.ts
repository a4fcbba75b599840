import { Router } from 'express';
import type { ZoomCore } from '../state.ts';
import { createRecordingEvents } from '../webhooks/recording-events.ts';
import type { WebhooksPart } from '../webhooks/webhooks.ts';
import { createDownloadRoutes } from './download.routes.ts';
import { createFilesHost } from './files-host.ts';
import { createMedia } from './media/media.ts';
import { createRecordingRoutes } from './recordings.routes.ts';
import { seedRecordings } from './seed.ts';
import { createRecordingStore, type ZoomRecordings } from './store.ts';

/** The recordings of the sandbox's Zoom, for whoever steers it. */
export type SandboxRecordings = Omit<ZoomRecordings, 'reset' | 'fileOf'>;

export type RecordingsPart = {
  control: SandboxRecordings;
  /** Below `/v2`, `/rec`, and on the second host. */
  api: Router;
  downloads: Router;
  files: Router;
  reset(): void;
};

/** Recordings, their files, and the two hosts that give them. */
export function createRecordings(core: ZoomCore, webhooks: WebhooksPart): RecordingsPart {
  const media = createMedia();
  const events = createRecordingEvents({ core, media, emit: webhooks.emit });
  const store = createRecordingStore({ core, events, seed: (into) => seedRecordings(into, core) });
  return {
    control: store,
    api: createRecordingRoutes({ core, store, media }),
    downloads: createDownloadRoutes({ core, store }),
    files: Router().use(createFilesHost({ core, store, media })),
    reset: store.reset,
  };
}

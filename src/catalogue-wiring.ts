import type { Router } from 'express';
import type { Imports } from './import-wiring.ts';
import type { AnyKind, Every, Jobs } from './jobs/jobs.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { catalogueRoutes } from './recordings/catalogue.routes.ts';
import { contributableChannel } from './recordings/contributing.ts';
import type { SweepDeps } from './recordings/sweep.ts';
import { createSweepKinds, createSweeps, type Sweeps } from './recordings/sweep-job.ts';
import type { Storage } from './storage/storage.ts';
import type { WebWiring, Zoom } from './zoom-wiring.ts';

export type CatalogueWiring = {
  storage: Storage;
  zoom: Zoom;
  imports: Pick<Imports, 'requestImports'>;
  jobs: Jobs;
  clock: Clock;
};

/** The lists of people's recordings in Zoom, and the looks at Zoom that keep them. */
export type Catalogues = { sweeps: Sweeps; kinds: AnyKind[]; every: Every[] };

const SCHEDULE_EVERY_MS = 60_000;

export function wireCatalogues({ storage, zoom, imports, jobs, clock }: CatalogueWiring): Catalogues {
  const { connections, catalogue } = storage;
  const sweeps = createSweeps({ connections, jobs, clock });
  zoom.listeners.onConnected.push((id) => sweeps.look(id));
  zoom.listeners.onRecordings.push((id) => sweeps.request(id));
  zoom.listeners.forget.push(async (id, leaver) => {
    if (leaver === null) await catalogue.removeEntries(id);
  });
  if (!zoom.api) return { sweeps, kinds: [], every: [] };
  const importByLink = linkImports(storage, imports);
  const deps = { ...storage, jobs, zoom: zoom.api, importByLink, clock, jobClock: systemClock };
  return {
    sweeps,
    kinds: createSweepKinds(deps),
    every: [{ kind: sweeps.schedule, intervalMs: SCHEDULE_EVERY_MS }],
  };
}

/** What comes in by itself comes in the name of whoever linked the meeting, as long as they may contribute there. */
function linkImports(storage: Storage, imports: CatalogueWiring['imports']): SweepDeps['importByLink'] {
  return async (link, entry) => {
    if (!(await contributableChannel(storage, link.channelId, link.linkedBy))) return;
    await imports.requestImports({
      by: { userId: link.linkedBy, platformId: link.platformId },
      connectionId: entry.connectionId,
      meetingUuids: [entry.meetingUuid],
      channelId: link.channelId,
      linkId: link.id,
      bring: link.bring,
      visibility: link.visibility,
      automatic: true,
    });
  };
}

export function wireCatalogueRouter(
  { sweeps }: Catalogues,
  imports: Pick<Imports, 'requestImports'>,
  web: WebWiring,
): Router {
  const { viewers, csrf, storage } = web;
  return catalogueRoutes({ ...storage, viewers, csrf, sweeps, requestImports: imports.requestImports });
}

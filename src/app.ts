import type { Server } from 'node:http';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createBackgroundWork } from './background-work.ts';
import { createManageMembers } from './channels/manage-members.ts';
import { createLaneQueue } from './channels/sync-lanes.ts';
import { createSyncService, type SyncService } from './channels/sync-service.ts';
import { closeInOrder } from './closing.ts';
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { createJobs, type Jobs } from './jobs/jobs.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createEncryption } from './lib/encryption.ts';
import { createGuardedHttp, type GuardedHttp } from './lib/guarded-http.ts';
import { type Random, systemRandom } from './lib/ids.ts';
import { createFrameAncestors } from './lti/frame-ancestors.ts';
import { watchLmsCalls } from './lti/lms-calls.ts';
import { createLtiEngine, type LtiEngine } from './lti/ltijs/engine.ts';
import { createMetrics } from './metrics/metrics.ts';
import { wireRecordings } from './recording-wiring.ts';
import { wireRouters } from './router-wiring.ts';
import type { Storage } from './storage/storage.ts';
import type { SyncWiring } from './sync-wiring.ts';
import { readVersion } from './version.ts';
import { closeServer, createHttpServer, listen } from './web/http-server.ts';
import { createServer } from './web/server.ts';
import { wireZoom } from './zoom-wiring.ts';

/** Everything of one process, wired and not yet listening. */
export type App = {
  handler: Express;
  engine: LtiEngine;
  syncService: SyncService;
  jobs: Jobs;
  /** Reads the registry again after a platform was added in this process. */
  platformsChanged(): Promise<void>;
  /** Begins what runs beside requests: syncs, making new people findable, and the removal of what has expired. */
  startWork(): Promise<void>;
  /** Opens the port and returns the one in use. */
  listen(): Promise<number>;
  /**
   * Lets requests and slices of work end, then closes everything, the store last: in some 30 seconds, whatever hangs.
   * Rejects when something had to be given up.
   */
  close(): Promise<void>;
};

export type AppDeps = {
  config: Config;
  secrets: Secrets;
  storage: Storage;
  log: Logger;
  clock?: Clock;
  random?: Random;
  /** The way out to LMSs; https to public addresses alone in production, if not given. */
  http?: GuardedHttp;
  /** Where a trial starts, shown on the start page. */
  sandboxUrl?: string | null;
  /** How long a run of a process that died stays locked, in milliseconds. */
  leaseMs?: number;
  walking?: SyncWiring['walking'];
};

const USER_AGENT = 'Rostrum (LTI 1.3 tool)';
const REGISTRY_EVERY_MS = 10_000;
/** Requests and slices of work under way may take this long once the port is closed, in milliseconds. */
const WORK_ENDS_WITHIN_MS = 25_000;
const OUTSIDE_CLOSES_WITHIN_MS = 1_000;
export const STORE_CLOSES_WITHIN_MS = 4_000;

/** Builds the application, in order: outside world, domains, web. */
export async function createApp(deps: AppDeps): Promise<App> {
  const { config, secrets, storage, log } = deps;
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? systemRandom;
  const { publicUrl } = config;
  const stopping = new AbortController();

  const encryption = createEncryption(secrets.secretKeys);
  const http =
    deps.http ??
    createGuardedHttp({
      allowLoopbackHttp: !config.production,
      networks: config.lmsNetworks,
      userAgent: USER_AGENT,
    });
  const jobs = createJobs({ backend: storage.jobs, log: log.child({ part: 'jobs' }), random });
  const metrics = createMetrics({ version: readVersion(), clock: systemClock, jobs: () => jobs.overview() });
  const lms = watchLmsCalls(http, { log: log.child({ part: 'lti' }), onCall: metrics.lmsCalled });
  const { platforms, keys } = storage;
  const [secret] = secrets.secretKeys;
  const engine = await createLtiEngine({ platforms, keys, encryption, http: lms, clock, random, secret, publicUrl });

  const syncService = createSyncService({
    ...storage,
    queue: createLaneQueue(jobs, log),
    clock,
    random,
    maxAgeMs: config.syncMaxAgeMs,
  });
  const outside = { config, secrets, storage, encryption, jobs, clock, random };
  const zoom = wireZoom({ ...outside, log: log.child({ part: 'zoom' }), onCall: metrics.zoomCalled });
  const recordings = wireRecordings({ ...outside, secretKey: secret, zoom, log: log.child({ part: 'recordings' }) });
  const work = createBackgroundWork({
    domains: [zoom, recordings],
    ...{ config, storage, engine, jobs, syncService, clock, random, log, onEnd: metrics.syncEnded },
    ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }),
    ...(deps.walking ? { walking: deps.walking } : {}),
  });
  const manageMembers = createManageMembers({ ...storage, clock, random });

  const ancestors = createFrameAncestors(platforms);
  const handler = createServer({
    publicUrl,
    trustProxy: config.trustProxy,
    logger: log,
    frameAncestors: ancestors.current,
    isOutage: storage.isOutage,
    clock,
    random,
    production: config.production,
    watch: metrics,
    routers: wireRouters({
      ...{
        config,
        storage,
        engine,
        http: lms,
        syncService,
        manageMembers,
        metrics,
        clock,
        random,
        log,
        zoom,
        recordings,
      },
      metricsToken: secrets.metricsToken,
      sandboxUrl: deps.sandboxUrl ?? null,
      stopping: stopping.signal,
    }),
  });

  const server = createHttpServer(handler);
  let registry: NodeJS.Timeout | undefined;
  return {
    handler,
    engine,
    syncService,
    jobs,
    platformsChanged: ancestors.refresh,
    async startWork() {
      await ancestors.refresh();
      const refresh = () =>
        void ancestors.refresh().catch((error: unknown) => log.error({ err: error }, 'could not read the registry'));
      registry = setInterval(refresh, REGISTRY_EVERY_MS).unref();
      if (config.role !== 'web') await work.start();
    },
    listen: () => listen(server, config.port),
    async close() {
      clearInterval(registry);
      stopping.abort();
      await closeInOrder(
        [
          [
            { name: 'requests', close: () => endRequests(server, log), withinMs: WORK_ENDS_WITHIN_MS + 1_000 },
            { name: 'background work', close: () => work.stop(), withinMs: WORK_ENDS_WITHIN_MS },
          ],
          // Whatever was given up and waits for an LMS hears now that there will be no answer.
          [
            { name: 'LTI engine', close: () => engine.close(), withinMs: OUTSIDE_CLOSES_WITHIN_MS },
            { name: 'calls to Zoom', close: () => zoom.close(), withinMs: OUTSIDE_CLOSES_WITHIN_MS },
            { name: 'files', close: () => recordings.close(), withinMs: OUTSIDE_CLOSES_WITHIN_MS },
            { name: 'calls to LMSs', close: () => http.close(), withinMs: OUTSIDE_CLOSES_WITHIN_MS },
          ],
          [{ name: 'store', close: () => storage.close(), withinMs: STORE_CLOSES_WITHIN_MS }],
        ],
        log,
      );
    },
  };
}

async function endRequests(server: Server, log: Logger): Promise<void> {
  const connections = await closeServer(server, WORK_ENDS_WITHIN_MS);
  if (connections > 0) log.warn({ connections }, 'requests were cut off at the stop: they had not ended in time');
}

import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Express, Router } from 'express';
import type { Logger } from 'pino';
import { apiRoutes } from './api/api.routes.ts';
import { createBackgroundWork } from './background-work.ts';
import { channelRoutes } from './channels/channels.routes.ts';
import { createManageMembers } from './channels/manage-members.ts';
import { createLaneQueue } from './channels/sync-lanes.ts';
import { createSyncService, type SyncService } from './channels/sync-service.ts';
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { createJobs, type Jobs } from './jobs/jobs.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createEncryption } from './lib/encryption.ts';
import { createGuardedHttp, type GuardedHttp } from './lib/guarded-http.ts';
import { type Random, systemRandom } from './lib/ids.ts';
import { createFrameAncestors } from './lti/frame-ancestors.ts';
import { createKeySets } from './lti/jwks.ts';
import { keyRoutes } from './lti/keys.routes.ts';
import { launchRoutes } from './lti/launch.routes.ts';
import { createLaunches } from './lti/launch.ts';
import { createHandovers } from './lti/launch-handover.ts';
import { watchLmsCalls } from './lti/lms-calls.ts';
import { createLogins } from './lti/login.ts';
import { createLtiEngine, type LtiEngine } from './lti/ltijs/engine.ts';
import { createLaunchOpener } from './lti/open-launch-routes.ts';
import { registrationRoutes } from './lti/registration.routes.ts';
import { metricsRoutes } from './metrics/metrics.routes.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { Storage } from './storage/storage.ts';
import type { SyncWiring } from './sync-wiring.ts';
import { readVersion } from './version.ts';
import { createCsrf } from './web/csrf.ts';
import { healthRoutes } from './web/health.routes.ts';
import { createRateLimits } from './web/rate-limit.ts';
import { createServer } from './web/server.ts';
import { createSessions } from './web/session.ts';
import { startRoutes } from './web/start.routes.ts';
import { createViewers } from './web/viewer.ts';

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
  /** Lets requests and slices of work end, then closes everything. */
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
/** Requests under way may take this long after the port was closed, in milliseconds. */
const REQUESTS_END_WITHIN_MS = 25_000;

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
  const work = createBackgroundWork({
    ...{ config, storage, engine, jobs, syncService, clock, random, log, onEnd: metrics.syncEnded },
    ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }),
    ...(deps.walking ? { walking: deps.walking } : {}),
  });
  const manageMembers = createManageMembers({ ...storage, clock, random });

  const launchUrl = `${publicUrl}/lti/launch`;
  const ancestors = createFrameAncestors(platforms);
  const sessions = createSessions({ store: storage.sessions, clock, random });
  const viewers = createViewers({ ...storage, sessions, clock });
  const handovers = createHandovers({ store: storage.sessions, clock, random });
  const keySets = createKeySets({ http: lms, clock, log: log.child({ part: 'lti' }) });
  const logins = createLogins({ platforms, logins: storage.logins, clock, random, launchUrl, publicUrl });
  const launches = createLaunches({ platforms, logins: storage.logins, keySets, clock, publicUrl });
  const opener = createLaunchOpener({
    ...storage,
    syncService,
    sessions,
    handovers,
    clock,
    random,
    onLaunch: metrics.launchEnded,
  });
  const limit = createRateLimits({ store: storage.rateLimits, clock, isOutage: storage.isOutage });

  // All that a worker serves.
  const operating = [
    healthRoutes({ ready: () => storage.check() }),
    metricsRoutes({ metrics, token: secrets.metricsToken }),
  ];
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
    routers:
      config.role === 'worker'
        ? operating
        : [
            // Launches first: a lecture begins with hundreds of them in one minute.
            Router().all(['/lti/login', '/lti/register'], limit(LTI_LIMIT)),
            launchRoutes({
              logins,
              launches,
              handovers,
              sessions,
              publicUrl,
              ...opener,
              onLaunch: metrics.launchEnded,
            }),
            ...operating,
            startRoutes({ sandboxUrl: deps.sandboxUrl ?? null }),
            keyRoutes({ engine }),
            registrationRoutes({ ...storage, engine, http: lms, clock, publicUrl }),
            channelRoutes({
              viewers,
              ...storage,
              syncService,
              manageMembers,
              clock,
              random,
              csrf: createCsrf({ publicUrl }),
              limit,
              stopping: stopping.signal,
            }),
            apiRoutes({ ...storage, syncService, manageMembers, clock, random, limit }),
          ],
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
      await Promise.all([closeServer(server), work.stop()]);
      await engine.close();
      await http.close();
      await storage.close();
    },
  };
}

/** Per client address, where strangers make rows or requests before anybody is known; a campus behind one address begins a lecture at the same minute. */
const LTI_LIMIT = { name: 'lti', max: 3_000, windowMs: 60_000 };

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Requests under way are answered; browsers keep idle connections open for minutes, which nobody waits for. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const guard = setTimeout(() => server.closeAllConnections(), REQUESTS_END_WITHIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(guard);
}

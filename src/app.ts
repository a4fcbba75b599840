import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Express, Router } from 'express';
import type { Logger } from 'pino';
import { apiRoutes } from './api/api.routes.ts';
import { channelRoutes } from './channels/channels.routes.ts';
import { createPeopleIndexer } from './channels/index-people.ts';
import { createManageMembers } from './channels/manage-members.ts';
import type { SyncRunner } from './channels/sync-runner.ts';
import { requestDueSyncs } from './channels/sync-schedule.ts';
import { createSyncService, type SyncService } from './channels/sync-service.ts';
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { type Clock, systemClock, yieldToRequests } from './lib/clock.ts';
import { createEncryption } from './lib/encryption.ts';
import { createGuardedHttp, type GuardedHttp } from './lib/guarded-http.ts';
import { type Random, systemRandom } from './lib/ids.ts';
import { createFrameAncestors } from './lti/frame-ancestors.ts';
import { createKeySets } from './lti/jwks.ts';
import { keyRoutes } from './lti/keys.routes.ts';
import { launchRoutes } from './lti/launch.routes.ts';
import { createLaunches } from './lti/launch.ts';
import { createHandovers } from './lti/launch-handover.ts';
import { createLogins } from './lti/login.ts';
import { createLtiEngine, type LtiEngine } from './lti/ltijs/engine.ts';
import { createLaunchOpener } from './lti/open-launch-routes.ts';
import { registrationRoutes } from './lti/registration.routes.ts';
import type { Storage } from './storage/storage.ts';
import { type SyncWiring, wireSyncRunner } from './sync-wiring.ts';
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
  syncRunner: SyncRunner;
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
const SCHEDULE_EVERY_MS = 60_000;
const INDEXING_EVERY_MS = 1_000;
const CLEANING_EVERY_MS = 60_000;
const CLEANED_AT_ONCE = 500;

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
  const { platforms, keys } = storage;
  const [secret] = secrets.secretKeys;
  const engine = await createLtiEngine({ platforms, keys, encryption, http, clock, random, secret, publicUrl });

  const { leaseMs } = deps;
  const syncLog = log.child({ part: 'sync' });
  const syncRunner = wireSyncRunner({
    ...{ config, storage, engine, clock, random, log: syncLog },
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(deps.walking ? { walking: deps.walking } : {}),
  });
  const syncService = createSyncService({
    ...storage,
    queue: syncRunner,
    clock,
    random,
    maxAgeMs: config.syncMaxAgeMs,
  });
  const manageMembers = createManageMembers({ ...storage, clock, random });

  const launchUrl = `${publicUrl}/lti/launch`;
  const ancestors = createFrameAncestors(platforms);
  const sessions = createSessions({ store: storage.sessions, clock, random });
  const viewers = createViewers({ ...storage, sessions, clock });
  const handovers = createHandovers({ store: storage.sessions, clock, random });
  const keySets = createKeySets({ http, clock, log: log.child({ part: 'lti' }) });
  const logins = createLogins({ platforms, logins: storage.logins, clock, random, launchUrl, publicUrl });
  const launches = createLaunches({ platforms, logins: storage.logins, keySets, clock, publicUrl });
  const opener = createLaunchOpener({
    ...storage,
    syncService,
    sessions,
    handovers,
    clock,
    random,
  });
  const limit = createRateLimits({ store: storage.rateLimits, clock, isOutage: storage.isOutage });

  const handler = createServer({
    publicUrl,
    trustProxy: config.trustProxy,
    logger: log,
    frameAncestors: ancestors.current,
    isOutage: storage.isOutage,
    clock,
    random,
    production: config.production,
    routers: [
      // Launches first: a lecture begins with hundreds of them in one minute.
      Router().all(['/lti/login', '/lti/register'], limit(LTI_LIMIT)),
      launchRoutes({ logins, launches, handovers, sessions, publicUrl, ...opener }),
      healthRoutes({ ready: () => storage.check() }),
      startRoutes({ sandboxUrl: deps.sandboxUrl ?? null }),
      keyRoutes({ engine }),
      registrationRoutes({ ...storage, engine, http, clock, publicUrl }),
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
  const timers: NodeJS.Timeout[] = [];
  return {
    handler,
    engine,
    syncService,
    syncRunner,
    platformsChanged: ancestors.refresh,
    async startWork() {
      const quietly = (work: () => Promise<void>) => () =>
        void work().catch((error: unknown) => log.error({ err: error }, 'background work failed'));
      await ancestors.refresh();
      await syncRunner.start();
      timers.push(
        setInterval(quietly(ancestors.refresh), REGISTRY_EVERY_MS).unref(),
        setInterval(
          quietly(() =>
            requestDueSyncs({ syncs: storage.syncs, syncService, clock, intervalMs: config.syncIntervalMs }),
          ),
          SCHEDULE_EVERY_MS,
        ).unref(),
        setInterval(quietly(createPeopleIndexer(storage.memberships, stopping.signal)), INDEXING_EVERY_MS).unref(),
        setInterval(
          quietly(() => removeExpired(storage, clock)),
          CLEANING_EVERY_MS,
        ).unref(),
      );
    },
    listen: () => listen(server, config.port),
    async close() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await Promise.all([closeServer(server), syncRunner.stop()]);
      await engine.close();
      await http.close();
      await storage.close();
    },
  };
}

/** Until nothing is left: what strangers can make must not grow faster than it is removed. */
async function removeExpired(storage: Storage, clock: Clock): Promise<void> {
  while (await storage.removeExpired(clock(), CLEANED_AT_ONCE)) await yieldToRequests();
}

/** Per client address, where strangers make rows or requests before anybody is known; a campus behind one address begins a lecture at the same minute. */
const LTI_LIMIT = { name: 'lti', max: 3_000, windowMs: 60_000 };

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Idle connections of browsers would keep the server open for minutes. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}

import { Router } from 'express';
import type { Logger } from 'pino';
import { apiRoutes } from './api/api.routes.ts';
import { channelRoutes } from './channels/channels.routes.ts';
import type { ManageMembers } from './channels/manage-members.ts';
import type { SyncService } from './channels/sync-service.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './lib/clock.ts';
import type { HttpClient } from './lib/http-client.ts';
import type { Random } from './lib/ids.ts';
import { createKeySets } from './lti/jwks.ts';
import { keyRoutes } from './lti/keys.routes.ts';
import { launchRoutes } from './lti/launch.routes.ts';
import { createLaunches } from './lti/launch.ts';
import { createHandovers } from './lti/launch-handover.ts';
import { createLogins } from './lti/login.ts';
import type { LtiEngine } from './lti/ltijs/engine.ts';
import { createLaunchOpener } from './lti/open-launch-routes.ts';
import { registrationRoutes } from './lti/registration.routes.ts';
import { metricsRoutes } from './metrics/metrics.routes.ts';
import type { Metrics } from './metrics/metrics.ts';
import { type Recordings, recordingSections, wireRecordingRouters } from './recording-wiring.ts';
import type { Storage } from './storage/storage.ts';
import { createCsrf } from './web/csrf.ts';
import { healthRoutes } from './web/health.routes.ts';
import { createRateLimits, type RateLimit } from './web/rate-limit.ts';
import { createSessions, type Sessions } from './web/session.ts';
import { startRoutes } from './web/start.routes.ts';
import { createViewers } from './web/viewer.ts';
import { wireZoomRouters, type Zoom, zoomSections } from './zoom-wiring.ts';

export type RouterWiring = {
  config: Pick<Config, 'role' | 'publicUrl' | 'zoom'>;
  metricsToken: string | null;
  sandboxUrl: string | null;
  storage: Storage;
  engine: LtiEngine;
  /** The way out to LMSs. */
  http: HttpClient;
  syncService: SyncService;
  manageMembers: ManageMembers;
  metrics: Metrics;
  zoom: Zoom;
  recordings: Recordings;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Aborts when the process is to end: event streams end then. */
  stopping: AbortSignal;
};

type RateLimits = (limit: RateLimit) => ReturnType<ReturnType<typeof createRateLimits>>;
type Shared = { sessions: Sessions; limit: RateLimits };

/** Per client address, where strangers make rows or requests before anybody is known; a campus behind one address begins a lecture at the same minute. */
const LTI_LIMIT = { name: 'lti', max: 3_000, windowMs: 60_000 };

/** What a process of this role answers, in the order in which it is asked. */
export function wireRouters(wiring: RouterWiring): Router[] {
  const { config, storage, clock, random } = wiring;
  if (config.role === 'worker') return operating(wiring);
  const sessions = createSessions({ store: storage.sessions, clock, random });
  const limit = createRateLimits({ store: storage.rateLimits, clock, isOutage: storage.isOutage });
  // Launches first: a lecture begins with hundreds of them in one minute.
  return [
    ...launching(wiring, { sessions, limit }),
    ...operating(wiring),
    ...registering(wiring),
    ...managing(wiring, { sessions, limit }),
  ];
}

/** For those who watch over the process. */
function operating({ storage, metrics, metricsToken }: RouterWiring): Router[] {
  return [healthRoutes({ ready: () => storage.check() }), metricsRoutes({ metrics, token: metricsToken })];
}

function launching(wiring: RouterWiring, { sessions, limit }: Shared): Router[] {
  const { config, storage, http, syncService, metrics, clock, random, log } = wiring;
  const { platforms } = storage;
  const { publicUrl } = config;
  const handovers = createHandovers({ store: storage.sessions, clock, random });
  const keySets = createKeySets({ http, clock, log: log.child({ part: 'lti' }) });
  const launchUrl = `${publicUrl}/lti/launch`;
  const logins = createLogins({ platforms, logins: storage.logins, clock, random, launchUrl, publicUrl });
  const launches = createLaunches({ platforms, logins: storage.logins, keySets, clock, publicUrl });
  const onLaunch = metrics.launchEnded;
  const opener = createLaunchOpener({ ...storage, syncService, sessions, handovers, clock, random, onLaunch });
  return [
    Router().all(['/lti/login', '/lti/register'], limit(LTI_LIMIT)),
    launchRoutes({ logins, launches, handovers, sessions, publicUrl, ...opener, onLaunch }),
  ];
}

function registering({ config, sandboxUrl, storage, engine, http, clock }: RouterWiring): Router[] {
  return [
    startRoutes({ sandboxUrl }),
    keyRoutes({ engine }),
    registrationRoutes({ ...storage, engine, http, clock, publicUrl: config.publicUrl }),
  ];
}

/** Channels, by pages and by the API, and what comes into them. */
function managing(wiring: RouterWiring, { sessions, limit }: Shared): Router[] {
  const { config, storage, syncService, manageMembers, zoom, recordings, clock, random, log, stopping } = wiring;
  const viewers = createViewers({ ...storage, sessions, clock });
  const csrf = createCsrf({ publicUrl: config.publicUrl });
  const { contents } = recordings;
  const shared = { ...storage, syncService, manageMembers, contents, clock, random, limit };
  const web = { config, storage, syncService, sessions, viewers, csrf, limit, clock, random, log, stopping };
  const sections = [...recordingSections(recordings, web), ...zoomSections(zoom, web)];
  return [
    channelRoutes({ ...shared, viewers, csrf, stopping, sections }),
    ...wireZoomRouters(zoom, web),
    ...wireRecordingRouters(recordings, zoom, web),
    apiRoutes(shared),
  ];
}

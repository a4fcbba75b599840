import { type RequestHandler, Router } from 'express';
import type { Clock } from '../../lib/clock.ts';
import { spoilApi } from './api/api-faults.ts';
import { createAuthenticate } from './api/authenticate.ts';
import { createMeetingsApi } from './api/meetings.routes.ts';
import { createPager } from './api/paging.ts';
import { createUsersApi } from './api/users.routes.ts';
import { createZoomClock, type ZoomClock } from './clock.ts';
import { createZoomFaults, type ZoomFaults } from './faults.ts';
import { seedMeetings } from './meeting-seed.ts';
import { createZoomMeetings, type ZoomMeetings } from './meetings.ts';
import { createAuthorize } from './oauth/authorize.routes.ts';
import { createCodes } from './oauth/codes.ts';
import { createGrants, type Grant, type TokenPair } from './oauth/grants.ts';
import { createTokenEndpoint } from './oauth/token.routes.ts';
import { createRecordings, type SandboxRecordings } from './recordings/recordings.ts';
import { createZoomRequests, logZoomRequests, type ZoomRequests } from './requests.ts';
import { APP_SCOPES } from './scopes.ts';
import type { ZoomAppRegistration, ZoomCore } from './state.ts';
import { createZoomUsers, type NewZoomUser, type ZoomUser } from './users.ts';
import { createWebhooks, type SandboxWebhooks } from './webhooks/webhooks.ts';

export type { ZoomAppRegistration, ZoomCore } from './state.ts';

/** The sandbox's Zoom, for whoever steers it. */
export type SandboxZoom = {
  /** `http://host:port/zoom`. */
  base: string;
  app: ZoomAppRegistration;
  /** `ada` and `ben` (Licensed), `carl` (Basic), `dora` (Licensed, without transcripts), and those added. */
  users: ZoomUser[];
  /** Throws when there is none with this key. */
  user(key: string): ZoomUser;
  addUser(user: NewZoomUser): ZoomUser;
  clock: ZoomClock;
  faults: ZoomFaults;
  requests: ZoomRequests;
  meetings: ZoomMeetings;
  recordings: SandboxRecordings;
  webhooks: SandboxWebhooks;
  oauth: ZoomOAuthControl;
  /** People, meetings and recordings as at the start; no grants, no failures, the given clock. */
  reset(): void;
};

/** What people and administrators do to the app in Zoom; `user` is a key. */
export type ZoomOAuthControl = {
  /** Connects without a browser; all scopes of the app if none are named. */
  issue(user: string, scopes?: string[]): TokenPair;
  /** The person removes the app: the grant is dead at once, and a published app is told. False when there was none. */
  revoke(user: string): boolean;
  /** The Zoom account of the person is no more (4735). */
  removeOwner(user: string): void;
  /** 4717; the same as the switch `appDisabled`. */
  disableApp(): void;
  /** 4738; the same as the switch `adminDisabled`. */
  disableByAdmin(): void;
  /** The live grant. */
  grant(user: string): Grant | undefined;
};

export type ZoomOptions = {
  base: string;
  /** Origin of the second host, which serves `files`. */
  filesOrigin: string;
  app: ZoomAppRegistration;
  clock: Clock;
};

export type ZoomServer = {
  zoom: SandboxZoom;
  /** To be mounted at the path of `base`. */
  router: Router;
  /** The second host. */
  files: Router;
  close(): void;
};

/** A Zoom with its OAuth, API, downloads and webhooks, which fails in the ways it is told to. */
export function createZoom(options: ZoomOptions): ZoomServer {
  const core = createCore(options);
  const webhooks = createWebhooks(core);
  const recordings = createRecordings(core, webhooks);
  const { users, clock, faults, requests, meetings, grants, app, base } = core;
  const deauthorized = (user: string) => webhooks.appDeauthorized(users.get(user));
  const oauth = createOAuthControl(core, deauthorized);
  const codes = createCodes(clock);

  const router = Router();
  router.use(['/oauth', '/v2', '/eu/v2', '/rec'], logZoomRequests(requests, 'zoom', clock.now));
  router.use('/oauth', createAuthorize(core, codes), createTokenEndpoint({ core, codes, revoked: deauthorized }));
  const api = Router();
  api.use(nameAnswers(clock.now), spoilApi(core), recordings.api, createUsersApi(core), createMeetingsApi(core));
  // The second path stands for the address of another region.
  router.use(['/v2', '/eu/v2'], api);
  router.use('/rec', recordings.downloads);
  const files = Router();
  files.use(logZoomRequests(requests, 'files', clock.now), recordings.files);
  return {
    router,
    files,
    zoom: {
      ...{ base, app, clock, faults, requests, meetings, oauth },
      recordings: recordings.control,
      webhooks: webhooks.control,
      get users() {
        return users.list();
      },
      user: (key) => users.get(key),
      addUser: (user) => users.add(user),
      reset() {
        for (const part of [clock, faults, users, meetings, grants, requests, recordings, webhooks]) part.reset();
      },
    },
    close: () => webhooks.close(),
  };
}

function createCore({ base, filesOrigin, app, clock: given }: ZoomOptions): ZoomCore {
  const clock = createZoomClock(given);
  const faults = createZoomFaults();
  const users = createZoomUsers(clock.now);
  const meetings = createZoomMeetings(users, clock.now, (into) => seedMeetings(into, users, clock.now()));
  const grants = createGrants({ users, clock, faults, secret: app.clientSecret });
  return {
    ...{ base, filesOrigin, app, clock, faults, users, meetings, grants },
    requests: createZoomRequests(),
    authenticate: createAuthenticate({ grants, faults }),
    page: createPager(clock.now),
  };
}

function createOAuthControl(
  { grants, users, faults }: ZoomCore,
  deauthorized: (user: string) => void,
): ZoomOAuthControl {
  return {
    issue: (user, scopes = APP_SCOPES.map(({ scope }) => scope)) =>
      grants.issue(users.get(user), { scopes, shared: false }),
    revoke(user) {
      const ended = grants.end(users.get(user).key, 'removed');
      if (ended && faults.published) deauthorized(user);
      return ended;
    },
    removeOwner(user) {
      users.get(user).status = 'removed';
    },
    disableApp() {
      faults.appDisabled = true;
    },
    disableByAdmin() {
      faults.adminDisabled = true;
    },
    grant: (user) => grants.live(user),
  };
}

/** Every answer of the API has a number by which Zoom's support finds it. */
function nameAnswers(now: Clock): RequestHandler {
  let count = 0;
  return (_req, res, next) => {
    res.setHeader('x-zm-trackingid', `v=2.0;clid=sandbox;rid=WEB_${now().toString(16)}${(count++).toString(16)}`);
    next();
  };
}

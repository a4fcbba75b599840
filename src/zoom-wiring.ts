import type { RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { UserId } from './channels/channel.ts';
import type { SectionProvider } from './channels/channel-sections.ts';
import type { SyncService } from './channels/sync-service.ts';
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import type { AnyKind, Every, Jobs } from './jobs/jobs.ts';
import type { Clock } from './lib/clock.ts';
import type { Encryption } from './lib/encryption.ts';
import { createGuardedDownload } from './lib/guarded-download.ts';
import { createGuardedHttp } from './lib/guarded-http.ts';
import type { Random } from './lib/ids.ts';
import type { Storage } from './storage/storage.ts';
import type { RateLimit } from './web/rate-limit.ts';
import type { Sessions } from './web/session.ts';
import type { Viewers } from './web/viewer.ts';
import { accountRoutes } from './zoom/account.routes.ts';
import { connectRoutes } from './zoom/connect.routes.ts';
import { type Connect, createConnect } from './zoom/connect.ts';
import type { ConnectionEnd, ConnectionId } from './zoom/connection.ts';
import { createEndings, type Endings } from './zoom/end-connection.ts';
import { createGiveBack } from './zoom/give-back.ts';
import { unlinkConnection } from './zoom/meeting-links.ts';
import { createMeetingTimes, type MeetingTimes } from './zoom/meeting-times.ts';
import { meetingRoutes, meetingsSectionOf } from './zoom/meetings.routes.ts';
import type { MeetingRoutesDeps } from './zoom/meetings-deps.routes.ts';
import { createTokens, type ZoomTokens } from './zoom/tokens.ts';
import { webhookRoutes } from './zoom/webhooks.routes.ts';
import type { ZoomApi } from './zoom/zoom-api.ts';
import { createZoomClient, type ZoomClient } from './zoom/zoom-client.ts';
import { createZoomOAuth, type ZoomOAuth } from './zoom/zoom-oauth.ts';
import type { ZoomCallEnd } from './zoom/zoom-sending.ts';

export type ZoomWiring = {
  config: Pick<Config, 'zoom' | 'publicUrl' | 'production'>;
  secrets: Pick<Secrets, 'zoom'>;
  storage: Storage;
  encryption: Encryption;
  jobs: Jobs;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Told of each call to Zoom's API. */
  onCall: (call: ZoomCallEnd) => void;
};

/** Zoom as the other domains see it, and the work it has beside requests. */
export type Zoom = {
  /** Null when no Zoom app is set up. */
  api: ZoomApi | null;
  /** What is known of linked meetings; webhooks tell it what changed. */
  times: MeetingTimes | null;
  /** Null as `api` is. */
  connect: Connect | null;
  endings: Endings;
  /** Who is told what becomes of connections; others add themselves while everything is wired. */
  listeners: ZoomListeners;
  encryption: Encryption;
  secrets: Secrets['zoom'];
  kinds: AnyKind[];
  every: Every[];
  close(): Promise<void>;
};

export type ZoomListeners = {
  /** See `EndConnectionDeps`. */
  forget: ((id: ConnectionId, leaver: UserId | null) => Promise<void>)[];
  onConnected: ((id: ConnectionId) => Promise<void>)[];
  /** Zoom hints that something changed about recordings: of these meetings, or of any. */
  onRecordings: ((id: ConnectionId, meetingUuids: readonly string[]) => Promise<void>)[];
};

/** What routes of domains behind a launch need of the web. */
export type WebWiring = {
  config: Pick<Config, 'zoom' | 'publicUrl'>;
  storage: Storage;
  syncService: SyncService;
  sessions: Sessions;
  viewers: Viewers;
  csrf: RequestHandler;
  limit: (limit: RateLimit) => RequestHandler;
  clock: Clock;
  random: Random;
  log: Logger;
  stopping: AbortSignal;
};

export function wireZoom(wiring: ZoomWiring): Zoom {
  const { storage, encryption, jobs, clock, log } = wiring;
  const { connections } = storage;
  const stopping = new AbortController();
  const grants = wireGrants(wiring, (id, end) => endDead(id, end));
  const times = grants && createMeetingTimes({ ...wiring, ...storage, ...grants, stopping: stopping.signal });
  const listeners: ZoomListeners = {
    forget: [(id, leaver) => unlinkConnection({ ...wiring, ...storage }, id, leaver && { userId: leaver })],
    onConnected: [],
    onRecordings: [],
  };
  const giveBack = grants && createGiveBack({ oauth: grants.oauth, encryption, clock });
  const endings = createEndings({ connections, giveBack, jobs, forget: listeners.forget, clock, log });
  const endDead = async (id: ConnectionId, end: ConnectionEnd) => {
    if (FOR_GOOD.has(end)) await endings.endForAll(id, end);
  };
  return {
    api: grants?.api ?? null,
    times,
    connect: grants && wireConnect(wiring, grants, endings),
    endings,
    listeners,
    encryption,
    secrets: wiring.secrets.zoom,
    kinds: [endings.kind],
    every: [],
    async close() {
      stopping.abort();
      await grants?.close();
    },
  };
}

function wireConnect(wiring: ZoomWiring, { oauth, api }: ZoomGrants, { leaveBy }: Endings): Connect {
  const { storage, encryption, clock, random } = wiring;
  return createConnect({
    connections: storage.connections,
    oauth,
    profileOf: api.profileOf,
    leaveBy,
    encryption,
    clock,
    random,
  });
}

/** Zoom said that there is nothing to come back to: whatever came from it about the person goes. */
const FOR_GOOD: ReadonlySet<ConnectionEnd> = new Set<ConnectionEnd>(['removed-in-zoom', 'account-gone']);

/** The way to Zoom: its OAuth, the tokens of connections, and the API by them. */
type ZoomGrants = { oauth: ZoomOAuth; tokens: ZoomTokens; api: ZoomClient };

const USER_AGENT = 'Rostrum (LTI 1.3 tool)';

function wireGrants(
  wiring: ZoomWiring,
  onEnd: (id: ConnectionId, end: ConnectionEnd) => Promise<void>,
): (ZoomGrants & { close(): Promise<void> }) | null {
  const { config, secrets, storage, encryption, clock, random, log } = wiring;
  if (!config.zoom || !secrets.zoom) return null;
  const { apiUrl } = config.zoom;
  const outside = { allowLoopbackHttp: !config.production, userAgent: USER_AGENT };
  const http = createGuardedHttp(outside);
  const download = createGuardedDownload(outside);
  const oauth = createZoomOAuth({
    app: config.zoom,
    secret: secrets.zoom.client,
    redirectUrl: `${config.publicUrl}/zoom/callback`,
    http,
    clock,
    allowHttp: !config.production,
  });
  const { connections, leases } = storage;
  const tokens = createTokens({ connections, leases, encryption, oauth, clock, random, log, onEnd });
  const api = createZoomClient({ tokens, http, download, apiUrl, clock, random, log, onCall: wiring.onCall });
  const close = async () => void (await Promise.all([http.close(), download.close()]));
  return { oauth, tokens, api, close };
}

/** Routers of connections, webhooks and meeting links. */
export function wireZoomRouters(zoom: Zoom, web: WebWiring): Router[] {
  const { storage, config } = web;
  const account = accountRoutes({
    ...storage,
    ...web,
    canConnect: zoom.connect !== null,
    endings: zoom.endings,
    encryption: zoom.encryption,
  });
  const connect = connectRoutes({
    ...web,
    connect: zoom.connect,
    onConnected: async (id) => tellAll(zoom.listeners.onConnected, (tell) => tell(id)),
    encryption: zoom.encryption,
    publicUrl: config.publicUrl,
  });
  return [account, connect, meetingRoutes(meetingDeps(zoom, web)), ...webhookRouters(zoom, web)];
}

function meetingDeps(
  { api, times, listeners }: Zoom,
  { config, storage, viewers, csrf, clock, random }: WebWiring,
): MeetingRoutesDeps {
  const { zoom } = config;
  return {
    ...storage,
    ...{ api, times, viewers, csrf, clock, random },
    recordedMeetings: (connectionId) => storage.catalogue.listNumbers(connectionId),
    async onLinkChanged({ connectionId: id }) {
      if (id !== null) await tellAll(listeners.onRecordings, (tell) => tell(id, []));
    },
    // The sandbox's links are at its own address; its OAuth is below the same root.
    trial: zoom?.trial ? zoom.oauthUrl.replace(/\/oauth$/, '') : null,
  };
}

function webhookRouters(
  { api, secrets, endings, listeners, times }: Zoom,
  { config, storage, clock, log }: WebWiring,
): Router[] {
  if (!config.zoom || !api || !secrets) return [];
  const { connections } = storage;
  return [
    webhookRoutes({
      ...{ api, connections, endings, clock },
      clientId: config.zoom.clientId,
      secrets: secrets.webhooks,
      onRecordings: (id, uuids) => tellAll(listeners.onRecordings, (tell) => tell(id, uuids)),
      async onMeeting(id, number) {
        // Asking Zoom takes longer than it waits for an answer.
        times
          ?.meetingChanged(id, number)
          .catch((error: unknown) => log.warn({ err: error }, 'a meeting was not looked at'));
      },
    }),
  ];
}

async function tellAll<Listener>(listeners: readonly Listener[], tell: (listener: Listener) => Promise<void>) {
  for (const listener of listeners) await tell(listener);
}

/** What a channel's first page tells of its meetings. */
export function zoomSections(zoom: Zoom, web: WebWiring): SectionProvider[] {
  return [meetingsSectionOf(meetingDeps(zoom, web))];
}

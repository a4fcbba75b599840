import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { type Clock, sleep } from '../lib/clock.ts';
import { contextOf } from '../web/request-context.ts';
import type { Connection, ConnectionId } from './connection.ts';
import type { Endings } from './end-connection.ts';
import { readEvent, type ZoomEvent } from './webhook-event.ts';
import { answerChallenge, isFromZoom } from './webhook-signature.ts';
import type { ZoomApi, ZoomFailure } from './zoom-api.ts';
import type { ConnectionStore } from './zoom-store.ts';

export type WebhookDeps = {
  api: Pick<ZoomApi, 'profile'>;
  connections: Pick<ConnectionStore, 'findConnectionOfZoomUser'>;
  endings: Pick<Endings, 'endForAll'>;
  clientId: string;
  /** Newest first. */
  secrets: readonly [string, ...string[]];
  /** Something changed about recordings of a connection: these meetings, or any when none is named. Quick: work comes later. */
  onRecordings: (connection: ConnectionId, meetingUuids: readonly string[]) => Promise<void>;
  onMeeting: (connection: ConnectionId, number: string) => Promise<void>;
  clock: Clock;
};

/**
 * What Zoom tells of by itself. It asks for an answer within 3 seconds and may tell the same twice, late or in another order:
 * so an event only calls for a look at what Zoom says then. An outage of ours is answered with 5xx, after which Zoom tells it
 * again.
 */
export function webhookRoutes(deps: WebhookDeps): Router {
  const routes = Router();
  routes.post('/zoom/webhooks', async (req, res) => {
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const signed = { body, signature: req.get('x-zm-signature'), timestamp: req.get('x-zm-request-timestamp') };
    if (!isFromZoom(signed, deps.secrets, deps.clock())) return refuse(req, res, 401, 'not signed by Zoom, or too old');
    const event = readEvent(body);
    if (event === null) return refuse(req, res, 400, 'an event that cannot be read');
    if (event.kind === 'challenge') return void res.json(answerChallenge(event.plainToken, deps.secrets[0]));
    const taken = await take(deps, event, req);
    if (!taken) return refuse(req, res, 503, 'Zoom did not say whether the app is still there');
    res.status(204).end();
  });
  return routes;
}

function refuse(req: Request, res: Response, status: number, why: string): void {
  contextOf(req).log.warn({ why }, 'a webhook was refused');
  res.status(status).json({ error: why });
}

type Told = Exclude<ZoomEvent, { kind: 'challenge' | 'other' }>;

/** False when Zoom had better tell it again. */
async function take(deps: WebhookDeps, event: Exclude<ZoomEvent, { kind: 'challenge' }>, req: Request) {
  if (event.kind === 'other') return true;
  const { log } = contextOf(req);
  const connection = await deps.connections.findConnectionOfZoomUser(
    event.kind === 'app-removed' ? event.zoomUserId : event.hostId,
  );
  const told = { kind: event.kind, connectionId: connection?.id ?? null };
  log.info(told, 'a webhook');
  // Zoom tells of everybody who added the app, also of those who left us.
  return connection === null || takeFor(deps, event, { connection, log });
}

type About = { connection: Connection; log: Logger };

async function takeFor(deps: WebhookDeps, event: Told, about: About): Promise<boolean> {
  const { id } = about.connection;
  switch (event.kind) {
    case 'recording':
      await deps.onRecordings(id, event.meetingUuids);
      return true;
    case 'meeting':
      await deps.onMeeting(id, event.number);
      return true;
    case 'app-removed':
      if (event.clientId !== null && event.clientId !== deps.clientId) return true;
      return endIfRemoved(deps, about);
  }
}

const UNANSWERED: ZoomFailure = { ok: false, reason: 'unreachable', detail: 'not in time' };

/** How long Zoom may take to answer a question, while it waits for an answer itself; milliseconds. */
const LOOK_MS = 2_000;

// What Zoom tells an hour late may be of a grant before the present one: so the present one is tried.
async function endIfRemoved({ api, endings }: WebhookDeps, { connection, log }: About): Promise<boolean> {
  const looking = api.profile(connection.id, { signal: AbortSignal.timeout(LOOK_MS), log });
  // Renewing a token is not broken off, however long it takes: then the answer is waited for no longer.
  const answer = await Promise.race([looking, sleep(LOOK_MS).then((): ZoomFailure => UNANSWERED)]);
  if (!answer.ok && answer.reason === 'not-connected') await endings.endForAll(connection.id, 'removed-in-zoom');
  else log.info({ connectionId: connection.id, answer: answer.ok ? 'alive' : answer.reason }, 'Zoom told of an end');
  return answer.ok || answer.reason === 'not-connected';
}

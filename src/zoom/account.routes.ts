import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import type { UserId } from '../channels/channel.ts';
import { linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import { readPlace } from '../channels/visit-routes.ts';
import type { Clock } from '../lib/clock.ts';
import type { Encryption } from '../lib/encryption.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { useFrameAncestors, useLocale } from '../web/request-context.ts';
import { readerOf } from '../web/request-reader.ts';
import type { Viewers } from '../web/viewer.ts';
import { type AccountFacts, accountPage, readAccountNotice } from './account-page.ts';
import { writeTicket } from './connect-ticket.ts';
import type { ConnectionId } from './connection.ts';
import { disconnectPage } from './disconnect-page.ts';
import type { Endings } from './end-connection.ts';
import type { ConnectionStore, MeetingLinkStore } from './zoom-store.ts';

export type AccountRoutesDeps = {
  viewers: Pick<Viewers, 'visitor'>;
  connections: ConnectionStore;
  meetingLinks: Pick<MeetingLinkStore, 'linksOfUser'>;
  /** False when no Zoom app is set up. */
  canConnect: boolean;
  endings: Pick<Endings, 'disconnect'>;
  encryption: Encryption;
  csrf: RequestHandler;
  clock: Clock;
};

const TICKET_MS = 2 * 3_600_000;

/** A person's own Zoom account: its state, connecting and disconnecting. */
export function accountRoutes(deps: AccountRoutesDeps): Router {
  const routes = Router();
  routes.get('/zoom', guard(deps, showAccount(deps)));
  routes.get('/zoom/disconnect', guard(deps, askToDisconnect(deps)));
  routes.post('/zoom/disconnect', deps.csrf, guard(deps, disconnect(deps)));
  return routes;
}

type PersonVisit = { req: Request; res: Response; visitor: Visitor };

function guard(
  { viewers }: Pick<AccountRoutesDeps, 'viewers'>,
  handler: (visit: PersonVisit) => Promise<void>,
): RequestHandler {
  return async (req, res) => {
    const found = await viewers.visitor(req, readPlace(req).as);
    if (!found.ok) return respondProblem(req, res, found.reason);
    const visitor = found.value;
    // An administrator who only looks after a course has no account of their own here.
    if (visitor.grant.launchOnly) return respondProblem(req, res, 'not-allowed');
    useLocale(req, visitor.grant);
    useFrameAncestors(req, visitor.frameAncestors);
    await handler({ req, res, visitor });
  };
}

const ACCOUNT_QUERY = z.object({
  notice: z.string().nullable().catch(null),
  /** A path of ours, where the person goes on once they are connected. */
  back: z
    .string()
    .max(500)
    .regex(/^\/(channels|zoom|recordings)(?:[/?][\w/?=&.%-]*)?$/)
    .nullable()
    .catch(null),
});

function showAccount(deps: AccountRoutesDeps) {
  return async ({ req, res, visitor }: PersonVisit): Promise<void> => {
    const { notice, back } = ACCOUNT_QUERY.parse(req.query);
    const facts = await accountFacts(deps, visitor, back);
    const page = accountPage(visitor, facts, { reader: readerOf(req), notice: readAccountNotice(notice) });
    renderPage(req, res, 'zoom/account', page);
  };
}

async function accountFacts(deps: AccountRoutesDeps, visitor: Visitor, back: string | null): Promise<AccountFacts> {
  const { userId, grant } = visitor;
  const now = deps.clock();
  const connection = await deps.connections.findConnectionOf(userId);
  const begun = connection?.state === 'live' ? null : await deps.connections.openAuthorisation(userId, now);
  const ticket = { userId, grantId: grant.id, returnTo: back ?? linkAs(grant.id, '/zoom'), until: now + TICKET_MS };
  return {
    connection,
    ended: connection ? null : await deps.connections.findEnded(userId),
    begunAt: begun?.startedAt ?? null,
    links: connection ? await countLinks(deps, userId, connection.id) : 0,
    ticket: deps.canConnect ? writeTicket(deps.encryption, ticket) : null,
  };
}

/** Of the person, by this connection. */
async function countLinks(
  { meetingLinks }: Pick<AccountRoutesDeps, 'meetingLinks'>,
  userId: UserId,
  connectionId: ConnectionId,
): Promise<number> {
  return (await meetingLinks.linksOfUser(userId)).filter((link) => link.connectionId === connectionId).length;
}

function askToDisconnect(deps: AccountRoutesDeps) {
  return async ({ req, res, visitor }: PersonVisit): Promise<void> => {
    const connection = await deps.connections.findConnectionOf(visitor.userId);
    if (!connection) return redirect(res, 303, linkAs(visitor.grant.id, '/zoom', { notice: 'not-connected' }));
    const links = await countLinks(deps, visitor.userId, connection.id);
    renderPage(req, res, 'zoom/disconnect', disconnectPage(visitor, { connection, links }, readerOf(req)));
  };
}

function disconnect({ endings }: AccountRoutesDeps) {
  return async ({ res, visitor }: PersonVisit): Promise<void> => {
    const ended = await endings.disconnect(visitor.userId);
    redirect(res, 303, linkAs(visitor.grant.id, '/zoom', { notice: ended ? 'disconnected' : 'not-connected' }));
  };
}

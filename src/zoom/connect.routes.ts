import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { linkAs } from '../channels/channel-links.ts';
import type { Clock } from '../lib/clock.ts';
import type { Encryption } from '../lib/encryption.ts';
import { bindState, isBoundTo } from '../web/bound-state.ts';
import { isFromOurPages } from '../web/csrf.ts';
import { respondProblem } from '../web/problems.ts';
import type { RateLimit } from '../web/rate-limit.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { contextOf, useLocale } from '../web/request-context.ts';
import type { Sessions } from '../web/session.ts';
import type { Completion, Connect } from './connect.ts';
import { readTicket } from './connect-ticket.ts';
import type { ConnectionId } from './connection.ts';

export type ConnectRoutesDeps = {
  sessions: Pick<Sessions, 'find'>;
  /** Null when no Zoom app is set up. */
  connect: Connect | null;
  /** There is a connection now, or a new grant of one. */
  onConnected: (id: ConnectionId) => Promise<void>;
  encryption: Encryption;
  limit: (limit: RateLimit) => RequestHandler;
  publicUrl: string;
  clock: Clock;
};

const LIMIT = { name: 'zoom-connect', max: 300, windowMs: 60_000 };

/** To Zoom and back: in a tab of its own when the person came from an LMS's frame, as Zoom's page refuses to be framed. */
export function connectRoutes(deps: ConnectRoutesDeps): Router {
  const routes = Router();
  routes.post('/zoom/connect', deps.limit(LIMIT), begin(deps));
  routes.get('/zoom/callback', deps.limit(LIMIT), comeBack(deps));
  return routes;
}

const CONNECT_FORM = z.object({ ticket: z.string().max(4000) });

// In the new tab the browser shows no session of the frame's, so the ticket says who asks. That it comes from a page of ours,
// in this browser, keeps others from sending somebody to Zoom on their own behalf.
function begin({ connect, encryption, publicUrl, clock }: ConnectRoutesDeps): RequestHandler {
  return async (req, res) => {
    if (!isFromOurPages(req, publicUrl)) return respondProblem(req, res, 'other-site');
    if (!connect) return respondProblem(req, res, 'zoom-not-set-up');
    const form = CONNECT_FORM.safeParse(req.body);
    const ticket = form.success ? readTicket(encryption, form.data.ticket, clock()) : null;
    if (!ticket) return respondProblem(req, res, 'page-expired');
    const { url, state } = await connect.begin(ticket);
    bindState(req, res, state);
    // No redirect: browsers hold those that follow a form against `form-action`, and Zoom leads on to the sign-in of the
    // person's university, wherever that is.
    res.set('Refresh', `0; url=${url}`);
    renderPage(req, res, 'zoom/leaving', { title: contextOf(req).t('zoom.leaving.title'), url });
  };
}

const CALLBACK_QUERY = z.object({
  state: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  code: z.string().min(1).max(2000).nullable().catch(null),
  error: z.string().max(200).nullable().catch(null),
});

function comeBack(deps: ConnectRoutesDeps): RequestHandler {
  return async (req, res) => {
    if (!deps.connect) return respondProblem(req, res, 'zoom-not-set-up');
    const query = CALLBACK_QUERY.safeParse(req.query);
    if (!query.success) return respondProblem(req, res, 'zoom-state-unknown');
    if (!isBoundTo(req, query.data.state)) return respondProblem(req, res, 'zoom-other-browser');
    const completion = await deps.connect.complete(query.data);
    if (!completion) return respondProblem(req, res, 'zoom-state-unknown');
    const { result } = completion;
    if (result.ok) await deps.onConnected(result.value.id);
    else contextOf(req).log.warn({ reason: result.reason, detail: result.detail }, 'Zoom was not connected');
    await tellOutcome(deps, { req, res }, completion);
  };
}

/** Where this tab knows the person, they go on; in a tab beside an LMS's frame they are told that they may close it. */
async function tellOutcome(
  { sessions }: ConnectRoutesDeps,
  { req, res }: { req: Request; res: Response },
  { result, authorisation }: Completion,
): Promise<void> {
  const session = await sessions.find(req);
  const known = session?.grants.find(({ id }) => id === authorisation.grantId);
  if (known) useLocale(req, known);
  if (known && result.ok) return redirect(res, 303, withNotice(authorisation.returnTo));
  const { t } = contextOf(req);
  const outcome = result.ok ? 'connected' : result.reason;
  const text = (part: string) => t(`zoom.outcomes.${outcome}.${part}`);
  const back = known ? linkAs(known.id, '/zoom') : null;
  const tone = result.ok ? 'good' : 'warn';
  const model = { title: text('title'), body: text('body'), next: text('next'), tone, back };
  renderPage(req, res, 'zoom/outcome', model, { status: result.ok ? 200 : 400 });
}

function withNotice(path: string): string {
  return path.startsWith('/zoom?') ? `${path}&notice=connected` : path;
}

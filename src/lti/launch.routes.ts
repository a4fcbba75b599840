import { type Request, type Response, Router } from 'express';
import { type Failure, failure } from '../lib/result.ts';
import { isFromOurPages } from '../web/csrf.ts';
import { respondProblem } from '../web/problems.ts';
import { redirect } from '../web/redirect.ts';
import { renderPage } from '../web/render.ts';
import { contextOf, useLocale } from '../web/request-context.ts';
import type { Sessions } from '../web/session.ts';
import type { Browser, LaunchAnswer, Launches } from './launch.ts';
import type { Handovers, NewGrant } from './launch-handover.ts';
import { type LoginOutcome, type Logins, type StoredLoginOutcome, storageKey } from './login.ts';
import type { LaunchOutcome } from './open-refusals.ts';
import type { LtiRefusal } from './refusals.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

type LaunchRouteDeps = {
  logins: Logins;
  launches: Launches;
  handovers: Handovers;
  sessions: Pick<Sessions, 'browserSecret' | 'issueBrowserSecret'>;
  /** Our origin. */
  publicUrl: string;
  /** Answers a verified launch. Where `needsNewTab`, the frame keeps no cookie: `showHandover` instead of a session. */
  openLaunch: (launch: VerifiedLaunch, req: Request, res: Response, how: { needsNewTab: boolean }) => Promise<void>;
  /** Puts the grant into the browser's session and leads to its channel. */
  enterChannel: (grant: NewGrant, req: Request, res: Response) => Promise<void>;
  /** Told of every login and launch that ends here; what becomes of a verified one, `openLaunch` tells. */
  onLaunch?: (outcome: LaunchOutcome) => void;
};

/** The road from the LMS into the tool: login, launch, and the ways around a browser that keeps no cookie in a frame. */
export function launchRoutes(deps: LaunchRouteDeps): Router {
  const router = Router();
  const told = (step: Step) => (req: Request, res: Response) =>
    step(deps, req, res).catch((error: unknown) => {
      deps.onLaunch?.('error');
      throw error;
    });
  router.get('/lti/login', told(logIn));
  router.post('/lti/login', told(logIn));
  router.get('/lti/login/continue', told(continueLogin));
  router.get('/lti/login/again', told(logInAgain));
  router.post('/lti/launch', told(launch));
  // Somebody opened or reloaded the address itself.
  router.get('/lti/launch', (req, res) => respondProblem(req, res, 'bad-launch-request'));
  router.post('/lti/handover', (req, res) => takeHandover(deps, req, res));
  return router;
}

type Step = (deps: LaunchRouteDeps, req: Request, res: Response) => Promise<void>;

/** The page in a frame without cookies whose one button opens the channel in a window of its own. */
export async function showHandover(
  deps: { handovers: Handovers },
  to: { req: Request; res: Response },
  grant: NewGrant,
): Promise<void> {
  const code = await deps.handovers.give(grant);
  renderPage(to.req, to.res, 'lti/handover', { code }, { embeddable: 'anywhere' });
}

async function logIn(deps: LaunchRouteDeps, req: Request, res: Response): Promise<void> {
  const keepsCookies = deps.sessions.browserSecret(req) !== null;
  // Given anew each time, so that it does not run out while the person signs in at the LMS.
  const secret = deps.sessions.issueBrowserSecret(req, res);
  const login = await deps.logins.startLogin(req.method === 'GET' ? req.query : req.body, secret);
  if (!login.ok) return refuse(deps, req, res, login);
  goOn(req, res, { login: login.value, keepsCookies });
}

async function logInAgain(deps: LaunchRouteDeps, req: Request, res: Response): Promise<void> {
  const keepsCookies = deps.sessions.browserSecret(req) !== null;
  const secret = deps.sessions.issueBrowserSecret(req, res);
  const login = await deps.logins.restartLogin(req.query.state, secret);
  if (!login.ok) return refuse(deps, req, res, login);
  goOn(req, res, { login: login.value, keepsCookies });
}

/** To the LMS where cookies are known to work; else first to a page of ours, where it shows whether they do. */
function goOn(req: Request, res: Response, given: { login: LoginOutcome; keepsCookies: boolean }): void {
  const { login, keepsCookies } = given;
  contextOf(req).log.debug({ platformId: login.platform.id, keepsCookies }, 'login begun');
  res.set('Cache-Control', 'no-store');
  if (keepsCookies) redirect(res, 302, login.authorizationUrl);
  else redirect(res, 303, `/lti/login/continue?state=${login.state}`);
}

async function continueLogin(deps: LaunchRouteDeps, req: Request, res: Response): Promise<void> {
  const login = await deps.logins.continueLogin(req.query.state, deps.sessions.browserSecret(req));
  if (!login.ok) return refuse(deps, req, res, login);
  res.set('Cache-Control', 'no-store');
  if (login.value.next === 'lms') return redirect(res, 302, login.value.authorizationUrl);
  // In a window of its own there is no frame to leave: the browser refuses our cookie altogether.
  if (req.get('sec-fetch-dest') === 'document') return refuse(deps, req, res, failure('cookies-blocked'));
  const againUrl = `/lti/login/again?state=${String(req.query.state)}`;
  if (login.value.next === 'storage') showStoragePage(req, res, { login: login.value, againUrl });
  else renderPage(req, res, 'lti/new-window', { againUrl }, { embeddable: 'anywhere' });
}

function showStoragePage(req: Request, res: Response, given: { login: StoredLoginOutcome; againUrl: string }): void {
  const { login, againUrl } = given;
  const storage = {
    frame: login.storageTarget,
    origin: new URL(login.platform.authUrl).origin,
    key: storageKey(login.state),
    value: login.storageSecret,
  };
  const model = { storage, nextUrl: login.authorizationUrl, againUrl };
  renderPage(req, res, 'lti/storage-put', model, { embeddable: 'anywhere' });
}

async function launch(deps: LaunchRouteDeps, req: Request, res: Response): Promise<void> {
  const proof = storageProof(req, deps.publicUrl);
  if (proof === 'foreign') return refuse(deps, req, res, failure('other-browser', 'proof from another origin'));
  const browser: Browser = { secret: deps.sessions.browserSecret(req) };
  const proved = proof === null ? browser : { ...browser, ...proof };
  const answer = await deps.launches.verifyLaunch(req.body, proved, contextOf(req).log);
  if (!answer.ok) return refuse(deps, req, res, answer);
  if (answer.value.next === 'ask-storage') return askStorage(req, res, answer.value);
  const verified = answer.value.launch;
  const { platform, deploymentId, messageType } = verified;
  contextOf(req).log.info({ platformId: platform.id, deploymentId, messageType }, 'launch verified');
  useLocale(req, verified);
  await deps.openLaunch(verified, req, res, { needsNewTab: answer.value.boundBy === 'storage' });
}

function refuse(deps: LaunchRouteDeps, req: Request, res: Response, refused: Failure<LtiRefusal>): void {
  deps.onLaunch?.(refused.reason);
  respondProblem(req, res, refused.reason, { detail: refused.detail });
}

function askStorage(req: Request, res: Response, asked: Extract<LaunchAnswer, { next: 'ask-storage' }>): void {
  const storage = {
    frame: asked.storageTarget,
    origin: new URL(asked.platform.authUrl).origin,
    key: storageKey(asked.state),
  };
  const model = { storage, state: asked.state, idToken: asked.idToken };
  renderPage(req, res, 'lti/storage-get', model, { embeddable: 'anywhere' });
}

/** The value our own page read from the LMS's storage; a form of any other page cannot bring one. */
function storageProof(req: Request, publicUrl: string): { storageProof: string } | 'foreign' | null {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !('storage_proof' in body)) return null;
  if (!isFromOurPages(req, publicUrl) || typeof body.storage_proof !== 'string') return 'foreign';
  return { storageProof: body.storage_proof };
}

async function takeHandover(deps: LaunchRouteDeps, req: Request, res: Response): Promise<void> {
  // A code that another site posts would make this browser somebody else's.
  if (!isFromOurPages(req, deps.publicUrl)) return respondProblem(req, res, 'other-site');
  const body: unknown = req.body;
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null;
  const grant = await deps.handovers.take(code);
  if (!grant) return respondProblem(req, res, 'no-session');
  await deps.enterChannel(grant, req, res);
}

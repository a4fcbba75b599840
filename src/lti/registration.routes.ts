import { fileURLToPath } from 'node:url';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { isFromOurPages } from '../web/csrf.ts';
import { respondProblem } from '../web/problems.ts';
import { renderPage } from '../web/render.ts';
import { contextOf } from '../web/request-context.ts';
import { canvasConfiguration } from './canvas-config.ts';
import type { Platform } from './platform.ts';
import {
  createRegistrations,
  type RegistrationDeps,
  type RegistrationRequest,
  type Registrations,
} from './registration.ts';

/** `/lti/register`: an LMS administrator registers the tool; `/lti/config/canvas.json`: for a Canvas key made by hand. */
export function registrationRoutes(deps: RegistrationDeps): Router {
  const registrations = createRegistrations(deps);
  const router = Router();
  router.get('/lti/register', (req, res) => showRegistration(registrations, req, res));
  router.post('/lti/register', (req, res) => register(registrations, deps.publicUrl, { req, res }));
  router.get('/lti/config/canvas.json', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').json(canvasConfiguration(deps.publicUrl));
  });
  // LMSs show it in their own pages, which other files of ours are not for.
  router.get('/lti/icon.svg', (_req, res) => {
    res.set('Cross-Origin-Resource-Policy', 'cross-origin');
    res.sendFile(ICON, { maxAge: '1d' });
  });
  return router;
}

/** `src/lti` and `dist/lti` are equally deep. */
const ICON = fileURLToPath(new URL('../../public/icon.svg', import.meta.url));

async function showRegistration(registrations: Registrations, req: Request, res: Response): Promise<void> {
  const request = readRequest(req.query);
  if (typeof request === 'string') return respondProblem(req, res, request);
  const found = await registrations.preview({ ...request, log: contextOf(req).log });
  if (!found.ok) return respondProblem(req, res, found.reason, { detail: found.detail });
  const { name, host, family, digest } = found.value;
  const { t } = contextOf(req);
  const model = { title: t('registration.title'), name, host, family, fields: { ...fieldsOf(request), digest } };
  renderPage(req, res, 'lti/registration', model, { embeddable: 'anywhere' });
}

async function register(
  registrations: Registrations,
  publicUrl: string,
  { req, res }: { req: Request; res: Response },
): Promise<void> {
  // There is no session to hang a token on; the invite is the right, and only our own page may use it up.
  if (!isFromOurPages(req, publicUrl)) return respondProblem(req, res, 'other-site');
  const request = readRequest(req.body);
  if (typeof request === 'string') return respondProblem(req, res, request);
  const digest = DIGEST.safeParse(req.body);
  if (!digest.success) return respondProblem(req, res, 'bad-registration-request');
  const done = await registrations.register({ ...request, digest: digest.data.digest, log: contextOf(req).log });
  if (!done.ok) return respondProblem(req, res, done.reason, { detail: done.detail });
  contextOf(req).log.info({ platformId: done.value.id, status: done.value.status }, 'platform registered');
  showDone(done.value, req, res);
}

function showDone(platform: Platform, req: Request, res: Response): void {
  const { t } = contextOf(req);
  const { family, id } = platform;
  const pending = platform.status === 'pending' ? `rostrum platform activate ${id}` : null;
  const title = t(pending ? 'registration.done.titlePending' : 'registration.done.title');
  renderPage(req, res, 'lti/registration-done', { title, family, pending }, { embeddable: 'anywhere' });
}

const REQUEST = z.object({
  openid_configuration: z.string().min(1).max(4000),
  registration_token: z.string().max(8000).optional(),
});
const INVITE = z.object({ invite: z.string().min(1).max(200) });
const DIGEST = z.object({ digest: z.string().max(100) });

function readRequest(input: unknown): RegistrationRequest | 'invite-missing' | 'bad-registration-request' {
  const invite = INVITE.safeParse(input);
  if (!invite.success) return 'invite-missing';
  const request = REQUEST.safeParse(input);
  if (!request.success) return 'bad-registration-request';
  const { openid_configuration: configurationUrl, registration_token: token } = request.data;
  return { invite: invite.data.invite, configurationUrl, registrationToken: token || null };
}

function fieldsOf(request: RegistrationRequest): Record<string, string> {
  return {
    invite: request.invite,
    openid_configuration: request.configurationUrl,
    registration_token: request.registrationToken ?? '',
  };
}

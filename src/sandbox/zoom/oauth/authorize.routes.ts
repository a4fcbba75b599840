import { type Request, type Response, Router } from 'express';
import type { Html } from '../../html.ts';
import { requestParams } from '../../request-params.ts';
import type { ZoomCore } from '../state.ts';
import type { ZoomUser } from '../users.ts';
import { type AuthorizationRequest, readAuthorization } from './authorization-request.ts';
import { boxName, consentPage, preApprovalPage, refusalPage } from './authorize-page.ts';
import type { Codes } from './codes.ts';

/** The page on which a person signs in and consents. */
export function createAuthorize(core: ZoomCore, codes: Codes): Router {
  const router = Router();
  router.get('/authorize', (req, res) => {
    const request = readOrRefuse(core, req, res);
    if (!request) return;
    const users = core.users.list().filter(({ status }) => status === 'active');
    const { search } = new URL(req.originalUrl, core.base);
    show(res, 200, consentPage(request, { users, search }));
  });
  router.post('/authorize', (req, res) => {
    const request = readOrRefuse(core, req, res);
    if (!request) return;
    const fields = requestParams(req);
    if (fields.get('decision') !== 'allow') return goBack(res, request, { error: 'access_denied' });
    const user = core.users.find(fields.get('user') ?? '');
    if (!user) return show(res, 400, refusalPage({ number: '1,001', says: 'User does not exist.' }));
    if (core.faults.preApproval) return show(res, 200, preApprovalPage());
    const code = codes.put({
      user: user.key,
      scopes: grantedScopes(core, request, { user, fields }),
      shared: fields.get('shared_access') === 'on',
      redirectUri: request.redirectUri,
      challenge: request.challenge,
    });
    goBack(res, request, { code });
  });
  return router;
}

function readOrRefuse(core: ZoomCore, req: Request, res: Response): AuthorizationRequest | null {
  const inactive = core.faults.appInactive || core.faults.appDisabled;
  // Not `requestParams`: the fields of the form must not speak for the app.
  const { searchParams } = new URL(req.originalUrl, 'http://zoom');
  const read = readAuthorization(searchParams, core.app);
  if (read.ok && !inactive) return read.request;
  const refusal = read.ok ? { number: '4,700', says: 'This app is not active.' } : read.refusal;
  show(res, 400, refusalPage(refusal));
  return null;
}

function grantedScopes(
  { grants, faults }: ZoomCore,
  { required, optional, includeGranted }: AuthorizationRequest,
  { user, fields }: { user: ZoomUser; fields: URLSearchParams },
): string[] {
  const ticked = optional.filter(({ scope }) => fields.get(boxName(scope)) === 'on');
  const before = includeGranted ? (grants.live(user.key)?.scopes ?? []) : [];
  const all = new Set([...[...required, ...ticked].map(({ scope }) => scope), ...before]);
  return [...all].filter((scope) => !faults.withheldScopes.includes(scope));
}

function goBack(res: Response, { redirectUri, state }: AuthorizationRequest, answer: Record<string, string>): void {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ ...answer, ...(state === null ? {} : { state }) })) {
    url.searchParams.set(name, value);
  }
  res.redirect(302, url.href);
}

function show(res: Response, status: number, page: Html): void {
  // As Zoom's own, the page refuses to be framed.
  res.status(status).set({ 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY' }).type('html').send(page.markup);
}

import { type Request, type Response, Router } from 'express';
import { failure, type Result } from '../../../lib/result.ts';
import { requestParams } from '../../request-params.ts';
import { answer, answerHtml, cut } from '../api/answers.ts';
import { type TokenFault, takeSpoilt } from '../faults.ts';
import type { ZoomCore } from '../state.ts';
import type { Codes } from './codes.ts';
import type { TokenPair } from './grants.ts';
import { TOKEN_REFUSALS, type TokenRefusalName } from './token-refusals.ts';

type TokenDeps = {
  core: ZoomCore;
  codes: Codes /** The person of a grant that the app itself ended. */;
  revoked(user: string): void;
};

/** `/token` and `/revoke`, for a client that shows ID and secret by Basic. */
export function createTokenEndpoint({ core, codes, revoked }: TokenDeps): Router {
  const router = Router();
  router.post('/token', (req, res) => {
    const fault = takeSpoilt(core.faults, 'token', req.originalUrl);
    if (fault) return spoil(res, fault);
    const refusal = refuseClient(core, req);
    if (refusal) return refuseToken(res, refusal);
    const issued = issue(core, codes, requestParams(req));
    if (!issued.ok) return refuseToken(res, issued.reason);
    answer(res, 200, describePair(core, issued.value));
  });
  router.post('/revoke', (req, res) => {
    if (core.faults.revokeDown) return answerHtml(res, 500, '500 Internal Server Error');
    const refusal = refuseClient(core, req);
    if (refusal) return refuseToken(res, refusal);
    const user = core.grants.revoke(requestParams(req).get('token') ?? '');
    if (!user) return refuseToken(res, 'dead');
    if (core.faults.published) revoked(user.key);
    answer(res, 200, { status: 'success' });
  });
  return router;
}

function issue(core: ZoomCore, codes: Codes, params: URLSearchParams): Result<TokenPair, TokenRefusalName> {
  const { faults, grants, users } = core;
  if (faults.adminDisabled) return failure('admin-disabled');
  const text = (name: string) => params.get(name) ?? '';
  switch (params.get('grant_type')) {
    case 'refresh_token':
      return grants.refresh(text('refresh_token'));
    case 'authorization_code': {
      const given = { redirectUri: text('redirect_uri'), verifier: params.get('code_verifier') };
      const taken = codes.take(text('code'), given);
      if (!taken.ok) return taken;
      const { user, scopes, shared } = taken.value;
      return { ok: true, value: grants.issue(users.get(user), { scopes, shared }) };
    }
    default:
      return failure('grant-type');
  }
}

function refuseClient({ app, faults }: ZoomCore, req: Request): TokenRefusalName | null {
  const [, encoded] = /^Basic (\S+)$/i.exec(req.headers.authorization ?? '') ?? [];
  if (encoded === undefined) return 'no-credentials';
  const given = Buffer.from(encoded, 'base64').toString();
  if (given !== `${app.clientId}:${app.clientSecret}`) {
    // Zoom takes ID and secret as they are; the escapes that RFC 6749 asks for make others of them.
    return decodeURIComponent(given) === `${app.clientId}:${app.clientSecret}` ? 'escaped-client' : 'bad-client';
  }
  return faults.appDisabled ? 'app-disabled' : null;
}

function refuseToken(res: Response, name: TokenRefusalName): void {
  const { status, reason, error } = TOKEN_REFUSALS[name];
  answer(res, status, { reason, error });
}

function describePair({ base }: ZoomCore, { access, refresh, expiresInSeconds, grant }: TokenPair): object {
  return {
    access_token: access,
    token_type: 'bearer',
    refresh_token: refresh,
    expires_in: expiresInSeconds,
    scope: grant.scopes.join(' '),
    api_url: grant.regional ? `${base}/eu` : base,
  };
}

function spoil(res: Response, fault: TokenFault) {
  switch (fault) {
    case 'throttled':
      return answer(res, 429, { reason: 'Too many requests', error: 'rate_limited' });
    case 'unavailable':
      return answer(res, 503, { reason: 'Service unavailable', error: 'server_error' });
    case 'html':
      return answerHtml(res, 502, '502 Bad Gateway');
    case 'invalid-client':
      return refuseToken(res, 'bad-client');
    case 'cut':
      return cut(res);
    default:
      // Stalled: no answer, until the other side gives up or the sandbox closes.
      return;
  }
}

import { randomBytes } from 'node:crypto';
import { NRPS_SCOPE } from '../claim-names.ts';
import { type HttpAnswer, jsonAnswer } from '../http-answer.ts';
import { signJwt } from '../keys.ts';
import type { LmsCore } from '../lms.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { fetchToolKeys, type ParsedJwt, parseJwt, verifyToolJwt } from '../tool-keys.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const REQUIRED_CLAIMS = ['sub', 'aud', 'exp', 'iat', 'jti', 'iss'];
const OLDEST_IAT_S = 300;
const FUTURE_IAT_S = 30;
const LIFE_S = 3600;

/**
 * Canvas's token endpoint: the assertion's audience must be the token URL, its `iat` at most five minutes old and
 * 30 s ahead, its `jti` present; the tool's key set is fetched for every check.
 */
export async function issueCanvasToken(core: LmsCore, form: Record<string, unknown>): Promise<HttpAnswer> {
  if (form.grant_type !== 'client_credentials')
    return refuse('unsupported_grant_type', 'The grant_type you requested is not currently supported');
  if (form.client_assertion_type !== ASSERTION_TYPE) return refuse('invalid_request', 'assertion type not supported');
  const jwt = parseJwt(String(form.client_assertion ?? ''));
  if (!jwt) return refuse('invalid_request', 'JWS could not be decoded');
  const registration = core.registrations.find(String(jwt.claims.sub));
  if (registration?.state !== 'active') return refuse('invalid_client', 'unknown client', 401);
  const fault = findClaimFault(core, jwt) ?? (await findSignatureFault(jwt, registration));
  if (fault) return refuse('invalid_client', fault);
  return grant(core, registration, String(form.scope ?? ''));
}

function findClaimFault(core: LmsCore, { claims }: ParsedJwt): string | null {
  const missing = REQUIRED_CLAIMS.filter((name) => claims[name] === undefined);
  if (missing.length > 0) return `the following assertions are missing: ${missing.join(',')}`;
  const audiences = [claims.aud].flat();
  if (!audiences.includes(`${core.base}/login/oauth2/token`)) return "the 'aud' is invalid";
  const now = core.clock() / 1000;
  if (Number(claims.exp) < now) return 'the JWT has expired';
  if (Number(claims.iat) < now - OLDEST_IAT_S) return "the 'iat' must be less than 300 seconds old";
  if (Number(claims.iat) > now + FUTURE_IAT_S) return "the 'iat' must not be in the future";
  return null;
}

async function findSignatureFault(jwt: ParsedJwt, registration: SandboxRegistration): Promise<string | null> {
  const keys = await fetchToolKeys(registration.tool.jwksUrl);
  if (!keys) return 'JWK Error: the public_jwk_url could not be read';
  const verified = verifyToolJwt(jwt, keys);
  if (verified.ok) return null;
  return verified.reason === 'unknown-key' ? 'JWK Error: key not found' : 'JWS signature invalid.';
}

function grant(core: LmsCore, registration: SandboxRegistration, scope: string): HttpAnswer {
  const asked = scope.split(' ').filter(Boolean);
  const withheld = core.faults.scopeNotGranted ? [NRPS_SCOPE] : [];
  const refused = asked.filter((name) => !registration.scopes.includes(name) || withheld.includes(name));
  if (refused.length > 0)
    return refuse('invalid_scope', 'A requested scope is invalid, unknown, malformed, or not granted');
  const now = Math.floor(core.clock() / 1000);
  const { clientId } = registration;
  const claims = {
    iss: core.base,
    sub: clientId,
    aud: core.base,
    iat: now,
    exp: now + LIFE_S,
    jti: randomBytes(16).toString('hex'),
    scopes: asked.join(' '),
  };
  const token = signJwt(claims, { alg: 'HS256', key: core.keys.currentKid() });
  core.tokens.keep(token, { clientId, scopes: asked, expiresAt: (now + LIFE_S) * 1000 });
  return jsonAnswer(200, { access_token: token, token_type: 'Bearer', expires_in: LIFE_S, scope: asked.join(' ') });
}

function refuse(error: string, description: string, status = 400): HttpAnswer {
  return jsonAnswer(status, { error, error_description: description });
}

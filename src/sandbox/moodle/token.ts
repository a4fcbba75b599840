import { randomBytes } from 'node:crypto';
import { NRPS_SCOPE } from '../claim-names.ts';
import type { HttpAnswer } from '../http-answer.ts';
import type { LmsCore } from '../lms.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { fetchToolKeys, type ParsedJwt, parseJwt, type ToolKey, verifyToolJwt } from '../tool-keys.ts';

const LIFE_S = 3600;

/** Issues tokens as Moodle does; keeps the tools' key sets. */
export type MoodleTokens = { issue(form: Record<string, unknown>): Promise<HttpAnswer> };

/**
 * Moodle's token endpoint. Only `sub`, the signature, `iat` and `exp` of the assertion are looked at, without leeway;
 * answers are JSON labelled as HTML, and some refusals are not even JSON. A tool's key set is kept without expiry and
 * fetched again only when a check fails.
 */
export function createMoodleTokens(core: LmsCore): MoodleTokens {
  const keySets = new Map<string, ToolKey[]>();
  return {
    async issue(form) {
      if (form.grant_type === undefined || !form.client_assertion || form.scope === undefined)
        return refuse('invalid_request');
      if (form.grant_type !== 'client_credentials') return refuse('unsupported_grant_type');
      const jwt = parseJwt(String(form.client_assertion));
      const registration = core.registrations.find(String(jwt?.claims.sub));
      if (!jwt || registration?.state !== 'active') return refuse('invalid_client');
      if (typeof jwt.header.kid !== 'string') return refuse('error/Error: kid must be provided in JWT header.');
      const fault = await findFault(core, jwt, registration, keySets);
      if (fault === 'key-set-down') return brokenPage();
      return fault ? refuse(fault) : grant(core, registration, String(form.scope));
    },
  };
}

async function findFault(
  core: LmsCore,
  jwt: ParsedJwt,
  registration: SandboxRegistration,
  keySets: Map<string, ToolKey[]>,
): Promise<string | null> {
  const { clientId, tool } = registration;
  const kept = keySets.get(clientId);
  const keptIsGood = kept && verifyToolJwt(jwt, kept).ok;
  const keys = keptIsGood ? kept : await fetchToolKeys(tool.jwksUrl);
  if (!keys) return 'key-set-down';
  keySets.set(clientId, keys);
  const verified = verifyToolJwt(jwt, keys);
  if (!verified.ok) {
    const unknown = verified.reason === 'unknown-key';
    return unknown ? '"kid" invalid, unable to lookup correct key' : 'Signature verification failed';
  }
  return findTimeFault(core, jwt);
}

/** There is no leeway: an `iat` one second ahead of Moodle's clock is refused. */
function findTimeFault(core: LmsCore, { claims }: ParsedJwt): string | null {
  const now = Math.floor(core.clock() / 1000);
  if (typeof claims.iat === 'number' && claims.iat > now) {
    const stamp = new Date(claims.iat * 1000).toISOString().replace(/\.\d+Z$/, '+0000');
    return `Cannot handle token with iat prior to ${stamp}`;
  }
  return typeof claims.exp === 'number' && claims.exp <= now ? 'Expired token' : null;
}

function grant(core: LmsCore, registration: SandboxRegistration, scope: string): HttpAnswer {
  const withheld = core.faults.scopeNotGranted ? [NRPS_SCOPE] : [];
  const permitted = registration.scopes.filter((name) => !withheld.includes(name));
  const scopes = scope.split(' ').filter((name) => permitted.includes(name));
  if (scopes.length === 0) return refuse('invalid_scope');
  const token = randomBytes(16).toString('hex');
  const expiresAt = core.clock() + LIFE_S * 1000;
  core.tokens.keep(token, { clientId: registration.clientId, scopes, expiresAt });
  const body = `{
  "access_token" : "${token}",
  "token_type" : "Bearer",
  "expires_in" : ${LIFE_S},
  "scope" : "${scopes.join(' ')}"
}`;
  return { status: 200, type: 'text/html; charset=utf-8', body };
}

/** The error stands in the body as it is, quotation marks included. */
function refuse(error: string): HttpAnswer {
  return { status: 400, type: 'text/html; charset=utf-8', body: `{\n  "error" : "${error}"\n}` };
}

/** A tool whose key set cannot be read meets an error inside Moodle, not an OAuth error. */
function brokenPage(): HttpAnswer {
  const body = '<!DOCTYPE html><html><head><title>Error</title></head><body><p>Exception - TypeError</p></body></html>';
  return { status: 404, type: 'text/html; charset=utf-8', body };
}

import { randomBytes } from 'node:crypto';
import type { LmsCore } from './lms.ts';
import { parseJwt } from './tool-keys.ts';

const LIFE_S = 3600;

/** The tool's registration address with the configuration's address and a token of one hour. */
export function registrationUrlFor(
  core: LmsCore,
  registrationUrl: string,
  options: { scope: string; subject?: string; configurationUrl: (token: string) => string },
): string {
  const now = Math.floor(core.clock() / 1000);
  const sub = options.subject ?? randomBytes(8).toString('hex');
  const claims = { sub, scope: options.scope, iat: now, exp: now + LIFE_S, jti: randomBytes(8).toString('hex') };
  const token = core.keys.sign(claims);
  const url = new URL(registrationUrl);
  url.searchParams.set('openid_configuration', options.configurationUrl(token));
  url.searchParams.set('registration_token', token);
  return url.href;
}

/** The claims of a registration token that this LMS signed, is in its time and was not spent; else null. */
export function readRegistrationToken(
  core: LmsCore,
  token: string,
  options: { spend?: boolean } = {},
): Record<string, unknown> | null {
  const jwt = parseJwt(token);
  if (!jwt || !core.keys.hasSigned(token) || Number(jwt.claims.exp) * 1000 < core.clock()) return null;
  if (core.spentRegistrationTokens.has(token)) return null;
  if (options.spend) core.spentRegistrationTokens.add(token);
  return jwt.claims;
}

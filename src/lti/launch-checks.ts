import { failure, type Result, success } from '../lib/result.ts';
import type { LaunchClaims } from './claims.ts';
import { isOwnTarget } from './login-target.ts';
import type { Login } from './lti-store.ts';
import type { MessageType } from './verified-launch.ts';

/** How far the clocks of an LMS and of this server may differ. */
const LEEWAY_SECONDS = 120;

/** The issuer is the registration's, to the letter. */
export function checkIssuer(claims: LaunchClaims, login: Login): Result<null, 'wrong-issuer'> {
  return claims.issuer === login.issuer ? success(null) : failure('wrong-issuer');
}

/** The token is for our client alone: another audience is one we do not know and must not trust (OpenID Connect Core 1.0, 3.1.3.7). */
export function checkAudience(claims: LaunchClaims, login: Login): Result<null, 'wrong-audience'> {
  if (!claims.audiences.every((audience) => audience === login.clientId)) return failure('wrong-audience', 'aud');
  if (claims.authorizedParty !== null && claims.authorizedParty !== login.clientId) {
    return failure('wrong-audience', 'azp');
  }
  return success(null);
}

/**
 * The token is valid now. There is no greatest age besides its own expiry: Canvas stamps `iat` up to 5 minutes before
 * it sends the token, and Moodle lets it expire after 60 seconds.
 */
export function checkTimes(claims: LaunchClaims, now: number): Result<null, 'token-expired' | 'token-from-future'> {
  const seconds = now / 1000;
  const { expiresAt, issuedAt, notBefore } = claims;
  if (expiresAt + LEEWAY_SECONDS <= seconds)
    return failure('token-expired', `${Math.round(seconds - expiresAt)} s ago`);
  const from = Math.max(issuedAt, notBefore ?? issuedAt);
  if (from - LEEWAY_SECONDS > seconds) return failure('token-from-future', `${Math.round(from - seconds)} s ahead`);
  return success(null);
}

/** The nonce is the one given to this very login; that the login is used once makes the nonce single use. */
export function checkNonce(claims: LaunchClaims, login: Login): Result<null, 'nonce-mismatch'> {
  return claims.nonce === login.nonce ? success(null) : failure('nonce-mismatch');
}

/** The message is one we serve and has what its kind requires (LTI Core 1.3, 5.3). */
export function checkMessage(
  claims: LaunchClaims,
): Result<{ type: MessageType; roles: string[] }, 'not-lti-1.3' | 'unsupported-message' | 'missing-claim'> {
  if (claims.version !== '1.3.0') return failure('not-lti-1.3');
  const type = MESSAGE_TYPES.find((known) => known === claims.messageType);
  if (!type) return failure(claims.messageType === null ? 'missing-claim' : 'unsupported-message', 'message_type');
  if (claims.roles === null) return failure('missing-claim', 'roles');
  if (type === 'LtiResourceLinkRequest' && claims.resourceLinkId === null) {
    return failure('missing-claim', 'resource_link.id');
  }
  return success({ type, roles: claims.roles });
}

const MESSAGE_TYPES: readonly MessageType[] = ['LtiResourceLinkRequest', 'LtiDeepLinkingRequest'];

/**
 * The target, on our own origin. The claim is signed and counts; the login's is not, and may differ (Canvas: the URL of
 * the placement; Moodle: the URL of a deep-linked item), so it only serves where a deep linking request has no claim.
 */
export function checkTarget(
  claims: LaunchClaims,
  own: { login: Login; publicUrl: string },
): Result<string, 'foreign-target' | 'missing-claim'> {
  const fallback = claims.messageType === 'LtiDeepLinkingRequest' ? own.login.targetLinkUri : null;
  const target = claims.targetLinkUri ?? fallback;
  if (target === null) return failure('missing-claim', 'target_link_uri');
  return isOwnTarget(target, own.publicUrl) ? success(target) : failure('foreign-target');
}

/** The deployment, which is the login's where the login named one (LTI Core 1.3, 4.1.2). */
export function checkDeployment(
  claims: LaunchClaims,
  login: Login,
): Result<string, 'missing-claim' | 'other-deployment'> {
  if (claims.deploymentId === null) return failure('missing-claim', 'deployment_id');
  const isLogins = login.deploymentId === null || login.deploymentId === claims.deploymentId;
  return isLogins ? success(claims.deploymentId) : failure('other-deployment');
}

import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { bearer } from '../access-tokens.ts';
import { NRPS_SCOPE, PLATFORM_CONFIGURATION, TOOL_CONFIGURATION } from '../claim-names.ts';
import { type HttpAnswer, jsonAnswer, textAnswer } from '../http-answer.ts';
import type { LmsCore } from '../lms.ts';
import { readRegistrationToken, registrationUrlFor } from '../registration-token.ts';
import type { SandboxRegistration } from '../registrations.ts';

const KNOWN_CLAIMS = ['sub', 'iss', 'name', 'family_name', 'given_name', 'email'];
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';

/** The address Moodle opens in its frame; the token's subject is the future client ID. */
export function startMoodleRegistration(core: LmsCore, registrationUrl: string): string {
  return registrationUrlFor(core, registrationUrl, {
    scope: 'reg',
    subject: Array.from({ length: 15 }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
    configurationUrl: () => `${core.base}/mod/lti/openid-configuration.php`,
  });
}

/** Moodle's platform configuration, open to everyone. */
export function moodleConfiguration(core: LmsCore): HttpAnswer {
  const lti = `${core.base}/mod/lti`;
  return jsonAnswer(200, {
    issuer: core.base,
    token_endpoint: `${lti}/token.php`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    jwks_uri: `${lti}/certs.php`,
    authorization_endpoint: `${lti}/auth.php`,
    registration_endpoint: `${lti}/openid-registration.php`,
    scopes_supported: [
      'https://purl.imsglobal.org/spec/lti-bo/scope/basicoutcome',
      'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly',
      'https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly',
      'https://purl.imsglobal.org/spec/lti-ags/scope/score',
      'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem',
      NRPS_SCOPE,
      'https://purl.imsglobal.org/spec/lti-ts/scope/toolsetting',
      'openid',
    ],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'iss', 'name', 'given_name', 'family_name', 'email'],
    [PLATFORM_CONFIGURATION]: {
      product_family_code: 'moodle',
      version: '4.5.6 (Build: 20250811)',
      messages_supported: [
        { type: 'LtiResourceLinkRequest' },
        { type: 'LtiDeepLinkingRequest', placements: ['ContentArea'] },
      ],
      variables: [
        'Context.id',
        'Context.id.history',
        'CourseSection.sourcedId',
        'Person.address.timezone',
        'Person.sourcedId',
        'User.username',
      ],
    },
  });
}

/** Takes a registration: 200 with client ID and deployment ID, and the tool waits for "Activate". */
export function registerWithMoodle(core: LmsCore, authorization: string | undefined, body: unknown): HttpAnswer {
  const token = bearer(authorization);
  if (!token) return textAnswer(401, 'missing_registration_token');
  if (core.spentRegistrationTokens.has(token)) return textAnswer(401, 'token_already_used');
  const claims = readRegistrationToken(core, token);
  if (!claims) return textAnswer(401, 'missing_registration_token');
  const problem = findProblem(body);
  if (problem) return textAnswer(400, problem);
  const parsed = REGISTRATION.safeParse(body);
  if (!parsed.success) return textAnswer(400, `missing required attribute ${String(parsed.error.issues[0]?.path[0])}`);
  core.spentRegistrationTokens.add(token);
  const registration = toRegistration(core, String(claims.sub), parsed.data);
  core.registrations.add(registration);
  return jsonAnswer(200, describe(registration, parsed.data));
}

/** The administrator's "Activate". */
export function activateInMoodle(core: LmsCore, clientId: string): SandboxRegistration {
  const registration = core.registrations.find(clientId);
  if (!registration) throw new Error(`No registration ${clientId}`);
  registration.state = 'active';
  return registration;
}

const TOOL = z.looseObject({
  domain: z.string(),
  target_link_uri: z.string().optional(),
  description: z.string().default(''),
  claims: z.array(z.string()).default([]),
  custom_parameters: z.record(z.string(), z.string()).default({}),
});

const REGISTRATION = z.looseObject({
  response_types: z.array(z.string()),
  initiate_login_uri: z.string(),
  redirect_uris: z.array(z.string()),
  client_name: z.string(),
  jwks_uri: z.string(),
  token_endpoint_auth_method: z.string(),
  scope: z.string().default(''),
  logo_uri: z.string().default(''),
  [TOOL_CONFIGURATION]: TOOL,
});

const REQUIRED = [
  'response_types',
  'initiate_login_uri',
  'redirect_uris',
  'client_name',
  'jwks_uri',
  'token_endpoint_auth_method',
  TOOL_CONFIGURATION,
];

/** The bare text that Moodle answers with, or null. */
function findProblem(body: unknown): string | null {
  const request = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const missing = REQUIRED.find((name) => request[name] === undefined);
  if (missing) return `missing required attribute ${missing}`;
  if (request.application_type !== undefined && request.application_type !== 'web') return 'invalid_application_type';
  if (![request.response_types].flat().includes('id_token')) return 'invalid_response_types';
  if (!Array.isArray(request.redirect_uris) || request.redirect_uris.length === 0) return 'invalid_redirect_uris';
  if (request.token_endpoint_auth_method !== 'private_key_jwt') return 'invalid_token_endpoint_auth_method';
  const tool = TOOL.safeParse(request[TOOL_CONFIGURATION]);
  if (!tool.success || tool.data.domain === '') return 'missing_domain';
  const { domain, target_link_uri: target } = tool.data;
  return target !== undefined && !isOnDomain(target, domain) ? 'domain_targetlinkuri_mismatch' : null;
}

function isOnDomain(url: string, domain: string): boolean {
  const bare = (host: string) => host.replace(/^www\./, '');
  return URL.canParse(url) && bare(new URL(url).host) === bare(domain);
}

function toRegistration(core: LmsCore, clientId: string, request: z.infer<typeof REGISTRATION>): SandboxRegistration {
  const tool = TOOL.parse(request[TOOL_CONFIGURATION]);
  const named = tool.claims.includes('name') || tool.claims.includes('given_name');
  const mailed = tool.claims.includes('email');
  const nextType = Math.max(...core.registrations.list().map((each) => Number(each.deploymentIds[0] ?? 0))) + 1;
  return {
    clientId,
    name: request.client_name,
    state: 'pending',
    deploymentIds: [String(nextType)],
    tool: {
      loginUrl: request.initiate_login_uri,
      redirectUris: request.redirect_uris,
      jwksUrl: request.jwks_uri,
      targetLinkUri: tool.target_link_uri ?? `https://${tool.domain}`,
    },
    scopes: request.scope.split(' ').includes(NRPS_SCOPE) ? [NRPS_SCOPE] : [],
    privacy: named ? (mailed ? 'public' : 'name_only') : mailed ? 'email_only' : 'anonymous',
    custom: tool.custom_parameters,
  };
}

function describe(registration: SandboxRegistration, request: z.infer<typeof REGISTRATION>): object {
  const tool = TOOL.parse(request[TOOL_CONFIGURATION]);
  return {
    client_id: registration.clientId,
    response_types: ['id_token'],
    jwks_uri: request.jwks_uri,
    initiate_login_uri: request.initiate_login_uri,
    grant_types: ['client_credentials', 'implicit'],
    redirect_uris: request.redirect_uris,
    application_type: 'web',
    token_endpoint_auth_method: 'private_key_jwt',
    client_name: request.client_name,
    logo_uri: request.logo_uri,
    scope: registration.scopes.join(' '),
    [TOOL_CONFIGURATION]: {
      version: '1.3.0',
      deployment_id: registration.deploymentIds[0],
      target_link_uri: registration.tool.targetLinkUri,
      domain: tool.domain,
      description: tool.description,
      custom_parameters: tool.custom_parameters,
      claims: KNOWN_CLAIMS.filter((claim) => ['sub', 'iss'].includes(claim) || tool.claims.includes(claim)),
    },
  };
}

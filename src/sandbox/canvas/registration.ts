import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { bearer } from '../access-tokens.ts';
import { NRPS_SCOPE, PLATFORM_CONFIGURATION, TOOL_CONFIGURATION } from '../claim-names.ts';
import type { Privacy } from '../faults.ts';
import { type HttpAnswer, jsonAnswer } from '../http-answer.ts';
import type { LmsCore } from '../lms.ts';
import { opaqueId } from '../people.ts';
import { readRegistrationToken, registrationUrlFor } from '../registration-token.ts';
import type { SandboxRegistration } from '../registrations.ts';

const SCOPES = [
  'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem',
  'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly',
  'https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly',
  'https://purl.imsglobal.org/spec/lti-ags/scope/score',
  NRPS_SCOPE,
  'https://purl.imsglobal.org/spec/lti/scope/noticehandlers',
];
const EXTENSION = 'https://canvas.instructure.com/lti/';

/** The address that Canvas opens in its frame; the configuration's address repeats the token. */
export function startCanvasRegistration(core: LmsCore, registrationUrl: string): string {
  return registrationUrlFor(core, registrationUrl, {
    scope: 'reg',
    configurationUrl: (token) => `${core.base}/api/lti/security/openid-configuration?registration_token=${token}`,
  });
}

/** Canvas's platform configuration. Unlike Moodle's it is given only for the registration token. */
export function canvasConfiguration(core: LmsCore, authorization: string | undefined): HttpAnswer {
  if (!readRegistrationToken(core, bearer(authorization))) return unauthorized();
  return jsonAnswer(200, {
    issuer: core.base,
    authorization_endpoint: `${core.base}/api/lti/authorize_redirect`,
    registration_endpoint: `${core.base}/api/lti/registrations`,
    jwks_uri: `${core.base}/api/lti/security/jwks`,
    token_endpoint: `${core.base}/login/oauth2/token`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    scopes_supported: SCOPES,
    response_types_supported: ['id_token'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'picture', 'email', 'name', 'given_name', 'family_name', 'locale'],
    subject_types_supported: ['public'],
    authorization_server: new URL(core.base).host,
    [PLATFORM_CONFIGURATION]: {
      product_family_code: 'canvas',
      version: 'OpenSource',
      messages_supported: [
        {
          type: 'LtiResourceLinkRequest',
          placements: [`${EXTENSION}course_navigation`, `${EXTENSION}account_navigation`],
        },
        { type: 'LtiDeepLinkingRequest', placements: [`${EXTENSION}editor_button`, `${EXTENSION}link_selection`] },
      ],
      variables: ['Canvas.user.id', 'Canvas.course.id', 'Canvas.membership.roles', 'Person.address.timezone'],
      [`${EXTENSION}account_name`]: 'Sandbox University',
      [`${EXTENSION}account_lti_guid`]: `${opaqueId('canvas root account')}:canvas-lms`,
    },
  });
}

/**
 * Takes a registration. The answer has a client ID and no deployment ID: the deployment is made when an administrator
 * enables the tool.
 */
export function registerWithCanvas(core: LmsCore, authorization: string | undefined, body: unknown): HttpAnswer {
  if (!readRegistrationToken(core, bearer(authorization), { spend: true })) return unauthorized();
  const parsed = REGISTRATION.safeParse(body);
  if (!parsed.success) {
    const problem = parsed.error.issues[0];
    return jsonAnswer(422, { errors: [`${problem?.path.join('.')}: ${problem?.message}`] });
  }
  const request = parsed.data;
  const scopes = request.scope.split(' ').filter(Boolean);
  const unknown = scopes.filter((scope) => !SCOPES.includes(scope));
  if (unknown.length > 0) return jsonAnswer(422, { errors: [`scope: unknown scopes ${unknown.join(' ')}`] });
  const registration = toRegistration(request, scopes);
  core.registrations.add(registration);
  return jsonAnswer(201, {
    ...request,
    client_id: registration.clientId,
    [`${EXTENSION}registration_config_url`]: `${core.base}/api/lti/registrations/${registration.clientId}/view`,
  });
}

/** What the administrator's "enable" does: makes a deployment, so that the tool can be launched. */
export function enableInCanvas(core: LmsCore, clientId: string): SandboxRegistration {
  const registration = core.registrations.find(clientId);
  if (!registration) throw new Error(`No registration ${clientId}`);
  registration.state = 'active';
  if (registration.deploymentIds.length === 0) {
    registration.deploymentIds.push(`${randomInt(100, 999)}:${opaqueId(`deployment of ${clientId}`)}`);
  }
  return registration;
}

const TOOL = z.looseObject({
  domain: z.string().min(1),
  target_link_uri: z.url(),
  claims: z.array(z.string()).default([]),
  custom_parameters: z.record(z.string(), z.string()).default({}),
  messages: z.array(z.looseObject({ type: z.string() })),
  [`${EXTENSION}privacy_level`]: z.enum(['public', 'name_only', 'email_only', 'anonymous']).optional(),
});

const REGISTRATION = z.object({
  application_type: z.literal('web'),
  response_types: z.array(z.string()).refine((types) => types.includes('id_token')),
  grant_types: z
    .array(z.string())
    .refine((types) => ['implicit', 'client_credentials'].every((t) => types.includes(t))),
  initiate_login_uri: z.url(),
  redirect_uris: z.array(z.url()).min(1),
  client_name: z.string().min(1),
  jwks_uri: z.url(),
  token_endpoint_auth_method: z.literal('private_key_jwt'),
  scope: z.string(),
  [TOOL_CONFIGURATION]: TOOL,
});

function toRegistration(request: z.infer<typeof REGISTRATION>, scopes: string[]): SandboxRegistration {
  const tool = TOOL.parse(request[TOOL_CONFIGURATION]);
  return {
    clientId: `1000000000${randomInt(1000, 9999)}`,
    name: request.client_name,
    state: 'pending',
    deploymentIds: [],
    tool: {
      loginUrl: request.initiate_login_uri,
      redirectUris: request.redirect_uris,
      jwksUrl: request.jwks_uri,
      targetLinkUri: tool.target_link_uri,
    },
    scopes,
    privacy: privacyOf(tool[`${EXTENSION}privacy_level`], tool.claims),
    custom: tool.custom_parameters,
  };
}

/** Without a privacy level Canvas infers one from the claims that are asked for. */
function privacyOf(level: unknown, claims: string[]): Privacy {
  if (typeof level === 'string') return level as Privacy;
  const name = claims.includes('name') || claims.includes('given_name');
  const email = claims.includes('email');
  if (claims.includes('picture') || (name && email)) return 'public';
  if (name) return 'name_only';
  return email ? 'email_only' : 'anonymous';
}

function unauthorized(): HttpAnswer {
  return jsonAnswer(401, { errors: [{ message: 'Unauthorized' }] });
}

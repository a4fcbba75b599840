/** How a refusal answers over HTTP, and what it says to the operator, whose log has the same ID as the person's page. */
export type Refusal = { status: number; operator: string };

/**
 * Every reason a login or a launch is refused for. The three texts for the person (title, body, next) are in
 * `locales/*.json` under `problems.<reason>`.
 */
export const LTI_REFUSALS = {
  'bad-login-request': {
    status: 400,
    operator: 'The login request lacks a parameter, repeats one, or one is too long (LTI Core 1.3, 4.1)',
  },
  'unknown-registration': {
    status: 403,
    operator: 'No platform is registered with this issuer and client ID; both are compared to the letter',
  },
  'ambiguous-registration': {
    status: 400,
    operator: 'The login names no client_id and its issuer has several registrations',
  },
  'inactive-registration': {
    status: 403,
    operator: 'The platform is registered but not active; an operator has to activate it',
  },
  'foreign-target': {
    status: 400,
    operator: 'target_link_uri is not a plain URL on the origin of PUBLIC_URL; check the tool URL in the LMS',
  },
  'bad-launch-request': {
    status: 400,
    operator: 'The launch carries no well-formed state and id_token',
  },
  'state-unknown': {
    status: 400,
    operator: 'No login is waiting for this state: it was used already, is older than 10 minutes, or was never issued',
  },
  'missing-state-cookie': {
    status: 400,
    operator: 'The browser sent no login cookie with the launch',
  },
  'other-browser': {
    status: 403,
    operator: 'The login was started in another browser, or its cookie was replaced in the meantime',
  },
  'cookies-blocked': {
    status: 400,
    operator: 'The browser keeps no cookie of ours even in a window of its own',
  },
  'bad-token': {
    status: 400,
    operator: 'The id_token is not a JWT of the allowed kind (asymmetric algorithm, kid, well-formed claims)',
  },
  'keys-unreachable': {
    status: 502,
    operator: "The platform's key set (JWKS URL) could not be read and no usable copy of it is left",
  },
  'bad-signature': {
    status: 403,
    operator: 'The id_token is not signed with a key of the registered JWKS URL',
  },
  'wrong-issuer': { status: 403, operator: 'The iss of the id_token is not the issuer of the registration' },
  'wrong-audience': {
    status: 403,
    operator: 'The aud or azp of the id_token names somebody else than the registered client ID',
  },
  'token-expired': {
    status: 400,
    operator: 'The id_token has expired; if this repeats, compare the clocks of this server and of the LMS',
  },
  'token-from-future': {
    status: 400,
    operator: 'The id_token is dated in the future; compare the clocks of this server and of the LMS',
  },
  'nonce-mismatch': { status: 403, operator: 'The nonce of the id_token is not the one this login was given' },
  'not-lti-1.3': { status: 400, operator: 'The version claim is not 1.3.0' },
  'unsupported-message': {
    status: 400,
    operator: 'The message type is neither LtiResourceLinkRequest nor LtiDeepLinkingRequest',
  },
  'missing-claim': {
    status: 400,
    operator: 'The id_token lacks a claim that LTI Core 1.3 requires, or it has the wrong type',
  },
  'unknown-deployment': {
    status: 403,
    operator:
      'The deployment is not among those listed for this platform; "rostrum platform change ID --deployment-id DEPLOYMENT" adds it',
  },
  'other-deployment': {
    status: 403,
    operator: 'The deployment of the id_token is not the one the login named',
  },
  'platform-login-required': {
    status: 403,
    operator: 'The LMS answered login_required: it has no session for the person who launched',
  },
  'platform-launch-expired': {
    status: 400,
    operator: 'The LMS answered launch_no_longer_valid: the launch was used already or took too long',
  },
  'platform-access-denied': {
    status: 403,
    operator: 'The LMS answered access_denied: another person is logged in than the one who launched',
  },
  'platform-client-refused': {
    status: 403,
    operator: 'The LMS answered unauthorized_client: this client ID is not enabled there',
  },
  'platform-request-refused': {
    status: 400,
    operator: 'The LMS refused the form of the authentication request; compare the registration on both sides',
  },
  'platform-error': { status: 400, operator: 'The LMS answered the authentication request with an error' },
} as const satisfies Record<string, Refusal>;

export type LtiRefusal = keyof typeof LTI_REFUSALS;

/** Every reason a dynamic registration is refused for; texts for the person stand in `locales/*.json` under `problems`. */
export const REGISTRATION_REFUSALS = {
  'invite-missing': {
    status: 400,
    operator: 'The registration address carries no invite; make one with "rostrum registration-invite create"',
  },
  'invite-not-open': {
    status: 403,
    operator: 'The invite is unknown, has expired, was used, or is being used at this moment',
  },
  'bad-registration-request': {
    status: 400,
    operator: 'openid_configuration or registration_token is missing, given twice or too long',
  },
  'configuration-unreachable': {
    status: 502,
    operator: "The LMS's OpenID configuration could not be fetched; the address must be https and public",
  },
  'configuration-refused': {
    status: 502,
    operator: 'The LMS did not give its OpenID configuration; a registration token is good for about an hour',
  },
  'bad-configuration': {
    status: 502,
    operator: 'The OpenID configuration is not JSON or lacks a field that LTI Dynamic Registration 1.0 requires',
  },
  'foreign-issuer': {
    status: 403,
    operator: 'The issuer is on another host than the configuration (LTI Dynamic Registration 1.0, 3.5)',
  },
  'foreign-endpoint': {
    status: 403,
    operator: 'An endpoint of the configuration is not on the host of its issuer, or is no plain https address',
  },
  'unsupported-authentication': {
    status: 502,
    operator: 'The LMS does not offer private_key_jwt at its token endpoint, which LTI 1.3 requires',
  },
  'configuration-changed': {
    status: 409,
    operator: 'The configuration is not the one that the administrator was shown a moment ago',
  },
  'platform-exists': {
    status: 409,
    operator:
      'This issuer and client ID are registered already and are never replaced; see "rostrum platform change" and "rostrum platform remove"',
  },
  'registration-refused': {
    status: 502,
    operator: 'The LMS refused the registration; its answer stands beside this line',
  },
  'registration-unreachable': {
    status: 502,
    operator: "The LMS's registration endpoint did not answer",
  },
} as const satisfies Record<string, { status: number; operator: string }>;

export type RegistrationRefusal = keyof typeof REGISTRATION_REFUSALS;

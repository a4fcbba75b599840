/** A refusal of the token endpoint. */
export type TokenRefusal = { status: 400 | 401; reason: string; error: string };

/** Bodies of the token endpoint, by what happened; the number at the end is Zoom's own. */
export const TOKEN_REFUSALS = {
  'no-credentials': { status: 400, reason: 'Missing client credentials or grant. (4706)', error: 'invalid_request' },
  'bad-client': { status: 401, reason: 'Invalid client_id or client_secret. (4702)', error: 'invalid_client' },
  'escaped-client': {
    status: 401,
    reason: 'Invalid client_id or client_secret: they were percent-encoded. (4702)',
    error: 'invalid_client',
  },
  'grant-type': { status: 400, reason: 'Unsupported grant type. (4705)', error: 'unsupported_grant_type' },
  'redirect-uri': { status: 400, reason: 'Redirect URI mismatch. (4709)', error: 'invalid_request' },
  'app-disabled': { status: 401, reason: 'The app has been disabled. (4717)', error: 'unauthorized_client' },
  'code-expired': { status: 400, reason: 'The authorization code has expired. (4733)', error: 'invalid_grant' },
  'code-invalid': { status: 400, reason: 'Invalid authorization code. (4734)', error: 'invalid_grant' },
  verifier: { status: 400, reason: 'Invalid code verifier. (4734)', error: 'invalid_grant' },
  'owner-gone': { status: 400, reason: 'The owner of the token does not exist. (4735)', error: 'invalid_grant' },
  'admin-disabled': {
    status: 400,
    reason: 'The token was disabled by the administrator. (4738)',
    error: 'invalid_grant',
  },
  newer: { status: 400, reason: 'The token was revoked by a newer authorization. (4741)', error: 'invalid_grant' },
  // The app was removed, the refresh token was used before, or nobody used it for 90 days: Zoom does not say which.
  dead: { status: 400, reason: 'Invalid Token!', error: 'invalid_grant' },
} as const satisfies Record<string, TokenRefusal>;

export type TokenRefusalName = keyof typeof TOKEN_REFUSALS;

/**
 * Every expected failure of the API: status, title and what to do, in English for the people who write clients. A page
 * for people never shows these.
 */
export const API_PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail: 'See `errors` for what is wrong, field by field.',
  },
  'no-key': {
    status: 401,
    title: 'No API key',
    detail: 'Send "Authorization: Bearer KEY" with a key made by `rostrum api-key create`.',
  },
  'unknown-key': { status: 401, title: 'Unknown API key', detail: 'The key does not exist or was revoked.' },
  'scope-missing': { status: 403, title: 'Scope missing', detail: 'The key does not have the scope this needs.' },
  'not-found': { status: 404, title: 'Not found', detail: 'There is nothing at this path; see /api/v1/openapi.json.' },
  'no-such-channel': { status: 404, title: 'No such channel', detail: 'No channel has this ID.' },
  'no-such-member': { status: 404, title: 'No such member', detail: 'Nobody with this user ID is in the channel.' },
  'no-such-sync': { status: 404, title: 'No such sync', detail: 'No sync has this ID.' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', detail: 'The `Allow` header lists what is.' },
  'kept-set-by-hand': {
    status: 409,
    title: 'Kept: set by hand',
    detail: 'A person set this member by hand and that stays. Send "override": true to replace it.',
  },
  'added-by-hand': {
    status: 409,
    title: 'Added by hand',
    detail: 'A member whom a person added has nothing to return to until the roster lists them.',
  },
  'last-manager': {
    status: 409,
    title: 'Last manager',
    detail: 'The channel would be without a manager. Make somebody else a manager first.',
  },
  'reference-id-taken': {
    status: 409,
    title: 'Reference ID taken',
    detail: 'Another channel of the platform has this reference ID.',
  },
  'sync-under-way': {
    status: 409,
    title: 'Another sync is under way',
    detail: 'A held sync cannot be applied while another sync of its channel is queued or running. Wait for its end.',
  },
  'not-held': { status: 409, title: 'Not held', detail: 'Only a held sync can be applied or discarded, and once.' },
  'changed-meanwhile': {
    status: 412,
    title: 'Changed meanwhile',
    detail: 'The channel is not as `If-Match` says. Read it again and repeat the change.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as application/json.',
  },
} as const satisfies Record<string, { status: number; title: string; detail: string }>;

export type ApiProblemReason = keyof typeof API_PROBLEMS;

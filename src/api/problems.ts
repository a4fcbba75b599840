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
  'no-such-channel': {
    status: 404,
    title: 'No such channel',
    detail: 'No channel has this ID, or it was deleted: such a one can be read and restored for 30 days, nothing else.',
  },
  'no-such-member': { status: 404, title: 'No such member', detail: 'Nobody with this ID is in the channel.' },
  'no-such-person': {
    status: 404,
    title: 'No such person',
    detail:
      "Nobody with this ID is known on the channel's platform. `PUT` enters a new person who is named as `sub:` followed by the LMS's ID.",
  },
  'no-such-sync': { status: 404, title: 'No such sync', detail: 'No sync has this ID, or its channel was deleted.' },
  'no-such-activity': {
    status: 404,
    title: 'No such activity',
    detail: 'Nothing in the activity of the channel has this ID.',
  },
  'method-not-allowed': { status: 405, title: 'Method not allowed', detail: 'The `Allow` header lists what is.' },
  'kept-set-by-hand': {
    status: 409,
    title: 'Kept: set by hand',
    detail: 'A person set this member by hand and that stays. Send `override` as true to replace it.',
  },
  'added-by-hand': {
    status: 409,
    title: 'Added by hand',
    detail: 'A member whom a person added has nothing to return to until the roster lists them.',
  },
  'roster-decides': {
    status: 409,
    title: 'The roster decides',
    detail:
      'The course roster lists this member otherwise, and an automatic entry cannot change that. Send `updateMethod` as manual to set the member against the roster.',
  },
  'last-manager': {
    status: 409,
    title: 'Last manager',
    detail: 'The channel would be without a manager. Make somebody else a manager first.',
  },
  'is-owner': {
    status: 409,
    title: 'Owner',
    detail: 'The owner of a channel stays its manager. Give the channel another owner, or none, first.',
  },
  'test-student': {
    status: 409,
    title: 'Test student',
    detail: "The LMS's test student is nobody: they cannot be entered, and cannot own a channel.",
  },
  'reference-id-taken': {
    status: 409,
    title: 'Reference ID taken',
    detail:
      'Another channel of the platform has this reference ID; it may be a deleted one, which keeps it for as long as it can be restored: `GET /channels?deleted=true`.',
  },
  'not-undoable': {
    status: 409,
    title: 'Cannot be undone',
    detail: 'Changes of members, of settings and of the owner can be undone, nothing else.',
  },
  'changed-since': {
    status: 409,
    title: 'Changed since',
    detail: 'Something else was done to it after this change, or it was undone already. Nothing was undone now.',
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
    detail: 'It is not as `If-Match` or `If-None-Match` says. Read it again and repeat the change.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as application/json.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail: 'Wait for as many seconds as `Retry-After` says.',
  },
} as const satisfies Record<string, { status: number; title: string; detail: string }>;

export type ApiProblemReason = keyof typeof API_PROBLEMS;

import type { LtiRefusal, Refusal } from './refusals.ts';

/** Why a launch whose every check passed still leads to no channel. */
export const OPEN_REFUSALS = {
  'deep-linking': { status: 400, operator: 'A deep-linking request; the tool offers no content to link to yet' },
  'not-a-course': {
    status: 400,
    operator: 'The launch names no course (an account-level placement, or no context claim)',
  },
  'anonymous-launch': { status: 403, operator: 'The launch names no person (a visitor of a public course)' },
  'no-course-role': {
    status: 403,
    operator:
      'None of the roles in the launch gives a level in this course; "rostrum platform change ID --role-level ROLE=LEVEL" gives one',
  },
  'channel-deleted': { status: 410, operator: 'The channel of this course was deleted' },
} as const satisfies Record<string, Refusal>;

/**
 * What became of a launch, or of the login before it: `ok` when it led to a page, `no-access` when the person was deactivated,
 * `error` when something of ours failed.
 */
export type LaunchOutcome = 'ok' | 'error' | 'no-access' | LtiRefusal | keyof typeof OPEN_REFUSALS;

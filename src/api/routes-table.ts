import type { z } from 'zod';
import type { ApiRoute } from './api-route.ts';
import { CHANNEL_ROWS } from './channel-rows.ts';
import { MEMBER_ROWS } from './member-rows.ts';
import type { ApiProblemReason } from './problems.ts';
import { SYNC_ROWS } from './sync-rows.ts';

export type { ApiRoute };

/** All operations, by name. */
export const API_ROUTES = { ...CHANNEL_ROWS, ...MEMBER_ROWS, ...SYNC_ROWS };

export type Operation = keyof typeof API_ROUTES;

/** What every operation may answer besides its own problems. */
const COMMON_PROBLEMS = ['invalid-request', 'no-key', 'unknown-key', 'scope-missing', 'too-many-requests'] as const;

export type InputOf<Name extends Operation> = {
  params: z.infer<(typeof API_ROUTES)[Name]['params']>;
  query: z.infer<(typeof API_ROUTES)[Name]['query']>;
  body: (typeof API_ROUTES)[Name]['body'] extends z.ZodType ? z.infer<(typeof API_ROUTES)[Name]['body']> : null;
};

export type OutputOf<Name extends Operation> = (typeof API_ROUTES)[Name]['response'] extends z.ZodType
  ? z.infer<(typeof API_ROUTES)[Name]['response']>
  : null;

/** The problems an operation may answer with, as its row says. */
export function problemsOf(route: ApiRoute): ApiProblemReason[] {
  return [...COMMON_PROBLEMS, ...(route.body ? (['unsupported-media-type'] as const) : []), ...route.problems];
}

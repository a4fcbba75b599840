import type { z } from 'zod';
import type { ApiScope } from './api-key-store.ts';
import type { ApiProblemReason } from './problems.ts';
import {
  channelChangeSchema,
  channelPageSchema,
  channelParams,
  channelQuery,
  channelSchema,
  memberChangeSchema,
  memberPageSchema,
  memberParams,
  memberQuery,
  memberSchema,
  noQuery,
  syncParams,
  syncRequestedSchema,
  syncSchema,
} from './schemas.ts';

/** One operation of the API; the router and the OpenAPI document are both made from these. */
export type ApiRoute = {
  method: 'get' | 'patch' | 'post';
  /** Below `/api/v1`, as OpenAPI writes it. */
  path: string;
  summary: string;
  scope: ApiScope;
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodType | null;
  status: 200 | 202;
  response: z.ZodType;
  /** Failures besides those that every operation has (`COMMON_PROBLEMS`). */
  problems: readonly ApiProblemReason[];
};

export const API_ROUTES = {
  listChannels: {
    method: 'get',
    path: '/channels',
    summary: 'List channels',
    scope: 'channels:read',
    params: noQuery,
    query: channelQuery,
    body: null,
    status: 200,
    response: channelPageSchema,
    problems: [],
  },
  getChannel: {
    method: 'get',
    path: '/channels/{channelId}',
    summary: 'Read a channel',
    scope: 'channels:read',
    params: channelParams,
    query: noQuery,
    body: null,
    status: 200,
    response: channelSchema,
    problems: ['no-such-channel'],
  },
  changeChannel: {
    method: 'patch',
    path: '/channels/{channelId}',
    summary: 'Change the settings of a channel; with `If-Match`, only if nobody changed it meanwhile',
    scope: 'channels:write',
    params: channelParams,
    query: noQuery,
    body: channelChangeSchema,
    status: 200,
    response: channelSchema,
    problems: ['no-such-channel', 'reference-id-taken', 'changed-meanwhile'],
  },
  listMembers: {
    method: 'get',
    path: '/channels/{channelId}/members',
    summary: 'List the members of a channel',
    scope: 'members:read',
    params: channelParams,
    query: memberQuery,
    body: null,
    status: 200,
    response: memberPageSchema,
    problems: ['no-such-channel'],
  },
  getMember: {
    method: 'get',
    path: '/channels/{channelId}/members/{userId}',
    summary: 'Read a member',
    scope: 'members:read',
    params: memberParams,
    query: noQuery,
    body: null,
    status: 200,
    response: memberSchema,
    problems: ['no-such-channel', 'no-such-member'],
  },
  changeMember: {
    method: 'patch',
    path: '/channels/{channelId}/members/{userId}',
    summary:
      'Change the level, the status or the update method of a member; what a person set is kept without `override`',
    scope: 'members:write',
    params: memberParams,
    query: noQuery,
    body: memberChangeSchema,
    status: 200,
    response: memberSchema,
    problems: ['no-such-channel', 'no-such-member', 'kept-set-by-hand', 'added-by-hand', 'last-manager'],
  },
  requestSync: {
    method: 'post',
    path: '/channels/{channelId}/sync',
    summary: 'Ask for a roster sync; a sync that is queued or running already is returned instead of a second one',
    scope: 'syncs:write',
    params: channelParams,
    query: noQuery,
    body: null,
    status: 202,
    response: syncRequestedSchema,
    problems: ['no-such-channel'],
  },
  getSync: {
    method: 'get',
    path: '/syncs/{syncId}',
    summary: 'Read a sync',
    scope: 'syncs:read',
    params: syncParams,
    query: noQuery,
    body: null,
    status: 200,
    response: syncSchema,
    problems: ['no-such-sync'],
  },
  applySync: {
    method: 'post',
    path: '/syncs/{syncId}/apply',
    summary: 'Apply a held sync, once',
    scope: 'syncs:write',
    params: syncParams,
    query: noQuery,
    body: null,
    status: 200,
    response: syncSchema,
    problems: ['no-such-sync', 'not-held', 'sync-under-way'],
  },
  discardSync: {
    method: 'post',
    path: '/syncs/{syncId}/discard',
    summary: 'Discard a held sync, once; memberships stay as they are',
    scope: 'syncs:write',
    params: syncParams,
    query: noQuery,
    body: null,
    status: 200,
    response: syncSchema,
    problems: ['no-such-sync', 'not-held'],
  },
} as const satisfies Record<string, ApiRoute>;

export type Operation = keyof typeof API_ROUTES;

/** What every operation may answer besides its own problems. */
const COMMON_PROBLEMS = ['invalid-request', 'no-key', 'unknown-key', 'scope-missing'] as const;

export type InputOf<Name extends Operation> = {
  params: z.infer<(typeof API_ROUTES)[Name]['params']>;
  query: z.infer<(typeof API_ROUTES)[Name]['query']>;
  body: (typeof API_ROUTES)[Name]['body'] extends z.ZodType ? z.infer<(typeof API_ROUTES)[Name]['body']> : null;
};

export type OutputOf<Name extends Operation> = z.infer<(typeof API_ROUTES)[Name]['response']>;

/** The problems an operation may answer with, as its row says. */
export function problemsOf(route: ApiRoute): ApiProblemReason[] {
  return [...COMMON_PROBLEMS, ...(route.body ? (['unsupported-media-type'] as const) : []), ...route.problems];
}

import type { ApiRoute } from './api-route.ts';
import {
  activityPageSchema,
  activityParams,
  activityQuery,
  channelChangeSchema,
  channelPageSchema,
  channelQuery,
  channelSchema,
  undoneSchema,
} from './schemas/channel-schemas.ts';
import { channelParams, noQuery } from './schemas/common.ts';

const CHANNEL = { path: '/channels/{channelId}', params: channelParams, query: noQuery } as const;

export const CHANNEL_ROWS = {
  listChannels: {
    method: 'get',
    path: '/channels',
    summary: 'List channels',
    description:
      'Oldest first. Deleted channels are not listed; with `deleted=true` they alone are, for as long as they can be restored.',
    scopes: ['channels:read'],
    params: noQuery,
    query: channelQuery,
    body: null,
    statuses: [200],
    response: channelPageSchema,
    problems: [],
  },
  getChannel: {
    ...CHANNEL,
    method: 'get',
    summary: 'Read a channel',
    description:
      'A deleted one too, for as long as it can be restored: `deletedAt` and `restorableUntil` say so. Until then there is nothing below its path, and nothing but `restore` changes it.',
    scopes: ['channels:read'],
    body: null,
    statuses: [200],
    response: channelSchema,
    problems: ['no-such-channel'],
  },
  changeChannel: {
    ...CHANNEL,
    method: 'patch',
    summary: 'Change the settings of a channel; with `If-Match`, only if nobody changed them meanwhile',
    description:
      'A field that is left out stays. `owner` needs the scope `members:write` too, for an owner becomes a manager. Idempotent: the same change twice changes nothing the second time.',
    scopes: ['channels:write'],
    fieldScopes: { owner: 'members:write' },
    body: channelChangeSchema,
    statuses: [200],
    response: channelSchema,
    preconditions: ['If-Match'],
    problems: ['no-such-channel', 'no-such-person', 'test-student', 'reference-id-taken', 'changed-meanwhile'],
  },
  deleteChannel: {
    ...CHANNEL,
    method: 'delete',
    summary: 'Delete a channel; for 30 days it can be restored',
    description:
      'Nobody reaches a deleted channel, and nothing of it is lost until `restorableUntil`. Idempotent: a deleted channel is answered as it stands.',
    scopes: ['channels:write'],
    body: null,
    statuses: [200],
    response: channelSchema,
    preconditions: ['If-Match'],
    problems: ['no-such-channel', 'changed-meanwhile'],
  },
  restoreChannel: {
    ...CHANNEL,
    method: 'post',
    path: '/channels/{channelId}/restore',
    summary: 'Restore a deleted channel as it was',
    description: 'Idempotent: a channel that is not deleted is answered as it stands.',
    scopes: ['channels:write'],
    body: null,
    statuses: [200],
    response: channelSchema,
    problems: ['no-such-channel'],
  },
  listActivity: {
    method: 'get',
    path: '/channels/{channelId}/activity',
    summary: 'List what was done in a channel, newest first',
    description:
      'Who, what, to whom, from what to what. People are named by ID. Without the scope `members:read`, `subject`, `from` and `to` are null in what was done to a member.',
    scopes: ['channels:read'],
    params: channelParams,
    query: activityQuery,
    body: null,
    statuses: [200],
    response: activityPageSchema,
    problems: ['no-such-channel'],
  },
  undoActivity: {
    method: 'post',
    path: '/channels/{channelId}/activity/{activityId}/undo',
    summary: 'Undo a change; one of a batch undoes the whole batch',
    description:
      'Needs what the change itself needs: the scope `members:write` for members, `channels:write` for settings, both for the owner. What the roster and launches said meanwhile stays; where something else was done since, nothing is undone. Not idempotent, yet safe to repeat: the second call is answered with `changed-since`.',
    scopes: [],
    eitherScope: ['members:write', 'channels:write'],
    params: activityParams,
    query: noQuery,
    body: null,
    statuses: [200],
    response: undoneSchema,
    problems: [
      'no-such-channel',
      'no-such-activity',
      'not-undoable',
      'changed-since',
      'last-manager',
      'is-owner',
      'reference-id-taken',
    ],
  },
} as const satisfies Record<string, ApiRoute>;

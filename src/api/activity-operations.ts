import { undoActivity, undoKind } from '../channels/undo-activity.ts';
import { success } from '../lib/result.ts';
import type { ApiScope } from './api-key-store.ts';
import { findChannel } from './find-channel.ts';
import { type OperationDeps, type Operations, pageRequest, scopeMissing } from './operation.ts';
import { presentActivity } from './present.ts';

export function activityOperations(deps: OperationDeps): Pick<Operations, 'listActivity' | 'undoActivity'> {
  return {
    async listActivity({ params, query }, { scopes }) {
      const channel = await findChannel(deps, params.channelId);
      if (!channel.ok) return channel;
      const page = await deps.activity.listActivity(channel.value.id, {}, pageRequest(query));
      const withMembers = scopes.includes('members:read');
      const items = page.items.map((event) => presentActivity(event, { withMembers }));
      return success({ body: { items, nextCursor: page.nextCursor } });
    },

    async undoActivity({ params }, { actor, scopes }) {
      const { activityId } = params;
      const channel = await findChannel(deps, params.channelId);
      if (!channel.ok) return channel;
      const event = await deps.activity.findActivity(activityId);
      const kind = event?.channelId === channel.value.id ? undoKind(event) : null;
      const missing = kind === null ? undefined : UNDO_SCOPES[kind].find((scope) => !scopes.includes(scope));
      if (missing) return scopeMissing(missing);
      const undone = await undoActivity(deps, { channelId: channel.value.id, activityId, actor });
      return undone.ok ? success({ body: undone.value }) : undone;
    },
  };
}

/** Undoing asks for what the change itself asked for: an owner is a manager as well. */
const UNDO_SCOPES: Record<NonNullable<ReturnType<typeof undoKind>>, readonly ApiScope[]> = {
  settings: ['channels:write'],
  member: ['members:write'],
  owner: ['channels:write', 'members:write'],
};

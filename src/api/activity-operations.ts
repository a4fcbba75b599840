import { undoActivity, undoKind } from '../channels/undo-activity.ts';
import { failure, success } from '../lib/result.ts';
import { findChannel } from './find-channel.ts';
import { type OperationDeps, type Operations, pageRequest } from './operation.ts';
import { presentActivity } from './present.ts';

export function activityOperations(deps: OperationDeps): Pick<Operations, 'listActivity' | 'undoActivity'> {
  return {
    async listActivity({ params, query }) {
      const channel = await findChannel(deps, params.channelId);
      if (!channel.ok) return channel;
      const page = await deps.activity.listActivity(channel.value.id, {}, pageRequest(query));
      return success({ body: { items: page.items.map(presentActivity), nextCursor: page.nextCursor } });
    },

    async undoActivity({ params }, { actor, scopes }) {
      const { activityId } = params;
      const channel = await findChannel(deps, params.channelId);
      if (!channel.ok) return channel;
      const event = await deps.activity.findActivity(activityId);
      const kind = event?.channelId === channel.value.id ? undoKind(event) : null;
      const ofChannel = kind === 'settings' || kind === 'owner';
      if (ofChannel && !scopes.includes('channels:write')) {
        return { ...failure('scope-missing'), extra: { scope: 'channels:write' } };
      }
      const undone = await undoActivity(deps, { channelId: channel.value.id, activityId, actor });
      return undone.ok ? success({ body: undone.value }) : undone;
    },
  };
}

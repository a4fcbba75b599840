import type { ChannelId, SyncId } from '../channels/channel.ts';
import type { SyncRun } from '../channels/sync-run.ts';
import { decodeCursor, encodeCursor } from '../lib/page.ts';
import { failure, success } from '../lib/result.ts';
import { findChannel } from './find-channel.ts';
import type { OperationDeps, Operations } from './operation.ts';
import { presentSync, presentSyncChange } from './present.ts';

type SyncOperations = Pick<Operations, 'requestSync' | 'getSync' | 'listSyncChanges' | 'applySync' | 'discardSync'>;

export function syncOperations(deps: OperationDeps): SyncOperations {
  const { syncs, syncService } = deps;

  async function findSync(id: string): Promise<SyncRun | null> {
    const run = await syncs.findSync(id as SyncId);
    return run && (await findChannel(deps, run.channelId)).ok ? run : null;
  }

  async function decide(id: string, verb: 'applyHeld' | 'discardHeld', actor: string) {
    const known = await findSync(id);
    if (!known) return failure('no-such-sync');
    const decided = await syncService[verb](known.id, actor);
    if (decided.ok) return success({ body: presentSync(decided.value) });
    const standing = await syncs.findSync(known.id);
    // The answer to the first call may have been lost on its way.
    return standing && isDecided(standing, verb, actor) ? success({ body: presentSync(standing) }) : decided;
  }

  return {
    async requestSync({ params }) {
      const channelId = params.channelId as ChannelId;
      const asked = await syncService.request({ channelId, trigger: 'api', requestedBy: null });
      if (!asked) return failure('no-such-channel');
      return success({ body: { syncId: asked.run.id }, headers: { Location: `/api/v1/syncs/${asked.run.id}` } });
    },

    async getSync({ params }) {
      const run = await findSync(params.syncId);
      return run ? success({ body: presentSync(run) }) : failure('no-such-sync');
    },

    async listSyncChanges({ params, query }) {
      const run = await findSync(params.syncId);
      if (!run) return failure('no-such-sync');
      const { limit = 50, cursor, kind } = query;
      const from = startOf(cursor);
      const found = await syncs.syncChanges(run.id, { from, limit: limit + 1, ...(kind ? { kind } : {}) });
      const next = found[limit];
      const items = found.slice(0, limit).map(presentSyncChange);
      return success({ body: { items, nextCursor: next ? encodeCursor([next.number]) : null } });
    },

    applySync: ({ params }, { actor }) => decide(params.syncId, 'applyHeld', actor),
    discardSync: ({ params }, { actor }) => decide(params.syncId, 'discardHeld', actor),
  };
}

/** The number of the first change of a page. */
function startOf(cursor: string | undefined): number {
  const [from = 0] = decodeCursor(cursor, 1) ?? [];
  return Number(from);
}

function isDecided(run: SyncRun, verb: 'applyHeld' | 'discardHeld', actor: string): boolean {
  if (run.decidedBy !== actor || run.state === 'held') return false;
  return (run.state === 'discarded') === (verb === 'discardHeld');
}

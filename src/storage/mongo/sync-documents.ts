import { type Connection, type Model, Schema } from 'mongoose';
import type { ChannelId, SyncId } from '../../channels/channel.ts';
import type { RosterChangeKind, SyncRun } from '../../channels/sync-run.ts';
import { defineModel } from './model.ts';

export type SyncRunDocument = Omit<SyncRun, 'id'> & {
  _id: SyncId;
  /** The channel, while the run is queued or running. */
  activeKey?: ChannelId;
  /** Its changes are kept, in `sync_changes`. */
  hasDiff?: true;
  /** The attempt whose diff is the run's; absent while it has none. */
  diffAttempt?: number;
};

/**
 * Not sharded: a run is some hundred bytes, and its unique index could not hold over several shards. No TTL index: what
 * makes runs removes old ones too, and one that waits for a person's word stays however old.
 */
const runs = new Schema<SyncRunDocument>({
  _id: { type: String, required: true },
  channelId: { type: String, required: true },
  platformId: { type: String, required: true },
  state: { type: String, required: true },
  phase: String,
  trigger: { type: String, required: true },
  requestedBy: String,
  pages: Number,
  members: Number,
  counts: {
    ...{ added: Number, changed: Number, deactivated: Number },
    ...{ reactivated: Number, kept: Number, unchanged: Number },
  },
  totalChanges: Number,
  appliedChanges: Number,
  reason: String,
  restarts: Number,
  decidedBy: String,
  tries: Number,
  queuedAt: { type: Number, required: true },
  notBefore: Number,
  startedAt: Number,
  finishedAt: Number,
  activeKey: String,
  hasDiff: Boolean,
  diffAttempt: Number,
});
// requestSync: one run of a channel at a time, whoever asks and from whichever process.
runs.index({ activeKey: 1 }, { name: 'active', unique: true, sparse: true });
// listSyncs, newest first; channelsDueForSync asks for the newest ones of many channels.
runs.index({ channelId: 1, queuedAt: -1, _id: -1 }, { name: 'of_channel' });
// lastSync: a held run is asked for with every page of its channel.
runs.index({ channelId: 1, state: 1, queuedAt: -1, _id: -1 }, { name: 'by_state' });
// unfinishedSyncs and platformsWithSyncs, oldest first. A server that indexes all runs instead is only slower.
runs.index(
  { platformId: 1, queuedAt: 1, _id: 1 },
  { name: 'waiting', partialFilterExpression: { activeKey: { $exists: true } } },
);
// Old runs are removed in the order of their ends, and their diffs long before them.
runs.index({ finishedAt: 1 }, { name: 'finished' });
runs.index({ hasDiff: 1, finishedAt: 1 }, { name: 'with_diff', partialFilterExpression: { hasDiff: true } });

export function syncRunModel(db: Connection): Model<SyncRunDocument> {
  return defineModel(db, 'sync_runs', runs);
}

/** Some changes of a diff, one after another; `_id` is made of the run, the attempt, and the first one's number. */
export type SyncChangesDocument = {
  _id: string;
  syncId: SyncId;
  /** The `restarts` of the attempt that wrote them. */
  attempt: number;
  firstNumber: number;
  kinds: RosterChangeKind[];
  /** JSON: see packed-changes.ts. */
  changes: string;
};

/** Shard key: {syncId: 1}. A diff is written and read in one place; `_id` holds the key, so it is unique everywhere. */
const changes = new Schema<SyncChangesDocument>({
  _id: { type: String, required: true },
  syncId: { type: String, required: true },
  attempt: { type: Number, required: true },
  firstNumber: { type: Number, required: true },
  kinds: { type: [String], required: true },
  changes: { type: String, required: true },
});
// syncChanges and saveSyncChanges, in order; what removes whole diffs asks for the run alone.
changes.index({ syncId: 1, attempt: 1, firstNumber: 1 }, { name: 'in_order' });

export function syncChangeModel(db: Connection): Model<SyncChangesDocument> {
  return defineModel(db, 'sync_changes', changes);
}

export function blockId(syncId: SyncId, attempt: number, firstNumber: number): string {
  return `${syncId}/${attempt}/${firstNumber}`;
}

/** Field by field: nothing else of a document gets out. */
export function toRun(document: SyncRunDocument): SyncRun {
  return {
    id: document._id,
    channelId: document.channelId,
    platformId: document.platformId,
    state: document.state,
    phase: document.phase,
    trigger: document.trigger,
    requestedBy: document.requestedBy,
    pages: document.pages,
    members: document.members,
    counts: document.counts,
    totalChanges: document.totalChanges,
    appliedChanges: document.appliedChanges,
    reason: document.reason,
    restarts: document.restarts,
    decidedBy: document.decidedBy,
    tries: document.tries,
    queuedAt: document.queuedAt,
    notBefore: document.notBefore,
    startedAt: document.startedAt,
    finishedAt: document.finishedAt,
  };
}

import type { Connection, mongo } from 'mongoose';
import type { SyncStore } from '../../channels/channel-store.ts';
import { isUnderWay, type SyncRun } from '../../channels/sync-run.ts';
import { isDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';
import { createSyncChanges } from './sync-changes.ts';
import { type SyncRunDocument, syncRunModel, toRun } from './sync-documents.ts';
import { createDueChannels } from './sync-due.ts';

type Rows = mongo.Collection<SyncRunDocument>;

export function createSyncStore(db: Connection): SyncStore {
  const rows = rowsOf(syncRunModel(db));
  return { ...runReads(rows), ...runWrites(rows), ...createSyncChanges(db), channelsDueForSync: createDueChannels(db) };
}

type RunReads = Pick<SyncStore, 'findSync' | 'listSyncs' | 'lastSync' | 'unfinishedSyncs' | 'platformsWithSyncs'>;

const NEWEST_FIRST = { queuedAt: -1, _id: -1 } as const;
const UNFINISHED = { activeKey: { $exists: true } };

function runReads(rows: Rows): RunReads {
  return {
    findSync: async (id) => read(await rows.findOne({ _id: id })),
    async listSyncs(channelId, limit) {
      return (await rows.find({ channelId }).sort(NEWEST_FIRST).limit(limit).toArray()).map(toRun);
    },
    async lastSync(channelId, states) {
      const [state, ...others] = states;
      if (state === undefined) return null;
      const wanted = others.length === 0 ? state : { $in: [...states] };
      return read(await rows.findOne({ channelId, state: wanted }, { sort: NEWEST_FIRST }));
    },
    async unfinishedSyncs({ platformId, dueAt, limit }) {
      const of = { ...UNFINISHED, ...(platformId === undefined ? {} : { platformId }), ...dueBy(dueAt) };
      const oldest = (trigger: mongo.Condition<SyncRun['trigger']>, most: number) =>
        rows
          .find({ ...of, trigger })
          .sort({ queuedAt: 1, _id: 1 })
          .limit(most)
          .toArray();
      const asked = await oldest({ $ne: 'schedule' }, limit);
      // A limit of 0 would be none to the driver.
      const scheduled = asked.length < limit ? await oldest('schedule', limit - asked.length) : [];
      return [...asked, ...scheduled].map(toRun);
    },
    platformsWithSyncs: (dueAt) => rows.distinct('platformId', { ...UNFINISHED, ...dueBy(dueAt) }),
  };
}

function dueBy(at: number | undefined): mongo.Filter<SyncRunDocument> {
  return at === undefined ? {} : { $or: [{ notBefore: null }, { notBefore: { $lte: at } }] };
}

/** As long as others end and queue runs of the channel in between; nobody is so unlucky this often. */
const ROUNDS = 50;

function runWrites(rows: Rows): Pick<SyncStore, 'requestSync' | 'hurrySync' | 'saveSync' | 'decideHeldSync'> {
  /** False when the channel has one already. */
  async function queue(run: SyncRun): Promise<boolean> {
    const { id, ...fields } = run;
    return unlessDuplicate(async () => {
      await rows.insertOne({ _id: id, ...fields, activeKey: run.channelId });
      return true;
    }, false);
  }

  return {
    async requestSync(run) {
      for (let round = 0; round < ROUNDS; round++) {
        if (await queue(run)) return { run, created: true };
        const active = await rows.findOne({ activeKey: run.channelId });
        if (active) return { run: toRun(active), created: false };
      }
      throw new Error('a sync could not be queued, and none was found that is in its way');
    },
    async hurrySync(id, { trigger, requestedBy }) {
      const waiting = { _id: id, state: 'queued', reason: { $ne: 'throttled' } } as const;
      const $set = { notBefore: null, trigger, requestedBy };
      return read(await rows.findOneAndUpdate(waiting, { $set }, { returnDocument: 'after' }));
    },
    async saveSync(run) {
      const mine = { _id: run.id, ...UNFINISHED, restarts: { $lte: run.restarts } };
      const saved = await rows.updateOne(mine, { $set: progressOf(run), ...(isUnderWay(run) ? {} : FREE) });
      return saved.matchedCount === 1;
    },
    async decideHeldSync(id, { state, reason, by, at }) {
      const held = await rows.findOne({ _id: id, state: 'held' });
      if (!held) return null;
      // A held run waits with its diff complete, so one that goes on goes on in `applying`, after a crash too.
      const next = state === 'running' ? RUNNING : ({ phase: null, finishedAt: at } as const);
      const $set = {
        state,
        reason,
        decidedBy: by,
        ...next,
        ...(state === 'running' ? { activeKey: held.channelId } : {}),
      };
      // The key is taken by the same write: another run of the channel that is queued or running keeps this one held.
      const decide = () => rows.findOneAndUpdate({ _id: id, state: 'held' }, { $set }, { returnDocument: 'after' });
      return read(await unlessDuplicate(decide, null));
    },
  };
}

/** A run that ended leaves its channel to the next one. */
const FREE = { $unset: { activeKey: '' as const } };
const RUNNING = { phase: 'applying', finishedAt: null } as const;

/** What a process that works on a run may write of it. */
function progressOf(run: SyncRun): Partial<SyncRunDocument> {
  const { state, phase, pages, members, counts, totalChanges, appliedChanges, reason } = run;
  const { restarts, decidedBy, startedAt, finishedAt, tries, notBefore } = run;
  return {
    ...{ state, phase, pages, members, counts, totalChanges, appliedChanges, reason },
    ...{ restarts, decidedBy, startedAt, finishedAt, tries, notBefore },
  };
}

async function unlessDuplicate<Value>(write: () => Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await write();
  } catch (error) {
    if (isDuplicate(error)) return otherwise;
    throw error;
  }
}

function read(document: SyncRunDocument | null): SyncRun | null {
  return document && toRun(document);
}

import type { Connection, mongo } from 'mongoose';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import { recordEvents } from './activity-store.ts';

/**
 * What a document that changes carries of its changes: events are put into it by the very write that makes the change,
 * `{$push: {pending: {$each: events}}, $min: {pendingSince: at}}`, recorded after it, and then taken out again. Both
 * fields are absent where nothing is pending; a sparse index `pending` on `pendingSince` finds the rest.
 */
export type WithPending = {
  _id: string;
  pending?: ActivityEvent[];
  pendingSince?: number;
  /** The document is removed, and stays until its events are recorded. */
  gone?: true;
};

/** The collections whose documents carry events. */
const COLLECTIONS = ['channels', 'memberships', 'meeting_links', 'recordings'] as const;

/**
 * Records the events a document carries and takes them out of it; a document that is gone goes with its last one. Safe to
 * be called at any time, by several at once and again: an event is written once, whoever writes it, and is taken out
 * only after that; an event that somebody adds meanwhile stays.
 */
export async function settlePending(
  db: Connection,
  collection: (typeof COLLECTIONS)[number],
  id: string,
  events: readonly ActivityEvent[],
): Promise<void> {
  await recordEvents(db, events);
  const rows = db.collection<WithPending>(collection) as unknown as mongo.Collection<WithPending>;
  const ids = events.map((event) => event.id);
  // Nearly always they are all there is, and one operation ends it.
  const isAll = { _id: id, pending: { $size: ids.length }, 'pending.id': { $all: ids } };
  const ended = await rows.updateOne(
    { ...isAll, gone: { $exists: false } },
    { $unset: { pending: '', pendingSince: '' } },
  );
  if (ended.matchedCount === 1) return;
  const removed = await rows.deleteOne({ ...isAll, gone: true });
  if (removed.deletedCount === 1) return;
  await rows.updateOne({ _id: id }, { $pull: { pending: { id: { $in: ids } } } });
  await rows.deleteOne({ _id: id, gone: true, pending: { $size: 0 } });
  await rows.updateOne({ _id: id, pending: { $size: 0 } }, { $unset: { pending: '', pendingSince: '' } });
}

/** Settles what a crash left pending, `limit` documents of each collection at most; whether more may be left. */
export async function flushPending(db: Connection, { now, limit }: { now: number; limit: number }): Promise<boolean> {
  let more = false;
  for (const collection of COLLECTIONS) {
    const rows = db.collection<WithPending>(collection) as unknown as mongo.Collection<WithPending>;
    const left = await rows
      .find({ pendingSince: { $lte: now } }, { projection: { pending: 1 } })
      .sort({ pendingSince: 1 })
      .limit(limit)
      .toArray();
    for (const { _id, pending = [] } of left) await settlePending(db, collection, _id, pending);
    more ||= left.length === limit;
  }
  return more;
}

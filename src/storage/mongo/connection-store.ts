import type { Connection as Database, mongo } from 'mongoose';
import type { UserId } from '../../channels/channel.ts';
import { wellFormed } from '../../lib/fold.ts';
import { failure, success } from '../../lib/result.ts';
import type { Connection } from '../../zoom/connection.ts';
import type { ConnectionStore } from '../../zoom/zoom-store.ts';
import { decidedConnection, newConnection, renewedConnection } from '../zoom-changes.ts';
import { type ConnectionDocument, connectionDocument, connectionModel, toConnection } from './connection-documents.ts';
import { createEndedRows } from './ended-connections.ts';
import { isDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';
import { untilWritten } from './until-written.ts';
import { createAuthorisations } from './zoom-authorisations.ts';

export function createConnectionStore(db: Database): ConnectionStore {
  const documents = rowsOf(connectionModel(db));
  const rows = connectionRows(documents);
  const ended = createEndedRows(db);

  return {
    ...createAuthorisations(db),
    connect: (fresh, reseal) => untilWritten(() => connectOnce(rows, ended, { fresh, reseal })),
    findConnection: (id) => rows.find({ _id: id }),
    findConnectionOf: (userId) => rows.find({ holders: userId }),
    findConnectionOfZoomUser: (zoomUserId) => rows.find({ 'profile.zoomUserId': wellFormed(zoomUserId) }),
    changeConnection: (id, at, decide) =>
      untilWritten(async () => {
        const current = await rows.find({ _id: id });
        const next = current && decidedConnection(current, decide(current), at);
        if (current === null || next === null) return { is: current };
        return (await rows.replace(current, next)) ? { is: next } : null;
      }),
    endConnection: (id, people, only) =>
      untilWritten(async () => {
        const current = await rows.find({ _id: id });
        const leaving = people.filter(({ userId }) => current?.holders.includes(userId));
        if (current === null || leaving.length === 0) return { is: false };
        if (only && current.state !== only.ifState) return { is: false };
        // First, so that nobody loses a connection without a word. Of a person who still holds one it says nothing.
        for (const each of leaving) await ended.put(each);
        const left = await rows.leave(current, new Set(leaving.map(({ userId }) => userId)));
        return left && { is: left === 'removed' };
      }),
    async findEnded(userId) {
      const found = await ended.find(userId);
      return found && (await rows.find({ holders: userId })) ? null : found;
    },
    async connectionsToSweep({ sweptBefore, limit }) {
      const due = [{ 'walk.asked': true }, { 'walk.sweptAt': null }, { 'walk.sweptAt': { $lt: sweptBefore } }];
      const found = await documents
        .find({ state: 'live', $or: due })
        .project<Pick<ConnectionDocument, '_id'>>({ _id: 1 })
        // Nothing sorts before numbers: one that was never swept comes before those that were.
        .sort({ 'walk.asked': -1, 'walk.sweptAt': 1, _id: 1 })
        .hint('to_sweep')
        .limit(limit)
        .toArray();
      return found.map(({ _id }) => _id);
    },
  };
}

type Rows = ReturnType<typeof connectionRows>;
type EndedRows = ReturnType<typeof createEndedRows>;
type Connected = { is: Awaited<ReturnType<ConnectionStore['connect']>> };
type Asked = { fresh: Connection; reseal: Parameters<ConnectionStore['connect']>[1] };

/**
 * A person leaves the broken connection before they enter the other one, as the index lets them be in one only. Who dies
 * between the two is connected to nothing and connects again. Null: somebody was quicker, and all is to be read again.
 */
async function connectOnce(rows: Rows, ended: EndedRows, { fresh, reseal }: Asked): Promise<Connected | null> {
  const { holders } = fresh;
  const zoomUserId = wellFormed(fresh.profile.zoomUserId);
  const known = await rows.find({ 'profile.zoomUserId': zoomUserId });
  const others = await rows.all({ holders: { $in: holders }, 'profile.zoomUserId': { $ne: zoomUserId } });
  if (others.some(({ state }) => state === 'live')) return { is: failure('other-account') };
  const forget = await ended.remember(holders);
  for (const other of others) if (!(await rows.leave(other, new Set(holders)))) return null;
  const connection = known ? renewedConnection(known, fresh, reseal) : newConnection(fresh, reseal);
  const isWritten = known ? await rows.replace(known, connection) : await rows.insert(connection);
  if (!isWritten) return null;
  await forget();
  return { is: success({ connection, created: known === null }) };
}

/** Writes that meet only the version which was read: false, or null, and nothing written, when another was quicker. */
function connectionRows(documents: mongo.Collection<ConnectionDocument>) {
  const replace = (current: Connection, next: Connection): Promise<boolean> =>
    unlessTaken(async () => {
      const as = { _id: current.id, version: current.version };
      return (await documents.replaceOne(as, connectionDocument(next))).matchedCount === 1;
    });

  return {
    async find(where: mongo.Filter<ConnectionDocument>): Promise<Connection | null> {
      const found = await documents.findOne(where);
      return found && toConnection(found);
    },
    all: async (where: mongo.Filter<ConnectionDocument>) => (await documents.find(where).toArray()).map(toConnection),
    replace,
    insert: (connection: Connection): Promise<boolean> =>
      unlessTaken(async () => {
        await documents.insertOne(connectionDocument(connection));
        return true;
      }),
    /** Takes people from a connection, which is removed when nobody holds it any more. */
    async leave(current: Connection, people: ReadonlySet<UserId>): Promise<'held' | 'removed' | null> {
      const { id: _id, version } = current;
      const holders = current.holders.filter((userId) => !people.has(userId));
      if (holders.length > 0) {
        const next = { ...current, holders, version: version + 1 };
        return (await replace(current, next)) ? 'held' : null;
      }
      return (await documents.deleteOne({ _id, version })).deletedCount === 1 ? 'removed' : null;
    },
  };
}

/** False when a Zoom user, or a person, has a connection meanwhile. */
async function unlessTaken(write: () => Promise<boolean>): Promise<boolean> {
  try {
    return await write();
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

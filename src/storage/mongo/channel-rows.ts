import type { Connection } from 'mongoose';
import { type Channel, type ChannelId, DELETED_KEPT_MS } from '../../channels/channel.ts';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import { type ChannelDocument, channelModel, newDocument, toChannel, writtenFields } from './channel-documents.ts';
import { isDuplicate, isOutage } from './faults.ts';
import { rowsOf } from './model.ts';
import { settlePending } from './pending-events.ts';

export type ChannelRows = {
  find(id: ChannelId): Promise<Channel | null>;
  /** Null when a channel of this ID is there. Where another has its reference ID, it is stored without one. */
  insert(channel: Channel): Promise<Channel | null>;
  /** As `ChannelStore.updateChannel`. */
  update(channel: Channel, at: number, note?: (written: Channel) => ActivityEvent[]): Promise<Channel | null>;
};

export function createChannelRows(db: Connection): ChannelRows {
  const channels = rowsOf(channelModel(db));

  async function insert(channel: Channel): Promise<Channel | null> {
    const document = newDocument(channel);
    try {
      await channels.insertOne(document);
      return toChannel(document);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    // Either its own ID or its reference ID was taken; servers do not tell alike which.
    const isThere = await channels.findOne({ _id: channel.id }, { projection: { _id: 1 } });
    return isThere || channel.referenceId === null ? null : insert({ ...channel, referenceId: null });
  }

  /** They stand in the channel already: when the engine fails now, or we die, `flushPending` does the rest later. */
  async function record(id: ChannelId, events: ActivityEvent[]): Promise<void> {
    try {
      await settlePending(db, 'channels', id, events);
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }

  return {
    async find(id) {
      const found = await channels.findOne({ _id: id, life: { $ne: 'purging' } });
      return found && toChannel(found);
    },
    insert,
    async update(channel, at, note) {
      const next = { ...channel, updatedAt: at, version: channel.version + 1 };
      const fields = writtenFields(next);
      const events = note?.(toChannel({ ...channel, ...fields, _id: channel.id })) ?? [];
      const written = await unlessTaken(() =>
        channels.findOneAndUpdate(
          { _id: channel.id, version: channel.version, ...writable(next) },
          { $set: fields, ...without(fields), ...noting(events, at) },
          { returnDocument: 'after' },
        ),
      );
      if (written && events.length > 0) await record(channel.id, events);
      return written && toChannel(written);
    },
  };
}

/** A channel whose time for being restored is over is not to come back as an empty shell. */
function writable({ deletedAt, updatedAt }: Channel) {
  const mayBeWritten = { life: { $ne: 'purging' as const } };
  if (deletedAt !== null) return mayBeWritten;
  return { ...mayBeWritten, $or: [{ deletedAt: null }, { deletedAt: { $gt: updatedAt - DELETED_KEPT_MS } }] };
}

/** Takes away what stands in an index only where it applies. */
function without(fields: Partial<ChannelDocument>) {
  const $unset = {
    ...(fields.referenceKey === undefined ? { referenceKey: '' as const } : {}),
    ...(fields.visitors === undefined ? { visitors: '' as const } : {}),
  };
  return Object.keys($unset).length === 0 ? {} : { $unset };
}

function noting(events: ActivityEvent[], at: number) {
  return events.length === 0 ? {} : { $push: { pending: { $each: events } }, $min: { pendingSince: at } };
}

/** Null when another channel of the platform has the reference ID. */
async function unlessTaken<Value>(write: () => Promise<Value>): Promise<Value | null> {
  try {
    return await write();
  } catch (error) {
    if (isDuplicate(error)) return null;
    throw error;
  }
}

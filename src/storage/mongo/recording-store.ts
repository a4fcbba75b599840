import type { Connection } from 'mongoose';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import type { Recording, RecordingId } from '../../recordings/recording.ts';
import type { RecordingStore } from '../../recordings/recording-store.ts';
import { nextRecording } from '../recording-keys.ts';
import { storable } from '../storable.ts';
import { isDuplicate, isOutage } from './faults.ts';
import { rowsOf } from './model.ts';
import { settlePending } from './pending-events.ts';
import {
  newRecordingDocument,
  recordingModel,
  STANDS,
  toRecording,
  watchingModel,
  writtenFields,
} from './recording-documents.ts';
import { createRecordingLists } from './recording-lists.ts';
import { createWatchingRows } from './watching-rows.ts';

/** Each round somebody else has written: nobody is so unlucky this often. */
const ROUNDS = 200;

export function createRecordingStore(db: Connection): RecordingStore {
  const rows = rowsOf(recordingModel(db));
  const remove = createRemoval(db);
  const record = createRecorder(db);

  async function add(fresh: Recording, note: ActivityEvent | null): ReturnType<RecordingStore['addRecording']> {
    const recording = storable(fresh);
    for (let round = 0; round < ROUNDS; round++) {
      const known = await rows.findOne({ meetingUuid: recording.meetingUuid });
      if (known && known.life !== 'removing') return { recording: toRecording(known), created: false };
      // Its removal broke off, or is about to end: the meeting is free after it.
      if (known) await remove(known._id, known.deletedAt);
      if (await insert(recording, note)) return { recording, created: true };
    }
    throw new Error('a recording was added and removed by others again and again');
  }

  /** False when the instance is known. */
  async function insert(recording: Recording, note: ActivityEvent | null): Promise<boolean> {
    const pending = note ? { pending: [note], pendingSince: recording.updatedAt } : {};
    try {
      await rows.insertOne({ ...newRecordingDocument(recording), ...pending });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return false;
    }
    await record(recording.id, note);
    return true;
  }

  return {
    ...createRecordingLists(db),
    ...createWatchingRows(db),
    addRecording: add,
    async findRecording(id) {
      const found = await rows.findOne({ _id: id, ...STANDS });
      return found && toRecording(found);
    },
    async findByMeetings(meetingUuids) {
      const found = rows.find({ meetingUuid: { $in: meetingUuids.map(wellFormed) }, ...STANDS });
      return (await found.toArray()).map(toRecording);
    },
    async changeRecording(id, at, decide, note) {
      for (let round = 0; round < ROUNDS; round++) {
        const found = await rows.findOne({ _id: id, ...STANDS });
        if (!found) return null;
        const current = toRecording(found);
        const next = nextRecording(current, decide(current), at);
        if (!next) return current;
        const event = note?.(current, next) ?? null;
        const written = await rows.updateOne({ _id: id, turn: found.turn }, changeTo(next, event));
        if (written.matchedCount === 0) continue;
        await record(id, event);
        return next;
      }
      throw new Error('a recording was changed by others again and again');
    },
    removeRecording: remove,
  };
}

function changeTo(next: Recording, event: ActivityEvent | null) {
  const fields = writtenFields(next);
  return {
    $set: fields,
    $inc: { turn: 1 },
    ...(fields.unfinishedSince === undefined ? { $unset: { unfinishedSince: '' as const } } : {}),
    ...(event ? { $push: { pending: event }, $min: { pendingSince: next.updatedAt } } : {}),
  };
}

/** It stands in the recording already: when the engine fails now, or we die, `flushPending` does the rest later. */
function createRecorder(db: Connection): (id: RecordingId, event: ActivityEvent | null) => Promise<void> {
  return async (id, event) => {
    if (event === null) return;
    try {
      await settlePending(db, 'recordings', id, [event]);
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  };
}

/**
 * Removes a recording that is in the bin since then. The mark makes it gone for everybody, and nobody writes to it any
 * more; its document goes last, so whoever dies on the way leaves what `binnedBefore` tells, and what ends it when it is
 * called again, or when its meeting is added anew.
 */
function createRemoval(db: Connection): (id: RecordingId, deletedAt: number | null) => Promise<boolean> {
  const rows = rowsOf(recordingModel(db));
  const watching = rowsOf(watchingModel(db));
  return async (id, deletedAt) => {
    if (deletedAt === null) return false;
    const marked = await rows.findOneAndUpdate(
      { _id: id, deletedAt },
      { $set: { life: 'removing' }, $unset: { unfinishedSince: '' }, $inc: { turn: 1 } },
      { returnDocument: 'after' },
    );
    if (!marked) return false;
    await watching.deleteMany({ recordingId: id });
    if (marked.pending) await settlePending(db, 'recordings', id, marked.pending);
    return (await rows.deleteOne({ _id: id, life: 'removing' })).deletedCount === 1;
  };
}

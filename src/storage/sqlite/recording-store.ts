import { wellFormed } from '../../lib/fold.ts';
import type { Recording } from '../../recordings/recording.ts';
import type { RecordingStore } from '../../recordings/recording-store.ts';
import { nextRecording } from '../recording-keys.ts';
import { storable } from '../storable.ts';
import { createActivityRecorder } from './activity-store.ts';
import { atomic, type Database } from './database.ts';
import { createRecordingLists } from './recording-lists.ts';
import { createRecordingRows } from './recording-rows.ts';
import { createWatchingRows } from './watching-rows.ts';

export function createRecordingStore(db: Database): RecordingStore {
  const rows = createRecordingRows(db);
  const record = createActivityRecorder(db);
  // What was watched of it goes by its foreign key.
  const remove = db.prepare<[string, number]>('DELETE FROM recordings WHERE id = ? AND deleted_at = ?');

  const add = atomic(db, (...[fresh, note]: Parameters<RecordingStore['addRecording']>) => {
    const recording = storable(fresh);
    const known = rows.findByMeeting(recording.meetingUuid);
    if (known) return { recording: known, created: false };
    rows.insert(recording);
    if (note) record(note);
    return { recording, created: true };
  });

  const change = atomic(
    db,
    (...[id, at, decide, note]: Parameters<RecordingStore['changeRecording']>): Recording | null => {
      const current = rows.find(id);
      if (!current) return null;
      const next = nextRecording(current, decide(current), at);
      if (!next) return current;
      rows.update(next);
      const event = note?.(current, next) ?? null;
      if (event) record(event);
      return next;
    },
  );

  return {
    ...createRecordingLists(db),
    ...createWatchingRows(db),
    addRecording: async (...asked) => add(...asked),
    findRecording: async (id) => rows.find(id),
    findByMeetings: async (meetingUuids) =>
      [...new Set(meetingUuids.map(wellFormed))].flatMap((uuid) => rows.findByMeeting(uuid) ?? []),
    changeRecording: async (...asked) => change(...asked),
    removeRecording: async (id, deletedAt) => remove.run(id, deletedAt).changes === 1,
  };
}

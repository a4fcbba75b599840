import type { Recording } from '../../recordings/recording.ts';
import { recordingKeys } from '../recording-keys.ts';
import { fromJson, toFlag, toJson } from './columns.ts';
import type { Database } from './database.ts';

export type RecordingRow = Omit<Recording, 'titleGiven' | 'parts' | 'import'> & {
  titleGiven: number;
  parts: string;
  import: string;
};

/** A row as it is written, with what lists filter by. */
type WrittenRow = RecordingRow & { binned: number; shown: number; unfinishedSince: number | null; search: string };

const FIELDS: readonly (readonly [field: string, column: string])[] = [
  ['id', 'id'],
  ['platformId', 'platform_id'],
  ['ownerId', 'owner_id'],
  ['channelId', 'channel_id'],
  ['formerChannelId', 'former_channel_id'],
  ['meetingUuid', 'meeting_uuid'],
  ['meetingNumber', 'meeting_number'],
  ['linkId', 'link_id'],
  ['connectionId', 'connection_id'],
  ['title', 'title'],
  ['titleGiven', 'title_given'],
  ['startedAt', 'started_at'],
  ['timeZone', 'time_zone'],
  ['durationMs', 'duration_ms'],
  ['visibility', 'visibility'],
  ['review', 'review'],
  ['parts', 'parts'],
  ['import', 'import'],
  ['deletedAt', 'deleted_at'],
  ['createdAt', 'created_at'],
  ['updatedAt', 'updated_at'],
  ['version', 'version'],
];

const MADE: typeof FIELDS = [
  ['binned', 'binned'],
  ['shown', 'shown'],
  ['unfinishedSince', 'unfinished_since'],
  ['search', 'search'],
];

/** The row as SQL gives it back under the names of the domain. */
export const RECORDING_COLUMNS = FIELDS.map(([field, column]) => `${column} AS "${field}"`).join(', ');

/** The rows of `recordings`; the store calls these inside its transactions. */
export type RecordingRows = {
  find(id: string): Recording | null;
  findByMeeting(meetingUuid: string): Recording | null;
  insert(recording: Recording): void;
  update(recording: Recording): void;
};

export function createRecordingRows(db: Database): RecordingRows {
  const select = `SELECT ${RECORDING_COLUMNS} FROM recordings`;
  const byId = db.prepare<[string], RecordingRow>(`${select} WHERE id = ?`);
  const byMeeting = db.prepare<[string], RecordingRow>(`${select} WHERE meeting_uuid = ?`);
  const written = [...FIELDS, ...MADE];
  const insert = db.prepare<[WrittenRow]>(
    `INSERT INTO recordings (${written.map(([, column]) => column).join(', ')})
     VALUES (${written.map(([field]) => `@${field}`).join(', ')})`,
  );
  const update = db.prepare<[WrittenRow]>(
    `UPDATE recordings SET ${written.map(([field, column]) => `${column} = @${field}`).join(', ')} WHERE id = @id`,
  );

  function read(row: RecordingRow | undefined): Recording | null {
    return row ? toRecording(row) : null;
  }

  return {
    find: (id) => read(byId.get(id)),
    findByMeeting: (meetingUuid) => read(byMeeting.get(meetingUuid)),
    insert(recording) {
      insert.run(toRow(recording));
    },
    update(recording) {
      update.run(toRow(recording));
    },
  };
}

function toRow(recording: Recording): WrittenRow {
  const { binned, shown, unfinishedSince, search } = recordingKeys(recording);
  return {
    ...recording,
    titleGiven: toFlag(recording.titleGiven),
    parts: toJson(recording.parts),
    import: toJson(recording.import),
    binned: toFlag(binned),
    shown: toFlag(shown),
    unfinishedSince,
    search,
  };
}

/** Reads a row of `RECORDING_COLUMNS`. */
export function toRecording(row: RecordingRow): Recording {
  return {
    ...row,
    titleGiven: row.titleGiven === 1,
    parts: fromJson(row.parts),
    import: fromJson(row.import),
  };
}

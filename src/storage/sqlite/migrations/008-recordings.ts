/** Recordings, how far people watched them, and what the lists of connected Zoom accounts told. */
export const recordings = `
-- binned, shown, unfinished_since and search are made by the adapter: see recording-keys.ts.
CREATE TABLE recordings (
  id TEXT PRIMARY KEY,
  platform_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  channel_id TEXT,                -- NULL: in the owner's library
  former_channel_id TEXT,
  meeting_uuid TEXT NOT NULL,
  meeting_number TEXT NOT NULL,
  link_id TEXT,
  connection_id TEXT,
  title TEXT NOT NULL,
  title_given INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  time_zone TEXT,
  duration_ms INTEGER NOT NULL,
  visibility TEXT NOT NULL,
  review TEXT NOT NULL,
  parts TEXT NOT NULL,            -- JSON array
  import TEXT NOT NULL,           -- JSON object
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  binned INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  unfinished_since INTEGER,       -- when the import that is queued or running was asked for
  search TEXT NOT NULL
) STRICT;
-- An instance of a meeting comes once, however many ask for it.
CREATE UNIQUE INDEX recordings_by_meeting ON recordings (meeting_uuid);
-- Lists, newest first. All that one filters by stands in its index: a page, its total and a search never look at a
-- row that is not shown.
CREATE INDEX recordings_of_channel ON recordings
  (channel_id, binned, started_at, id, shown, owner_id, search) WHERE channel_id IS NOT NULL;
CREATE INDEX recordings_waiting ON recordings
  (channel_id, started_at, id, shown, owner_id, search) WHERE review = 'waiting' AND binned = 0;
CREATE INDEX recordings_of_library ON recordings
  (owner_id, channel_id, binned, started_at, id, shown, search) WHERE channel_id IS NULL;
CREATE INDEX recordings_in_bin ON recordings (owner_id, started_at, id, shown, search) WHERE binned = 1;
CREATE INDEX recordings_of_former ON recordings
  (former_channel_id, binned, started_at, id, shown, owner_id, search) WHERE former_channel_id IS NOT NULL;
-- Imports to go on with, those of a connection, and what has been in the bin for long.
CREATE INDEX recordings_unfinished ON recordings (unfinished_since, id) WHERE unfinished_since IS NOT NULL;
CREATE INDEX recordings_of_connection ON recordings (connection_id, id) WHERE connection_id IS NOT NULL;
CREATE INDEX recordings_by_deletion ON recordings (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- How far a person watched a recording; goes with it.
CREATE TABLE watching (
  recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  views INTEGER NOT NULL,
  part INTEGER NOT NULL,
  position_ms INTEGER NOT NULL,
  watched_ms INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (recording_id, user_id)
) STRICT, WITHOUT ROWID;
-- Who watched, newest first.
CREATE INDEX watching_of_recording ON watching (recording_id, last_at, user_id);

-- What Zoom's list told of a person's own recordings; search is the folded topic.
CREATE TABLE catalogue (
  connection_id TEXT NOT NULL,
  meeting_uuid TEXT NOT NULL,
  number TEXT NOT NULL,
  topic TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  time_zone TEXT,
  duration_ms INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  media TEXT NOT NULL,
  has_transcript INTEGER NOT NULL,
  has_chat INTEGER NOT NULL,
  processing INTEGER NOT NULL,
  deletes_on TEXT,
  seen_at INTEGER NOT NULL,
  search TEXT NOT NULL,
  PRIMARY KEY (connection_id, meeting_uuid)
) STRICT, WITHOUT ROWID;
-- Lists, newest first, of all meetings and of one, and the meetings there are.
CREATE INDEX catalogue_listed ON catalogue (connection_id, started_at, meeting_uuid, number, seen_at, search);
CREATE INDEX catalogue_of_number ON catalogue (connection_id, number, started_at, meeting_uuid, topic, search);
`;

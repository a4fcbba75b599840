/** Sync runs with their diffs, leases, and the record of who did what. */
export const syncs = `
CREATE TABLE sync_runs (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL REFERENCES channels (id),
  platform_id TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT,
  trigger TEXT NOT NULL,
  requested_by TEXT,
  pages INTEGER NOT NULL,
  members INTEGER NOT NULL,
  counts TEXT NOT NULL,           -- JSON object
  total_changes INTEGER NOT NULL,
  applied_changes INTEGER NOT NULL,
  reason TEXT,
  restarts INTEGER NOT NULL,
  decided_by TEXT,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  has_diff INTEGER NOT NULL DEFAULT 0  -- its changes are kept, in sync_changes
) STRICT;
-- One run of a channel at a time, whoever asks and from whichever process; also finds what a crash left unfinished.
CREATE UNIQUE INDEX sync_runs_active ON sync_runs (channel_id) WHERE state IN ('queued', 'running');
-- A channel's runs, newest first.
CREATE INDEX sync_runs_of_channel ON sync_runs (channel_id, queued_at, id);
-- A held run is asked for with every page of its channel, and there is hardly ever one.
CREATE INDEX sync_runs_held ON sync_runs (channel_id, queued_at) WHERE state = 'held';
-- Old runs are removed in the order of their ends, and their diffs long before them.
CREATE INDEX sync_runs_finished ON sync_runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX sync_runs_with_diff ON sync_runs (finished_at) WHERE has_diff = 1 AND state <> 'held';

-- The diff of a run in the order it is applied in, in blocks of changes: a row for each would double what a first sync
-- writes. first_number counts changes from 0.
CREATE TABLE sync_changes (
  sync_id TEXT NOT NULL REFERENCES sync_runs (id) ON DELETE CASCADE,
  first_number INTEGER NOT NULL,
  kinds TEXT NOT NULL,            -- the kinds in the block, as "add,change"
  changes TEXT NOT NULL,          -- JSON array of arrays: see sync-changes.ts
  PRIMARY KEY (sync_id, first_number)
) STRICT;

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Outlives what it speaks of, so it refers to nothing by a foreign key.
CREATE TABLE activity (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  platform_id TEXT,
  channel_id TEXT,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_user_id TEXT,
  sync_id TEXT,
  value_from TEXT,
  value_to TEXT,
  batch TEXT
) STRICT;
-- A channel's activity, newest first.
CREATE INDEX activity_of_channel ON activity (channel_id, at, id);
-- The events of one change of many members, newest first.
CREATE INDEX activity_of_batch ON activity (channel_id, batch, at, id) WHERE batch IS NOT NULL;
-- What was done about one person, and to the settings, newest first.
CREATE INDEX activity_of_person ON activity (channel_id, subject_user_id, at, id) WHERE subject_user_id IS NOT NULL;
CREATE INDEX activity_of_settings ON activity (channel_id, at, id) WHERE action = 'channel.change';
`;

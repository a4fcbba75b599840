/** What runs in the background, for Agenda. */
export const jobs = `
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  type TEXT NOT NULL,             -- 'normal', or 'single' for what is repeated
  only_one TEXT,                  -- what is unique about it, if anything is
  data TEXT,                      -- JSON
  priority REAL NOT NULL,
  next_run_at INTEGER,            -- NULL while it runs for the last time, and when it has failed for good
  locked_at INTEGER,
  last_modified_by TEXT,          -- while it is locked: who holds the lock
  last_run_at INTEGER,
  last_finished_at INTEGER,
  failed_at INTEGER,
  fail_count INTEGER,
  fail_reason TEXT,
  progress REAL,
  disabled INTEGER NOT NULL DEFAULT 0,
  schedule TEXT NOT NULL,         -- JSON object: how it is repeated
  again INTEGER NOT NULL DEFAULT 0,     -- asked for while it runs
  cancelled INTEGER NOT NULL DEFAULT 0  -- to be stopped while it runs
) STRICT;
CREATE UNIQUE INDEX jobs_only_one ON jobs (only_one) WHERE only_one IS NOT NULL;
-- A claim: the oldest that is due, or one whose holder died.
CREATE INDEX jobs_due ON jobs (name, next_run_at, priority DESC) WHERE locked_at IS NULL AND next_run_at IS NOT NULL;
CREATE INDEX jobs_locked ON jobs (name, locked_at) WHERE locked_at IS NOT NULL;
CREATE INDEX jobs_failed ON jobs (failed_at) WHERE locked_at IS NULL AND next_run_at IS NULL;
`;

/** Runs that wait for their time: spread by the schedule, or put off because the LMS failed. */
export const syncTries = `
ALTER TABLE sync_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_runs ADD COLUMN not_before INTEGER;
-- What is left to do of one platform, what the schedule asked for last.
CREATE INDEX sync_runs_waiting ON sync_runs (platform_id, (trigger = 'schedule'), queued_at, id) WHERE state IN ('queued', 'running');
`;

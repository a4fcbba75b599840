/** Runs that wait for their time: spread by the schedule, or put off because the LMS failed. */
export const syncTries = `
ALTER TABLE sync_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_runs ADD COLUMN not_before INTEGER;
-- What is left to do, of one platform and of all, oldest first.
CREATE INDEX sync_runs_waiting ON sync_runs (platform_id, queued_at, id) WHERE state IN ('queued', 'running');
`;

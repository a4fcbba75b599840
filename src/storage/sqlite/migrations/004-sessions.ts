/** Browsers' sessions, counters for rate limits, and keys of the API. */
export const sessions = `
-- Grants are a JSON array, newest last: one row is one session, whatever it was granted.
CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY,
  grants TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
-- For removing what has expired.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE rate_limits (
  key TEXT PRIMARY KEY,
  hits INTEGER NOT NULL,
  resets_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- For removing what has expired.
CREATE INDEX rate_limits_by_reset ON rate_limits (resets_at);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  key_hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,           -- JSON array
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
`;

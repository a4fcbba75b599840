/** Zoom accounts that people connected, and the meetings that channels are linked to. */
export const zoom = `
-- One for each Zoom user: authorising again ends the grant before.
CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  zoom_user_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  end TEXT,
  profile TEXT NOT NULL,          -- JSON object
  scopes TEXT NOT NULL,           -- JSON array
  api_url TEXT,
  sealed_tokens TEXT,
  walk TEXT NOT NULL,             -- JSON object
  asked INTEGER NOT NULL,         -- of the walk, as is swept_at
  swept_at INTEGER,
  connected_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
-- Those to be swept, asked ones first; a broken one is never swept.
CREATE INDEX connections_to_sweep ON connections (asked DESC, swept_at, id) WHERE state = 'live';

-- Who connected, in the order in which they did. The primary key is what gives a person one connection at a time.
CREATE TABLE connection_holders (
  user_id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL REFERENCES connections (id)
) STRICT;
CREATE INDEX connection_holders_of ON connection_holders (connection_id);

-- Why and when a person's last connection ended.
CREATE TABLE ended_connections (
  user_id TEXT PRIMARY KEY,
  end TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- For removing what is old.
CREATE INDEX ended_connections_by_time ON ended_connections (at);

CREATE TABLE zoom_authorisations (
  state_hash TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  sealed_verifier TEXT NOT NULL,
  return_to TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
-- What a person began, newest first.
CREATE INDEX zoom_authorisations_of_user ON zoom_authorisations (user_id, started_at);
-- For removing what has expired.
CREATE INDEX zoom_authorisations_by_expiry ON zoom_authorisations (expires_at);

CREATE TABLE meeting_links (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL REFERENCES channels (id),
  platform_id TEXT NOT NULL,
  number TEXT NOT NULL,
  linked_by TEXT NOT NULL,
  connection_id TEXT,             -- outlives the connection until somebody changes it
  name TEXT,
  topic TEXT,
  kind TEXT NOT NULL,
  join_url TEXT NOT NULL,
  value_from TEXT,                -- first day
  until TEXT,
  time_zone TEXT NOT NULL,
  mode TEXT NOT NULL,
  bring TEXT NOT NULL,            -- JSON object
  visibility TEXT NOT NULL,
  times TEXT NOT NULL,            -- JSON array
  checked_at INTEGER,
  in_zoom TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- Of two who link a number to a channel at once one does.
  UNIQUE (channel_id, number)
) STRICT;
-- Lists, oldest first.
CREATE INDEX meeting_links_of_channel ON meeting_links (channel_id, created_at, id);
CREATE INDEX meeting_links_of_connection ON meeting_links (connection_id, created_at, id) WHERE connection_id IS NOT NULL;
CREATE INDEX meeting_links_of_user ON meeting_links (linked_by, created_at, id);
`;

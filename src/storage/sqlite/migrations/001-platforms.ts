/** Platforms, logins under way, invites and the keys of the LTI library. */
export const platforms = `
-- One LMS registration a row. Nothing refers to it by a foreign key: when a registration is removed, its channels and
-- people stay.
CREATE TABLE platforms (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  auth_url TEXT NOT NULL,
  token_url TEXT NOT NULL,
  token_audience TEXT,
  jwks_url TEXT NOT NULL,
  family TEXT NOT NULL,
  status TEXT NOT NULL,
  deployments TEXT NOT NULL,
  deployment_ids TEXT NOT NULL,   -- JSON array
  service_origins TEXT NOT NULL,  -- JSON array
  role_levels TEXT NOT NULL,      -- JSON object
  key_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (issuer, client_id)      -- the registration's own key; also answers "all of one issuer"
) STRICT;
-- ltijs asks for a platform by the ID of its key.
CREATE INDEX platforms_by_key ON platforms (key_id);

-- Logins that wait for their launch; a row is deleted by the launch that takes it.
CREATE TABLE logins (
  state_hash TEXT PRIMARY KEY,
  nonce TEXT NOT NULL,
  platform_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  deployment_id TEXT,
  target_link_uri TEXT NOT NULL,
  login_hint TEXT NOT NULL,
  message_hint TEXT,
  storage_target TEXT,
  browser_hash TEXT NOT NULL,
  storage_hash TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- For removing what has expired.
CREATE INDEX logins_by_expiry ON logins (expires_at);

-- One-time rights to register a platform. claimed_until: one caller is using it at this moment.
CREATE TABLE registration_invites (
  id TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL UNIQUE,
  activates INTEGER NOT NULL,
  note TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  claimed_until INTEGER,
  used_at INTEGER,
  platform_id TEXT
) STRICT;
-- For removing what has expired.
CREATE INDEX registration_invites_by_expiry ON registration_invites (expires_at);

-- Signing keys; the private half is sealed by the caller.
CREATE TABLE key_pairs (
  key_id TEXT PRIMARY KEY,
  public_pem TEXT NOT NULL,
  sealed_private_pem TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- The access token in use for each registration and set of scopes, sealed by the caller.
CREATE TABLE access_tokens (
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  sealed_token TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, client_id, scopes)
) STRICT, WITHOUT ROWID;
`;

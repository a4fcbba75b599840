/** Channels, the courses they belong to, people and their memberships. */
export const channels = `
-- sort_key and search are folded texts made by the adapter: see member-keys.ts. purging: its time for being restored is
-- over and its removal has begun; for everybody it is gone already.
CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  platform_id TEXT NOT NULL,
  tenant TEXT,                    -- the school, where one platform serves many
  reference_id TEXT,
  title TEXT NOT NULL,
  label TEXT,
  given_name TEXT,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,             -- JSON array
  privacy TEXT NOT NULL,
  contribution_policy TEXT NOT NULL,
  moderated INTEGER NOT NULL,
  owner_id TEXT,
  auto_sync INTEGER NOT NULL,
  departed_overrides TEXT,
  ask_before_removals INTEGER NOT NULL,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  sort_key TEXT NOT NULL,
  search TEXT NOT NULL,
  purging INTEGER NOT NULL DEFAULT 0
) STRICT;
-- A reference ID names one channel of a platform; a deleted channel keeps its own, for it may be restored.
CREATE UNIQUE INDEX channels_by_reference ON channels (platform_id, reference_id) WHERE reference_id IS NOT NULL;
-- Lists, oldest first: of the whole site, and of one platform.
CREATE INDEX channels_by_age ON channels (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX channels_of_platform ON channels (platform_id, created_at, id) WHERE deleted_at IS NULL;
-- What somebody who is in a channel sees of it in a list of thousands, without its row.
CREATE INDEX channels_named ON channels (id, deleted_at, sort_key, search);
-- Those that people of the platform may visit, by name; a search never looks at a row that is not shown.
CREATE INDEX channels_to_visit ON channels (platform_id, tenant, sort_key, id, search)
  WHERE privacy <> 'private' AND deleted_at IS NULL;
-- Those that may be restored, by name, and those whose time for it is over.
CREATE INDEX channels_deleted ON channels (platform_id, sort_key, id, owner_id, purging, search)
  WHERE deleted_at IS NOT NULL;
CREATE INDEX channels_by_deletion ON channels (deleted_at) WHERE deleted_at IS NOT NULL AND purging = 0;
CREATE INDEX channels_purging ON channels (id) WHERE purging = 1;

-- Courses of an LMS. The primary key is what lets any number of first launches at once make one channel.
CREATE TABLE contexts (
  platform_id TEXT NOT NULL,
  context_id TEXT NOT NULL,
  channel_id TEXT NOT NULL REFERENCES channels (id),
  title TEXT NOT NULL,
  label TEXT,
  types TEXT NOT NULL,            -- JSON array
  deployment_ids TEXT NOT NULL,   -- JSON array
  roster_url TEXT,
  first_launch_at INTEGER NOT NULL,
  last_launch_at INTEGER NOT NULL,
  PRIMARY KEY (platform_id, context_id)
) STRICT, WITHOUT ROWID;
-- The courses of a channel.
CREATE INDEX contexts_of_channel ON contexts (channel_id);
-- Finding a channel by a context ID alone, as the API may.
CREATE INDEX contexts_by_id ON contexts (context_id, channel_id);

-- People of a platform, known by (platform, subject), numbered in the order in which they were made.
CREATE TABLE users (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  platform_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT,
  email TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (platform_id, subject)
) STRICT;

-- What a person is found by, one word a row: see user-words.ts. No foreign key: nobody is ever removed, and there are
-- thousands to write.
CREATE TABLE user_words (
  platform_id TEXT NOT NULL,
  word TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (platform_id, word, user_id)
) STRICT, WITHOUT ROWID;
-- One row: users up to this number have their words, those after it wait for theirs.
CREATE TABLE user_words_written (up_to INTEGER NOT NULL) STRICT;
INSERT INTO user_words_written (up_to) VALUES (0);

-- A person in a channel, with the name and address that were said there, so that a list reads one table.
-- sort_key and search are folded texts made by the adapter: see member-keys.ts.
CREATE TABLE memberships (
  channel_id TEXT NOT NULL REFERENCES channels (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  subject TEXT NOT NULL,
  roster_mark TEXT,               -- all that a sync which finds nothing new reads: see roster-mark.ts
  name TEXT,
  email TEXT,
  is_test INTEGER NOT NULL,
  roster_level TEXT,
  roster_roles TEXT,
  roster_inactive INTEGER NOT NULL,
  launch_level TEXT,
  launch_roles TEXT,
  launch_at INTEGER,
  roster_roles_at_launch TEXT,
  override TEXT,
  added_by TEXT NOT NULL,
  inactive_reason TEXT,
  level TEXT NOT NULL,
  update_method TEXT NOT NULL,
  active INTEGER NOT NULL,
  last_seen_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  sort_key TEXT NOT NULL,
  search TEXT NOT NULL,
  PRIMARY KEY (channel_id, user_id)
) STRICT;
-- The channels of a person. Nothing is looked up by subject here: users has one row for each (platform, subject).
CREATE INDEX memberships_of_user ON memberships (user_id, active);
-- Lists in their order. Everything a list filters by, the searched text included, stands in the index: a page, its
-- total and a search through 10,000 members never look at a row that is not shown.
CREATE INDEX memberships_listed ON memberships
  (channel_id, sort_key, user_id, active, level, update_method, inactive_reason, search);
-- Counts by level and status, and totals without a search, from small entries alone.
CREATE INDEX memberships_counted ON memberships
  (channel_id, active, level, update_method, inactive_reason, is_test);
`;

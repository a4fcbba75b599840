import type { UserId } from '../../channels/channel.ts';
import type { Connection, ConnectionId, EndedConnection } from '../../zoom/connection.ts';
import { fromJson, toFlag, toJson } from './columns.ts';
import type { Database } from './database.ts';

type ConnectionRow = Omit<Connection, 'profile' | 'holders' | 'scopes' | 'walk'> & {
  profile: string;
  holders: string;
  scopes: string;
  walk: string;
};

/** A row as it is written, with what the rows are found by. */
type WrittenRow = Omit<ConnectionRow, 'holders'> & { zoomUserId: string; asked: 0 | 1; sweptAt: number | null };

/** The people of a connection, in the order in which they connected, as a JSON array. */
export const HOLDERS = `(SELECT json_group_array(user_id ORDER BY connection_holders.rowid) FROM connection_holders
  WHERE connection_id = connections.id)`;

const SELECT = `SELECT id, state, end, profile, ${HOLDERS} AS holders, scopes, api_url AS apiUrl,
  sealed_tokens AS sealedTokens, walk, connected_at AS connectedAt, updated_at AS updatedAt, version FROM connections`;

/** The rows of connections and of who holds them; the connection store calls these inside its transactions. */
export type ConnectionRows = {
  find(id: ConnectionId): Connection | null;
  findOf(userId: UserId): Connection | null;
  findOfZoomUser(zoomUserId: string): Connection | null;
  /** Writes a connection and its new holders; nobody is taken away. */
  put(connection: Connection): void;
  /** Takes a person from a connection, which is removed when nobody holds it any more. */
  leave(id: ConnectionId, userId: UserId): 'no-holder' | 'held' | 'removed';
};

export function createConnectionRows(db: Database): ConnectionRows {
  const byId = db.prepare<[string], ConnectionRow>(`${SELECT} WHERE id = ?`);
  const byHolder = db.prepare<[string], ConnectionRow>(
    `${SELECT} WHERE id = (SELECT connection_id FROM connection_holders WHERE user_id = ?)`,
  );
  const byZoomUser = db.prepare<[string], ConnectionRow>(`${SELECT} WHERE zoom_user_id = ?`);
  const put = db.prepare<[WrittenRow]>(
    `INSERT INTO connections (id, zoom_user_id, state, end, profile, scopes, api_url, sealed_tokens, walk, asked, swept_at,
       connected_at, updated_at, version)
     VALUES (@id, @zoomUserId, @state, @end, @profile, @scopes, @apiUrl, @sealedTokens, @walk, @asked, @sweptAt,
       @connectedAt, @updatedAt, @version)
     ON CONFLICT (id) DO UPDATE SET state = @state, end = @end, profile = @profile, scopes = @scopes, api_url = @apiUrl,
       sealed_tokens = @sealedTokens, walk = @walk, asked = @asked, swept_at = @sweptAt, connected_at = @connectedAt,
       updated_at = @updatedAt, version = @version`,
  );
  const hold = db.prepare<{ userId: string; id: string }>(
    `INSERT INTO connection_holders (user_id, connection_id) SELECT @userId, @id
     WHERE NOT EXISTS (SELECT 1 FROM connection_holders WHERE user_id = @userId AND connection_id = @id)`,
  );
  const letGo = db.prepare<[string, string]>('DELETE FROM connection_holders WHERE user_id = ? AND connection_id = ?');
  const count = db.prepare<[string]>('UPDATE connections SET version = version + 1 WHERE id = ?');
  const removeUnheld = db.prepare<{ id: string }>(
    `DELETE FROM connections WHERE id = @id
       AND NOT EXISTS (SELECT 1 FROM connection_holders WHERE connection_id = @id)`,
  );
  return {
    find: (id) => read(byId.get(id)),
    findOf: (userId) => read(byHolder.get(userId)),
    findOfZoomUser: (zoomUserId) => read(byZoomUser.get(zoomUserId)),
    put(connection) {
      put.run(toRow(connection));
      const { id } = connection;
      for (const userId of connection.holders) hold.run({ userId, id });
    },
    leave(id, userId) {
      if (letGo.run(userId, id).changes === 0) return 'no-holder';
      count.run(id);
      return removeUnheld.run({ id }).changes === 1 ? 'removed' : 'held';
    },
  };
}

export type EndedRows = {
  find(userId: UserId): EndedConnection | null;
  put(ended: EndedConnection): void;
  forget(userId: UserId): void;
};

export function createEndedRows(db: Database): EndedRows {
  const find = db.prepare<[string], EndedConnection>(
    'SELECT user_id AS userId, end, at FROM ended_connections WHERE user_id = ?',
  );
  const put = db.prepare<[EndedConnection]>(
    `INSERT INTO ended_connections (user_id, end, at) VALUES (@userId, @end, @at)
     ON CONFLICT (user_id) DO UPDATE SET end = @end, at = @at`,
  );
  const forget = db.prepare<[string]>('DELETE FROM ended_connections WHERE user_id = ?');
  return {
    find: (userId) => find.get(userId) ?? null,
    put: (ended) => {
      put.run(ended);
    },
    forget: (userId) => {
      forget.run(userId);
    },
  };
}

function toRow({ holders: _, profile, scopes, walk, ...rest }: Connection): WrittenRow {
  const found = { zoomUserId: profile.zoomUserId, asked: toFlag(walk.asked), sweptAt: walk.sweptAt };
  return { ...rest, ...found, profile: toJson(profile), scopes: toJson(scopes), walk: toJson(walk) };
}

function read(row: ConnectionRow | undefined): Connection | null {
  if (!row) return null;
  return {
    ...row,
    profile: fromJson(row.profile),
    holders: fromJson(row.holders),
    scopes: fromJson(row.scopes),
    walk: fromJson(row.walk),
  };
}

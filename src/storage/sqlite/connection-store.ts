import type { UserId } from '../../channels/channel.ts';
import { wellFormed } from '../../lib/fold.ts';
import { failure, success } from '../../lib/result.ts';
import type { Authorisation, Connection, ConnectionId } from '../../zoom/connection.ts';
import type { ConnectionStore } from '../../zoom/zoom-store.ts';
import { storable } from '../storable.ts';
import { decidedConnection, newConnection, renewedConnection } from '../zoom-changes.ts';
import { createConnectionRows, createEndedRows } from './connection-rows.ts';
import { atomic, type Database } from './database.ts';

export function createConnectionStore(db: Database): ConnectionStore {
  const rows = createConnectionRows(db);
  const ended = createEndedRows(db);
  const connect = createConnect(db);

  const change = atomic(db, (...[id, at, decide]: Parameters<ConnectionStore['changeConnection']>) => {
    const current = rows.find(id);
    const next = current && decidedConnection(current, decide(current), at);
    if (next) rows.put(next);
    return next ?? current;
  });

  const end = atomic(db, (...[id, people, only]: Parameters<ConnectionStore['endConnection']>): boolean => {
    if (only && rows.find(id)?.state !== only.ifState) return false;
    const left = people.map((each) => ({ each, how: rows.leave(id, each.userId) }));
    for (const { each, how } of left) if (how !== 'no-holder') ended.put(each);
    return left.some(({ how }) => how === 'removed');
  });

  return {
    ...createAuthorisations(db),
    connect: async (fresh, reseal) => connect(fresh, reseal),
    findConnection: async (id) => rows.find(id),
    findConnectionOf: async (userId) => rows.findOf(userId),
    findConnectionOfZoomUser: async (zoomUserId) => rows.findOfZoomUser(wellFormed(zoomUserId)),
    changeConnection: async (...asked) => change(...asked),
    endConnection: async (...asked) => end(...asked),
    findEnded: async (userId) => ended.find(userId),
    connectionsToSweep: createSweepList(db),
  };
}

function createConnect(db: Database) {
  const rows = createConnectionRows(db);
  const ended = createEndedRows(db);
  return atomic(db, (fresh: Connection, reseal: (id: ConnectionId) => string) => {
    const known = rows.findOfZoomUser(wellFormed(fresh.profile.zoomUserId));
    const others = fresh.holders
      .map((userId) => ({ userId, held: rows.findOf(userId) }))
      .flatMap(({ userId, held }) => (held && held.id !== known?.id ? { userId, held } : []));
    if (others.some(({ held }) => held.state === 'live')) return failure('other-account');
    for (const { userId, held } of others) rows.leave(held.id, userId);
    const connection = known ? renewedConnection(known, fresh, reseal) : newConnection(fresh, reseal);
    rows.put(connection);
    for (const userId of fresh.holders) ended.forget(userId);
    return success({ connection, created: known === null });
  });
}

function createSweepList(db: Database): ConnectionStore['connectionsToSweep'] {
  // NULL sorts first: one that was never swept comes before those that were.
  const due = db
    .prepare<[{ sweptBefore: number; limit: number }], ConnectionId>(
      `SELECT id FROM connections INDEXED BY connections_to_sweep
       WHERE state = 'live' AND (asked = 1 OR swept_at IS NULL OR swept_at < @sweptBefore)
       ORDER BY asked DESC, swept_at, id LIMIT @limit`,
    )
    .pluck();
  return async (wanted) => due.all(wanted);
}

type AuthorisationVerbs = Pick<
  ConnectionStore,
  'startAuthorisation' | 'takeAuthorisation' | 'openAuthorisation' | 'forgetAuthorisations'
>;

const COLUMNS = `state_hash AS stateHash, user_id AS userId, grant_id AS grantId, sealed_verifier AS sealedVerifier,
  return_to AS returnTo, started_at AS startedAt, valid_until AS validUntil, expires_at AS expiresAt`;

function createAuthorisations(db: Database): AuthorisationVerbs {
  const insert = db.prepare<[Authorisation]>(
    `INSERT INTO zoom_authorisations
       (state_hash, user_id, grant_id, sealed_verifier, return_to, started_at, valid_until, expires_at)
     VALUES (@stateHash, @userId, @grantId, @sealedVerifier, @returnTo, @startedAt, @validUntil, @expiresAt)`,
  );
  const take = db.prepare<[string, number], Authorisation>(
    `DELETE FROM zoom_authorisations WHERE state_hash = ? AND valid_until > ? RETURNING ${COLUMNS}`,
  );
  const open = db.prepare<[UserId, number], Pick<Authorisation, 'startedAt' | 'validUntil'>>(
    `SELECT started_at AS startedAt, valid_until AS validUntil FROM zoom_authorisations
     WHERE user_id = ? AND expires_at > ? ORDER BY started_at DESC, state_hash DESC LIMIT 1`,
  );
  const forget = db.prepare<[UserId]>('DELETE FROM zoom_authorisations WHERE user_id = ?');
  return {
    startAuthorisation: async (authorisation) => {
      insert.run(storable(authorisation));
    },
    takeAuthorisation: async (stateHash, now) => take.get(stateHash, now) ?? null,
    openAuthorisation: async (userId, now) => open.get(userId, now) ?? null,
    forgetAuthorisations: async (userId) => {
      forget.run(userId);
    },
  };
}

import type { InviteStore, RegistrationInvite } from '../../lti/lti-store.ts';
import { toFlag } from './columns.ts';
import type { Database } from './database.ts';

type InviteRow = Omit<RegistrationInvite, 'activates'> & { activates: number };

const COLUMNS = `id, secret_hash AS secretHash, activates, note, created_at AS createdAt, expires_at AS expiresAt,
  used_at AS usedAt, platform_id AS platformId`;
const IS_OPEN = `secret_hash = @secretHash AND used_at IS NULL AND expires_at > @now
  AND (claimed_until IS NULL OR claimed_until <= @now)`;

export function createInviteStore(db: Database): InviteStore {
  const insert = db.prepare<[InviteRow]>(
    `INSERT INTO registration_invites
       (id, secret_hash, activates, note, created_at, expires_at, used_at, platform_id)
     VALUES (@id, @secretHash, @activates, @note, @createdAt, @expiresAt, @usedAt, @platformId)`,
  );
  const find = db.prepare<{ secretHash: string; now: number }, InviteRow>(
    `SELECT ${COLUMNS} FROM registration_invites WHERE ${IS_OPEN}`,
  );
  const claim = db.prepare<{ secretHash: string; now: number; until: number }, InviteRow>(
    `UPDATE registration_invites SET claimed_until = @until WHERE ${IS_OPEN} RETURNING ${COLUMNS}`,
  );
  const release = db.prepare<[string]>('UPDATE registration_invites SET claimed_until = NULL WHERE id = ?');
  const spend = db.prepare<{ id: string; platformId: string; at: number }>(
    'UPDATE registration_invites SET used_at = @at, platform_id = @platformId WHERE id = @id AND used_at IS NULL',
  );
  return {
    async addInvite(invite) {
      insert.run({ ...invite, activates: toFlag(invite.activates) });
    },
    async findOpenInvite(secretHash, now) {
      return fromRow(find.get({ secretHash, now }));
    },
    async claimInvite(secretHash, now, until) {
      return fromRow(claim.get({ secretHash, now, until }));
    },
    async releaseInvite(id) {
      release.run(id);
    },
    async spendInvite(id, platformId, at) {
      spend.run({ id, platformId, at });
    },
  };
}

function fromRow(row: InviteRow | undefined): RegistrationInvite | null {
  return row ? { ...row, activates: row.activates === 1 } : null;
}

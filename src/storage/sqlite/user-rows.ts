import type { PlatformId, User } from '../../channels/channel.ts';
import type { Person } from '../../channels/membership.ts';
import { wellFormed } from '../../lib/fold.ts';
import { newId } from '../../lib/ids.ts';
import type { Database } from './database.ts';

const COLUMNS = 'id, platform_id AS platformId, subject, name, email, created_at AS createdAt, updated_at AS updatedAt';

/** The rows of `users`, for the membership store. */
export type UserRows = {
  find(id: string): User | null;
  findBySubject(platformId: PlatformId, subject: string): User | null;
  /** Finds or makes a user; what is said of the person replaces what was known, what is withheld does not. */
  upsert(said: SaidOfUser): User;
};

type SaidOfUser = { platformId: PlatformId; subject: string; person: Person; at: number };

export function createUserRows(db: Database): UserRows {
  const byId = db.prepare<[string], User>(`SELECT ${COLUMNS} FROM users WHERE id = ?`);
  const bySubject = db.prepare<[string, string], User>(
    `SELECT ${COLUMNS} FROM users WHERE platform_id = ? AND subject = ?`,
  );
  const insert = db.prepare<[string, string, string, string | null, string | null, number, number]>(
    `INSERT INTO users (id, platform_id, subject, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (platform_id, subject) DO NOTHING`,
  );
  const update = db.prepare<[string | null, string | null, number, string, string], User>(
    `UPDATE users SET name = coalesce(?, name), email = coalesce(?, email), updated_at = ?
     WHERE platform_id = ? AND subject = ?
     RETURNING ${COLUMNS}`,
  );

  function findBySubject(platformId: PlatformId, subject: string): User | null {
    return bySubject.get(platformId, wellFormed(subject)) ?? null;
  }

  return {
    find: (id) => byId.get(id) ?? null,
    findBySubject,
    upsert({ platformId, subject, person, at }) {
      const said = wellFormedPerson(person);
      const known = findBySubject(platformId, subject);
      if (known && saysNothingNew(known, said)) return known;
      if (!known) {
        const id = newId<'user'>(at);
        const fresh: User = { id, platformId, subject: wellFormed(subject), ...said, createdAt: at, updatedAt: at };
        const added = insert.run(id, platformId, fresh.subject, said.name, said.email, at, at).changes === 1;
        if (added) return fresh;
      }
      // Another process may have made the user since; the update alone merges what both were told.
      const saved = update.get(said.name, said.email, at, platformId, wellFormed(subject));
      if (!saved) throw new Error('A user that must exist was not found');
      return saved;
    },
  };
}

/** A person as the engine gives it back. */
export function wellFormedPerson(person: Person): Person {
  return {
    name: person.name === null ? null : wellFormed(person.name),
    email: person.email === null ? null : wellFormed(person.email),
  };
}

function saysNothingNew(known: Person, said: Person): boolean {
  return (said.name ?? known.name) === known.name && (said.email ?? known.email) === known.email;
}

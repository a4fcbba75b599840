import type { PlatformId, User } from '../../channels/channel.ts';
import type { Person } from '../../channels/membership.ts';
import { wellFormed } from '../../lib/fold.ts';
import { newId } from '../../lib/ids.ts';
import { atomic, type Database } from './database.ts';
import { createUserWordRows } from './user-word-rows.ts';

export const USER_COLUMNS =
  'id, platform_id AS platformId, subject, name, email, created_at AS createdAt, updated_at AS updatedAt';

/** The rows of `users`, for the membership store. */
export type UserRows = {
  find(id: string): User | null;
  findBySubject(platformId: PlatformId, subject: string): User | null;
  /** Finds or makes a user; what is said of the person replaces what was known, what is withheld does not. */
  upsert(said: SaidOfUser): User;
};

type SaidOfUser = { platformId: PlatformId; subject: string; person: Person; at: number };

export function createUserRows(db: Database): UserRows {
  const byId = db.prepare<[string], User>(`SELECT ${USER_COLUMNS} FROM users WHERE id = ?`);
  const bySubject = db.prepare<[string, string], User>(
    `SELECT ${USER_COLUMNS} FROM users WHERE platform_id = ? AND subject = ?`,
  );
  const insert = db.prepare<[string, string, string, string | null, string | null, number, number]>(
    `INSERT INTO users (id, platform_id, subject, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare<[string | null, string | null, number, string, string], User>(
    `UPDATE users SET name = coalesce(?, name), email = coalesce(?, email), updated_at = ?
     WHERE platform_id = ? AND subject = ?
     RETURNING ${USER_COLUMNS}`,
  );

  const words = createUserWordRows(db);

  function findBySubject(platformId: PlatformId, subject: string): User | null {
    return bySubject.get(platformId, wellFormed(subject)) ?? null;
  }

  /** Looks again inside the transaction: another process may have made or renamed the user since. */
  function write({ platformId, subject, person, at }: SaidOfUser): User {
    const known = findBySubject(platformId, subject);
    const saved = known ? update.get(person.name, person.email, at, platformId, known.subject) : null;
    if (!known || !saved) return make({ platformId, subject, person, at });
    words.rename(known, saved);
    return saved;
  }

  function make({ platformId, subject, person, at }: SaidOfUser): User {
    const id = newId<'user'>(at);
    const user: User = { id, platformId, subject: wellFormed(subject), ...person, createdAt: at, updatedAt: at };
    insert.run(id, platformId, user.subject, user.name, user.email, at, at);
    return user;
  }

  const writeAlone = atomic(db, write);

  return {
    find: (id) => byId.get(id) ?? null,
    findBySubject,
    upsert(said) {
      const person = wellFormedPerson(said.person);
      const known = findBySubject(said.platformId, said.subject);
      if (known && saysNothingNew(known, person)) return known;
      // A slice of a roster writes in its own transaction: one for each person in it would cost as much again.
      return (db.inTransaction ? write : writeAlone)({ ...said, person });
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

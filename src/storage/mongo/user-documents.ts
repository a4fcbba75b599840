import { type Connection, type Model, Schema } from 'mongoose';
import type { PlatformId, User } from '../../channels/channel.ts';
import type { Person } from '../../channels/membership.ts';
import { wellFormed } from '../../lib/fold.ts';
import { newId } from '../../lib/ids.ts';
import { userWords } from '../user-words.ts';
import { isDuplicate } from './faults.ts';
import { defineModel, rowsOf } from './model.ts';

/** A person of a platform, with the words that find them. */
export type UserDocument = Omit<User, 'id'> & { _id: User['id']; words: string[] };

/**
 * Shard key: {platformId: 1, subject: 1}, which is unique. IDs are random enough to be unique without an index over all
 * shards; what finds people by ID alone, or by words, asks all of them.
 */
const schema = new Schema<UserDocument>({
  _id: { type: String, required: true },
  platformId: { type: String, required: true },
  subject: { type: String, required: true },
  name: String,
  email: String,
  createdAt: { type: Number, required: true },
  updatedAt: { type: Number, required: true },
  words: { type: [String], default: undefined },
});
// One user for a subject of a platform, however many launches and syncs name it at once.
schema.index({ platformId: 1, subject: 1 }, { name: 'by_subject', unique: true });
// searchUsers.
schema.index({ platformId: 1, words: 1 }, { name: 'by_word' });

export function userModel(db: Connection): Model<UserDocument> {
  return defineModel(db, 'users', schema);
}

export type SaidOfUser = { platformId: PlatformId; subject: string; person: Person; at: number };

/** Single users, for the stores that read or make them. */
export type UserRows = {
  find(id: string): Promise<User | null>;
  findBySubject(platformId: PlatformId, subject: string): Promise<User | null>;
  /** Finds or makes a user; what is said of the person replaces what was known, what is withheld does not. */
  upsert(said: SaidOfUser): Promise<User>;
};

/** Each round somebody else has written: nobody is so unlucky this often. */
const ROUNDS = 100;

export function createUserRows(db: Connection): UserRows {
  const rows = rowsOf(userModel(db));

  async function findBySubject(platformId: PlatformId, subject: string): Promise<User | null> {
    const found = await rows.findOne({ platformId, subject: wellFormed(subject) });
    return found && toUser(found);
  }

  /** Null: somebody else made the user at this moment. */
  async function make(said: SaidOfUser): Promise<User | null> {
    const document = newUser(said);
    try {
      await rows.insertOne(document);
      return toUser(document);
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }

  async function rename(known: User, said: SaidOfUser): Promise<User | null> {
    const { filter, update } = renaming(known, said);
    const written = await rows.findOneAndUpdate(filter, update, { returnDocument: 'after' });
    return written && toUser(written);
  }

  return {
    async find(id) {
      const found = await rows.findOne({ _id: id as User['id'] });
      return found && toUser(found);
    },
    findBySubject,
    async upsert(given) {
      const said = { ...given, subject: wellFormed(given.subject), person: wellFormedPerson(given.person) };
      for (let round = 0; round < ROUNDS; round++) {
        const known = await findBySubject(said.platformId, said.subject);
        if (known && saysNothingNew(known, said.person)) return known;
        const written = known ? await rename(known, said) : await make(said);
        if (written) return written;
      }
      throw new Error('a user was changed by others again and again');
    },
  };
}

/** The document of a user who is new. */
export function newUser({ platformId, subject, person, at }: SaidOfUser): UserDocument {
  const { name, email } = person;
  const words = userWords({ subject, name, email });
  return { _id: newId<'user'>(at), platformId, subject, name, email, createdAt: at, updatedAt: at, words };
}

/** The update that brings a user up to date. It finds nobody when another one was quicker: words must fit the name. */
export function renaming(known: User, { person, at }: Pick<SaidOfUser, 'person' | 'at'>) {
  const { id, platformId, subject } = known;
  const next = { name: person.name ?? known.name, email: person.email ?? known.email };
  return {
    filter: { _id: id, platformId, subject, name: known.name, email: known.email },
    update: { $set: { ...next, updatedAt: at, words: userWords({ subject, ...next }) } },
  };
}

export function saysNothingNew(known: Person, said: Person): boolean {
  return (said.name ?? known.name) === known.name && (said.email ?? known.email) === known.email;
}

/** A person as the engine gives it back. */
export function wellFormedPerson(person: Person): Person {
  return {
    name: person.name === null ? null : wellFormed(person.name),
    email: person.email === null ? null : wellFormed(person.email),
  };
}

export function toUser(document: UserDocument): User {
  return {
    id: document._id,
    platformId: document.platformId,
    subject: document.subject,
    name: document.name,
    email: document.email,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  };
}

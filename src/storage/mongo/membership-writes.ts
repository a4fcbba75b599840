import type { Connection, mongo } from 'mongoose';
import type { ActivityEvent, MembershipStore } from '../../channels/channel-store.ts';
import { type Membership, sameMembership } from '../../channels/membership.ts';
import { wellFormed } from '../../lib/fold.ts';
import { isDuplicate, isOutage } from './faults.ts';
import { type MembershipDocument, memberFields, memberKey, newStamp, toMembership } from './membership-fields.ts';
import { settlePending } from './pending-events.ts';
import { wellFormedPerson } from './user-documents.ts';

export type Change = Parameters<MembershipStore['changeMembership']>;
export type Next = ReturnType<Change[1]>;

/** What stands after a write. */
export type Written = { stands: Membership | null };

export type MemberWrites = {
  change: MembershipStore['changeMembership'];
  /** Reads the document as it is, one that was removed and waits for its event included. */
  read(key: Change[0]): Promise<MembershipDocument | null>;
  /** Writes what was decided about the document that was read; null, and nothing written, when another was quicker. */
  write(
    found: MembershipDocument | null,
    next: Next,
    asked: { key: Change[0]; note: Change[2] },
  ): Promise<Written | null>;
};

/** Each round somebody else has written: nobody is so unlucky this often. */
export const ROUNDS = 200;

export function createMemberWrites(db: Connection, rows: mongo.Collection<MembershipDocument>): MemberWrites {
  const read: MemberWrites['read'] = ({ channelId, userId }) => rows.findOne(memberKey(channelId, userId));

  const write: MemberWrites['write'] = async (found, next, { key, note }) => {
    const current = found && toMembership(found);
    const stands =
      next === null ? current : next === 'remove' ? null : nextState(current, { ...next, ...idsOf(key) }, key.at);
    if (stands === current) return { stands };
    const event = note?.(current, stands) ?? null;
    const isWritten = await put(rows, stands === null ? removal(found, event, key) : upsertion(found, stands, event));
    if (!isWritten) return null;
    if (event) await record(event, key);
    return { stands };
  };

  /** It stands in the membership already: when the engine fails now, `flushPending` does the rest later. */
  async function record(event: ActivityEvent, { channelId, userId }: Change[0]): Promise<void> {
    try {
      await settlePending(db, 'memberships', memberKey(channelId, userId)._id, [event]);
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }

  return {
    read,
    write,
    async change(key, decide, note) {
      for (let round = 0; round < ROUNDS; round++) {
        const found = await read(key);
        const written = await write(found, decide(found && toMembership(found)), { key, note });
        if (written) return written.stands;
      }
      throw new Error('a membership was changed by others again and again');
    },
  };
}

/** What `next` is once it is written; `current` itself when it says nothing new. */
export function nextState(current: Membership | null, next: Membership, at: number): Membership {
  const storable = { ...next, person: wellFormedPerson(next.person) };
  if (current && sameMembership(current, storable)) return current;
  const { subject, createdAt, version } = current ?? { ...next, subject: wellFormed(next.subject), version: 0 };
  return { ...storable, subject, createdAt, updatedAt: at, version: version + 1 };
}

/** One operation of a bulk write, which meets only what was found. */
export type MemberOperation =
  | { insertOne: { document: MembershipDocument } }
  | { updateOne: { filter: mongo.Filter<MembershipDocument>; update: mongo.UpdateFilter<MembershipDocument> } };

type Removal = { deleteOne: { filter: mongo.Filter<MembershipDocument> } };

/** Writes a membership over what was found. One that was removed and waits for its event comes back with it. */
export function upsertion(
  found: MembershipDocument | null,
  member: Membership,
  event: ActivityEvent | null,
): MemberOperation {
  const key = memberKey(member.channelId, member.userId);
  const fields = memberFields(member);
  if (!found) {
    const pending = event ? { pending: [event], pendingSince: member.updatedAt } : {};
    return { insertOne: { document: { ...key, ...fields, ...pending } } };
  }
  const update = { $set: fields, ...(found.gone ? { $unset: { gone: '' as const } } : {}) };
  return {
    updateOne: { filter: { ...key, stamp: found.stamp }, update: { ...update, ...carry(event, member.updatedAt) } },
  };
}

/**
 * Removes what was found. With an event it stays until that is recorded, of no use to any list: all that one shows,
 * finds or counts by is gone from it, and so is what it said of the person.
 */
function removal(
  found: MembershipDocument | null,
  event: ActivityEvent | null,
  { channelId, userId, at }: Change[0],
): MemberOperation | Removal {
  const filter = { ...memberKey(channelId, userId), stamp: found?.stamp ?? '' };
  if (!event && !found?.pending?.length) return { deleteOne: { filter } };
  const lost = Object.keys(found ?? {}).filter((field) => !KEPT.has(field));
  const $unset: Record<string, ''> = Object.fromEntries(lost.map((field) => [field, '']));
  const update = { $set: { gone: true as const, stamp: newStamp(at) }, $unset, ...carry(event, at) };
  // Events are taken out without another stamp; when the last one went meanwhile, nothing is to stay.
  return { updateOne: { filter: event ? filter : { ...filter, 'pending.0': { $exists: true } }, update } };
}

const KEPT = new Set(['_id', 'channelId', 'userId', 'stamp', 'pending', 'pendingSince', 'gone']);

/** Puts an event into the document, in the operation that makes the change. */
function carry(event: ActivityEvent | null, at: number) {
  return event ? { $push: { pending: event }, $min: { pendingSince: at } } : {};
}

/** False when what was found is not there any more as it was. */
async function put(rows: mongo.Collection<MembershipDocument>, operation: MemberOperation | Removal): Promise<boolean> {
  if ('deleteOne' in operation) return (await rows.deleteOne(operation.deleteOne.filter)).deletedCount === 1;
  if ('updateOne' in operation) {
    const { filter, update } = operation.updateOne;
    return (await rows.updateOne(filter, update)).matchedCount === 1;
  }
  try {
    await rows.insertOne(operation.insertOne.document);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

function idsOf({ channelId, userId }: Change[0]): Pick<Membership, 'channelId' | 'userId'> {
  return { channelId, userId };
}

import type { Connection, mongo } from 'mongoose';
import type { UserId } from '../../channels/channel.ts';
import type { MembershipStore, RosterDecision, RosterSlice } from '../../channels/channel-store.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { wellFormed } from '../../lib/fold.ts';
import { isDuplicate } from './faults.ts';
import { membershipModel } from './membership-documents.ts';
import { type MembershipDocument, memberKey, toMembership } from './membership-fields.ts';
import { type MemberOperation, nextState, upsertion } from './membership-writes.ts';
import { rowsOf } from './model.ts';
import { syncRunModel } from './sync-documents.ts';
import { createUserBatches, type FoundUsers, type SaidOfMany } from './user-batches.ts';
import { wellFormedPerson } from './user-documents.ts';

/** One line of the slice, and whom it is about. */
type Line = { change: RosterChange; subject: string; userId: UserId };

/** Each round somebody else has changed a member of the slice: nobody is so unlucky this often. */
const ROUNDS = 100;

/**
 * `applyRosterDiff`: some six operations for a slice, however long. The run is asked before each round whether this
 * attempt still counts, and asked again when its position is moved. In between an attempt that was replaced may write
 * lines: each is decided on what stands at that moment and meets nothing that was written since, so what a person set is
 * kept, and what the line says of the roster is put right by the next sync at the latest. A crash on the way leaves the
 * position where it was, and the slice is applied again, which changes only what is missing.
 */
export function createRosterSlices(db: Connection): MembershipStore['applyRosterDiff'] {
  const runs = rowsOf(syncRunModel(db));
  const rows = rowsOf(membershipModel(db));
  const usersOf = createUserBatches(db);

  /** Where the run stands; null when it ended or a later attempt has begun. */
  async function position({ syncId, attempt }: RosterSlice): Promise<number | null> {
    const mine = await runs.findOne(fence(syncId, attempt), { projection: { appliedChanges: 1 } });
    return mine?.appliedChanges ?? null;
  }

  async function move({ syncId, attempt, upTo }: RosterSlice): Promise<boolean> {
    const moved = await runs.updateOne(fence(syncId, attempt), { $max: { appliedChanges: upTo } });
    return moved.matchedCount === 1;
  }

  /** False when this attempt no longer counts. */
  async function applyAll(round: Round): Promise<boolean> {
    for (let again = 0; again < ROUNDS; again++) {
      if (again > 0 && (await position(round.slice)) === null) return false;
      if (await applyLines(rows, again === 0 ? round : { ...round, fresh: NOBODY })) return true;
    }
    throw new Error('memberships were changed by others again and again');
  }

  return async (slice, decide) => {
    const applied = await position(slice);
    if (applied === null) return false;
    if (applied >= slice.upTo) return true;
    const users = await usersOf(peopleOf(slice));
    let fresh: ReadonlySet<UserId> = users.fresh;
    for (const lines of onePerPerson(linesOf(slice, users))) {
      if (!(await applyAll({ slice, lines, fresh, decide }))) return false;
      fresh = NOBODY;
    }
    return move(slice);
  };
}

const NOBODY: ReadonlySet<UserId> = new Set();

function fence(syncId: RosterSlice['syncId'], attempt: number) {
  return { _id: syncId, activeKey: { $exists: true }, restarts: { $lte: attempt } };
}

function peopleOf({ platformId, at, changes }: RosterSlice): SaidOfMany {
  const said: [string, ReturnType<typeof wellFormedPerson> | null][] = changes.map(({ subject, entry }) => [
    wellFormed(subject),
    entry && wellFormedPerson(entry.person),
  ]);
  return { platformId, at, said: new Map(said) };
}

/** Somebody unknown whom the roster does not list is passed over. */
function linesOf({ changes }: RosterSlice, { ids }: FoundUsers): Line[] {
  return changes.flatMap((change) => {
    const subject = wellFormed(change.subject);
    const userId = ids.get(subject);
    return userId === undefined ? [] : [{ change, subject, userId }];
  });
}

/** Two lines about one person, whose subjects differ in what no engine can store, come one after the other. */
function onePerPerson(lines: Line[]): Line[][] {
  const seen = new Map<UserId, number>();
  const rounds: Line[][] = [];
  for (const line of lines) {
    const before = seen.get(line.userId) ?? 0;
    seen.set(line.userId, before + 1);
    const round = rounds[before];
    if (round) round.push(line);
    else rounds.push([line]);
  }
  return rounds;
}

type Round = { slice: RosterSlice; lines: Line[]; fresh: ReadonlySet<UserId>; decide: RosterDecision };

/** False when somebody else changed one of the members meanwhile: all are to be decided again on what stands then. */
async function applyLines(rows: mongo.Collection<MembershipDocument>, round: Round): Promise<boolean> {
  const { slice, lines, fresh, decide } = round;
  const { channelId } = slice;
  const known = lines.filter(({ userId }) => !fresh.has(userId));
  const found = await findAll(
    rows,
    channelId,
    known.map(({ userId }) => userId),
  );
  const operations = lines.flatMap(({ change, subject, userId }): MemberOperation[] => {
    const document = found.get(userId) ?? null;
    const current = document && toMembership(document);
    const key = { channelId, userId, subject };
    const next = decide(current, change, key);
    const stands = next && nextState(current, { ...next, ...key }, slice.at);
    return stands && stands !== current ? [upsertion(document, stands, null)] : [];
  });
  return writeAll(rows, operations);
}

async function findAll(rows: mongo.Collection<MembershipDocument>, channelId: RosterSlice['channelId'], ids: UserId[]) {
  if (ids.length === 0) return new Map<UserId, MembershipDocument>();
  const keys = ids.map((id) => memberKey(channelId, id)._id);
  const found = await rows.find({ _id: { $in: keys }, channelId }).toArray();
  return new Map(found.map((document) => [document.userId, document]));
}

async function writeAll(rows: mongo.Collection<MembershipDocument>, operations: MemberOperation[]): Promise<boolean> {
  if (operations.length === 0) return true;
  try {
    const { insertedCount, matchedCount } = await rows.bulkWrite(operations, { ordered: false });
    return insertedCount + matchedCount === operations.length;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

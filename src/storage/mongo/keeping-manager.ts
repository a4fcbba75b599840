import type { Connection } from 'mongoose';
import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { MembershipStore } from '../../channels/channel-store.ts';
import { managersGained } from '../../channels/member-changes.ts';
import type { Membership } from '../../channels/membership.ts';
import { sleep } from '../../lib/clock.ts';
import { failure, success } from '../../lib/result.ts';
import { type ChannelDocument, channelModel } from './channel-documents.ts';
import { isOutage } from './faults.ts';
import { membershipModel } from './membership-documents.ts';
import { memberKey, newStamp, toMembership } from './membership-fields.ts';
import { type Change, createMemberWrites, type Next, ROUNDS, type Written } from './membership-writes.ts';
import { rowsOf } from './model.ts';

/** A manager who is about to go stands in the channel no longer than some milliseconds; after this many a crash left it. */
const LEFT_BY_CRASH = 60_000;

/** While all other managers are about to go it is waited for what comes of that: so often, for so many milliseconds. */
const LOOKS = 25;
const LOOK_EVERY = 20;

/** A manager who is about to go; `turn` tells two entries of one person apart. */
type Leaving = ChannelDocument['leaving'][number] & { turn: number };
type Turns = Pick<ChannelDocument, '_id' | 'managerTurn'> & { leaving: Leaving[] };

/**
 * `changeKeepingManager`. Before a manager goes, who that is is written into the channel's document, over the turn that
 * stood there when the others were counted. So whoever counts later sees it, and of two who counted at once one has to
 * count again. A crash after that write leaves an entry that counts one manager too few for a minute; a crash after the
 * membership's own write leaves one that no longer matters.
 */
export function createKeepingManager(db: Connection): MembershipStore['changeKeepingManager'] {
  const writes = createMemberWrites(db, rowsOf(membershipModel(db)));
  const turns = createTurns(db);

  /** Null: somebody was quicker, and all is to be read again. */
  async function attempt([key, decide, note]: Change): Promise<Outcome | null> {
    // The channel first: an entry that is gone from it was pulled after its membership had been written.
    const channel = await turns.read(key.channelId);
    const found = await writes.read(key);
    const current = found && toMembership(found);
    const next = decide(current);
    const write = () => writes.write(found, next, { key, note });
    if (!channel || !takesManager(current, next)) return write();
    const turn = await turns.take(channel, key);
    if (turn === 'lost') return null;
    return typeof turn === 'string' ? turn : turns.during(turn, key.channelId, write);
  }

  return async (...change) => {
    let looks = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const outcome = await attempt(change);
      if (outcome === 'refused' || (outcome === 'busy' && ++looks > LOOKS)) return failure('last-manager');
      if (outcome === 'busy') await sleep(LOOK_EVERY);
      else if (outcome) return success(outcome.stands);
    }
    throw new Error('the managers of a channel were changed by others again and again');
  };
}

/** `refused`: there is no other manager; `busy`: all others are about to go themselves. */
type Outcome = Written | 'refused' | 'busy';

function takesManager(current: Membership | null, next: Next): boolean {
  return next !== null && managersGained(current, next === 'remove' ? null : next) < 0;
}

function createTurns(db: Connection) {
  const channels = rowsOf(channelModel(db));
  const members = rowsOf(membershipModel(db));

  async function pull(channelId: ChannelId, { userId, turn }: Leaving): Promise<void> {
    const leaving = { userId, turn } as Leaving;
    await channels.updateOne({ _id: channelId }, { $pull: { leaving } });
  }

  /**
   * Ends what a crash left. Its process may only have been paused: the membership gets another stamp first, so that a
   * write which still comes meets nothing.
   */
  async function end(channelId: ChannelId, left: Leaving, at: number): Promise<void> {
    await members.updateOne(memberKey(channelId, left.userId), { $set: { stamp: newStamp(at) } });
    await pull(channelId, left);
  }

  async function others(channelId: ChannelId, userId: UserId, most: number): Promise<UserId[]> {
    const found = await members
      .find({ channelId, active: true, level: 'manager', isTest: false, userId: { $ne: userId } })
      .project<{ userId: UserId }>({ _id: 0, userId: 1 })
      .hint('counted')
      .limit(most)
      .toArray();
    return found.map((other) => other.userId);
  }

  return {
    async read(channelId: ChannelId): Promise<Turns | null> {
      const projection = { managerTurn: 1, leaving: 1 };
      return channels.findOne<Turns>({ _id: channelId }, { projection });
    },

    /**
     * Writes into the channel that this manager goes. `refused`: there is no other; `busy`: all others are about to go
     * themselves; `lost`: somebody was quicker, so all is to be read again.
     */
    async take(channel: Turns, { channelId, userId, at }: Change[0]): Promise<Leaving | 'refused' | 'busy' | 'lost'> {
      const left = channel.leaving.filter((entry) => entry.at < at - LEFT_BY_CRASH);
      for (const entry of left) await end(channelId, entry, at);
      if (left.length > 0) return 'lost';
      const going = new Set(channel.leaving.map((entry) => entry.userId));
      const managers = await others(channelId, userId, going.size + 1);
      if (managers.length === 0) return 'refused';
      if (managers.every((id) => going.has(id))) return 'busy';
      const entry = { userId, at, turn: channel.managerTurn + 1 };
      const taken = await channels.updateOne(
        { _id: channelId, managerTurn: channel.managerTurn },
        { $inc: { managerTurn: 1 }, $push: { leaving: entry } },
      );
      return taken.matchedCount === 1 ? entry : 'lost';
    },

    /**
     * Does the write, then takes the entry out. When the engine failed it stays: the write may still be on its way, and
     * the entry is ended as one that a crash left.
     */
    async during<Value>(entry: Leaving, channelId: ChannelId, write: () => Promise<Value>): Promise<Value> {
      let inDoubt = false;
      try {
        return await write();
      } catch (error) {
        inDoubt = isOutage(error);
        throw error;
      } finally {
        if (!inDoubt) await pull(channelId, entry).catch(passOutage);
      }
    },
  };
}

function passOutage(error: unknown): void {
  if (!isOutage(error)) throw error;
}

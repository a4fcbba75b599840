import type { Connection, mongo } from 'mongoose';
import type { Storage } from '../storage.ts';
import { endedModel } from './ended-connections.ts';
import { inviteModel, notInUse } from './invite-store.ts';
import { loginModel } from './login-store.ts';
import { rowsOf } from './model.ts';
import { flushPending } from './pending-events.ts';
import { createPurge } from './purge.ts';
import { rateLimitModel } from './rate-limit-store.ts';
import { sessionModel } from './session-store.ts';
import { createSyncExpiry } from './sync-expiry.ts';
import { authorisationModel } from './zoom-authorisations.ts';

type Slice = { now: number; limit: number };
type Expiring = { _id: string; expireAt: Date };

/**
 * Removes documents whose time is over, `limit` of each collection at most, and records events that a crash left
 * pending. Each part may be repeated and done by several processes at once.
 */
export function createRemoveExpired(db: Connection): Storage['removeExpired'] {
  const always = () => ({});
  const parts = [
    // Before the removal of channels, which leaves alone what carries an event.
    (slice: Slice) => flushPending(db, slice),
    createRemoval(rowsOf(loginModel(db)), always),
    createRemoval(rowsOf(sessionModel(db)), always),
    createRemoval(rowsOf(rateLimitModel(db)), always),
    createRemoval(rowsOf(inviteModel(db)), notInUse),
    createRemoval(rowsOf(authorisationModel(db)), always),
    createRemoval(rowsOf(endedModel(db)), always),
    createSyncExpiry(db),
    createPurge(db),
  ];
  return async (now, limit) => {
    let more = false;
    for (const remove of parts) more = (await remove({ now, limit })) || more;
    return more;
  };
}

function createRemoval<Doc extends Expiring>(
  collection: mongo.Collection<Doc>,
  besides: (now: number) => object,
): (slice: Slice) => Promise<boolean> {
  const rows = collection as unknown as mongo.Collection<Expiring>;
  return async ({ now, limit }) => {
    const isOver = { expireAt: { $lte: new Date(now) }, ...besides(now) };
    const found = await rows
      .find(isOver, { projection: { _id: 1 } })
      .limit(limit)
      .toArray();
    if (found.length === 0) return false;
    // Asked again: a session may have been given more time meanwhile.
    await rows.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...isOver });
    return found.length === limit;
  };
}

import { isDeepStrictEqual } from 'node:util';
import type { Connection, ConnectionId } from '../zoom/connection.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import { storable } from './storable.ts';

/** Long enough to tell a person who comes back for the next year's course why nothing came in. Milliseconds. */
export const ENDED_KEPT_MS = 365 * 86_400_000;

type Reseal = (id: ConnectionId) => string;

/** The first connection of a Zoom user, as it is stored. */
export function newConnection(fresh: Connection, reseal: Reseal): Connection {
  return storable({ ...fresh, sealedTokens: reseal(fresh.id), version: 1 });
}

/** What stands after the Zoom user authorised us anew, for whoever has it and for the person of `fresh`. */
export function renewedConnection(current: Connection, fresh: Connection, reseal: Reseal): Connection {
  const { id, walk, connectedAt } = current;
  const holders = [...new Set([...current.holders, ...fresh.holders])];
  const version = current.version + 1;
  return storable({ ...fresh, id, holders, walk, connectedAt, version, sealedTokens: reseal(id) });
}

/** What a decision makes of a connection, as it is stored; null when that is nothing new. */
export function decidedConnection(current: Connection, next: Connection | null, at: number): Connection | null {
  const { id, holders, updatedAt, version } = current;
  if (next === null) return null;
  const profile = { ...next.profile, zoomUserId: current.profile.zoomUserId };
  const written = storable({ ...next, id, holders, profile, updatedAt, version });
  return isDeepStrictEqual(written, current) ? null : { ...written, updatedAt: at, version: version + 1 };
}

/** What a decision makes of a meeting link, as it is stored, or that nothing is left of it; null when that is nothing new. */
export function decidedLink(
  current: MeetingLink,
  next: MeetingLink | 'remove' | null,
  at: number,
): { after: MeetingLink | null } | null {
  if (next === null) return null;
  if (next === 'remove') return { after: null };
  const { id, channelId, platformId, number, createdAt, updatedAt, version } = current;
  const written = storable({ ...next, id, channelId, platformId, number, createdAt, updatedAt, version });
  return isDeepStrictEqual(written, current) ? null : { after: { ...written, updatedAt: at, version: version + 1 } };
}

import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { CatalogueWalk, Connection, ConnectionId } from '../zoom/connection.ts';
import type { ZoomApi, ZoomFailure, ZoomFault } from '../zoom/zoom-api.ts';
import type { ConnectionStore } from '../zoom/zoom-store.ts';
import { type BringDeps, bringByLinks } from './bring-by-links.ts';
import { certainSpan, type Days, dayOf, daysBefore, newestDays } from './catalogue-days.ts';
import { catalogueEntry } from './catalogue-entry.ts';
import type { CatalogueStore } from './catalogue-store.ts';

export type SweepDeps = BringDeps & {
  connections: Pick<ConnectionStore, 'changeConnection' | 'findConnection'>;
  catalogue: Pick<CatalogueStore, 'putEntries' | 'dropUnseen' | 'removeEntries' | 'listEntries'>;
  zoom: Pick<ZoomApi, 'recordings' | 'profile'>;
  clock: Clock;
};

/** What is left to do: nothing for now, the rest of the past, or the same again once Zoom wants to be asked. */
export type SweepEnd =
  | { kind: 'done' }
  | { kind: 'more' }
  | { kind: 'failed'; retryAt: number | null /** Asking again soon is of no use. */; lasts: boolean };

type SweepJob = { signal: AbortSignal; log: Logger };

/** So many months of the past are read in one go, before others have their turn. */
const MONTHS_AT_ONCE = 4;
/** Without a recording for so long, the past is taken as over. */
const EMPTY_MONTHS = 14;
const MOST_MONTHS = 12 * 12;
const MONTH_MS = 30 * 86_400_000;
const LASTING: ReadonlySet<string> = new Set<ZoomFault>(['scope-missing', 'plan-missing', 'forbidden', 'not-found']);

/**
 * Reads the list of a person's recordings in Zoom: the newest, and then the past, month by month, until it is over. From then
 * on each sweep reads one month of the past again, in turn, as recordings are deleted and recovered there, too. What is found
 * is kept in the catalogue, and what a link says comes in by itself is asked for. A read that fails changes nothing of what
 * was known.
 */
export async function sweepConnection(deps: SweepDeps, connectionId: ConnectionId, job: SweepJob): Promise<SweepEnd> {
  const newest = newestDays(deps.clock());
  // Before the first look: what is asked for from here on calls for another one.
  const connection = await changeWalk(deps, connectionId, (walk) => ({ ...withoutGap(walk, newest), asked: false }));
  // A sweep that died beside the end of its connection may have left something.
  if (connection === null) await deps.catalogue.removeEntries(connectionId);
  if (connection?.state !== 'live') return { kind: 'done' };
  const failed = await readDays(deps, connectionId, newest, job);
  if (failed) return giveUp(deps, connectionId, failed, job);
  const readFrom = connection.walk.readFrom ?? newest.from;
  await changeWalk(deps, connectionId, (walk) => ({ ...walk, sweptAt: deps.clock(), fault: null, readFrom }));
  await renewProfile(deps, connection, job);
  await bringByLinks(deps, connectionId);
  return readPast(deps, { connection, readFrom, newest }, job);
}

/** People get another plan, another personal room, another name. What cannot be asked stays as it was known. */
async function renewProfile(
  { zoom, connections, clock }: SweepDeps,
  { id, profile }: Connection,
  { signal, log }: SweepJob,
): Promise<void> {
  const answer = await zoom.profile(id, { signal, log });
  if (!answer.ok || JSON.stringify(answer.value) === JSON.stringify(profile)) return;
  await connections.changeConnection(id, clock(), (now) => ({ ...now, profile: answer.value }));
}

/** Somebody who was away for so long that the newest days do not reach back: the walk begins anew. */
function withoutGap(walk: CatalogueWalk, newest: Days): CatalogueWalk {
  const isGap = walk.sweptAt !== null && dayOf(walk.sweptAt) <= newest.from;
  return isGap ? { ...walk, readFrom: null, complete: false } : walk;
}

type Past = { connection: Connection; readFrom: string; newest: Days };

async function readPast(
  deps: SweepDeps,
  { connection: { id, profile, walk }, readFrom: newerFrom, newest }: Past,
  job: SweepJob,
): Promise<SweepEnd> {
  let readFrom = newerFrom;
  for (let month = 0; month < (walk.complete ? 1 : MONTHS_AT_ONCE); month++) {
    if (await isOver(deps, id, readFrom, profile.memberSince)) {
      await changeWalk(deps, id, (now) => ({ ...now, complete: true, readFrom: newest.from }));
      await bringByLinks(deps, id);
      return { kind: 'done' };
    }
    const days = daysBefore(readFrom);
    const failed = await readDays(deps, id, days, job);
    if (failed) return giveUp(deps, id, failed, job);
    readFrom = days.from;
    await changeWalk(deps, id, (now) => ({ ...now, readFrom: days.from }));
  }
  return walk.complete ? { kind: 'done' } : { kind: 'more' };
}

/** Brings the catalogue in line with Zoom for some days; what stood in the way, or null. */
async function readDays(
  deps: SweepDeps,
  id: ConnectionId,
  days: Days,
  { signal, log }: SweepJob,
): Promise<ZoomFailure | null> {
  const seenAt = deps.clock();
  const answer = await deps.zoom.recordings(id, days, { signal, log });
  if (!answer.ok) return answer;
  await deps.catalogue.putEntries(answer.value.map((recording) => catalogueEntry(id, recording, seenAt)));
  // It ended while Zoom was asked: nothing that came from there may stay.
  if (!(await deps.connections.findConnection(id))) await deps.catalogue.removeEntries(id);
  await deps.catalogue.dropUnseen(id, { ...certainSpan(days), seenBefore: seenAt });
  return null;
}

/** Nothing was recorded before somebody came to Zoom, nor, where that is not known, in a year without any recording. */
async function isOver(
  { catalogue, clock }: SweepDeps,
  id: ConnectionId,
  readFrom: string,
  memberSince: number | null,
): Promise<boolean> {
  const months = (clock() - Date.parse(readFrom)) / MONTH_MS;
  if (months > MOST_MONTHS) return true;
  if (memberSince !== null) return readFrom < dayOf(memberSince);
  const recent = { from: Date.parse(readFrom), until: Date.parse(readFrom) + EMPTY_MONTHS * MONTH_MS };
  return months > EMPTY_MONTHS && (await catalogue.listEntries(id, recent, { limit: 1 })).total === 0;
}

async function giveUp(
  deps: SweepDeps,
  id: ConnectionId,
  { reason, detail, retryAt }: ZoomFailure,
  { signal, log }: SweepJob,
): Promise<SweepEnd> {
  // Whoever stops the work is no fault of Zoom's.
  signal.throwIfAborted();
  log.warn({ connectionId: id, reason, detail }, 'the recordings of a Zoom account could not be read');
  await changeWalk(deps, id, (walk) => ({ ...walk, fault: reason }));
  return { kind: 'failed', retryAt: retryAt ?? null, lasts: LASTING.has(reason) };
}

async function changeWalk(
  { connections, clock }: Pick<SweepDeps, 'connections' | 'clock'>,
  id: ConnectionId,
  change: (walk: CatalogueWalk) => CatalogueWalk,
): Promise<Connection | null> {
  return connections.changeConnection(id, clock(), (now) => ({ ...now, walk: change(now.walk) }));
}

import type { UserId } from '../channels/channel.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { Page } from '../lib/page.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ConnectionStore } from '../zoom/zoom-store.ts';
import type { CatalogueStore } from './catalogue-store.ts';
import { callImport } from './import-job.ts';
import { importNote } from './import-note.ts';
import { queuedImport } from './import-state.ts';
import type { Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

type RetryImportDeps = {
  recordings: Pick<RecordingStore, 'findRecording' | 'changeRecording' | 'findByMeetings'>;
  connections: Pick<ConnectionStore, 'findConnectionOf'>;
  catalogue: Pick<CatalogueStore, 'findEntries'>;
  jobs: Pick<Jobs, 'request'>;
  clock: Clock;
  random: Random;
};

const RESUMED_AT_ONCE = 100;

/** Asks again for a recording whose import failed or was cancelled, or sends one that waits on its way now. Null: there is nothing to do again. */
export async function retryImport(
  deps: RetryImportDeps,
  { recordingId, by }: { recordingId: RecordingId; by: UserId },
): Promise<Recording | null> {
  const at = deps.clock();
  const found = await deps.recordings.findRecording(recordingId);
  if (!found) return null;
  const connectionId = await connectionFor(deps, found);
  let isAgain = false;
  const recording = await deps.recordings.changeRecording(
    recordingId,
    at,
    (current) => {
      const next = current.deletedAt === null ? againOf(current, { at, by }) : null;
      isAgain = next !== null;
      // Somebody may have asked for it by another connection meanwhile.
      return next && current.connectionId === found.connectionId ? { ...next, connectionId } : next;
    },
    (_before, after) => importNote(deps, after, `user:${by}`),
  );
  if (!isAgain || !recording) return null;
  await callImport(deps.jobs, recordingId);
  return recording;
}

/**
 * The grant of a connection is alive again: what came to nothing because it was dead is asked for anew. What somebody
 * stopped stays as it is.
 */
export async function resumeImportsOf(
  deps: RetryImportDeps & { recordings: Pick<RecordingStore, 'recordingsOfConnection'> },
  connectionId: ConnectionId,
): Promise<void> {
  let cursor: string | null = null;
  do {
    const page: Page<Recording> = await deps.recordings.recordingsOfConnection(connectionId, {
      limit: RESUMED_AT_ONCE,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const recording of page.items) {
      const { id, ownerId, import: brought } = recording;
      const isDue = brought.state === 'failed' && brought.fault === 'not-connected';
      if (isDue) await retryImport(deps, { recordingId: id, by: ownerId });
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/** Zoom told that something of a meeting is new: what waits for it goes on at once. */
export async function hintImport(
  deps: Pick<RetryImportDeps, 'recordings' | 'jobs' | 'clock'>,
  meetingUuid: string,
): Promise<void> {
  for (const { id } of await deps.recordings.findByMeetings([meetingUuid])) {
    let isWaiting = false;
    await deps.recordings.changeRecording(id, deps.clock(), (current) => {
      isWaiting = current.import.nextTryAt !== null && current.deletedAt === null;
      return isWaiting ? { ...current, import: { ...current.import, nextTryAt: null } } : null;
    });
    if (isWaiting) await callImport(deps.jobs, id);
  }
}

/** By which connection it can be had now: its own, or the one that its owner made since then, if Zoom lists it there. */
async function connectionFor(
  { connections, catalogue }: Pick<RetryImportDeps, 'connections' | 'catalogue'>,
  { ownerId, connectionId, meetingUuid }: Recording,
): Promise<ConnectionId | null> {
  const present = await connections.findConnectionOf(ownerId);
  if (present?.state !== 'live' || present.id === connectionId) return connectionId;
  const entries = await catalogue.findEntries(present.id, [meetingUuid]);
  return entries.length > 0 ? present.id : connectionId;
}

/** The state after somebody pressed "try again"; null when there is nothing to try. */
function againOf(current: Recording, { at, by }: { at: number; by: UserId }): Recording | null {
  const { import: before } = current;
  if (before.state === 'failed' || before.state === 'cancelled') {
    return { ...current, import: queuedImport({ bring: before.bring, requestedBy: by, at }, before) };
  }
  if (before.state !== 'queued' || before.nextTryAt === null) return null;
  return { ...current, import: { ...before, nextTryAt: null, tries: 0 } };
}

import type { UserId } from '../channels/channel.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { Page } from '../lib/page.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import { cancelImportJobs } from './import-job.ts';
import { cancelled, isUnfinished } from './import-state.ts';
import type { ImportFault, Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';
import { fileKeysOf, removeFilesLater } from './remove-import-files.ts';
import { outlookWithout } from './transcripts.ts';

export type CancelImportDeps = {
  recordings: Pick<RecordingStore, 'findRecording' | 'changeRecording' | 'recordingsOfConnection' | 'removeRecording'>;
  jobs: Pick<Jobs, 'cancel' | 'request'>;
  clock: Clock;
  /** The machine's time, which jobs go by. */
  jobClock: Clock;
};

const PAGE = 100;

/** Ends an import that is queued or running, and removes what came of it. Null when there is none to end. */
export async function cancelImport(deps: CancelImportDeps, id: RecordingId): Promise<Recording | null> {
  const ended = await endImport(deps, id, null);
  return ended?.import.state === 'cancelled' ? ended : null;
}

/**
 * Gives up what holds on to a connection that ended: imports under way end, recordings that are here stay and forget where
 * they came from, and what never became one is forgotten, so that it is in no other holder's way. Of all people, or of the
 * one who left it. May be called again and again.
 */
export async function endImportsOf(
  deps: CancelImportDeps,
  connectionId: ConnectionId,
  leaver: UserId | null = null,
): Promise<void> {
  let cursor: string | null = null;
  do {
    const page: Page<Recording> = await deps.recordings.recordingsOfConnection(connectionId, {
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const { id, ownerId } of page.items) {
      if (leaver === null || ownerId === leaver) await endImport(deps, id, { fault: 'not-connected', connectionId });
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
}

type Ending = { fault: ImportFault; connectionId: ConnectionId };

async function endImport(deps: CancelImportDeps, id: RecordingId, ending: Ending | null): Promise<Recording | null> {
  for (;;) {
    const before = await deps.recordings.findRecording(id);
    if (!before) return null;
    if (isUnfinished(before.import)) await removeFilesLater(deps, before);
    const { after, isCut, isLate } = await writeEnd(deps, before, ending);
    if (isLate) continue;
    if (isCut) await cancelImportJobs(deps.jobs, id);
    if (ending && after && isNothing(after, ending)) await removeNothing(deps, after);
    return isCut ? after : null;
  }
}

/** `isLate`: files came that nobody was told to remove, and so nothing was written. */
async function writeEnd(
  { recordings, clock }: CancelImportDeps,
  before: Recording,
  ending: Ending | null,
): Promise<{ after: Recording | null; isCut: boolean; isLate: boolean }> {
  const at = clock();
  const told = new Set(isUnfinished(before.import) ? fileKeysOf(before) : []);
  let isCut = false;
  let isLate = false;
  const after = await recordings.changeRecording(before.id, at, (current) => {
    isCut = false;
    isLate = false;
    // Connected anew and asked for again meanwhile.
    if (ending && current.connectionId !== ending.connectionId) return null;
    const isUnderWay = isUnfinished(current.import);
    isLate = isUnderWay && fileKeysOf(current).some((key) => !told.has(key));
    if (isLate) return null;
    isCut = isUnderWay;
    const next = isCut ? cancelled(current, ending?.fault ?? null, at) : current;
    if (!ending) return next;
    // It keeps its connection, by which whoever repeats this finds it.
    if (isNothing(next, ending)) return { ...next, deletedAt: next.deletedAt ?? at };
    return { ...withoutWaiting(next), connectionId: null };
  });
  return { after, isCut, isLate };
}

/** Whether it came to nothing, and nothing of it is here. */
function isNothing({ connectionId, parts, import: { state } }: Recording, ending: Ending): boolean {
  return connectionId === ending.connectionId && parts.length === 0 && (state === 'failed' || state === 'cancelled');
}

async function removeNothing({ recordings }: CancelImportDeps, { id, deletedAt }: Recording): Promise<void> {
  if (deletedAt !== null) await recordings.removeRecording(id, deletedAt);
}

/** Nothing more can come for a recording that is here. */
function withoutWaiting(recording: Recording): Recording {
  if (recording.import.transcript !== 'waiting') return recording;
  return { ...recording, import: { ...recording.import, ...outlookWithout(recording) } };
}

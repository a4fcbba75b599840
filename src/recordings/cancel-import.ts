import type { UserId } from '../channels/channel.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { Page } from '../lib/page.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import { folderOf } from './bring-files.ts';
import type { FileStore } from './file-store.ts';
import { cancelImportJobs } from './import-job.ts';
import { cancelled, isUnfinished } from './import-state.ts';
import type { ImportFault, Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';
import { outlookWithout } from './transcripts.ts';

export type CancelImportDeps = {
  recordings: Pick<RecordingStore, 'changeRecording' | 'recordingsOfConnection'>;
  files: Pick<FileStore, 'removeAll'>;
  jobs: Pick<Jobs, 'cancel'>;
  clock: Clock;
};

const PAGE = 100;

/** Ends an import that is queued or running, and removes what came of it. Null when there is none to end. */
export async function cancelImport(deps: CancelImportDeps, id: RecordingId): Promise<Recording | null> {
  const ended = await endImport(deps, id, null);
  return ended?.import.state === 'cancelled' ? ended : null;
}

/**
 * Gives up what holds on to a connection that ended: imports under way end, recordings that are here stay and forget where
 * they came from. Of all people, or of the one who left it. May be called again and again.
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
  const at = deps.clock();
  let isCut = false;
  const after = await deps.recordings.changeRecording(id, at, (current) => {
    // Connected anew and asked for again meanwhile.
    if (ending && current.connectionId !== ending.connectionId) return null;
    isCut = isUnfinished(current.import);
    const next = isCut ? cancelled(current, ending?.fault ?? null, at) : current;
    return ending ? { ...withoutWaiting(next), connectionId: null } : next;
  });
  if (!isCut) return null;
  await cancelImportJobs(deps.jobs, id);
  await deps.files.removeAll(folderOf(id));
  return after;
}

/** Nothing more can come for a recording that is here. */
function withoutWaiting(recording: Recording): Recording {
  if (recording.import.transcript !== 'waiting') return recording;
  return { ...recording, import: { ...recording.import, ...outlookWithout(recording) } };
}

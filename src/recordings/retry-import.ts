import type { UserId } from '../channels/channel.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { callImport } from './import-job.ts';
import { importNote } from './import-note.ts';
import { queuedImport } from './import-state.ts';
import type { Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

type RetryImportDeps = {
  recordings: Pick<RecordingStore, 'changeRecording' | 'findByMeetings'>;
  jobs: Pick<Jobs, 'request'>;
  clock: Clock;
  random: Random;
};

/** Asks again for a recording whose import failed or was cancelled, or sends one that waits on its way now. Null: there is nothing to do again. */
export async function retryImport(
  deps: RetryImportDeps,
  { recordingId, by }: { recordingId: RecordingId; by: UserId },
): Promise<Recording | null> {
  const at = deps.clock();
  let isAgain = false;
  const recording = await deps.recordings.changeRecording(
    recordingId,
    at,
    (current) => {
      const next = current.deletedAt === null ? againOf(current, { at, by }) : null;
      isAgain = next !== null;
      return next;
    },
    (_before, after) => importNote(deps, after, `user:${by}`),
  );
  if (!isAgain || !recording) return null;
  await callImport(deps.jobs, recordingId);
  return recording;
}

/** Zoom told that something of a meeting is new: what waits for it goes on at once. */
export async function hintImport(deps: Omit<RetryImportDeps, 'random'>, meetingUuid: string): Promise<void> {
  for (const { id } of await deps.recordings.findByMeetings([meetingUuid])) {
    let isWaiting = false;
    await deps.recordings.changeRecording(id, deps.clock(), (current) => {
      isWaiting = current.import.nextTryAt !== null && current.deletedAt === null;
      return isWaiting ? { ...current, import: { ...current.import, nextTryAt: null } } : null;
    });
    if (isWaiting) await callImport(deps.jobs, id);
  }
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

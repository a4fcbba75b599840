import type { JobKind, Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { FileStore } from './file-store.ts';
import type { Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

export type RemoveFilesData = {
  recordingId: RecordingId;
  keys: string[];
  /** Epoch milliseconds of the machine. */
  askedAt: number;
};

const REMOVE = { name: 'remove-import-files' };
/** It is asked for just before the recording lets go of its files, and so may come a moment too early; milliseconds. */
const LOOK_AGAIN_MS = 2_000;
const NOT_LET_GO_AFTER_MS = 60_000;

/** Has the files of a recording removed once no part of it names them: asked for before that is written, it outlives us. */
export async function removeFilesLater(
  { jobs, jobClock }: { jobs: Pick<Jobs, 'request'>; jobClock: Clock },
  recording: Recording,
): Promise<void> {
  const { id, version } = recording;
  const keys = fileKeysOf(recording);
  if (keys.length === 0) return;
  // A job that waits keeps the files it was given, so each state of a recording has its own.
  await jobs.request<RemoveFilesData>(REMOVE, `${id}/${version}`, { recordingId: id, keys, askedAt: jobClock() });
}

/** The names of all files of a recording in the file store. */
export function fileKeysOf({ parts }: Pick<Recording, 'parts'>): string[] {
  return parts.flatMap(({ video, transcript, chat }) =>
    [video, transcript, chat].flatMap((file) => (file ? [file.key] : [])),
  );
}

/**
 * The job that removes them. A name is random and never given again, so that what no part names now is in nobody's way:
 * files of a newer attempt have other names. What is named still after a minute was never let go, and stays.
 */
export function createFileRemoval(deps: {
  recordings: Pick<RecordingStore, 'findRecording'>;
  files: Pick<FileStore, 'remove'>;
  jobClock: Clock;
}): JobKind<RemoveFilesData> {
  return {
    ...REMOVE,
    atOnce: 2,
    lockMs: 60_000,
    retryAfter: [5_000, 60_000, 600_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000],
    async run({ recordingId, keys, askedAt }) {
      const recording = await deps.recordings.findRecording(recordingId);
      const named = new Set(recording ? fileKeysOf(recording) : []);
      for (const key of keys) if (!named.has(key)) await deps.files.remove(key);
      const isOver = !keys.some((key) => named.has(key)) || deps.jobClock() - askedAt > NOT_LET_GO_AFTER_MS;
      return isOver ? null : { againAt: deps.jobClock() + LOOK_AGAIN_MS };
    },
  };
}

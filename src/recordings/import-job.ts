import type { JobEnd, JobKind, Jobs, RunningJob } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import { type HoldLeaseDeps, holdLease } from './held-lease.ts';
import type { Lanes } from './import-lanes.ts';
import { type ImportDeps, importRecording, isDue } from './import-recording.ts';
import { hasWork, isUnfinished } from './import-state.ts';
import type { Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

export type ImportData = { recordingId: RecordingId };

/** One job of a recording, whose ID is its key; it lasts until the transcript is there, too. */
const IMPORT = { name: 'import-recording' };
/** Beside it, for what is to go on at once: the other may sleep until its time. */
const IMPORT_NOW = { name: 'import-recording-now' };

/** More than are done at once: some wait for the next lane. */
const JOBS_AT_ONCE = 10;
const LOCKED_FOR = 15_000;
const AGAIN_SOON_MS = 2_000;
const UNFINISHED_LOOKED_AT = 1_000;

export type ImportJobDeps = ImportDeps &
  HoldLeaseDeps & {
    lanes: Lanes;
    jobs: Pick<Jobs, 'request'>;
    /** The machine's time, which jobs go by. */
    jobClock: Clock;
  };

/** The kinds of job that do imports. A recording is worked on by one of them at a time, on all processes together. */
export function createImportKinds(deps: ImportJobDeps): JobKind<ImportData>[] {
  const { recordings, clock, jobClock, lanes } = deps;

  async function run({ recordingId }: ImportData, job: RunningJob): Promise<JobEnd> {
    const found = await recordings.findRecording(recordingId);
    if (!found || !hasWork(found)) return null;
    if (!isDue(found, clock())) return againFor(found);
    const { connectionId } = found;
    // A transcript is a few kilobytes, and need not wait for videos.
    if (connectionId === null || !isUnfinished(found.import)) return alone(recordingId, job, []);
    const lane = await lanes.enter(connectionId, job.signal);
    if ('againAt' in lane) return lane;
    try {
      job.signal.throwIfAborted();
      return await alone(recordingId, job, [lane.lost]);
    } finally {
      await lane.leave();
    }
  }

  async function alone(id: RecordingId, job: RunningJob, signals: AbortSignal[]): Promise<JobEnd> {
    const held = await holdLease(deps, `import-of/${id}`);
    if (!held) return { againAt: jobClock() + AGAIN_SOON_MS };
    try {
      const all = [job.signal, held.lost, ...signals];
      const after = await importRecording(deps, id, { signals: all, log: job.log });
      return after && hasWork(after) ? againFor(after) : null;
    } finally {
      await held.release();
    }
  }

  function againFor({ import: { nextTryAt } }: Recording): JobEnd {
    return { againAt: jobClock() + Math.max((nextTryAt ?? 0) - clock(), 0) };
  }

  /** What has to wait is left to the job that sleeps, so that another call finds this one free. */
  async function runNow(data: ImportData, job: RunningJob): Promise<JobEnd> {
    const end = await run(data, job);
    const found = end && (await recordings.findRecording(data.recordingId));
    if (!found || isDue(found, clock())) return end;
    await deps.jobs.request<ImportData>(IMPORT, data.recordingId, data);
    return null;
  }

  const kind = { atOnce: JOBS_AT_ONCE, lockMs: LOCKED_FOR, retryAfter: [1_000, 5_000, 15_000, 60_000] };
  return [
    { ...IMPORT, ...kind, run },
    { ...IMPORT_NOW, ...kind, run: runNow },
  ];
}

/** Has an import done as soon as may be: a job of it that sleeps is not waited for. */
export async function callImport(jobs: Pick<Jobs, 'request'>, recordingId: RecordingId): Promise<void> {
  if (await jobs.request<ImportData>(IMPORT, recordingId, { recordingId })) return;
  await jobs.request<ImportData>(IMPORT_NOW, recordingId, { recordingId });
}

/** Takes the jobs of an import out of the queue, or tells them to stop. */
export async function cancelImportJobs(jobs: Pick<Jobs, 'cancel'>, recordingId: RecordingId): Promise<void> {
  await jobs.cancel(IMPORT, recordingId);
  await jobs.cancel(IMPORT_NOW, recordingId);
}

/** A round that gives a job to imports that have none: the process may have died between writing the one and asking for the other. */
export function createImportRepair(deps: {
  recordings: Pick<RecordingStore, 'unfinishedImports'>;
  jobs: Pick<Jobs, 'request'>;
}): JobKind<object> {
  return {
    name: 'repair-imports',
    ...ROUND,
    async run(_data, { signal }) {
      for (const { id, deletedAt } of await deps.recordings.unfinishedImports(UNFINISHED_LOOKED_AT)) {
        if (signal.aborted) break;
        if (deletedAt === null) await deps.jobs.request<ImportData>(IMPORT, id, { recordingId: id });
      }
      return null;
    },
  };
}

/** A round that fails is followed by the next one. */
const ROUND = { atOnce: 1, lockMs: 60_000, retryAfter: [] };
const LEFT_FOR_MS = 24 * 3_600_000;

/** A round that removes what downloads of killed processes left in the file store. */
export function createLeftoverRemoval(deps: Pick<ImportJobDeps, 'files' | 'jobClock'>): JobKind<object> {
  return {
    name: 'remove-file-leftovers',
    ...ROUND,
    async run() {
      await deps.files.removeLeftovers(deps.jobClock() - LEFT_FOR_MS);
      return null;
    },
  };
}

import type { Logger } from 'pino';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ZoomApi, ZoomRecording } from '../zoom/zoom-api.ts';
import type { ConnectionStore } from '../zoom/zoom-store.ts';
import { type BringDeps, bringFiles } from './bring-files.ts';
import type { CatalogueStore } from './catalogue-store.ts';
import { type ContributingDeps, contributableChannel } from './contributing.ts';
import { nextTryAfter, recordingFault, type StepFailure } from './import-faults.ts';
import { ImportOver, type ImportRun, startRun } from './import-run.ts';
import { addNote, failedFor, hasWork, waitingUntil } from './import-state.ts';
import { type Picked, pickFiles } from './pick-files.ts';
import type { Recording, RecordingId } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';
import { recordingTitle } from './titles.ts';
import { judgeTranscript, outlookLater, outlookWithout } from './transcripts.ts';

export type ImportDeps = Omit<BringDeps, 'api'> & {
  recordings: Pick<RecordingStore, 'findRecording' | 'changeRecording'>;
  connections: Pick<ConnectionStore, 'findConnection'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: ContributingDeps['memberships'];
  catalogue: Pick<CatalogueStore, 'findEntries'>;
  /** Null: no Zoom app is set up. */
  api: ZoomApi | null;
  /** Whether an error means that the store is not there at the moment. */
  isOutage: (error: unknown) => boolean;
};

const HOUR = 3_600_000;
/** Zoom takes about the length of a meeting to make its files, and on bad days much longer. */
const PROCESSED_WITHIN_MS = 24 * HOUR;
const PROCESSING_PAUSE = { first: 60_000, longest: HOUR };

/**
 * Takes an import as far as it goes now: its files, or later its transcript. What it came to stands in the recording, which is
 * returned as it is then; `nextTryAt` says when it goes on by itself. Throws when the job was told to stop, or when the
 * store is away: then everything that is whole is kept, and whoever does it next goes on from there.
 */
export async function importRecording(
  deps: ImportDeps,
  id: RecordingId,
  job: { signals: AbortSignal[]; log: Logger },
): Promise<Recording | null> {
  const found = await deps.recordings.findRecording(id);
  if (!found || !hasWork(found) || !isDue(found, deps.clock())) return found;
  const run = startRun(deps, found, job);
  try {
    await begin(deps, run);
    const failure = await attempt(deps, run);
    // What was broken off tells nothing about Zoom.
    run.signal.throwIfAborted();
    if (failure) await settle(deps, run, failure, job.log);
  } catch (error) {
    if (error instanceof ImportOver || run.signal.reason instanceof ImportOver)
      return deps.recordings.findRecording(id);
    if (run.signal.aborted || deps.isOutage(error)) throw error;
    job.log.error({ err: error, recordingId: id }, 'an import stopped by a fault of ours');
    await settle(deps, run, { fault: 'server-fault' }, job.log);
  } finally {
    await run.stop();
  }
  return run.recording();
}

/** Whether nothing has to be waited for. */
export function isDue({ import: { nextTryAt } }: Recording, now: number): boolean {
  return nextTryAt === null || nextTryAt <= now;
}

/** From here on it is told as running; a recording that has lost its channel meanwhile is its owner's. */
async function begin(deps: ImportDeps, run: ImportRun): Promise<void> {
  await leaveLostChannel(deps, run);
  await run.write((current) => {
    const { import: state } = current;
    return state.state === 'done' ? current : { ...current, import: { ...state, state: 'running', nextTryAt: null } };
  });
}

async function attempt(deps: ImportDeps, run: ImportRun): Promise<StepFailure | null> {
  const { connectionId, meetingUuid, ownerId } = run.recording();
  const connection = connectionId === null ? null : await deps.connections.findConnection(connectionId);
  // Somebody who left a connection that others hold brings nothing more by it.
  if (deps.api === null || !connection?.holders.includes(ownerId)) return { fault: 'not-connected' };
  const answer = await deps.api.recording(connection.id, meetingUuid, { signal: run.signal });
  run.signal.throwIfAborted();
  if (!answer.ok) return refused(deps, run, answer, connection.id);
  const zoom = answer.value;
  // By its number Zoom gives whichever meeting was the last one.
  if (zoom.uuid !== meetingUuid) return { fault: 'recording-gone', detail: 'Zoom answered with another meeting' };
  if (zoom.hostId !== connection.profile.zoomUserId) return { fault: 'not-the-host' };
  return bring({ ...deps, api: deps.api }, run, zoom, connection.id);
}

async function refused(
  { catalogue, clock }: ImportDeps,
  run: ImportRun,
  { reason, detail, retryAt }: { reason: Parameters<typeof recordingFault>[0]; detail?: string; retryAt?: number },
  connectionId: ConnectionId,
): Promise<StepFailure | null> {
  const recording = run.recording();
  if (reason === 'not-found' && mayStillCome(recording, clock())) {
    // Zoom does not tell one it still makes from one that is gone; the list of recordings may.
    const [entry] = await catalogue.findEntries(connectionId, [recording.meetingUuid]);
    if (entry?.processing) return { fault: 'still-processing' };
  }
  return {
    fault: recordingFault(reason),
    ...(detail === undefined ? {} : { detail }),
    ...(retryAt === undefined ? {} : { retryAt }),
  };
}

async function bring(
  deps: ImportDeps & { api: ZoomApi },
  run: ImportRun,
  zoom: ZoomRecording,
  connectionId: ConnectionId,
): Promise<StepFailure | null> {
  const { bring: what } = run.recording().import;
  const picked = pickFiles(zoom, what);
  const mayWait = mayStillCome(run.recording(), deps.clock());
  if (picked.processing && mayWait) return { fault: 'still-processing' };
  if (!hasAny(picked)) return { fault: picked.processing ? 'still-processing' : 'nothing-to-bring' };
  await describe(run, zoom, picked);
  const failure = await bringFiles(deps, run, { connectionId, picked });
  if (failure) return failure;
  await finish(deps, run, { connectionId, picked });
  return null;
}

function hasAny({ segments }: Picked): boolean {
  return segments.some(({ video, transcript, chat }) => video ?? transcript ?? chat);
}

/** Whether Zoom may still be making files of it. */
function mayStillCome({ import: { state, requestedAt } }: Recording, now: number): boolean {
  return state !== 'done' && now - requestedAt < PROCESSED_WITHIN_MS;
}

/** What Zoom says of the recording now; the list it was chosen from may be some hours old. */
async function describe(run: ImportRun, zoom: ZoomRecording, picked: Picked): Promise<void> {
  const { startedAt, timeZone, durationMs } = zoom;
  await run.write((current) => {
    const { notes } = current.import;
    const title = current.titleGiven ? current.title : recordingTitle(zoom);
    const started = picked.falseStarts > 0 ? addNote(notes, 'false-start') : notes;
    const all = picked.processing ? addNote(started, 'part-missing') : started;
    return { ...current, title, startedAt, timeZone, durationMs, import: { ...current.import, notes: all } };
  });
}

async function finish(
  deps: ImportDeps & { api: ZoomApi },
  run: ImportRun,
  { connectionId, picked }: { connectionId: ConnectionId; picked: Picked },
): Promise<void> {
  const call = { signal: run.signal };
  const outlook = await judgeTranscript(deps, run.recording(), { connectionId, picked, call });
  run.signal.throwIfAborted();
  await leaveLostChannel(deps, run);
  const at = deps.clock();
  await run.write((current) => {
    const { import: state } = current;
    const finishedAt = state.finishedAt ?? at;
    return { ...current, import: { ...state, ...outlook, state: 'done', fault: null, tries: 0, finishedAt } };
  });
}

/** Writes what a failure comes to: another try later, a transcript less, or the end. */
async function settle(deps: ImportDeps, run: ImportRun, failure: StepFailure, log: Logger): Promise<void> {
  const now = deps.clock();
  const { fault, detail } = failure;
  const written = await run.write((current) => {
    if (current.import.state === 'done')
      return { ...current, import: { ...current.import, ...afterLateFailure(current, failure, now) } };
    if (fault === 'still-processing' && mayStillCome(current, now)) {
      const { requestedAt, tries } = current.import;
      const pause = Math.max((now - requestedAt) / 2, PROCESSING_PAUSE.first);
      const nextTryAt = Math.round(now + Math.min(pause, PROCESSING_PAUSE.longest));
      return waitingUntil(current, { fault, nextTryAt, tries });
    }
    const nextTryAt = nextTryAfter(failure, current.import, now);
    if (nextTryAt === null) return failedFor(current, fault, now);
    const tries = current.import.tries + (failure.retryAt === undefined ? 1 : 0);
    return waitingUntil(current, { fault, nextTryAt, tries });
  });
  const { state, nextTryAt } = written.import;
  log.warn({ recordingId: written.id, fault, detail, state, nextTryAt }, 'an import did not get through');
}

/** The recording is here, and only its transcript was asked for. */
function afterLateFailure(recording: Recording, failure: StepFailure, now: number) {
  const isOver = nextTryAfter(failure, { tries: 0 }, now) === null;
  return isOver ? outlookWithout(recording) : outlookLater(recording, now);
}

/** A deleted channel is remembered. One that the owner may not bring anything into any more gets nothing that is not there yet. */
async function leaveLostChannel(deps: ImportDeps, run: ImportRun): Promise<void> {
  const { channelId, ownerId, import: brought } = run.recording();
  if (channelId === null) return;
  const channel = await deps.channels.findChannel(channelId);
  const isDeleted = !channel || channel.deletedAt !== null;
  const isOpen = brought.state === 'done' || (await contributableChannel(deps, channelId, ownerId)) !== null;
  if (!isDeleted && isOpen) return;
  await run.write((current) => {
    if (current.channelId !== channelId) return current;
    const formerChannelId = isDeleted ? channelId : current.formerChannelId;
    return { ...current, channelId: null, formerChannelId };
  });
}

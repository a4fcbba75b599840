import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { hasWork, withImport } from './import-state.ts';
import type { Recording } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

/** Somebody ended the import, asked for it anew, or put the recording in the bin: there is nothing more to do here. */
export class ImportOver extends Error {}

/** One attempt at an import under way: what it writes, and what stops it. */
export type ImportRun = {
  /** Aborts with what the job, the lane or somebody's decision ends it by. */
  signal: AbortSignal;
  /** The recording as this attempt last knew it. */
  recording(): Recording;
  /** Writes a next state, while this attempt is the one that may. Throws `ImportOver` otherwise. */
  write(decide: (current: Recording) => Recording | null): Promise<Recording>;
  /** Tells how much is here; it is written once a second at most. */
  progress(bytesDone: number): void;
  /** Ends the attempt; nothing is written by it any more. */
  stop(): Promise<void>;
};

const TICK_MS = 1_000;

/** Begins an attempt. Every second it writes its progress, and learns whether it is still wanted, however still the download stands. */
export function startRun(
  { recordings, clock }: { recordings: Pick<RecordingStore, 'changeRecording'>; clock: Clock },
  begun: Recording,
  job: { signals: AbortSignal[]; log: Logger },
): ImportRun {
  const over = new AbortController();
  let latest = begun;
  let bytesDone = begun.import.bytesDone;
  let ticking: Promise<void> = Promise.resolve();

  async function write(decide: (current: Recording) => Recording | null): Promise<Recording> {
    let isMine = false;
    const stands = await recordings.changeRecording(begun.id, clock(), (current) => {
      isMine = current.import.attempt === begun.import.attempt && hasWork(current);
      return isMine ? decide(current) : null;
    });
    if (stands === null || !isMine) {
      const end = new ImportOver('the import is over');
      over.abort(end);
      throw end;
    }
    latest = stands;
    return stands;
  }

  async function tick(): Promise<void> {
    try {
      await write((current) => withImport(current, { bytesDone }));
    } catch (error) {
      // A store that is away for a moment does not end a download of an hour.
      if (!(error instanceof ImportOver)) job.log.warn({ err: error }, 'the progress of an import was not written');
    }
  }

  let isAtIt = false;
  const timer = setInterval(() => {
    if (isAtIt) return;
    isAtIt = true;
    ticking = tick().finally(() => {
      isAtIt = false;
    });
  }, TICK_MS);

  return {
    signal: AbortSignal.any([...job.signals, over.signal]),
    recording: () => latest,
    write,
    progress(bytes) {
      bytesDone = bytes;
    },
    async stop() {
      clearInterval(timer);
      await ticking;
    },
  };
}

import type { Bring } from '../zoom/meeting-link.ts';
import type { ImportFault, ImportNote, ImportState, Recording, RecordingPart, StoredFile } from './recording.ts';

/** Pure steps of an import's state; the store writes what they return. */

type Ask = { bring: Bring; requestedBy: ImportState['requestedBy']; at: number };

/** An import that was just asked for; `before` is the one that came to nothing, if there was one. */
export function queuedImport({ bring, requestedBy, at }: Ask, before: ImportState | null = null): ImportState {
  return {
    state: 'queued',
    bring,
    requestedBy,
    requestedAt: at,
    attempt: (before?.attempt ?? 0) + 1,
    filesDone: 0,
    filesTotal: 0,
    bytesDone: 0,
    bytesTotal: 0,
    fault: null,
    tries: 0,
    nextTryAt: null,
    notes: [],
    finishedAt: null,
    transcript: bring.transcript ? 'waiting' : 'not-wanted',
    transcriptUntil: null,
  };
}

export function isUnfinished({ state }: Pick<ImportState, 'state'>): boolean {
  return state === 'queued' || state === 'running';
}

/** Whether a job has something to do: bring its files, or a transcript that comes after them. */
export function hasWork(recording: Recording): boolean {
  const { state, transcript } = recording.import;
  if (recording.deletedAt !== null) return false;
  return isUnfinished(recording.import) || (state === 'done' && transcript === 'waiting');
}

/** The same import with something changed; null when nothing is. */
export function withImport(recording: Recording, change: Partial<ImportState>): Recording | null {
  const known: Partial<Record<string, unknown>> = recording.import;
  const isSame = Object.entries(change).every(([key, value]) => known[key] === value);
  return isSame ? null : { ...recording, import: { ...recording.import, ...change } };
}

export function failedFor(recording: Recording, fault: ImportFault, at: number): Recording {
  return { ...recording, import: { ...recording.import, state: 'failed', fault, nextTryAt: null, finishedAt: at } };
}

/** Waiting for another try, or for Zoom; `tries` counts failures alone. */
export function waitingUntil(
  recording: Recording,
  { fault, nextTryAt, tries }: { fault: ImportFault; nextTryAt: number; tries: number },
): Recording {
  return { ...recording, import: { ...recording.import, state: 'queued', fault, nextTryAt, tries } };
}

/** Ended by a person, or with the Zoom account; whoever still works on it is of an earlier attempt. */
export function cancelled(recording: Recording, fault: ImportFault | null, at: number): Recording {
  const { attempt } = recording.import;
  const ended: ImportState = {
    ...recording.import,
    state: 'cancelled',
    attempt: attempt + 1,
    fault,
    nextTryAt: null,
    finishedAt: at,
    transcript: 'not-wanted',
    transcriptUntil: null,
  };
  return { ...recording, parts: [], import: ended };
}

export function addNote(notes: readonly ImportNote[], note: ImportNote): ImportNote[] {
  return notes.includes(note) ? [...notes] : [...notes, note];
}

export type Slot = 'video' | 'transcript' | 'chat';

/** The part of a segment, by when it began. */
export function partOf({ parts }: Pick<Recording, 'parts'>, startedAt: number): RecordingPart | null {
  return parts.find((part) => part.startedAt === startedAt) ?? null;
}

/** The parts with one file more, in the order of the meeting. */
export function withFile(
  parts: readonly RecordingPart[],
  segment: Pick<RecordingPart, 'startedAt' | 'durationMs' | 'layout'>,
  slot: Slot,
  file: StoredFile,
): RecordingPart[] {
  const known = parts.find(({ startedAt }) => startedAt === segment.startedAt);
  const part: RecordingPart = { ...(known ?? { ...segment, video: null, transcript: null, chat: null }), [slot]: file };
  const others = parts.filter((one) => one !== known);
  return [...others, part].sort((a, b) => a.startedAt - b.startedAt);
}

import { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ZoomApi, ZoomCall, ZoomFile } from '../zoom/zoom-api.ts';
import { cleanChat } from './chat-text.ts';
import { fetchText, saveMedia } from './download-file.ts';
import type { FileStore } from './file-store.ts';
import { isPassing, type StepFailure } from './import-faults.ts';
import type { ImportRun } from './import-run.ts';
import { addNote, partOf, type Slot, withFile } from './import-state.ts';
import type { Picked, PickedSegment } from './pick-files.ts';
import type { ImportNote, RecordingId, StoredFile } from './recording.ts';
import { isWebVtt, parseCues, writeCues } from './transcript-cues.ts';

export type BringDeps = { api: Pick<ZoomApi, 'download'>; files: FileStore; clock: Clock; random: Random };

/** One file to bring, and where it belongs. */
type Wanted = { segment: PickedSegment; slot: Slot; file: ZoomFile };

type Stored = { ok: true; file: StoredFile; notes: ImportNote[] };
type Failed = { ok: false } & StepFailure;

/**
 * Brings what is not here yet, videos first; each file is kept as soon as it is whole, so that whoever repeats this goes on
 * where it stopped. Returns the first failure that another try may mend, or that leaves the recording without its video.
 */
export async function bringFiles(
  deps: BringDeps,
  run: ImportRun,
  { connectionId, picked }: { connectionId: ConnectionId; picked: Picked },
): Promise<StepFailure | null> {
  const wanted = await missingFiles(deps.files, run, picked);
  const call: ZoomCall = { signal: run.signal };
  let here = run.recording().import.bytesDone;
  for (const one of wanted) {
    const before = here;
    const onProgress = (bytes: number) => run.progress(before + bytes);
    const fetch = { connectionId, file: one.file, call, onProgress };
    const stored = one.slot === 'video' ? await bringMedia(deps, run, fetch) : await bringText(deps, run, one, fetch);
    if (stored === null) continue;
    if (!stored.ok) {
      if (one.slot === 'video' || (one.slot === 'chat' && isPassing(stored.fault))) return stored;
      await noteMissing(run, one.slot, stored);
      continue;
    }
    here += one.file.bytes ?? stored.file.bytes;
    await keep(deps, run, one, { ...stored, bytesDone: here });
  }
  return null;
}

/** What is picked and not here, videos before what belongs to them; writes what there is to do in all. */
async function missingFiles(files: FileStore, run: ImportRun, picked: Picked): Promise<Wanted[]> {
  const all = (['video', 'transcript', 'chat'] as const).flatMap((slot) =>
    picked.segments.flatMap((segment): Wanted[] => {
      const file = segment[slot];
      return file ? [{ segment, slot, file }] : [];
    }),
  );
  const here = await Promise.all(all.map((one) => isHere(files, run, one)));
  const done = all.filter((_one, i) => here[i]);
  const sum = (of: Wanted[]) => of.reduce((bytes, { file }) => bytes + (file.bytes ?? 0), 0);
  const counts = {
    filesTotal: all.length,
    bytesTotal: sum(all),
    filesDone: done.length,
    bytesDone: sum(done),
  };
  run.progress(counts.bytesDone);
  await run.write((current) => ({ ...current, import: { ...current.import, ...counts } }));
  return all.filter((_one, i) => !here[i]);
}

/** A segment has one video, whichever it was; live captions make room for the transcript that Zoom made. */
async function isHere(files: FileStore, run: ImportRun, { segment, slot, file }: Wanted): Promise<boolean> {
  const known = partOf(run.recording(), segment.startedAt)?.[slot];
  if (!known || (slot === 'transcript' && known.sourceId !== file.sourceId)) return false;
  return (await files.size(known.key)) !== null;
}

type Fetch = Parameters<typeof saveMedia>[1];

async function bringMedia(deps: BringDeps, run: ImportRun, fetch: Fetch): Promise<Stored | Failed> {
  const isSound = fetch.file.type === 'M4A';
  const key = newKey(deps, run.recording().id, isSound ? 'm4a' : 'mp4');
  const saved = await saveMedia(deps, fetch, key);
  if (!saved.ok) return saved;
  const { bytes, contentType } = saved;
  const notes: ImportNote[] = [
    ...(isSound ? ['audio-only' as const] : []),
    ...(saved.sizeDiffers ? ['size-differs' as const] : []),
  ];
  return { ok: true, notes, file: storedFile(deps, fetch.file, { key, bytes, contentType }) };
}

/** Null when there is nothing in it: a transcript of silence, an empty chat. */
async function bringText(
  deps: BringDeps,
  run: ImportRun,
  { slot }: Wanted,
  fetch: Fetch,
): Promise<Stored | Failed | null> {
  const { onProgress: _onProgress, ...quietly } = fetch;
  const fetched = await fetchText(deps, quietly);
  if (!fetched.ok) return fetched.fault === 'empty-file' ? null : fetched;
  const clean = slot === 'transcript' ? cleanTranscript(fetched.text) : cleanChat(fetched.text);
  if (clean === null) return { ok: false, fault: 'not-a-video', detail: `no ${slot}` };
  if (clean === '') return null;
  const [extension, contentType] =
    slot === 'transcript' ? ['vtt', 'text/vtt; charset=utf-8'] : ['txt', 'text/plain; charset=utf-8'];
  const key = newKey(deps, run.recording().id, extension);
  const saved = await deps.files.save(key, Readable.from([Buffer.from(clean)]), { contentType, signal: run.signal });
  if (!saved.ok) return { ok: false, fault: 'no-space' };
  return { ok: true, notes: [], file: storedFile(deps, fetch.file, { key, ...saved.value, contentType }) };
}

/** Null for what is no WebVTT; empty for one in which nothing is said. */
function cleanTranscript(text: string): string | null {
  if (!isWebVtt(text)) return null;
  const cues = parseCues(text);
  return cues.length === 0 ? '' : writeCues(cues);
}

/** Enters a file in the recording. One that nobody wants any more is removed again, and so is the one it replaces. */
async function keep(
  deps: BringDeps,
  run: ImportRun,
  { segment, slot }: Wanted,
  { file, notes, bytesDone }: Stored & { bytesDone: number },
): Promise<void> {
  const replaced = partOf(run.recording(), segment.startedAt)?.[slot] ?? null;
  run.progress(bytesDone);
  try {
    await run.write((current) => {
      const { import: state } = current;
      const filesDone = Math.min(state.filesDone + 1, state.filesTotal);
      const parts = withFile(current.parts, segment, slot, file);
      return {
        ...current,
        parts,
        import: { ...state, filesDone, bytesDone, notes: notes.reduce(addNote, state.notes) },
      };
    });
  } catch (error) {
    await deps.files.remove(file.key);
    throw error;
  }
  if (replaced) await deps.files.remove(replaced.key);
}

async function noteMissing(run: ImportRun, slot: Slot, { fault }: StepFailure): Promise<void> {
  // A transcript that may come at another try is still to come.
  if (slot === 'transcript' && isPassing(fault)) return;
  const note: ImportNote = slot === 'transcript' ? 'transcript-unreadable' : 'part-missing';
  await run.write((current) => {
    const notes = addNote(current.import.notes, note);
    return { ...current, import: { ...current.import, notes } };
  });
}

function newKey({ clock, random }: BringDeps, id: RecordingId, extension: string): string {
  return `${folderOf(id)}${newId(clock(), random)}.${extension}`;
}

/** Where all files of a recording are. */
function folderOf(id: RecordingId): string {
  return `recordings/${id}/`;
}

function storedFile(
  { clock }: BringDeps,
  { sourceId }: ZoomFile,
  saved: Pick<StoredFile, 'key' | 'bytes' | 'contentType'>,
): StoredFile {
  return { sourceId, ...saved, savedAt: clock() };
}

import { tidyLine } from '../lib/tidy-text.ts';
import type { Bring } from '../zoom/meeting-link.ts';
import type { ZoomFile, ZoomRecording } from '../zoom/zoom-api.ts';

/** What is brought of one segment: one video, as two layouts would be the same lecture twice, and what belongs to it. */
export type PickedSegment = {
  startedAt: number;
  durationMs: number;
  /** Zoom's word for what is seen in it. */
  layout: string | null;
  video: ZoomFile | null;
  transcript: ZoomFile | null;
  chat: ZoomFile | null;
};

export type Picked = {
  /** In the order of the meeting. */
  segments: PickedSegment[];
  /** Segments left out as false starts. */
  falseStarts: number;
  /** Zoom still makes a video or a sound file of it. */
  processing: boolean;
};

/** Files of one segment begin at the same time, but for what rounding leaves. */
const SAME_START_MS = 2_000;
const FALSE_START_MS = 10_000;
const LONGEST_LAYOUT = 60;

/** Chooses the files to bring; files that Zoom still makes are passed over. */
export function pickFiles(recording: ZoomRecording, bring: Bring): Picked {
  const media = recording.files.filter(({ type, layout }) => mediaRank(type, layout) !== null);
  const ready = media.filter((file) => !file.processing && file.downloadUrl !== null);
  const segments = makeSegments(ready, recording);
  const kept = withoutFalseStarts(segments);
  for (const file of recording.files) addText(kept, file, bring);
  return {
    segments: bring.video ? kept : kept.map((segment) => ({ ...segment, video: null })),
    falseStarts: segments.length - kept.length,
    processing: media.some(({ processing }) => processing),
  };
}

function makeSegments(media: ZoomFile[], recording: ZoomRecording): PickedSegment[] {
  const startOf = (file: ZoomFile) => file.startedAt ?? recording.startedAt;
  const groups: ZoomFile[][] = [];
  for (const file of media.toSorted((a, b) => startOf(a) - startOf(b))) {
    const [first] = groups.at(-1) ?? [];
    if (first && startOf(file) - startOf(first) <= SAME_START_MS) groups.at(-1)?.push(file);
    else groups.push([file]);
  }
  return groups.map((files) => {
    const best = files.reduce((one, other) => (rankOf(other) < rankOf(one) ? other : one));
    const startedAt = startOf(best);
    const ends = files.flatMap(({ endedAt }) => endedAt ?? []);
    const told = ends.length > 0 ? Math.max(...ends) - startedAt : groups.length === 1 ? recording.durationMs : 0;
    const layout = best.layout === null ? null : tidyLine(best.layout, LONGEST_LAYOUT);
    return { startedAt, durationMs: Math.max(told, 0), layout, video: best, transcript: null, chat: null };
  });
}

/** A recording begun by accident and begun anew is one lecture; but a short one with nothing beside it is what there is. */
function withoutFalseStarts(segments: PickedSegment[]): PickedSegment[] {
  const isShort = ({ durationMs }: PickedSegment) => durationMs > 0 && durationMs < FALSE_START_MS;
  const long = segments.filter((segment) => !isShort(segment));
  return long.length > 0 ? long : segments;
}

function addText(segments: PickedSegment[], file: ZoomFile, bring: Bring): void {
  const slot = textSlot(file.type);
  if (slot === null || !bring[slot] || file.processing || file.downloadUrl === null) return;
  const segment = segmentOf(segments, file.startedAt);
  if (segment === null) return;
  // The transcript that Zoom made of the sound is better than the live captions.
  if (segment[slot] === null || (file.type === 'TRANSCRIPT' && segment[slot].type !== 'TRANSCRIPT')) {
    segment[slot] = file;
  }
}

/** The segment that had begun then; the text of a false start belongs to none. */
function segmentOf(segments: PickedSegment[], startedAt: number | null): PickedSegment | null {
  if (startedAt === null) return segments.length === 1 ? (segments[0] ?? null) : null;
  const begun = segments.findLast((segment) => segment.startedAt <= startedAt + SAME_START_MS) ?? null;
  if (begun === null) return null;
  const ended = begun.startedAt + begun.durationMs + SAME_START_MS;
  return begun.durationMs === 0 || startedAt <= ended ? begun : null;
}

function textSlot(type: string): 'transcript' | 'chat' | null {
  if (type === 'TRANSCRIPT' || type === 'CC') return 'transcript';
  return type === 'CHAT' ? 'chat' : null;
}

/** Pictures first, by what a lecture needs: the slides with the speaker, the speaker, everybody; then any picture, then the sound. */
const LAYOUTS: readonly ((layout: string) => boolean)[] = [
  (layout) => /screen/.test(layout) && /speaker/.test(layout),
  (layout) => /speaker/.test(layout),
  (layout) => /screen/.test(layout) && /gallery/.test(layout),
  (layout) => /gallery/.test(layout),
  (layout) => /screen/.test(layout),
  (layout) => !/interpret/.test(layout),
  () => true,
];
const SOUND = LAYOUTS.length;

/** The place of a file among those of a segment, the best first; null for what is no recording of the whole meeting. */
function mediaRank(type: string, layout: string | null): number | null {
  const name = (layout ?? '').toLowerCase();
  // One sound file for each participant, or for each interpreter, is not the meeting.
  if (type === 'M4A') return /participant|interpret/.test(name) ? null : SOUND;
  if (type !== 'MP4') return null;
  return LAYOUTS.findIndex((fits) => fits(name));
}

/** Among equals the one without captions in the picture: ours can be switched off. */
function rankOf({ type, layout }: ZoomFile): number {
  return (mediaRank(type, layout) ?? SOUND) + (/\(cc\)/i.test(layout ?? '') ? 0.5 : 0);
}

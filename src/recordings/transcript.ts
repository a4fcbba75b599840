import { type Cue, parseCues } from './transcript-cues.ts';

/** A line of a transcript as it is read: some seconds of one speaker. Times in milliseconds. */
export type TranscriptLine = { at: number; until: number; speaker: string | null; text: string };

/** Cues are pieces of sentences: what one speaker says is put together up to these. */
const LINE_MS = 12_000;
const LINE_CHARACTERS = 180;

/** What is said in a WebVTT, in order. A speaker stands only where another one begins. */
export function readTranscript(vtt: string): TranscriptLine[] {
  const lines: TranscriptLine[] = [];
  for (const cue of parseCues(vtt)) {
    const last = lines.at(-1);
    if (last && goesOn(last, cue)) Object.assign(last, { until: cue.toMs, text: `${last.text} ${cue.text}` });
    else lines.push({ at: cue.fromMs, until: cue.toMs, speaker: cue.speaker, text: cue.text });
  }
  return lines.map((line, i) => ({ ...line, speaker: line.speaker === lines[i - 1]?.speaker ? null : line.speaker }));
}

function goesOn(line: TranscriptLine, cue: Cue): boolean {
  const isSame = line.speaker === cue.speaker;
  return isSame && cue.toMs - line.at <= LINE_MS && line.text.length + cue.text.length < LINE_CHARACTERS;
}

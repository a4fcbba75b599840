import { tidyLine } from '../lib/tidy-text.ts';

/** One line of a transcript: when it is said, by whom (null: not told), and what. */
export type Cue = { fromMs: number; toMs: number; speaker: string | null; text: string };

/** A day of talk has some 30,000. */
const MOST_CUES = 100_000;
const LONGEST_TEXT = 2_000;
const LONGEST_NAME = 80;
const TIME = String.raw`((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})`;
const TIMES = new RegExp(String.raw`^\s*${TIME}\s*-->\s*${TIME}`);

/** Whether this looks like WebVTT at all. */
export function isWebVtt(text: string): boolean {
  return /^\ufeff?WEBVTT(?:[ \t\r\n]|$)/.test(text);
}

/**
 * The cues of a WebVTT, in order of time. Read leniently: numbers, notes, styles and markup are passed over, times may have
 * commas, and a cue whose times make no sense is left out.
 */
export function parseCues(text: string): Cue[] {
  const cues: Cue[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length && cues.length < MOST_CUES; i++) {
    const times = TIMES.exec(lines[i] ?? '');
    if (!times) continue;
    const said: string[] = [];
    while (i + 1 < lines.length && lines[i + 1]?.trim() !== '' && !TIMES.test(lines[i + 1] ?? '')) {
      i += 1;
      said.push(lines[i] ?? '');
    }
    const cue = makeCue(times[1] ?? '', times[2] ?? '', said.join('\n'));
    if (cue) cues.push(cue);
  }
  return cues.sort((a, b) => a.fromMs - b.fromMs);
}

/** Clean WebVTT with these cues: nothing of the foreign file but times, names and words. */
export function writeCues(cues: readonly Cue[]): string {
  const blocks = cues.map(({ fromMs, toMs, speaker, text }) => {
    const voice = speaker === null ? '' : `<v ${escapeText(speaker)}>`;
    return `${writeTime(fromMs)} --> ${writeTime(toMs)}\n${voice}${escapeText(text)}\n`;
  });
  return ['WEBVTT\n', ...blocks].join('\n');
}

function makeCue(from: string, to: string, said: string): Cue | null {
  const [fromMs, toMs] = [readTime(from), readTime(to)];
  const voice = /^\s*<v(?:\.[\w.-]+)?\s+([^>]{1,200})>/.exec(said)?.[1] ?? null;
  const words = plain(said);
  const named = voice === null ? splitName(words) : { speaker: plain(voice), text: words };
  const text = tidyLine(named.text, LONGEST_TEXT);
  if (toMs <= fromMs || text === '') return null;
  return { fromMs, toMs, speaker: named.speaker === null ? null : tidyLine(named.speaker, LONGEST_NAME) || null, text };
}

/** Zoom writes "Name: words". Words with a colon of their own ("Note: read chapter 3", "at 10:30") are told from names by their shape. */
function splitName(line: string): { speaker: string | null; text: string } {
  const [, name = '', text = ''] = /^\s*([^:\n]{1,80}):\s+([\s\S]*)$/.exec(line) ?? [];
  return looksLikeName(name) && text.trim() !== '' ? { speaker: name, text } : { speaker: null, text: line };
}

/** A few words without a full stop or a question in between, each of which begins as names do (or is a script without capitals). */
function looksLikeName(name: string): boolean {
  const words = name.trim().split(/\s+/);
  if (words.length > 6 || /[?!;,"]|\.\s+\p{Ll}/u.test(name) || NO_NAMES.has(name.trim().toLowerCase())) return false;
  const isCapital = (word: string) =>
    /^[(['’]*[\p{Lu}\p{Lt}\p{Lo}\p{N}]/u.test(word) || PARTICLES.has(word.toLowerCase());
  return words.every(isCapital) && !PARTICLES.has(name.trim().toLowerCase());
}

const PARTICLES = new Set(
  'de del della di da do dos van von der den ter la le el al bin ibn y e zu af av - |'.split(' '),
);
const NO_NAMES = new Set('note notes warning question answer example remember so again http https'.split(' '));

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: ' ', lrm: '', rlm: '', quot: '"' };

function plain(text: string): string {
  return text
    .replace(/<[^<>]{0,500}>/g, '')
    .replace(/&(amp|lt|gt|nbsp|lrm|rlm|quot);/g, (_all, name: string) => ENTITIES[name] ?? '');
}

/** `-->` cannot stand in a text once `>` is written out. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function readTime(time: string): number {
  const [clock = '', fraction = '0'] = time.split(/[.,]/);
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return seconds * 1000 + Number(fraction.padEnd(3, '0'));
}

function writeTime(ms: number): string {
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(ms % 1000).padStart(3, '0')}`;
}

import type { Reader } from '../lib/reader.ts';
import type { Recording } from './recording.ts';
import { isShown } from './recording-policy.ts';

/** How a recording stands, in a word, a sentence where one is needed, and a shape (an icon of `views/partials/icon.ejs`). */
export type RecordingStatus = {
  kind: StatusKind;
  icon: 'good' | 'warn' | 'bad' | 'calm' | 'waiting' | 'hidden';
  word: string;
  sentence: string | null;
  /** Bytes that came, of how many; `max` is null while that is not known. */
  progress: { value: number; max: number | null; text: string } | null;
};

const ICONS = {
  failed: 'bad',
  queued: 'waiting',
  running: 'calm',
  cancelled: 'warn',
  refused: 'bad',
  waiting: 'waiting',
  hidden: 'hidden',
  published: 'good',
} as const satisfies Record<string, RecordingStatus['icon']>;

export type StatusKind = keyof typeof ICONS;

/** What its keepers read of a recording. What stands in the way of watching it comes first. */
export function recordingStatus(recording: Recording, reader: Reader): RecordingStatus {
  const { t } = reader;
  const kind = kindOf(recording);
  return {
    kind,
    icon: ICONS[kind],
    word: t(`recordings.status.${kind}`),
    sentence: sentenceOf(kind, recording, reader),
    progress: kind === 'running' ? progressOf(recording, reader) : null,
  };
}

/** Whether an import goes on by itself: then a page looks again after a while. */
export function isComing({ import: { state } }: Pick<Recording, 'import'>): boolean {
  return state === 'queued' || state === 'running';
}

function kindOf(recording: Recording): StatusKind {
  const { import: brought, review, visibility, channelId } = recording;
  const isHere = recording.parts.some(({ video }) => video !== null);
  if (brought.state !== 'done' && !(isHere && isComing(recording))) return brought.state;
  if (channelId !== null && review !== 'none') return review;
  return channelId !== null && visibility === 'hidden' && !isShown(recording) ? 'hidden' : 'published';
}

function sentenceOf(kind: StatusKind, recording: Recording, { t, time }: Reader): string | null {
  const { fault, nextTryAt } = recording.import;
  if (kind === 'failed' && fault !== null) return t(`recordings.faults.${fault}`);
  if (kind === 'queued' && fault !== null && nextTryAt !== null) {
    return `${t(`recordings.faults.${fault}`)} ${t('recordings.again', { when: time(nextTryAt).text })}`;
  }
  return kind === 'published' ? null : t(`recordings.status-texts.${kind}`);
}

const MEGABYTE = 1_000_000;

function progressOf({ import: { bytesDone, bytesTotal } }: Recording, { t, number }: Reader) {
  const megabytes = (bytes: number) => number(Math.round(bytes / MEGABYTE));
  if (bytesTotal === 0) return { value: 0, max: null, text: t('recordings.progress.begins') };
  const value = Math.min(bytesDone, bytesTotal);
  const values = {
    done: megabytes(value),
    total: megabytes(bytesTotal),
    percent: number(Math.floor((value / bytesTotal) * 100)),
  };
  return { value, max: bytesTotal, text: t('recordings.progress.going', values) };
}

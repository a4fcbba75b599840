import { z } from 'zod';
import type { User } from '../channels/channel.ts';
import { type ChannelHead, channelHead, type HeadPlace, type NoticeText } from '../channels/channel-head-page.ts';
import { channelLinks } from '../channels/channel-links.ts';
import { personName } from '../channels/person-name.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import type { MediaKind } from './media-links.ts';
import type { MetRecording } from './met-recording.ts';
import { playTime } from './play-time.ts';
import type { Recording, Watching } from './recording.ts';
import { myRecordingsLinks, type RecordingLinks } from './recording-links.ts';
import { RECORDING_NOTICE, recordingNotice } from './recording-notice.ts';
import { type RecordingRow, steerOf } from './recording-row.ts';
import { type RecordingStatus, recordingStatus } from './recording-status.ts';
import type { TranscriptLine } from './transcript.ts';

export const WATCH_QUERY = RECORDING_NOTICE.extend({
  /** From 1, as people count. */
  part: z.coerce.number().int().min(1).max(10_000).nullable().catch(null),
  /** Where in the part to begin, in seconds. */
  t: z.coerce.number().min(0).max(1_000_000).nullable().catch(null),
});

export type WatchQuery = z.infer<typeof WATCH_QUERY>;

/** What stands above every page of a recording: its channel, or the way to one's own. */
export type RecordingHead = { head: ChannelHead | null; up: { text: string; href: string }; family: string };

/** A recording with its player; one part at a time, each at its own address. */
export type WatchPage = RecordingHead & {
  title: string;
  notice: NoticeText | null;
  when: TimeText;
  length: string;
  owner: string | null;
  /** Null for what everybody sees. */
  status: RecordingStatus | null;
  /** What its keepers should know of how it came. */
  notes: string[];
  steer: RecordingRow['steer'];
  video: { src: string; captions: string | null; part: number } | null;
  /** What stands in place of a player. */
  missing: string | null;
  parts: { text: string; length: string; href: string; current: boolean; watchable: boolean }[];
  /** Where the next part is, for going on by itself. */
  next: string | null;
  resume: { text: string; go: string; start: string; goText: string } | null;
  transcript: {
    lines: { at: string; seconds: number; speaker: string | null; text: string; href: string }[];
  } | null;
  /** What stands in place of a transcript. */
  noTranscript: string | null;
  chat: string | null;
  /** Where the player tells how far one is; null for whoever is not counted. */
  watching: string | null;
  edit: string | null;
  publish: { action: string; text: string } | null;
  review: { approve: string; refuse: string | null } | null;
  views: string | null;
};

export type WatchFacts = {
  owner: User | null;
  watching: Watching | null;
  /** Of the part that is shown. */
  transcript: readonly TranscriptLine[];
  url: (part: number, kind: MediaKind) => string;
};

/** Nearer than that to the beginning or the end there is nothing to go on with, in milliseconds. */
const RESUME_MARGIN_MS = 15_000;

export function watchPage(
  met: MetRecording,
  facts: WatchFacts,
  page: { query: WatchQuery; links: RecordingLinks; reader: Reader; place: HeadPlace },
): WatchPage {
  const { query, links, reader } = page;
  const { recording, rights, visitor } = met;
  const { t, time } = reader;
  const shown = shownPart(recording, query);
  const part = recording.parts[shown];
  const status = recordingStatus(recording, reader);
  const owner = facts.owner && personName(facts.owner.name, facts.owner.subject, t).name;
  return {
    ...recordingHead(met, page),
    title: recording.title,
    notice: noticeOf(query, met, links, reader),
    when: time(recording.startedAt),
    length: playTime(recording.durationMs),
    owner,
    status: status.kind === 'published' ? null : status,
    ...importOf(met, links, reader),
    video: videoOf(shown, part, facts, query),
    missing: part?.video
      ? null
      : t(status.progress || status.kind === 'queued' ? 'recordings.watch.coming' : 'recordings.watch.missing'),
    parts: partsOf(recording, shown, { links, t }),
    next: nextPart(recording, shown, links),
    resume: query.t === null ? resumeOf(recording, facts.watching, { links, t }) : null,
    transcript:
      facts.transcript.length === 0 ? null : { lines: facts.transcript.map((line) => lineOf(line, shown, links)) },
    noTranscript: facts.transcript.length > 0 ? null : t(`recordings.watch.transcript.${lack(recording, part)}`),
    chat: part?.chat ? facts.url(shown, 'chat') : null,
    watching: visitor.grant.isTest ? null : links.step('watching'),
    edit: rights.edit || rights.move ? links.step('edit') : null,
    publish: publishOf(met, links, t),
    review: reviewOf(met, links),
    views: rights.seeViews ? links.step('views') : null,
  };
}

/** How it came, for those who keep it. */
function importOf(
  { recording, rights }: MetRecording,
  links: RecordingLinks,
  reader: Reader,
): Pick<WatchPage, 'notes' | 'steer'> {
  return {
    notes: rights.edit ? recording.import.notes.map((note) => reader.t(`recordings.notes.${note}`)) : [],
    steer: rights.steerImport ? steerOf(recording, links, reader) : [],
  };
}

/** What every page of a recording begins with. */
export function recordingHead(
  { viewer, visitor }: Pick<MetRecording, 'viewer' | 'visitor'>,
  { reader, place }: { reader: Reader; place: HeadPlace },
): RecordingHead {
  const { id: as, family } = visitor.grant;
  const { t } = reader;
  if (!viewer)
    return { head: null, up: { text: t('my-recordings.title'), href: myRecordingsLinks(as).library() }, family };
  const links = channelLinks(viewer.channel.id, as);
  const up = { text: t('recordings.all'), href: links.recordings() };
  return { head: channelHead(viewer, links, reader, place), up, family };
}

/** The part an address asks for, or the first that can be watched. Counted from 0. */
export function shownPart({ parts }: Recording, { part }: WatchQuery): number {
  if (part !== null && part <= parts.length) return part - 1;
  return Math.max(
    0,
    parts.findIndex(({ video }) => video !== null),
  );
}

function videoOf(
  shown: number,
  part: Recording['parts'][number] | undefined,
  { url }: WatchFacts,
  { t }: WatchQuery,
): WatchPage['video'] {
  if (!part?.video) return null;
  // Players begin there by themselves (Media Fragments URI), without script too.
  const from = t === null || t === 0 ? '' : `#t=${t}`;
  return {
    src: `${url(shown, 'video')}${from}`,
    captions: part.transcript ? url(shown, 'transcript') : null,
    part: shown,
  };
}

function partsOf(
  { parts }: Recording,
  shown: number,
  { links, t }: { links: RecordingLinks; t: Reader['t'] },
): WatchPage['parts'] {
  if (parts.length < 2) return [];
  return parts.map(({ durationMs, video }, i) => ({
    text: t('recordings.watch.part', { number: i + 1 }),
    length: playTime(durationMs),
    href: links.watch({ part: i + 1, t: 0 }),
    current: i === shown,
    watchable: video !== null,
  }));
}

function nextPart({ parts }: Recording, shown: number, links: RecordingLinks): string | null {
  const next = parts.findIndex(({ video }, i) => i > shown && video !== null);
  return next < 0 ? null : links.watch({ part: next + 1, t: 0 });
}

function resumeOf(
  { parts }: Recording,
  watching: Watching | null,
  { links, t }: { links: RecordingLinks; t: Reader['t'] },
): WatchPage['resume'] {
  const part = watching && parts[watching.part];
  if (!watching || !part?.video) return null;
  const isLast = watching.part === parts.length - 1;
  const isFirst = watching.part === 0;
  if (isFirst && watching.positionMs < RESUME_MARGIN_MS) return null;
  if (isLast && watching.positionMs > part.durationMs - RESUME_MARGIN_MS) return null;
  const at = playTime(watching.positionMs);
  const values = { at, part: watching.part + 1 };
  const where = parts.length > 1 ? 'part' : 'one';
  return {
    text: t(`recordings.watch.resume.${where}`, values),
    goText: t('recordings.watch.resume.go', values),
    go: links.watch({ part: watching.part + 1, t: Math.floor(watching.positionMs / 1000) }),
    start: links.watch({ part: 1, t: 0 }),
  };
}

function lineOf({ at, speaker, text }: TranscriptLine, shown: number, links: RecordingLinks) {
  const seconds = at / 1000;
  // The page's own address stands in front: a long transcript has thousands of these.
  const href = links.watch({ part: shown + 1, t: Math.floor(seconds) }).replace(/^[^?]*/, '');
  return { at: playTime(at), seconds, speaker, text, href };
}

function lack(
  { import: { transcript } }: Recording,
  part: Recording['parts'][number] | undefined,
): 'waiting' | 'none' | 'unreadable' | 'not-wanted' {
  if (part?.transcript) return 'unreadable';
  return transcript === 'waiting' || transcript === 'not-wanted' ? transcript : 'none';
}

function publishOf({ rights, recording }: MetRecording, links: RecordingLinks, t: Reader['t']): WatchPage['publish'] {
  if (!rights.publish || recording.visibility === 'published') return null;
  return { action: links.step('publish'), text: t('recordings.publish') };
}

function reviewOf({ rights, recording }: MetRecording, links: RecordingLinks): WatchPage['review'] {
  if (!rights.review) return null;
  return { approve: links.step('approve'), refuse: recording.review === 'waiting' ? links.step('refuse') : null };
}

function noticeOf(
  { done }: WatchQuery,
  { rights }: MetRecording,
  links: RecordingLinks,
  reader: Reader,
): NoticeText | null {
  if (done === 'published' && rights.publish) return recordingNotice(done, reader, links.step('unpublish'));
  if (done === 'unpublished' && rights.publish) return recordingNotice(done, reader, links.step('publish'));
  return recordingNotice(done, reader);
}

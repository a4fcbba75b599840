import type { User, UserId } from '../channels/channel.ts';
import type { HeadPlace } from '../channels/channel-head-page.ts';
import { personName } from '../channels/person-name.ts';
import type { Page } from '../lib/page.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import type { MetRecording } from './met-recording.ts';
import { playTime } from './play-time.ts';
import type { Recording, Watching } from './recording.ts';
import type { RecordingLinks } from './recording-links.ts';
import { type RecordingHead, recordingHead } from './watch-page.ts';

/** Who watched a recording, how often and how far. */
export type ViewsPage = RecordingHead & {
  title: string;
  name: string;
  back: string;
  answer: string;
  rows: { name: string; named: boolean; views: string; last: TimeText; stopped: string; played: string }[];
  empty: boolean;
  first: string | null;
  next: string | null;
};

export type ViewsFacts = {
  page: Page<Watching>;
  counts: { views: number; people: number };
  /** Names of those who are in the channel; of others only the views are told. */
  people: ReadonlyMap<UserId, User>;
  cursor: string | null;
};

export function viewsPage(
  met: MetRecording,
  { page: { items, nextCursor }, counts, people, cursor }: ViewsFacts,
  page: { links: RecordingLinks; reader: Reader; place: HeadPlace },
): ViewsPage {
  const { links, reader } = page;
  const { t, number } = reader;
  const { recording } = met;
  const views = t('recordings.views-count', { count: counts.views, number: number(counts.views) });
  return {
    ...recordingHead(met, page),
    title: t('recordings.views.page-title', { title: recording.title }),
    name: recording.title,
    back: links.watch(),
    answer: t('recordings.views.answer', { count: counts.people, number: number(counts.people), views }),
    rows: items.map((watching) => rowOf(watching, recording, people.get(watching.userId) ?? null, reader)),
    empty: items.length === 0,
    first: cursor === null ? null : links.step('views'),
    next: nextCursor === null ? null : links.step('views', { cursor: nextCursor }),
  };
}

function rowOf(watching: Watching, { parts, durationMs }: Recording, user: User | null, { t, number, time }: Reader) {
  const before = parts.slice(0, watching.part).reduce((sum, part) => sum + part.durationMs, 0);
  const who = user ? personName(user.name, user.subject, t) : { name: t('recordings.views.outside'), named: false };
  return {
    ...who,
    views: number(watching.views),
    last: time(watching.lastAt),
    stopped: t('recordings.views.stopped', { at: playTime(before + watching.positionMs), of: playTime(durationMs) }),
    played: playTime(watching.watchedMs),
  };
}

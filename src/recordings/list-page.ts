import { z } from 'zod';
import type { User, UserId } from '../channels/channel.ts';
import { type ChannelHead, channelHead, type HeadPlace, type NoticeText } from '../channels/channel-head-page.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import { can } from '../channels/channel-policy.ts';
import { emptySection } from '../channels/channel-sections.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Page } from '../lib/page.ts';
import type { Reader } from '../lib/reader.ts';
import type { Recording, RecordingId } from './recording.ts';
import { channelBinLink, myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { RECORDING_NOTICE, recordingNotice } from './recording-notice.ts';
import { isPreview, recordingRights, standingOf } from './recording-policy.ts';
import { type RecordingRow, recordingRow } from './recording-row.ts';
import type { RecordingFilter } from './recording-store.ts';

export const RECORDINGS_PER_PAGE = 25;

/** The list's query as it stands in the address; what is not understood counts as not given. */
export const LIST_QUERY = RECORDING_NOTICE.extend({
  q: z.string().trim().max(200).catch(''),
  cursor: z.string().max(2000).nullable().catch(null),
  show: z.enum(['all', 'waiting']).catch('all'),
});

export type ListQuery = z.infer<typeof LIST_QUERY>;

/** The recordings of a channel, newest first. */
export type RecordingsPage = {
  title: string;
  head: ChannelHead;
  notice: NoticeText | null;
  /** "2 recordings wait for you"; null for whoever does not decide, and for nothing. */
  waiting: { text: string; href: string; current: boolean } | null;
  q: string;
  as: string;
  action: string;
  clear: string | null;
  total: string | null;
  rows: RecordingRow[];
  empty: { title: string; text: string } | null;
  first: string | null;
  next: string | null;
  /** The way to bring some in. */
  add: string | null;
  mine: string | null;
  bin: string | null;
  isComing: boolean;
};

export type ListFacts = {
  page: Page<Recording> & { total: number };
  owners: ReadonlyMap<UserId, User>;
  /** Views of those on the page; null for whoever may not know. */
  counts: ReadonlyMap<RecordingId, { views: number; people: number }> | null;
  waiting: number;
};

/** What of a channel's recordings somebody gets to see; moderators all. */
export function listFilter(viewer: Viewer, query: Pick<ListQuery, 'q' | 'show'>): RecordingFilter {
  const { channel, userId } = viewer;
  const moderates = can(viewer, 'moderate', channel);
  return {
    channelId: channel.id,
    ...(moderates ? {} : { visible: { orOwner: isPreview(viewer) ? null : userId } }),
    ...(moderates && query.show === 'waiting' ? { waiting: true as const } : {}),
    ...(query.q === '' ? {} : { q: query.q }),
  };
}

export function recordingsPage(
  viewer: Viewer,
  facts: ListFacts,
  page: { query: ListQuery; links: ChannelLinks; reader: Reader; place: HeadPlace },
): RecordingsPage {
  const { query, links, reader, place } = page;
  const { q, cursor, show } = query;
  const { t, number } = reader;
  const { channel, grant } = viewer;
  const head = channelHead(viewer, links, reader, place);
  const { items, nextCursor, total } = facts.page;
  const mine = grant.isTest ? null : myRecordingsLinks(grant.id);
  const filtered = { q, show: show === 'all' ? null : show };
  return {
    title: t('recordings.page-title', { name: head.name }),
    head,
    notice: noticeOf(query, viewer, reader),
    waiting: waitingOf(facts.waiting, { query, links, reader }),
    q,
    as: grant.id,
    action: links.recordings(),
    clear: q === '' && show === 'all' ? null : links.recordings(),
    total:
      total === 0
        ? null
        : t(q === '' ? 'recordings.total' : 'recordings.found', { count: total, number: number(total) }),
    rows: items.map((recording) => rowOf(recording, viewer, facts, reader)),
    empty: items.length > 0 ? null : emptyOf(query, viewer, reader),
    first: cursor === null ? null : links.recordings(filtered),
    next: nextCursor === null ? null : links.recordings({ ...filtered, cursor: nextCursor }),
    add: mayBringIn(viewer) && mine ? mine.catalogue({ channel: channel.id }) : null,
    mine: mine?.library() ?? null,
    bin: can(viewer, 'moderate', channel) ? channelBinLink(channel.id, grant.id) : null,
    isComing: items.some(({ import: { state } }) => state === 'queued' || state === 'running'),
  };
}

/** Whether somebody may bring recordings into the channel. Who is no member of it but by an administrator's launch brings none. */
export function mayBringIn(viewer: Viewer): boolean {
  return can(viewer, 'contribute', viewer.channel) && !viewer.grant.isTest && !viewer.grant.launchOnly;
}

function rowOf(recording: Recording, viewer: Viewer, facts: ListFacts, reader: Reader): RecordingRow {
  const { channel, grant } = viewer;
  const rights = recordingRights(standingOf(viewer, recording), recording, channel);
  const counts = facts.counts ? { counts: facts.counts.get(recording.id) ?? null } : {};
  const owner = facts.owners.get(recording.ownerId) ?? null;
  return recordingRow(recording, { rights, owner, ...counts }, { as: grant.id, reader });
}

function waitingOf(
  count: number,
  { query, links, reader: { t, number } }: { query: ListQuery; links: ChannelLinks; reader: Reader },
): RecordingsPage['waiting'] {
  if (count === 0) return null;
  const text = t('recordings.waiting', { count, number: number(count) });
  return { text, href: links.recordings({ show: 'waiting' }), current: query.show === 'waiting' };
}

function noticeOf({ done, of }: ListQuery, { channel, grant }: Viewer, reader: Reader): NoticeText | null {
  if (done !== 'binned' || of === null) return recordingNotice(done, reader);
  const links = recordingLinks({ id: of as RecordingId, channelId: channel.id }, grant.id);
  return recordingNotice(done, reader, links.step('restore'));
}

function emptyOf({ q, show }: ListQuery, viewer: Viewer, reader: Reader): RecordingsPage['empty'] {
  const { t } = reader;
  if (q !== '') return { title: t('recordings.none-found.title'), text: t('recordings.none-found.text') };
  if (show === 'waiting') return { title: t('recordings.none-waiting.title'), text: t('recordings.none-waiting.text') };
  const { title, text } = emptySection('recordings', viewer, reader).empty;
  return { title, text };
}

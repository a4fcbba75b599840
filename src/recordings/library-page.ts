import { z } from 'zod';
import type { Channel, ChannelId } from '../channels/channel.ts';
import { channelName } from '../channels/channel.ts';
import type { NoticeText } from '../channels/channel-head-page.ts';
import { linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Page } from '../lib/page.ts';
import type { Reader } from '../lib/reader.ts';
import type { Recording, RecordingId } from './recording.ts';
import { myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { RECORDING_NOTICE, recordingNotice } from './recording-notice.ts';
import { ownStanding, recordingRights } from './recording-policy.ts';
import { type RecordingRow, recordingRow } from './recording-row.ts';
import { isComing } from './recording-status.ts';

export const LIBRARY_QUERY = RECORDING_NOTICE.extend({
  q: z.string().trim().max(200).catch(''),
  cursor: z.string().max(2000).nullable().catch(null),
});

export type LibraryQuery = z.infer<typeof LIBRARY_QUERY>;

/** What a person has without a channel; nobody else sees any of it. */
export type LibraryPage = {
  title: string;
  notice: NoticeText | null;
  q: string;
  as: string;
  action: string;
  clear: string | null;
  total: string | null;
  rows: RecordingRow[];
  empty: { title: string; text: string } | null;
  first: string | null;
  next: string | null;
  catalogue: string;
  bin: string;
  myChannels: string;
  zoomAccount: string;
  isComing: boolean;
  family: string;
};

export type LibraryFacts = {
  page: Page<Recording> & { total: number };
  /** The deleted channels that some of them were in. */
  former: ReadonlyMap<ChannelId, Channel>;
};

export function libraryPage(
  visitor: Visitor,
  { page: { items, nextCursor, total }, former }: LibraryFacts,
  { query, reader }: { query: LibraryQuery; reader: Reader },
): LibraryPage {
  const { q, cursor } = query;
  const { t, number } = reader;
  const as = visitor.grant.id;
  const links = myRecordingsLinks(as);
  return {
    title: t('my-recordings.title'),
    notice: noticeOf(query, as, reader),
    q,
    as,
    action: '/recordings',
    clear: q === '' ? null : links.library(),
    total:
      total === 0
        ? null
        : t(q === '' ? 'recordings.total' : 'recordings.found', { count: total, number: number(total) }),
    rows: items.map((recording) => {
      const rights = recordingRights(ownStanding(visitor, recording), recording, null);
      return recordingRow(recording, { rights, note: noteOf(recording, former, t) }, { as, reader });
    }),
    empty: items.length > 0 ? null : emptyOf(q, t),
    first: cursor === null ? null : links.library({ q }),
    next: nextCursor === null ? null : links.library({ q, cursor: nextCursor }),
    catalogue: links.catalogue(),
    bin: links.bin(),
    myChannels: linkAs(as, '/channels'),
    zoomAccount: linkAs(as, '/zoom'),
    isComing: items.some(isComing),
    family: visitor.grant.family,
  };
}

function noteOf({ formerChannelId }: Recording, former: LibraryFacts['former'], t: Reader['t']): string | null {
  if (formerChannelId === null) return null;
  const channel = former.get(formerChannelId);
  return channel ? t('my-recordings.was-in', { name: channelName(channel) }) : t('my-recordings.was-in-gone');
}

function noticeOf({ done, of }: LibraryQuery, as: string, reader: Reader): NoticeText | null {
  if (done !== 'binned' || of === null) return recordingNotice(done, reader);
  return recordingNotice(done, reader, recordingLinks({ id: of as RecordingId, channelId: null }, as).step('restore'));
}

function emptyOf(q: string, t: Reader['t']): LibraryPage['empty'] {
  const key = q === '' ? 'my-recordings.empty' : 'recordings.none-found';
  return { title: t(`${key}.title`), text: t(`${key}.text`) };
}

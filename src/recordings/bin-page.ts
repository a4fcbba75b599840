import { z } from 'zod';
import type { User, UserId } from '../channels/channel.ts';
import type { HeadPlace, NoticeText } from '../channels/channel-head-page.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import { personName } from '../channels/person-name.ts';
import type { Page } from '../lib/page.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import type { MetRecording } from './met-recording.ts';
import { BIN_MS, type Recording } from './recording.ts';
import { channelBinLink, myRecordingsLinks, recordingLinks } from './recording-links.ts';
import { RECORDING_NOTICE, recordingNotice } from './recording-notice.ts';
import { type RecordingHead, recordingHead } from './watch-page.ts';

export const BIN_QUERY = RECORDING_NOTICE.extend({ cursor: z.string().max(2000).nullable().catch(null) });

/** Recordings that were thrown away and can be restored for a while: a channel's, or a person's own. */
export type BinPage = RecordingHead & {
  title: string;
  lead: string;
  notice: NoticeText | null;
  rows: { title: string; when: TimeText; until: string; owner: string | null; restore: string; label: string }[];
  first: string | null;
  next: string | null;
};

export function binPage(
  met: Pick<MetRecording, 'viewer' | 'visitor'>,
  facts: { page: Page<Recording>; owners: ReadonlyMap<UserId, User> | null; query: z.infer<typeof BIN_QUERY> },
  page: { links: ChannelLinks | null; reader: Reader; place: HeadPlace },
): BinPage {
  const { viewer, visitor } = met;
  const { reader } = page;
  const { t, number } = reader;
  const as = visitor.grant.id;
  const { items, nextCursor } = facts.page;
  const here = (cursor: string | null) => {
    const bin = viewer ? channelBinLink(viewer.channel.id, as) : myRecordingsLinks(as).bin();
    return cursor === null ? bin : `${bin}&${new URLSearchParams({ cursor })}`;
  };
  return {
    ...recordingHead(met, page),
    title: t('recordings.bin.title'),
    lead: t(viewer ? 'recordings.bin.lead-channel' : 'recordings.bin.lead-mine', { days: number(BIN_MS / 86_400_000) }),
    notice: recordingNotice(facts.query.done, reader),
    rows: items.map((recording) => rowOf(recording, facts.owners, { as, isMine: viewer === null, reader })),
    first: facts.query.cursor === null ? null : here(null),
    next: nextCursor === null ? null : here(nextCursor),
  };
}

function rowOf(
  { id, channelId, title, deletedAt, ownerId }: Recording,
  owners: ReadonlyMap<UserId, User> | null,
  { as, isMine, reader }: { as: string; isMine: boolean; reader: Reader },
): BinPage['rows'][number] {
  const { t, time } = reader;
  const owner = owners?.get(ownerId) ?? null;
  const at = deletedAt ?? 0;
  return {
    title,
    when: time(at),
    until: t('recordings.bin.until', { until: time(at + BIN_MS).exact }),
    owner: owner && personName(owner.name, owner.subject, t).name,
    restore: recordingLinks({ id, channelId: isMine ? null : channelId }, as).step('restore'),
    label: t('recordings.bin.restore-this', { title }),
  };
}

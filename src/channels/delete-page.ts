import type { Reader } from '../lib/reader.ts';
import { channelName, DELETED_KEPT_MS } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import type { MemberCounts } from './channel-store.ts';
import type { Viewer } from './viewer.ts';

/** The question before a channel is deleted: what will happen, to how many, and how to take it back. */
export type DeletePage = {
  title: string;
  head: ChannelHead;
  question: string;
  consequences: string[];
  action: string;
  back: string;
};

const DAY_MS = 86_400_000;

export function deletePage(
  viewer: Viewer,
  { total }: MemberCounts,
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace; now: number },
): DeletePage {
  const { links, reader, place, now } = page;
  const { t, number, time } = reader;
  const { channel } = viewer;
  const name = channelName(channel);
  const days = DELETED_KEPT_MS / DAY_MS;
  return {
    title: t('delete.page-title', { name }),
    head: channelHead(viewer, links, reader, place),
    question: t('delete.question', { name }),
    consequences: [
      t('delete.people', { count: total, number: number(total) }),
      ...(channel.privacy === 'private' ? [] : [t('delete.visitors')]),
      t('delete.recordings'),
      t('delete.kept'),
      t('delete.restore', { days: number(days), until: time(now + DELETED_KEPT_MS).exact }),
      t(channel.ownerId === null ? 'delete.by-managers' : 'delete.by-owner'),
      t('delete.for-good'),
    ],
    action: links.deleteChannel,
    back: links.settings(),
  };
}

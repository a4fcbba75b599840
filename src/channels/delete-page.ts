import type { Reader } from '../lib/reader.ts';
import { type Channel, channelName, DELETED_KEPT_MS } from './channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import type { MemberCounts } from './channel-store.ts';
import type { HiddenField } from './members-query.ts';
import type { Viewer } from './viewer.ts';

/** A question before something that is not easily taken back: what will happen, and who could take it back. */
export type AskPage = {
  title: string;
  head: ChannelHead;
  question: string;
  consequences: string[];
  action: string;
  fields: HiddenField[];
  /** Something to be chosen with the answer. */
  select?: { name: string; label: string; hint: string; options: { value: string; text: string }[] } | null;
  button: string;
  danger: boolean;
  /** The way out, which changes nothing. */
  keep: string;
  back: string;
};

/** How many recordings are in it, and which other channels could take them. */
type ContentsFacts = { recordings: number; channels: readonly Channel[] };

const DAY_MS = 86_400_000;

/** The question before a channel is deleted. */
export function deletePage(
  viewer: Viewer,
  { total }: MemberCounts,
  contents: ContentsFacts,
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace; now: number },
): AskPage {
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
      recordingsLine(contents, reader),
      t('delete.kept'),
      t('delete.restore', { days: number(days), until: time(now + DELETED_KEPT_MS).exact }),
      t(channel.ownerId === null ? 'delete.by-managers' : 'delete.by-owner'),
      t('delete.for-good'),
    ],
    action: links.deleteChannel,
    fields: [],
    select: recordingsChoice(contents, reader),
    button: t('delete.button'),
    danger: true,
    keep: t('delete.keep'),
    back: links.settings(),
  };
}

function recordingsLine({ recordings, channels }: ContentsFacts, { t, number }: Reader): string {
  if (recordings === 0) return t('delete.recordings');
  const key = channels.length === 0 ? 'delete.recordings-count' : 'delete.recordings-choice';
  return t(key, { count: recordings, number: number(recordings) });
}

/** Where its recordings go: asked only where there are some, and another channel to take them. */
function recordingsChoice(
  { recordings, channels }: ContentsFacts,
  { t }: Reader,
): NonNullable<AskPage['select']> | null {
  if (recordings === 0 || channels.length === 0) return null;
  return {
    name: 'recordingsTo',
    label: t('delete.recordings-to'),
    hint: t('delete.recordings-hint'),
    options: [
      { value: '', text: t('delete.recordings-library') },
      ...channels.map((channel) => ({ value: channel.id, text: channelName(channel) })),
    ],
  };
}

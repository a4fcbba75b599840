import { channelHead, type HeadPlace } from '../channels/channel-head-page.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import type { AskPage } from '../channels/delete-page.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import type { MeetingLink } from './meeting-link.ts';
import { meetingPaths } from './meeting-paths.ts';

/** The question before a meeting is untied from its channel. */
export function removeLinkPage(
  viewer: Viewer,
  { link, name }: { link: MeetingLink; name: string },
  { links, reader, place }: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): AskPage {
  const { t } = reader;
  const paths = meetingPaths(links);
  return {
    title: t('meetings.remove.page-title', { name }),
    head: channelHead(viewer, links, reader, place),
    question: t('meetings.remove.question', { name }),
    consequences: [
      t('meetings.remove.join'),
      ...(link.connectionId === null ? [] : [t('meetings.remove.imports')]),
      t('meetings.remove.stay'),
      t('meetings.remove.again'),
    ],
    action: paths.remove(link.id),
    fields: [],
    button: t('meetings.remove.confirm'),
    danger: true,
    keep: t('meetings.remove.keep'),
    back: paths.link(link.id),
  };
}

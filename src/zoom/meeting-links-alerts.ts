import { type ChannelId, channelName } from '../channels/channel.ts';
import type { ChannelLinks } from '../channels/channel-links.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import type { ZoomStanding } from './add-link-page.ts';
import type { LinkAlert } from './link-form-page.ts';
import { MOST_LINKS, type NotHosted } from './link-meeting.ts';
import type { MeetingLink } from './meeting-link.ts';
import { linkRights } from './meeting-links-policy.ts';
import { meetingPaths } from './meeting-paths.ts';

/** Why a meeting is not the person's own to link, and what they can do about it. */
export function notHostedAlert(
  reason: NotHosted,
  standing: ZoomStanding,
  { links, reader, number, host }: { links: ChannelLinks; reader: Reader; number: string; host: string | null },
): LinkAlert {
  const { t } = reader;
  const paths = meetingPaths(links);
  if (standing !== 'live') {
    const offered = standing === 'none' || standing === 'broken';
    return {
      title: t(`meetings.connect.${standing}.title`),
      lines: [t(`meetings.connect.${standing}.text`), t('meetings.not-hosted.meanwhile')],
      action: offered
        ? { text: t(`meetings.connect.${standing}.button`), href: paths.account(paths.add({ number, host })) }
        : null,
    };
  }
  const passes = reason === 'throttled' || reason === 'unreachable' || reason === 'fault';
  const reconnects = reason === 'scope-missing' || reason === 'not-connected' || reason === 'no-connection';
  return {
    title: t(`meetings.not-hosted.${reason}.title`),
    lines: [t(`meetings.not-hosted.${reason}.text`), t('meetings.not-hosted.meanwhile')],
    action: passes
      ? { text: t('meetings.not-hosted.again'), href: paths.add({ number, host }) }
      : reconnects
        ? { text: t('meetings.connect.broken.button'), href: paths.account(paths.add({ number, host })) }
        : null,
  };
}

/** The same when a link that stands was to be verified. */
export function notVerifiedAlert(
  reason: NotHosted,
  link: MeetingLink,
  { links, reader: { t } }: { links: ChannelLinks; reader: Reader },
): LinkAlert {
  const paths = meetingPaths(links);
  const reconnects = reason === 'scope-missing' || reason === 'not-connected' || reason === 'no-connection';
  return {
    title: t(`meetings.not-hosted.${reason}.title`),
    lines: [t(`meetings.not-hosted.${reason}.text`)],
    action: reconnects ? { text: t('meetings.connect.broken.button'), href: paths.account(paths.link(link.id)) } : null,
  };
}

/** Which channels the recordings of the same days could go to; those of other people are not named. */
export async function overlapAlert(
  { channels }: { channels: Pick<ChannelStore, 'findChannel'> },
  others: readonly MeetingLink[],
  viewer: Viewer,
  reader: Reader,
): Promise<LinkAlert> {
  const { t } = reader;
  const nameOf = async (id: ChannelId) => {
    const channel = await channels.findChannel(id);
    return channel ? channelName(channel) : t('meetings.overlap.other');
  };
  const names = await Promise.all(
    others.map(({ channelId, linkedBy }) =>
      linkedBy === viewer.userId ? nameOf(channelId) : t('meetings.overlap.other'),
    ),
  );
  return {
    title: t('meetings.overlap.title'),
    lines: [
      t('meetings.overlap.text', { count: names.length, channels: [...new Set(names)].join(', ') }),
      t('meetings.overlap.next'),
    ],
    action: null,
  };
}

export function alreadyLinkedAlert(link: MeetingLink, viewer: Viewer, links: ChannelLinks, { t }: Reader): LinkAlert {
  const { edit, verify } = linkRights(viewer, link);
  const mayOpen = edit !== null || verify;
  return {
    title: t('meetings.already-linked.title'),
    lines: [t(verify ? 'meetings.already-linked.verify' : 'meetings.already-linked.text')],
    action: mayOpen ? { text: t('meetings.already-linked.open'), href: meetingPaths(links).link(link.id) } : null,
  };
}

export function tooManyAlert({ t, number }: Reader): LinkAlert {
  return {
    title: t('meetings.too-many.title'),
    lines: [t('meetings.too-many.text', { count: MOST_LINKS, number: number(MOST_LINKS) })],
    action: null,
  };
}

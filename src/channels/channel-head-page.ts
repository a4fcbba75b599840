import type { Reader } from '../lib/reader.ts';
import { type CourseContext, channelName } from './channel.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import { isAtLeast } from './permission-level.ts';
import type { Viewer } from './viewer.ts';

/** What a change ended in; said once, at the top of the page that comes after it. */
export const NOTICES = [
  'sync-asked',
  'sync-under-way',
  'held-applied',
  'held-discarded',
  'already-decided',
  'not-while-syncing',
] as const;

type Notice = (typeof NOTICES)[number];

const UNWELCOME: ReadonlySet<Notice> = new Set(['already-decided', 'not-while-syncing']);

/** What all pages of a channel begin with: which course, who one is here, where one can go. */
export type ChannelHead = {
  name: string;
  /** The course's code, or null. */
  code: string | null;
  /** The courses behind the channel, when its name does not say them. */
  courses: string | null;
  role: string;
  /** Why one sees less than one's own level shows, or null. */
  preview: string | null;
  notice: { text: string; tone: 'good' | 'warn' } | null;
  /** Empty when there is but one page to see. */
  tabs: { text: string; href: string; current: boolean }[];
  /** The LMS's family, for messages to its frame. */
  family: string;
};

export type HeadPlace = {
  current: 'channel' | 'members' | 'sync';
  notice: Notice | null;
  courses: readonly Pick<CourseContext, 'title'>[];
};

export function channelHead(viewer: Viewer, links: ChannelLinks, reader: Reader, place: HeadPlace): ChannelHead {
  const { channel, level } = viewer;
  const { t } = reader;
  const name = channelName(channel);
  const titles = place.courses.map((course) => course.title);
  const tellsCourses = titles.length > 1 || (titles[0] !== undefined && titles[0] !== name);
  const { notice } = place;
  return {
    name,
    code: channel.label !== null && channel.label !== name ? channel.label : null,
    courses: tellsCourses ? t('head.courses', { count: titles.length, titles: titles.join(', ') }) : null,
    role: t(`levels.${level}.name`),
    preview: previewNote(viewer, reader),
    notice: notice && { text: t(`notices.${notice}`), tone: UNWELCOME.has(notice) ? 'warn' : 'good' },
    tabs: can(level, 'view-members', channel)
      ? [
          { text: t('head.tabs.channel'), href: links.channel(), current: place.current === 'channel' },
          { text: t('head.tabs.members'), href: links.members(), current: place.current === 'members' },
        ]
      : [],
    family: viewer.grant.family,
  };
}

function previewNote({ grant, membership, level }: Viewer, { t }: Reader): string | null {
  if (grant.launchOnly) return t('head.administrator');
  if (!membership || isAtLeast(level, membership.level)) return null;
  const levels = { level: t(`levels.${level}.name`), own: t(`levels.${membership.level}.name`) };
  return level === 'member' ? t('head.preview.student', levels) : t('head.preview.other', levels);
}

import { z } from 'zod';
import type { Reader } from '../lib/reader.ts';
import { type CourseContext, channelName } from './channel.ts';
import type { ChannelLinks } from './channel-links.ts';
import { type ChannelAction, can } from './channel-policy.ts';
import type { HiddenField } from './members-query.ts';
import { isAtLeast, PERMISSION_LEVELS } from './permission-level.ts';
import type { Viewer } from './viewer.ts';

/** What a change ended in; said once, at the top of the page that comes after it. */
const NOTICES = [
  'sync-asked',
  'sync-under-way',
  'held-applied',
  'held-discarded',
  'already-decided',
  'not-while-syncing',
  'settings-saved',
  'settings-unchanged',
  'owner-changed',
  'owner-passed-on',
  'owner-not-chosen',
  'owner-given-up',
  'owner-changed-meanwhile',
  'owner-not-possible',
  'channel-restored',
  'undone-settings',
  'undone-owner',
  'undone-member',
  'nothing-to-undo',
  'undo-settings-changed-since',
  'undo-owner-changed-since',
  'undo-member-changed-since',
  'undo-last-manager',
  'undo-is-owner',
  'undo-reference-id-taken',
  'undo-not-undoable',
  'nothing-changed',
  'member-gone',
  'nobody-chosen',
  'no-action-chosen',
  'own-level-changed',
  'meeting-linked',
  'meeting-linked-unverified',
  'meeting-saved',
  'meeting-removed',
  'meeting-verified',
] as const;

type Notice = (typeof NOTICES)[number];

const UNWELCOME: ReadonlySet<Notice> = new Set<Notice>([
  'already-decided',
  'not-while-syncing',
  'owner-not-chosen',
  'owner-changed-meanwhile',
  'owner-not-possible',
  'undo-settings-changed-since',
  'undo-owner-changed-since',
  'undo-member-changed-since',
  'undo-last-manager',
  'undo-is-owner',
  'undo-reference-id-taken',
  'undo-not-undoable',
  'member-gone',
  'nobody-chosen',
  'no-action-chosen',
]);

/** Who may undo what a notice tells of; every other change with an Undo is one of members. */
const UNDONE_BY: Partial<Record<Notice, ChannelAction>> = {
  'settings-saved': 'manage-settings',
  'undone-settings': 'manage-settings',
  'owner-changed': 'change-owner',
  'owner-passed-on': 'change-owner',
  'owner-given-up': 'change-owner',
  'undone-owner': 'change-owner',
};

/** How a member stands, as far as a notice tells it. */
const STANDINGS = [...PERMISSION_LEVELS, 'no-access', 'gone'] as const;

const COUNT = z.coerce.number().int().min(0).max(1_000_000);

/** What the address says of the change before it. All of it is from closed sets: an address can be made by anybody. */
export const NOTICE_QUERY = z.object({
  notice: z.enum(NOTICES).nullable().catch(null),
  /** The activity that a button beside the notice undoes. */
  undo: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .nullable()
    .catch(null),
  /** How many were changed, and how many could not be. */
  count: COUNT.catch(1),
  refused: COUNT.catch(0),
  now: z.enum(STANDINGS).nullable().catch(null),
});

type NoticeQuery = z.infer<typeof NOTICE_QUERY>;

/** A notice, with the form that takes the change back. */
export type NoticeText = {
  text: string;
  tone: 'good' | 'warn';
  action: { href: string; text: string; back: string; fields?: HiddenField[] } | null;
};

/** What all pages of a channel begin with: which course, who one is here, where one can go. */
export type ChannelHead = {
  name: string;
  /** The course's code, or null. */
  code: string | null;
  /** The courses behind the channel, when its name does not say them. */
  courses: string | null;
  role: string;
  /** The way to the person's other channels; null for the LMS's test student, who has none. */
  myChannels: string | null;
  /** The way to their own recordings; null as well. */
  myRecordings: string | null;
  /** Why one sees less than one's own level shows, or null. */
  preview: string | null;
  notice: NoticeText | null;
  /** Empty when there is but one page to see. */
  tabs: { text: string; href: string; current: boolean }[];
  /** The LMS's family, for messages to its frame. */
  family: string;
};

export type HeadPlace = NoticeQuery & {
  current: 'channel' | 'recordings' | 'meetings' | 'members' | 'sync' | 'activity' | 'settings';
  courses: readonly Pick<CourseContext, 'title'>[];
};

export function channelHead(viewer: Viewer, links: ChannelLinks, reader: Reader, place: HeadPlace): ChannelHead {
  const { channel, level, grant } = viewer;
  const { t } = reader;
  const name = channelName(channel);
  const titles = place.courses.map((course) => course.title);
  const tellsCourses = titles.length > 1 || (titles[0] !== undefined && titles[0] !== name);
  return {
    name,
    code: channel.label !== null && channel.label !== name ? channel.label : null,
    courses: tellsCourses ? t('head.courses', { count: titles.length, titles: titles.join(', ') }) : null,
    role: level === null ? t('head.visitor') : t(`levels.${level}.name`),
    myChannels: grant.isTest ? null : links.myChannels(),
    myRecordings: grant.isTest ? null : links.myRecordings(),
    preview: previewNote(viewer, reader),
    notice: noticeText(viewer, links, reader, place),
    tabs: tabsOf(viewer, links, reader, place.current),
    family: grant.family,
  };
}

const TABS = [
  { page: 'channel', needs: 'view-channel' },
  { page: 'recordings', needs: 'view-channel' },
  { page: 'meetings', needs: 'view-channel' },
  { page: 'members', needs: 'view-members' },
  { page: 'activity', needs: 'view-activity' },
  { page: 'settings', needs: 'manage-settings' },
] as const satisfies { page: HeadPlace['current']; needs: ChannelAction }[];

function tabsOf(
  viewer: Viewer,
  links: ChannelLinks,
  { t }: Reader,
  current: HeadPlace['current'],
): ChannelHead['tabs'] {
  const tabs = TABS.filter(({ needs }) => can(viewer, needs, viewer.channel)).map(({ page }) => ({
    text: t(`head.tabs.${page}`),
    href: links[page](),
    current: page === current,
  }));
  return tabs.length > 1 ? tabs : [];
}

function noticeText(viewer: Viewer, links: ChannelLinks, { t, number }: Reader, place: HeadPlace): NoticeText | null {
  const { notice, undo, count, refused, now, current } = place;
  if (notice === null) return null;
  const said = t(`notices.${notice}`, { count, number: number(count) });
  const more = [
    ...(refused > 0 ? [t('notices.refused', { count: refused, number: number(refused) })] : []),
    ...(now === null ? [] : [t(`notices.now.${now}`)]),
  ];
  const mayUndo = undo !== null && can(viewer, UNDONE_BY[notice] ?? 'manage-members', viewer.channel);
  const back = current === 'members' || current === 'settings' ? current : 'activity';
  return {
    text: [said, ...more].join(' '),
    tone: UNWELCOME.has(notice) || refused > 0 ? 'warn' : 'good',
    action: mayUndo ? { href: links.undo(undo), text: t('notices.undo'), back } : null,
  };
}

function previewNote({ grant, membership, level }: Viewer, { t }: Reader): string | null {
  if (grant.launchOnly) return t('head.administrator');
  if (!membership || level === null || isAtLeast(level, membership.level)) return null;
  const levels = { level: t(`levels.${level}.name`), own: t(`levels.${membership.level}.name`) };
  return level === 'member' ? t('head.preview.student', levels) : t('head.preview.other', levels);
}

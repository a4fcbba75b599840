import type { User, UserId } from '../channels/channel.ts';
import { type ChannelHead, channelHead, type HeadPlace } from '../channels/channel-head-page.ts';
import { type ChannelLinks, linkAs } from '../channels/channel-links.ts';
import { type ChannelSection, emptySection, type SectionLine, type SectionLink } from '../channels/channel-sections.ts';
import { personName } from '../channels/person-name.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Reader } from '../lib/reader.ts';
import type { ConnectionId } from './connection.ts';
import type { MeetingLink } from './meeting-link.ts';
import { linkRights, mayLink } from './meeting-links-policy.ts';
import { canJoin, type ShownMeeting, shownMeetings } from './meeting-links-shown.ts';
import { meetingPaths } from './meeting-paths.ts';
import { formatMeetingNumber } from './read-meeting-number.ts';
import type { ZoomFault } from './zoom-api.ts';

export type MeetingsFacts = {
  links: MeetingLink[];
  now: number;
  /** The rest is for those who may link: null for everybody else. */
  staff: {
    /** Why what is known could not be refreshed, or null. */
    faultOf: (link: MeetingLink) => ZoomFault | null;
    people: ReadonlyMap<UserId, User>;
    /** Connections that ended without being removed. */
    broken: ReadonlySet<ConnectionId>;
  } | null;
};

export type MeetingCard = {
  title: string;
  badge: string | null;
  /** When it is, and what is to be known of it, for everybody. */
  lines: SectionLine[];
  /** Further times. */
  later: SectionLine[];
  join: (SectionLink & { now: boolean }) | null;
  /** What those who may link want to know. */
  facts: SectionLine[];
  warning: string | null;
  settings: SectionLink | null;
};

export type MeetingsPage = {
  title: string;
  head: ChannelHead;
  meetings: MeetingCard[];
  add: SectionLink | null;
  empty: ChannelSection['empty'] | null;
  /** What "not verified" means, where one of them is. */
  unverified: string | null;
  /** The page of the person's own Zoom account. */
  account: string | null;
};

type PageKit = { links: ChannelLinks; reader: Reader; place: HeadPlace };

/** The meetings of a channel. Members get what they can join, and nothing of what is set. */
export function meetingsPage(viewer: Viewer, facts: MeetingsFacts, { links, reader, place }: PageKit): MeetingsPage {
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const shown = visibleMeetings(facts);
  const add = mayLink(viewer) ? addLink(links, reader) : null;
  return {
    title: t('meetings.page-title', { name: head.name }),
    head,
    meetings: shown.map((meeting) => meetingCard(viewer, meeting, facts, { links, reader })),
    add: shown.length === 0 ? null : add,
    empty: shown.length === 0 ? emptySection('meetings', viewer, reader, add).empty : null,
    account: add && !viewer.grant.launchOnly ? linkAs(viewer.grant.id, '/zoom') : null,
    unverified: add && shown.some(({ link }) => link.connectionId === null) ? t('meetings.unverified-means') : null,
  };
}

const ON_FIRST_PAGE = 3;

/** The same on the channel's first page: what comes next. */
export function meetingsSection(
  viewer: Viewer,
  facts: MeetingsFacts,
  { links, reader }: Omit<PageKit, 'place'>,
): ChannelSection {
  const { t, number } = reader;
  const shown = shownMeetings(facts.links, facts.now).filter(canJoin);
  const section = emptySection('meetings', viewer, reader, mayLink(viewer) ? addLink(links, reader) : null);
  const items = shown.slice(0, ON_FIRST_PAGE).map((meeting) => ({
    title: nameOf(meeting.link, reader),
    href: null,
    lines: whenLines(meeting, reader).slice(0, 1),
    badge: badgeOf(meeting.link, reader),
    action: joinLink(meeting, reader),
  }));
  const count = visibleMeetings(facts).length;
  const text = t('meetings.all', { count, number: number(count) });
  return { ...section, items, more: count > 0 ? { text, href: links.meetings() } : null };
}

function visibleMeetings({ links, now, staff }: MeetingsFacts): ShownMeeting[] {
  const shown = shownMeetings(links, now);
  return staff ? shown : shown.filter((meeting) => canJoin(meeting) || meeting.standing === 'later');
}

function addLink(links: ChannelLinks, { t }: Reader): SectionLink {
  return { text: t('meetings.add'), href: meetingPaths(links).add() };
}

function meetingCard(
  viewer: Viewer,
  meeting: ShownMeeting,
  { staff }: MeetingsFacts,
  { links, reader }: Omit<PageKit, 'place'>,
): MeetingCard {
  const { link } = meeting;
  const { t } = reader;
  const title = nameOf(link, reader);
  const rights = linkRights(viewer, link);
  const mayOpen = rights.edit !== null || rights.verify;
  const text = t(rights.edit ? 'meetings.settings' : 'meetings.verify.short');
  const join = joinLink(meeting, reader);
  return {
    title,
    badge: badgeOf(link, reader),
    lines: whenLines(meeting, reader),
    later: meeting.times.slice(1, 5).map((time) => ({ time: reader.moment(time.startsAt) })),
    join: join && { ...join, now: meeting.standing === 'now' },
    facts: staff ? staffLines(link, staff, reader) : [],
    warning: staff && warningOf(link, staff, viewer, reader),
    settings: mayOpen
      ? { text, label: t('meetings.of', { what: text, name: title }), href: meetingPaths(links).link(link.id) }
      : null,
  };
}

/** What a meeting is called: by the person who linked it, else in Zoom, else by its number. */
export function nameOf({ name, topic, number }: MeetingLink, { t }: Reader): string {
  return name ?? topic ?? t('meetings.by-number', { number: formatMeetingNumber(number) });
}

function badgeOf({ connectionId }: MeetingLink, { t }: Reader): string | null {
  return connectionId === null ? t('meetings.not-verified') : null;
}

function joinLink(meeting: ShownMeeting, { t }: Reader): SectionLink | null {
  if (!canJoin(meeting)) return null;
  const name = meeting.link.name ?? meeting.link.topic ?? formatMeetingNumber(meeting.link.number);
  return {
    text: t('meetings.join'),
    label: t('meetings.join-this', { name }),
    href: meeting.link.joinUrl,
    newTab: true,
  };
}

function whenLines({ link, standing, times }: ShownMeeting, reader: Reader): SectionLine[] {
  const { t, moment, time, day } = reader;
  const [first] = times;
  const number = { text: t('meetings.number', { number: formatMeetingNumber(link.number) }) };
  if (standing === 'over' && link.until)
    return [{ text: t('meetings.standing.over', { day: day(link.until) }) }, number];
  if (standing === 'later' && link.from)
    return [{ text: t('meetings.standing.later', { day: day(link.from) }) }, number];
  if (!first) return [{ text: t(`meetings.standing.${standing}`) }, number];
  const minutes = Math.round(first.durationMs / 60_000);
  const parts = [
    ...(minutes > 0 ? [t('meetings.minutes', { count: minutes, number: reader.number(minutes) })] : []),
    ...(standing === 'now' ? [t('meetings.standing.now')] : relativeTo(first.startsAt, time(first.startsAt))),
  ];
  return [{ time: moment(first.startsAt), text: parts.map((part) => ` · ${part}`).join('') }, number];
}

/** "in 3 hours", where that says more than the date. */
function relativeTo(_at: number, { text, exact }: { text: string; exact: string }): string[] {
  return text === exact ? [] : [text];
}

type Staff = NonNullable<MeetingsFacts['staff']>;

function staffLines(link: MeetingLink, { people }: Staff, { t, day }: Reader): SectionLine[] {
  const { from, until, linkedBy } = link;
  const person = people.get(linkedBy);
  const who = person ? personName(person.name, person.subject, t).name : t('activity.actors.unknown');
  const dates =
    from && until
      ? t('meetings.days.both', { from: day(from), until: day(until) })
      : from
        ? t('meetings.days.from', { from: day(from) })
        : until
          ? t('meetings.days.until', { until: day(until) })
          : null;
  const imports =
    link.connectionId === null
      ? t('meetings.imports.none')
      : t(`meetings.imports.${link.mode}`, { seen: t(`meetings.visibilities.${link.visibility}.short`) });
  return [{ text: imports }, ...(dates ? [{ text: dates }] : []), { text: t('meetings.linked-by', { who }) }];
}

function warningOf(link: MeetingLink, { faultOf, broken }: Staff, viewer: Viewer, reader: Reader): string | null {
  const { t, time } = reader;
  if (link.connectionId === null) return null;
  const asOf = link.checkedAt === null ? '' : t('meetings.as-of', { time: time(link.checkedAt).text });
  if (broken.has(link.connectionId)) {
    return `${t(link.linkedBy === viewer.userId ? 'meetings.broken.own' : 'meetings.broken.other')} ${asOf}`.trim();
  }
  const fault = faultOf(link);
  return fault && `${t(`meetings.faults.${fault}`)} ${asOf}`.trim();
}

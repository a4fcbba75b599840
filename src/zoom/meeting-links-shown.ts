import type { MeetingLink } from './meeting-link.ts';

/**
 * How a linked meeting stands. `now`: it runs; `next`: its next time is known; `any-time`: it has no times, or nobody here knows
 * them; `none-planned`: Zoom knows of no more times; `later`: its days in this channel are still to come; `over`: they are past;
 * `gone`: Zoom does not know the meeting any more.
 */
export type MeetingStanding = 'now' | 'next' | 'any-time' | 'none-planned' | 'later' | 'over' | 'gone';

export type ShownMeeting = {
  link: MeetingLink;
  standing: MeetingStanding;
  /** Those that are to come within the days of this channel, soonest first; one that runs comes first. */
  times: MeetingLink['times'];
};

const ORDER: MeetingStanding[] = ['now', 'next', 'any-time', 'later', 'none-planned', 'gone', 'over'];

/** The meetings of a channel in the order in which people want them. */
export function shownMeetings(links: readonly MeetingLink[], now: number): ShownMeeting[] {
  const dayOf = createDayReader();
  return links
    .map((link) => shown(link, now, dayOf))
    .sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || startOf(a) - startOf(b));
}

/** Whether there is something to join: members see no others. */
export function canJoin({ standing }: ShownMeeting): boolean {
  return standing !== 'over' && standing !== 'gone' && standing !== 'later';
}

function shown(link: MeetingLink, now: number, dayOf: DayReader): ShownMeeting {
  const isIn = (day: string) => (link.from === null || day >= link.from) && (link.until === null || day <= link.until);
  const times = link.times.filter(
    ({ startsAt, durationMs }) => startsAt + durationMs > now && isIn(dayOf(startsAt, link.timeZone)),
  );
  return { link, times, standing: standingOf(link, times, { now, today: dayOf(now, link.timeZone) }) };
}

function standingOf(
  link: MeetingLink,
  [first]: MeetingLink['times'],
  { now, today }: { now: number; today: string },
): MeetingStanding {
  if (link.until !== null && link.until < today) return 'over';
  if (link.inZoom === 'gone') return 'gone';
  if (first && first.startsAt <= now) return 'now';
  if (link.from !== null && today < link.from) return 'later';
  if (first) return 'next';
  return isPlanned(link) ? 'none-planned' : 'any-time';
}

/** Whether Zoom would have told of further times. */
function isPlanned({ inZoom, kind, times }: MeetingLink): boolean {
  return inZoom === 'known' && (kind === 'single' || (kind !== 'personal-room' && times.length > 0));
}

function startOf({ times, link }: ShownMeeting): number {
  return times[0]?.startsAt ?? link.createdAt;
}

type DayReader = (at: number, timeZone: string) => string;

/** Says on which day (yyyy-mm-dd) a moment falls in a zone. */
function createDayReader(): DayReader {
  const formats = new Map<string, Intl.DateTimeFormat>();
  return (at, timeZone) => {
    const format = formats.get(timeZone) ?? dayFormat(timeZone);
    formats.set(timeZone, format);
    return format.format(at);
  };
}

/** Sweden writes days the way they are stored. A zone that nobody knows is read as UTC. */
function dayFormat(timeZone: string): Intl.DateTimeFormat {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: isTimeZone(timeZone) ? timeZone : 'UTC' });
}

export function isTimeZone(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
  } catch {
    return false;
  }
}

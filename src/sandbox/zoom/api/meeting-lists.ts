import type { ZoomMeeting } from '../meetings.ts';

const LIST_TYPES = ['scheduled', 'live', 'upcoming', 'upcoming_meetings', 'previous_meetings'] as const;
export type MeetingListType = (typeof LIST_TYPES)[number];

/** A row of a list: a meeting, or one time of a recurring one. */
export type MeetingRow = { meeting: ZoomMeeting; uuid: string; startsAt: number | null; durationMs: number };

const DAY_MS = 86_400_000;

/** The `type` of a list; `scheduled` if none was asked for, null if there is none like it. */
export function readListType(value: string | null): MeetingListType | null {
  return value === null ? 'scheduled' : (LIST_TYPES.find((type) => type === value) ?? null);
}

/** Zoom forgets single meetings 30 days after their time, recurring ones a year after the last. */
export function isGone(meeting: ZoomMeeting, now: number): boolean {
  const lasts = meeting.type === 2 || meeting.type === 5 ? 30 * DAY_MS : 365 * DAY_MS;
  const last = meeting.occurrences.at(-1)?.startsAt ?? meeting.startsAt;
  return meeting.expired || (last !== null && last + lasts < now);
}

/**
 * What a list of meetings shows: neither instant meetings nor personal rooms, webinars or what Zoom has forgotten. `scheduled`
 * has a row of each number; `upcoming` one of each coming time; `previous_meetings` one of each time that was.
 */
export function listMeetings(
  meetings: ZoomMeeting[],
  { type, now, from, to }: { type: MeetingListType; now: number; from: string | null; to: string | null },
): MeetingRow[] {
  const listed = meetings.filter((meeting) => [2, 3, 8].includes(meeting.type) && !isGone(meeting, now));
  const rows = listed.flatMap((meeting) => rowsOf(meeting, type, now));
  const within = rows.filter(({ startsAt }) => {
    const day = startsAt === null ? null : new Date(startsAt).toISOString().slice(0, 10);
    return day === null || ((from === null || day >= from) && (to === null || day <= to));
  });
  return within.sort((a, b) => (a.startsAt ?? 0) - (b.startsAt ?? 0));
}

function rowsOf(meeting: ZoomMeeting, type: MeetingListType, now: number): MeetingRow[] {
  const { uuid, startsAt, durationMs } = meeting;
  const whole = { meeting, uuid, startsAt, durationMs };
  switch (type) {
    case 'scheduled':
      return [whole];
    case 'live':
      return meeting.started ? [whole] : [];
    case 'previous_meetings':
      return meeting.instances.map((one) => ({ ...whole, uuid: one.uuid, startsAt: one.startedAt }));
    default: {
      const times = meeting.occurrences.length > 0 ? meeting.occurrences.filter((one) => !one.deleted) : [whole];
      const coming = times.filter((one) => one.startsAt === null || one.startsAt + one.durationMs > now);
      return coming.map((one) => ({ ...whole, startsAt: one.startsAt, durationMs: one.durationMs }));
    }
  }
}

import type { ZoomMeetings } from './meetings.ts';
import type { ZoomUsers } from './users.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** Numbers of the seeded meetings; personal rooms have the number of their person. */
export const SEEDED_MEETINGS = {
  /** Ada's weekly class. */
  lecture: '81234567890',
  /** Ada's, once, tomorrow. */
  review: '82345678901',
  /** Ada's webinar. */
  openDay: '83456789012',
  /** Ada's; Zoom knows it no more, but has its recordings. */
  lastYear: '84567890123',
  /** Ben's weekly class, of which Ada is an alternative host. */
  seminar: '85678901234',
} as const;

/** Puts meetings into an empty store: their next times are after `now`. */
export function seedMeetings(meetings: ZoomMeetings, users: ZoomUsers, now: number): void {
  // On the hour, so that pages read well.
  const hour = Math.floor(now / HOUR) * HOUR;
  // The day of 1 January 1970 was a Thursday; the classes began four weeks ago.
  const tuesday = Math.floor((now - 5 * DAY) / WEEK) * WEEK + 5 * DAY - 4 * WEEK;
  meetings.add({
    ...{ host: 'ada', topic: 'Biology 101: weekly lecture', number: SEEDED_MEETINGS.lecture, type: 8 },
    ...{ startsAt: tuesday + 9 * HOUR, durationMs: 1.5 * HOUR, createdAt: now - 240 * DAY },
  });
  meetings.add({
    ...{ host: 'ada', topic: 'Exam review', number: SEEDED_MEETINGS.review, type: 2 },
    startsAt: hour + DAY + 3 * HOUR,
  });
  meetings.add({
    ...{ host: 'ada', topic: 'Open day of the faculty', number: SEEDED_MEETINGS.openDay, type: 5 },
    ...{ startsAt: hour + 9 * DAY, durationMs: 2 * HOUR },
  });
  meetings.add({
    ...{ host: 'ada', topic: 'Biology 101, last year', number: SEEDED_MEETINGS.lastYear, type: 2, expired: true },
    ...{ startsAt: hour - 120 * DAY, createdAt: now - 150 * DAY },
  });
  meetings.add({
    ...{ host: 'ben', topic: 'Chemistry seminar', number: SEEDED_MEETINGS.seminar, type: 8 },
    ...{ startsAt: tuesday + 10 * HOUR, alternativeHosts: [users.get('ada').email] },
  });
  for (const user of users.list()) {
    meetings.add({
      ...{ host: user.key, topic: `${user.firstName} ${user.lastName}'s Personal Meeting Room` },
      ...{ number: user.pmi, type: 4, createdAt: user.createdAt },
    });
  }
}

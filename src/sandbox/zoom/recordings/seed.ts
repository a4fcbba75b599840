import { SEEDED_MEETINGS } from '../meeting-seed.ts';
import type { ZoomCore } from '../state.ts';
import type { NewZoomRecording } from './recording.ts';
import type { ZoomRecordings } from './store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** Eight months. */
const WEEKS = 35;

/** A Tuesday; weeks are counted from it, so that a recording keeps its UUID whenever the sandbox is started. */
const FIRST_TUESDAY = Date.parse('2024-01-02T00:00:00Z');

type Series = {
  number: string;
  host: string;
  /** After the beginning of Tuesday in UTC. */
  at: number;
  /** Every so many weeks. */
  every: number;
  topic?: string;
  /** Nothing of the newest weeks. */
  endedWeeksAgo?: number;
  /** What is special about the one of this week. */
  of(week: number): Partial<NewZoomRecording>;
};

/** Fills an empty store with what the seeded people recorded in the last eight months. */
export function seedRecordings(store: ZoomRecordings, { clock, users }: Pick<ZoomCore, 'clock' | 'users'>): void {
  const now = clock.now();
  const thisWeek = Math.floor((now - FIRST_TUESDAY) / WEEK);
  for (const series of allSeries((key) => users.get(key).pmi)) {
    for (let ago = WEEKS; ago >= (series.endedWeeksAgo ?? 0); ago--) {
      const week = thisWeek - ago;
      const startedAt = FIRST_TUESDAY + week * WEEK + series.at;
      if (week % series.every !== 0 || startedAt + 2 * HOUR > now) continue;
      const { number, host } = series;
      const topic = series.topic === undefined ? {} : { topic: series.topic };
      store.add({ number, host, startedAt, ...topic, ...series.of(week), quiet: true });
    }
  }
}

function allSeries(room: (key: string) => string): Series[] {
  return [
    { number: SEEDED_MEETINGS.lecture, host: 'ada', at: 9 * HOUR, every: 1, of: lecture },
    {
      ...{ number: SEEDED_MEETINGS.lastYear, host: 'ada', at: 3 * DAY + 13 * HOUR, every: 1, endedWeeksAgo: 18 },
      of: () => ({ durationMs: 45 * MINUTE, layouts: ['active_speaker'] }),
    },
    {
      ...{ number: room('ada'), host: 'ada', at: DAY + 15.5 * HOUR, every: 3, topic: 'Office hours' },
      of: officeHours,
    },
    {
      ...{ number: SEEDED_MEETINGS.review, host: 'ada', at: 2 * DAY + 16 * HOUR, every: 8 },
      of: () => ({ durationMs: HOUR, extras: ['chat', 'poll', 'summary'] }),
    },
    {
      ...{ number: SEEDED_MEETINGS.openDay, host: 'ada', at: 4 * DAY + 8 * HOUR, every: 17 },
      of: () => ({ durationMs: 2 * HOUR, layouts: ['shared_screen_with_gallery_view', 'shared_screen'] }),
    },
    { number: SEEDED_MEETINGS.seminar, host: 'ben', at: 10 * HOUR, every: 1, of: () => ({ durationMs: 50 * MINUTE }) },
    {
      ...{ number: room('dora'), host: 'dora', at: 2 * DAY + 1.5 * HOUR, every: 2, topic: '月曜ゼミ' },
      of: () => ({ durationMs: 40 * MINUTE }),
    },
  ];
}

// Most are alike; some have a break, more layouts, a false start, or no transcript.
function lecture(week: number): Partial<NewZoomRecording> {
  const usual: Partial<NewZoomRecording> = {
    durationMs: 90 * MINUTE,
    layouts: ['shared_screen_with_speaker_view', 'shared_screen_with_gallery_view', 'active_speaker'],
    extras: ['chat', 'timeline', 'thumbnail'],
  };
  const breaks = [
    { afterMs: 0, durationMs: 40 * MINUTE },
    { afterMs: 52 * MINUTE, durationMs: 38 * MINUTE },
  ];
  const falseStart = [
    { afterMs: 0, durationMs: MINUTE },
    { afterMs: 3 * MINUTE, durationMs: 87 * MINUTE },
  ];
  if (week % 5 === 1) return { ...usual, segments: breaks };
  if (week % 7 === 3) return { ...usual, extras: ['chat', 'captions', 'timeline', 'unknown'], transcript: 'never' };
  if (week % 11 === 4) return { ...usual, segments: falseStart };
  return usual;
}

function officeHours(week: number): Partial<NewZoomRecording> {
  if (week % 4 === 0) return { durationMs: 0, layouts: ['gallery_view'], transcript: 'never' };
  if (week % 4 === 1) return { durationMs: 20 * MINUTE, layouts: [], audio: false, participantAudio: 2 };
  if (week % 4 === 2) return { durationMs: 25 * MINUTE, layouts: [null] };
  return { durationMs: 30 * MINUTE, layouts: [], topic: 'Office hours (sound only)' };
}

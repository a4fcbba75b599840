import type { RecordedMeeting } from './link-meeting.ts';
import type { MeetingKind, MeetingLink } from './meeting-link.ts';
import { comingTimes, kindOf } from './meeting-times.ts';
import type { ZoomMeeting } from './zoom-api.ts';

/** A meeting to pick. */
export type Pickable = {
  number: string;
  /** Null: the person's room, which nobody gave a topic. */
  topic: string | null;
  kind: MeetingKind;
  nextAt: number | null;
  recordings: number;
  recordedAt: number | null;
  /** The channel has it already. */
  linked: boolean;
};

/**
 * Everything a person could mean: Zoom's list of meetings lacks those that are over, and the list of recordings those that
 * were never recorded; each number stands once. What comes next stands first, then what was recorded last; the personal
 * room is the last, as it is seldom what is wanted.
 */
export function pickableMeetings(
  known: { meetings: readonly ZoomMeeting[]; recorded: readonly RecordedMeeting[]; personalRoom: string | null },
  linked: readonly Pick<MeetingLink, 'number'>[],
  now: number,
): Pickable[] {
  const { personalRoom } = known;
  const found = new Map<string, Omit<Pickable, 'linked'>>();
  const none = { nextAt: null, recordings: 0, recordedAt: null };
  if (personalRoom !== null) {
    found.set(personalRoom, { number: personalRoom, topic: null, kind: 'personal-room', ...none });
  }
  for (const meeting of known.meetings) {
    const { number, topic, type } = meeting;
    const kind = number === personalRoom ? 'personal-room' : kindOf(type);
    found.set(number, { number, topic, kind, ...none, nextAt: comingTimes(meeting, now)[0]?.startsAt ?? null });
  }
  for (const { number, topic, recordings, newestAt } of known.recorded) {
    const before = found.get(number) ?? { number, topic, kind: 'unknown' as const, ...none };
    found.set(number, { ...before, topic: before.topic ?? topic, recordings, recordedAt: newestAt });
  }
  const here = new Set(linked.map(({ number }) => number));
  return [...found.values()].map((one) => ({ ...one, linked: here.has(one.number) })).sort(byUse);
}

function byUse(a: Pickable, b: Pickable): number {
  const isRoom = (one: Pickable) => Number(one.kind === 'personal-room');
  const next = (one: Pickable) => one.nextAt ?? Number.MAX_SAFE_INTEGER;
  return isRoom(a) - isRoom(b) || next(a) - next(b) || (b.recordedAt ?? 0) - (a.recordedAt ?? 0);
}

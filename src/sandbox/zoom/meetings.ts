import { createHash } from 'node:crypto';
import type { ZoomUsers } from './users.ts';

/** 2 scheduled, 3 recurring without times, 4 personal room, 8 recurring, 5, 6 and 9 webinars. */
export type ZoomMeetingType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** A meeting that Zoom knows, or knew: of an `expired` one only past instances and recordings are left. */
export type ZoomMeeting = {
  number: string;
  uuid: string;
  /** Key of its host. */
  host: string;
  topic: string;
  agenda: string;
  type: ZoomMeetingType;
  /** Null for recurring ones without times. */
  startsAt: number | null;
  durationMs: number;
  timezone: string;
  createdAt: number;
  password: string;
  /** E-mail addresses. */
  alternativeHosts: string[];
  /** Of recurring ones, past and coming, soonest first. */
  occurrences: { startsAt: number; durationMs: number; deleted: boolean }[];
  /** What took place, oldest first. */
  instances: { uuid: string; startedAt: number; durationMs: number }[];
  started: boolean;
  expired: boolean;
};

export type NewZoomMeeting = { host: string; topic: string } & Partial<Omit<ZoomMeeting, 'host' | 'topic'>>;

export type ZoomMeetings = {
  /** All, those that expired too. */
  list(): ZoomMeeting[];
  get(number: string): ZoomMeeting | undefined;
  /** By the UUID of the meeting or of one of its instances. */
  ofUuid(uuid: string): ZoomMeeting | undefined;
  /** A number, UUID, password and (for type 8) weekly occurrences are made where none are given. Throws when the number is taken. */
  add(meeting: NewZoomMeeting): ZoomMeeting;
  /** Notes that it took place; makes an expired meeting of the number if Zoom knows none. */
  addInstance(
    of: { host: string; number: string; topic: string },
    instance: ZoomMeeting['instances'][number],
  ): ZoomMeeting;
  /** As when it ran out: its recordings stay. */
  expire(number: string): void;
  /** Of the number nothing is left here. */
  remove(number: string): void;
  reset(): void;
};

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;

/** Meetings of the sandbox's Zoom; `seed` puts those in that are there at the start. */
export function createZoomMeetings(
  users: ZoomUsers,
  now: () => number,
  seed: (meetings: ZoomMeetings) => void,
): ZoomMeetings {
  let meetings = new Map<string, ZoomMeeting>();
  const store: ZoomMeetings = {
    list: () => [...meetings.values()],
    get: (number) => meetings.get(number),
    ofUuid: (uuid) =>
      store.list().find((one) => one.uuid === uuid || one.instances.some((instance) => instance.uuid === uuid)),
    add(meeting) {
      const added = complete(meeting, { timezone: users.get(meeting.host).timezone, now: now(), free: freeNumber });
      if (meetings.has(added.number)) throw new Error(`The sandbox's Zoom has a meeting ${added.number} already`);
      meetings.set(added.number, added);
      return added;
    },
    addInstance(of, instance) {
      const meeting = meetings.get(of.number) ?? store.add({ ...of, type: 2, expired: true });
      meeting.instances = [...meeting.instances, instance].sort((a, b) => a.startedAt - b.startedAt);
      return meeting;
    },
    expire(number) {
      const meeting = meetings.get(number);
      if (meeting) meeting.expired = true;
    },
    remove: (number) => void meetings.delete(number),
    reset() {
      meetings = new Map();
      seed(store);
    },
  };
  // Eleven digits, the same in every run.
  const freeNumber = () => {
    for (let at = meetings.size; ; at++) {
      const number = String(81_234_500_000 + ((at * 7_919) % 99_999));
      if (!meetings.has(number)) return number;
    }
  };
  store.reset();
  return store;
}

/** Base64 of sixteen bytes, as Zoom's are; some hold `/`, `+` and `=`. */
export function uuidFrom(seed: string): string {
  return createHash('sha256').update(`uuid ${seed}`).digest().subarray(0, 16).toString('base64');
}

function complete(
  meeting: NewZoomMeeting,
  { timezone, now, free }: { timezone: string; now: number; free: () => string },
): ZoomMeeting {
  const number = meeting.number ?? free();
  const type = meeting.type ?? 2;
  const startsAt = meeting.startsAt ?? (type === 3 || type === 4 ? null : now + 24 * HOUR);
  const durationMs = meeting.durationMs ?? HOUR;
  return {
    uuid: uuidFrom(`meeting ${number}`),
    agenda: '',
    timezone,
    createdAt: now - 30 * 24 * HOUR,
    password: 'kX9w2P',
    alternativeHosts: [],
    occurrences: (type === 8 || type === 9) && startsAt !== null ? weekly(startsAt, durationMs) : [],
    instances: [],
    started: false,
    expired: false,
    ...meeting,
    ...{ number, type, startsAt, durationMs },
  };
}

function weekly(startsAt: number, durationMs: number): ZoomMeeting['occurrences'] {
  return Array.from({ length: 12 }, (_, week) => ({ startsAt: startsAt + week * WEEK, durationMs, deleted: false }));
}

import type { ZoomMeeting } from '../meetings.ts';
import type { ZoomUser } from '../users.ts';
import { zoomTime } from './answers.ts';
import type { MeetingRow } from './meeting-lists.ts';

/** A row of `/users/me/meetings`. */
export function describeMeetingRow({ meeting, uuid, startsAt, durationMs }: MeetingRow, host: ZoomUser, base: string) {
  return {
    uuid,
    id: Number(meeting.number),
    host_id: host.id,
    topic: meeting.topic,
    type: meeting.type,
    ...(startsAt === null ? {} : { start_time: zoomTime(startsAt) }),
    duration: Math.round(durationMs / 60_000),
    timezone: meeting.timezone,
    agenda: meeting.agenda,
    created_at: zoomTime(meeting.createdAt),
    join_url: joinUrl(meeting, base),
  };
}

/** `/meetings/{id}`, with the times from `since` on. */
export function describeMeeting(
  meeting: ZoomMeeting,
  { host, base, since }: { host: ZoomUser; base: string; since: number },
): object {
  const { uuid, startsAt, durationMs } = meeting;
  const occurrences = meeting.occurrences.filter((one) => one.startsAt + one.durationMs > since);
  return {
    ...describeMeetingRow({ meeting, uuid, startsAt, durationMs }, host, base),
    assistant_id: '',
    host_email: host.email,
    status: meeting.started ? 'started' : 'waiting',
    // As good as the host's password: whoever keeps it can start the meeting.
    start_url: `${base}/s/${meeting.number}?zak=sandbox-start-secret`,
    password: meeting.password,
    encrypted_password: 'ZW5jcnlwdGVk',
    ...(meeting.occurrences.length === 0 ? {} : { occurrences: occurrences.map(describeOccurrence) }),
    ...(meeting.type === 8
      ? { recurrence: { type: 2, repeat_interval: 1, end_times: meeting.occurrences.length } }
      : {}),
    settings: {
      alternative_hosts: meeting.alternativeHosts.join(';'),
      auto_recording: host.settings.autoRecording,
      use_pmi: meeting.type === 4,
    },
  };
}

function describeOccurrence({ startsAt, durationMs, deleted }: ZoomMeeting['occurrences'][number]): object {
  return {
    occurrence_id: String(startsAt),
    start_time: zoomTime(startsAt),
    duration: Math.round(durationMs / 60_000),
    status: deleted ? 'deleted' : 'available',
  };
}

function joinUrl({ number }: ZoomMeeting, base: string): string {
  return `${base}/j/${number}?pwd=c2FuZGJveA.1`;
}

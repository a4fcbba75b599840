import { zoomTime } from '../api/answers.ts';
import type { ZoomMeeting } from '../meetings.ts';
import type { ZoomUser } from '../users.ts';
import type { WebhookEvent } from './delivery.ts';

export type MeetingChanges = { topic?: string; durationMs?: number; startsAt?: number };

/** What changed of a meeting: only that, with its old values. */
export function meetingUpdated(
  meeting: ZoomMeeting,
  host: ZoomUser,
  changes: MeetingChanges,
  now: number,
): WebhookEvent {
  const of = { uuid: meeting.uuid, id: Number(meeting.number) };
  const { topic, durationMs, startsAt } = meeting;
  const before = Object.fromEntries(
    Object.entries({ topic, durationMs, startsAt }).filter(([name]) => name in changes),
  ) as { [Name in keyof MeetingChanges]: MeetingChanges[Name] };
  return {
    event: 'meeting.updated',
    payload: {
      ...{ account_id: host.accountId, operator: host.email, operator_id: host.id, scope: 'all', time_stamp: now },
      ...{ object: { ...of, ...fields(changes) }, old_object: { ...of, ...fields(before) } },
    },
  };
}

export function meetingDeleted(meeting: ZoomMeeting, host: ZoomUser): WebhookEvent {
  const { uuid, number, topic, type, timezone, durationMs, startsAt } = meeting;
  const object = { uuid, id: Number(number), host_id: host.id, topic, type, timezone };
  return {
    event: 'meeting.deleted',
    payload: {
      ...{ account_id: host.accountId, operator: host.email, operator_id: host.id, operation: 'all' },
      object: { ...object, ...fields({ durationMs, ...(startsAt === null ? {} : { startsAt }) }) },
    },
  };
}

/** Here the number is text, and the duration the planned one. */
export function meetingEnded(meeting: ZoomMeeting, host: ZoomUser, now: number): WebhookEvent {
  const { uuid, number, topic, type, timezone, durationMs } = meeting;
  const last = meeting.instances.at(-1);
  const started = last?.startedAt ?? now - durationMs;
  const times = { start_time: zoomTime(started), end_time: zoomTime(started + (last?.durationMs ?? durationMs)) };
  const object = { uuid: last?.uuid ?? uuid, id: number, host_id: host.id, topic, type, timezone };
  return {
    event: 'meeting.ended',
    payload: { account_id: host.accountId, object: { ...object, ...times, ...fields({ durationMs }) } },
  };
}

function fields({ topic, durationMs, startsAt }: MeetingChanges): object {
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(durationMs === undefined ? {} : { duration: Math.floor(durationMs / 60_000) }),
    ...(startsAt === undefined ? {} : { start_time: zoomTime(startsAt) }),
  };
}

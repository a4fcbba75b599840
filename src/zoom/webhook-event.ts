import { z } from 'zod';
import { parseJson } from '../lib/json.ts';

/** What an event of Zoom's means here. Only hints: what it says of recordings is never believed, Zoom is asked. */
export type ZoomEvent =
  | { kind: 'challenge'; plainToken: string }
  | { kind: 'recording'; hostId: string; meetingUuids: string[] }
  | { kind: 'meeting'; hostId: string; number: string }
  | { kind: 'app-removed'; zoomUserId: string; clientId: string | null }
  | { kind: 'other'; event: string };

const text = z.string().min(1).max(500);
const digits = z.union([z.number().int().positive(), z.string().regex(/^\d{9,12}$/)]).transform(String);

const ENVELOPE = z.object({ event: z.string().max(200), payload: z.record(z.string(), z.unknown()).catch({}) });
const CHALLENGE = z.object({ plainToken: text });
const REMOVED = z.object({ user_id: text, client_id: text.nullable().catch(null) });
const OBJECT = z.object({
  /** Events of many recordings at once name nobody else. */
  operator_id: text.optional().catch(undefined),
  object: z.object({
    host_id: text.optional().catch(undefined),
    uuid: text.optional().catch(undefined),
    id: digits.optional().catch(undefined),
    meeting_uuids: z.array(text).max(1000).catch([]).default([]),
    meetings: z
      .array(z.object({ meeting_uuid: text }))
      .max(1000)
      .catch([])
      .default([]),
  }),
});

/** Reads an event; null for what is none. */
export function readEvent(body: Buffer): ZoomEvent | null {
  const envelope = ENVELOPE.safeParse(parseJson(body.toString('utf8')));
  if (!envelope.success) return null;
  const { event, payload } = envelope.data;
  if (event === 'endpoint.url_validation') {
    const challenge = CHALLENGE.safeParse(payload);
    return challenge.success ? { kind: 'challenge', ...challenge.data } : null;
  }
  if (event === 'app_deauthorized') {
    const removed = REMOVED.safeParse(payload);
    if (!removed.success) return null;
    return { kind: 'app-removed', zoomUserId: removed.data.user_id, clientId: removed.data.client_id };
  }
  return readObject(event, payload);
}

function readObject(event: string, payload: Record<string, unknown>): ZoomEvent {
  const read = OBJECT.safeParse(payload);
  const hostId = read.data?.object.host_id ?? read.data?.operator_id;
  if (!read.success || hostId === undefined) return { kind: 'other', event };
  const { uuid, id, meeting_uuids, meetings } = read.data.object;
  if (event.startsWith('recording.')) {
    const meetingUuids = [...(uuid ? [uuid] : []), ...meeting_uuids, ...meetings.map((one) => one.meeting_uuid)];
    return { kind: 'recording', hostId, meetingUuids };
  }
  if (event.startsWith('meeting.') && id) return { kind: 'meeting', hostId, number: id };
  return { kind: 'other', event };
}

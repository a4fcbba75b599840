import { type Request, type Response, Router } from 'express';
import type { ZoomMeeting } from '../meetings.ts';
import type { ZoomCaller, ZoomCore } from '../state.ts';
import { answer, meetingGone, refuse, zoomTime } from './answers.ts';
import { describeMeeting, describeMeetingRow } from './meeting-json.ts';
import { isGone, listMeetings, readListType } from './meeting-lists.ts';
import { readUuid } from './uuid-param.ts';

const INSTANCES_REACH_MS = 456 * 86_400_000;
const PAST_REACH_MS = 365 * 86_400_000;

/** Meetings of the person who calls, single ones, and what took place. */
export function createMeetingsApi(core: ZoomCore): Router {
  const router = Router();
  router.get('/users/me/meetings', (req, res) => sendList(core, req, res));
  router.get('/meetings/:id', (req, res) => sendMeeting(core, req, res));
  router.get('/past_meetings/:id/instances', (req, res) => sendInstances(core, req, res));
  router.get('/past_meetings/:id', (req, res) => sendPast(core, req, res));
  return router;
}

function sendList(core: ZoomCore, req: Request, res: Response) {
  const caller = core.authenticate(req, res, ['meeting:read:list_meetings']);
  if (!caller) return;
  const { searchParams } = new URL(req.originalUrl, 'http://zoom');
  const type = readListType(searchParams.get('type'));
  if (!type) return refuse(res, 400, 300, 'Validation Failed.', [{ field: 'type', message: 'Invalid field.' }]);
  const own = core.meetings.list().filter(({ host }) => host === caller.user.key);
  const now = core.clock.now();
  const days = { from: searchParams.get('from'), to: searchParams.get('to') };
  const page = core.page(req, res, listMeetings(own, { type, now, ...days }));
  if (!page) return;
  const meetings = page.rows.map((row) => describeMeetingRow(row, caller.user, core.base));
  answer(res, 200, { ...page.fields, page_number: 1, meetings });
}

function sendMeeting(core: ZoomCore, req: Request, res: Response) {
  const caller = core.authenticate(req, res, ['meeting:read:meeting']);
  if (!caller) return;
  const id = String(req.params.id);
  const meeting = core.meetings.get(id) ?? core.meetings.ofUuid(readUuid(id) ?? '');
  const now = core.clock.now();
  if (!meeting || isGone(meeting, now)) return meetingGone(res, id);
  if (!mayRead(meeting, caller, res)) return;
  const { searchParams } = new URL(req.originalUrl, 'http://zoom');
  const since = searchParams.get('show_previous_occurrences') === 'true' ? 0 : now;
  answer(res, 200, describeMeeting(meeting, { host: core.users.get(meeting.host), base: core.base, since }));
}

/** Meetings of others are closed, but for what they shared with somebody who lets the app use it. */
function mayRead(meeting: ZoomMeeting, { user, shared }: ZoomCaller, res: Response): boolean {
  if (meeting.host === user.key) return true;
  const isShared = meeting.alternativeHosts.includes(user.email);
  if (isShared && shared) return true;
  if (isShared) refuse(res, 403, 403, 'The authenticated user has not permitted access to the targeted resource.');
  else refuse(res, 403, 2306, 'Not allowed to view the meetings of other users.');
  return false;
}

function sendInstances(core: ZoomCore, req: Request, res: Response) {
  const caller = core.authenticate(req, res, ['meeting:read:list_past_instances']);
  if (!caller) return;
  const id = String(req.params.id);
  const meeting = core.meetings.get(id);
  if (!meeting) return meetingGone(res, id);
  if (!mayRead(meeting, caller, res)) return;
  const since = core.clock.now() - INSTANCES_REACH_MS;
  const ended = meeting.instances.filter(({ startedAt }) => startedAt >= since);
  answer(res, 200, { meetings: ended.map(({ uuid, startedAt }) => ({ uuid, start_time: zoomTime(startedAt) })) });
}

function sendPast(core: ZoomCore, req: Request, res: Response) {
  const caller = core.authenticate(req, res, ['meeting:read:past_meeting']);
  if (!caller) return;
  const id = String(req.params.id);
  const uuid = readUuid(id) ?? '';
  const meeting = core.meetings.get(id) ?? core.meetings.ofUuid(uuid);
  const instance = meeting?.instances.find((one) => one.uuid === uuid) ?? meeting?.instances.at(-1);
  if (!meeting || !instance) return meetingGone(res, id);
  if (!mayRead(meeting, caller, res)) return;
  if (instance.startedAt < core.clock.now() - PAST_REACH_MS) {
    return refuse(res, 400, 12702, 'Can not access a meeting a year ago.');
  }
  const host = core.users.get(meeting.host);
  answer(res, 200, {
    ...{ id: Number(meeting.number), uuid: instance.uuid, topic: meeting.topic, type: meeting.type, host_id: host.id },
    ...{ user_name: `${host.firstName} ${host.lastName}`, user_email: host.email, source: 'Zoom', dept: '' },
    start_time: zoomTime(instance.startedAt),
    end_time: zoomTime(instance.startedAt + instance.durationMs),
    duration: Math.round(instance.durationMs / 60_000),
    ...{
      total_minutes: Math.round(instance.durationMs / 60_000) * 12,
      participants_count: 12,
      has_meeting_summary: false,
    },
  });
}

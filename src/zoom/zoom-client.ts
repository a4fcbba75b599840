import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { GuardedDownload } from '../lib/guarded-download.ts';
import type { HttpClient } from '../lib/http-client.ts';
import type { Random } from '../lib/ids.ts';
import type { ConnectionId, ZoomProfile } from './connection.ts';
import type { ZoomTokens } from './tokens.ts';
import { type Rows, readMeeting, readProfile, readRecording, readRows, readTranscript } from './zoom-answers.ts';
import type { ZoomAnswer, ZoomApi, ZoomCall, ZoomFailure, ZoomMeeting } from './zoom-api.ts';
import { createZoomCalls } from './zoom-calls.ts';
import { createOpenFile } from './zoom-download.ts';
import { type ListAsk, mergeMeetings, readDays, readPages } from './zoom-lists.ts';
import type { Grant } from './zoom-oauth.ts';
import { createPace } from './zoom-pace.ts';
import { allows } from './zoom-scopes.ts';
import { type Ask, createZoomSending, type ZoomCallEnd } from './zoom-sending.ts';

export type ZoomClientDeps = {
  tokens: ZoomTokens;
  http: HttpClient;
  download: GuardedDownload;
  /** The usual root of the API, with its version. */
  apiUrl: string;
  clock: Clock;
  random: Random;
  log: Logger;
  onCall?: (end: ZoomCallEnd) => void;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export type ZoomClient = ZoomApi & {
  /** Whose grant this is: asked before there is a connection. */
  profileOf(grant: Grant, call?: ZoomCall): Promise<ZoomAnswer<ZoomProfile>>;
};

const DAY_MS = 24 * 60 * 60_000;
const MOST_DAYS = 30;
const MOST_MEETINGS = 600;

/** Zoom's API for people's own accounts. Answers are read with patience: any field may be missing, any row make no sense. */
export function createZoomClient(deps: ZoomClientDeps): ZoomClient {
  const { clock, log, apiUrl, tokens } = deps;
  const pace = createPace({ clock, ...(deps.sleep ? { sleep: deps.sleep } : {}) });
  const calls = createZoomCalls({ tokens, send: createZoomSending({ ...deps, pace }) });
  const openFile = createOpenFile({ fetch: deps.download, apiUrl, now: clock, log });

  function told<Row>({ rows, skipped }: Rows<Row>, purpose: string, call: ZoomCall): Row[] {
    if (skipped > 0) (call.log ?? log).warn({ purpose, skipped }, 'rows of a list of Zoom made no sense');
    return rows;
  }

  async function listMeetings(id: ConnectionId, type: string, call: ZoomCall): Promise<ZoomAnswer<ZoomMeeting[]>> {
    const answer = await readPages(calls, id, { ...MEETINGS, query: { type } }, call);
    if (!answer.ok) return answer;
    const read = readRows(answer.value.rows, (row) => readMeeting(row, { apiUrl, now: clock() }));
    return { ok: true, value: told(read, 'meetings', call) };
  }

  async function getMeeting(id: ConnectionId, number: string, call: ZoomCall): Promise<ZoomAnswer<ZoomMeeting>> {
    const answer = await calls.get(id, aboutMeeting(number, '', 'meeting'), call);
    return answer.ok ? found(readMeeting(answer.value, { apiUrl, now: clock() })) : answer;
  }

  async function listRecordings(id: ConnectionId, range: RecordingRange, call: ZoomCall) {
    if (!isRange(range)) return fault(`not a range of up to ${MOST_DAYS} days`);
    const access = await tokens.accessFor(id, call);
    if (!access.ok) return access;
    const answer = await readDays(calls, id, { ...RECORDINGS, ...range }, call);
    if (!answer.ok) return answer;
    const read = readRows(answer.value, (row) => readRecording(row, access.value.zoomUserId));
    const rows = told(read, 'recordings', call).filter(({ number }) => !range.number || number === range.number);
    return { ok: true as const, value: [...new Map(rows.map((row) => [row.uuid, row])).values()] };
  }

  /** What is not allowed is not asked: Zoom may switch off an app whose calls fail too often. */
  async function lacking(id: ConnectionId, scope: string, call: ZoomCall): Promise<ZoomFailure | null> {
    const access = await tokens.accessFor(id, call);
    if (!access.ok) return access;
    return allows(access.value.scopes, scope) ? null : { ok: false, reason: 'scope-missing', scopes: [scope] };
  }

  return {
    async profile(id, call) {
      return profileIn(await calls.get(id, PROFILE, call));
    },
    async profileOf({ tokens: { access }, apiUrl: root }, call) {
      return profileIn(await calls.getWith({ token: access, apiUrl: root, accountId: '' }, PROFILE, call));
    },
    async meetings(id, call = {}) {
      const refused = await lacking(id, 'meeting:read:list_meetings', call);
      if (refused) return refused;
      const scheduled = await listMeetings(id, 'scheduled', call);
      if (!scheduled.ok) return scheduled;
      // The dates of recurring ones; without them the list is still a list.
      const upcoming = await listMeetings(id, 'upcoming', call);
      if (!upcoming.ok && upcoming.reason === 'not-connected') return upcoming;
      const rows = [...scheduled.value, ...(upcoming.ok ? upcoming.value : [])];
      return { ok: true, value: mergeMeetings(rows, clock()).slice(0, MOST_MEETINGS) };
    },
    async meeting(id, number, call = {}) {
      if (!/^\d+$/.test(number)) return NO_SUCH_THING;
      return (await lacking(id, 'meeting:read:meeting', call)) ?? getMeeting(id, number, call);
    },
    recordings: (id, range, call = {}) => listRecordings(id, range, call),
    async recording(id, uuid, call = {}) {
      if (!isUuid(uuid)) return NO_SUCH_THING;
      const answer = await calls.get(id, aboutMeeting(encodeUuid(uuid), '/recordings', 'recording'), call);
      return answer.ok ? found(readRecording(answer.value, '')) : answer;
    },
    async transcript(id, uuid, call = {}) {
      if (!isUuid(uuid)) return NO_SUCH_THING;
      const refused = await lacking(id, 'cloud_recording:read:meeting_transcript', call);
      if (refused) return transcriptIn(refused);
      const ask = aboutMeeting(encodeUuid(uuid), '/transcript', 'transcript');
      return transcriptIn(await calls.get(id, { ...ask, weight: 'medium' }, call));
    },
    async download(id, { url }, call = {}) {
      const answer = await calls.withToken(id, (access) => openFile(access, url, call), call);
      if (!answer.ok) return answer;
      return 'reason' in answer.value ? answer.value : { ok: true, value: answer.value };
    },
  };
}

type RecordingRange = Parameters<ZoomApi['recordings']>[1];

const PROFILE: Ask = { path: '/users/me', about: 'me', weight: 'light', purpose: 'profile' };
const MEETINGS: ListAsk = {
  ...{ path: '/users/me/meetings', about: 'me', weight: 'medium', purpose: 'meetings' },
  mostPages: 2,
  all: false,
};
const RECORDINGS: ListAsk = {
  ...{ path: '/users/me/recordings', about: 'me', weight: 'medium', purpose: 'recordings' },
  mostPages: 50,
  all: true,
};

function aboutMeeting(encoded: string, rest: string, purpose: string): Ask {
  return { path: `/meetings/${encoded}${rest}`, about: 'meeting', weight: 'light', purpose };
}

function isRange({ from, to }: RecordingRange): boolean {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  return days >= 0 && days <= MOST_DAYS;
}

const NO_SUCH_THING: ZoomFailure = { ok: false, reason: 'not-found', detail: 'no ID that Zoom could have given' };

// A number in its place would mean the latest meeting of all that had it.
function isUuid(uuid: string): boolean {
  return /^[\w+/=-]+$/.test(uuid) && !/^\d+$/.test(uuid);
}

// One with a slash is taken only when it is encoded twice.
function encodeUuid(uuid: string): string {
  const once = encodeURIComponent(uuid);
  return uuid.includes('/') ? encodeURIComponent(once) : once;
}

function profileIn(answer: ZoomAnswer<unknown>): ZoomAnswer<ZoomProfile> {
  return answer.ok ? found(readProfile(answer.value)) : answer;
}

function transcriptIn(answer: ZoomAnswer<unknown>): Awaited<ReturnType<ZoomApi['transcript']>> {
  if (answer.ok) return { ok: true, value: readTranscript(answer.value) };
  if (answer.reason === 'scope-missing') return { ok: true, value: 'unknown' };
  return answer.reason === 'not-found' ? { ok: true, value: 'none' } : answer;
}

function found<Value>(value: Value | null): ZoomAnswer<Value> {
  return value === null ? fault('the answer lacks what it is about') : { ok: true, value };
}

function fault(detail: string): ZoomFailure {
  return { ok: false, reason: 'fault', detail };
}

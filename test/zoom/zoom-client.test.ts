import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpClient } from '../../src/lib/http-client.ts';
import type { ApiFault } from '../../src/sandbox/zoom/faults.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import { type CallSubject, readApiRefusal, readRefusingText } from '../../src/zoom/api-errors.ts';
import type { ConnectionId } from '../../src/zoom/connection.ts';
import { readList, readMeeting, readProfile, readRecording } from '../../src/zoom/zoom-answers.ts';
import { readPages } from '../../src/zoom/zoom-lists.ts';
import { createPace } from '../../src/zoom/zoom-pace.ts';
import { NOON, startZoomBench, type ZoomBench } from './support.ts';

const HOUR = 3_600_000;
const RANGE = { from: '2026-09-15', to: '2026-10-14' };

let bench: ZoomBench;
let id: ConnectionId;
beforeAll(async () => {
  bench = await startZoomBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.reset();
  id = await bench.connect('ada');
});

describe('what Zoom says', () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
    ...{ status, headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const meant = (status: number, body: unknown, about: CallSubject = 'meeting') =>
    readApiRefusal(answer(status, body), about, NOON);

  test.each<[number, number, string, object, CallSubject?]>([
    [401, 124, 'Access token is expired.', { kind: 'token', because: 'removed-in-zoom' }],
    [400, 124, 'Invalid access token.', { kind: 'token', because: 'removed-in-zoom' }],
    [400, 4711, 'Invalid access token, does not contain scopes:[a:b:c, d:e].', scopes('a:b:c', 'd:e')],
    [401, 4700, 'Invalid access token, does not contain scopes.', scopes()],
    [400, 4700, 'Invalid access token, does not contain scopes:[meeting:read].', scopes('meeting:read')],
    [401, 4741, 'Token revoked.', { kind: 'token', because: 'superseded' }],
    [400, 200, 'Only available for paid account: x.', failed('plan-missing')],
    [200, 200, 'No permission.', failed('forbidden')],
    [200, 200, 'Download has been disabled by the administrator', failed('plan-missing')],
    [400, 300, 'Validation failed.', failed('fault')],
    [400, 300, 'Invalid meeting id.', failed('not-found')],
    [400, 1010, 'User does not belong to this account.', { kind: 'ended', end: 'account-gone' }, 'me'],
    [400, 1010, 'User does not belong to this account.', failed('forbidden')],
    [404, 1001, 'User does not exist.', { kind: 'ended', end: 'account-gone' }, 'me'],
    [404, 1001, 'User does not exist.', failed('not-found')],
    [404, 1120, 'Not activated.', { kind: 'ended', end: 'account-gone' }, 'me'],
    [404, 3001, 'Meeting does not exist: 1.', failed('not-found')],
    [404, 3301, 'There is no recording for this meeting.', failed('not-found')],
    [404, 3322, 'There is no transcript.', failed('not-found')],
    [403, 2306, 'Not allowed.', failed('forbidden')],
    [403, 403, 'The authenticated user has not permitted access to the targeted resource.', failed('forbidden')],
    [400, 12702, 'Cannot access a meeting of more than a year ago.', failed('not-found')],
    [429, 429, 'You have reached the maximum per-second rate limit.', failed('throttled')],
    [429, 4001, 'Too many requests.', failed('throttled')],
    [500, 500, 'Oops', failed('fault')],
  ])('%i with code %i, "%s", means %j', (status, code, message, meaning, about) => {
    expect(meant(status, { code, message }, about)).toMatchObject(meaning);
  });

  test('a page instead of JSON ends nothing, whatever its status', () => {
    for (const status of [200, 400, 403, 404, 502]) expect(meant(status, '<html>')).toMatchObject(failed('fault'));
    expect(meant(401, '<html>')).toMatchObject({ kind: 'token', because: null });
  });

  test('code 0 is no refusal, and neither is a body without one', () => {
    expect([meant(200, { code: 0 }), meant(200, {}), meant(201, { id: 1 })]).toEqual([null, null, null]);
  });

  test('the fields of a validation are told to the operator, and nobody by their address', () => {
    const errors = [{ field: 'from', message: 'for ada@campus.example' }, null, { field: 'to' }];
    const detail = JSON.stringify(
      meant(400, { code: 300, message: 'Validation failed.', errors: errors.filter(Boolean) }),
    );
    expect(detail).toContain('from: for (address)');
    expect(detail).not.toContain('campus');
  });

  test.each([
    ['60', NOON + 60_000],
    ['2026-10-14T13:00:00Z', NOON + HOUR],
    ['Wed, 14 Oct 2026 13:00:00 GMT', NOON + HOUR],
    ['999999999999', NOON + 24 * HOUR],
    ['2020-01-01T00:00:00Z', undefined],
    ['soon', undefined],
  ])('Retry-After: %s', (told, retryAt) => {
    const refusal = readApiRefusal(answer(429, { code: 429 }, { 'retry-after': told }), 'me', NOON);
    expect(refusal?.kind === 'failed' && refusal.failure.retryAt).toBe(retryAt);
  });

  test.each([
    ['Only the host can download this recording.', 'forbidden'],
    ['You are not authorized', 'forbidden'],
    ['This recording has been deleted', 'not-found'],
    ['Download has been disabled by the administrator.', 'plan-missing'],
    ['Welcome', null],
  ])('the page "%s" means %s', (text, reason) => {
    expect(readRefusingText(text)).toBe(reason);
  });
});

describe('limits and failures', () => {
  const EXPECTED: [ApiFault, object][] = [
    ['classic-scopes', { reason: 'scope-missing' }],
    ['meeting-gone', { reason: 'not-found' }],
    ['not-allowed', { reason: 'forbidden' }],
    ['shared-access', { reason: 'forbidden' }],
    ['plan', { reason: 'plan-missing' }],
    ['admin-200', { reason: 'plan-missing' }],
    ['validation', { reason: 'fault' }],
    ['daily', { reason: 'throttled', retryAt: Date.parse('2026-10-15T00:00:00Z') }],
    ['not-json', { reason: 'fault' }],
    ['empty', { reason: 'fault' }],
  ];

  test.each(EXPECTED)('%s is told after one call', async (kind, expected) => {
    bench.zoom.faults.api = { kind };
    expect(await bench.api.recordings(id, RANGE)).toMatchObject({ ok: false, ...expected });
    expect(bench.calls).toHaveLength(1);
    expect(bench.ended).toEqual([]);
  });

  test.each(['qps', 'rate-4001', 'concurrent', 'html-500', 'html-502', 'unavailable', 'cut'] as const)(
    '%s is waited for, twice at most',
    async (kind) => {
      bench.zoom.faults.api = { kind, times: 2 };
      expect(await bench.api.recordings(id, RANGE)).toMatchObject({ ok: true });
      expect(bench.waits.every((ms) => ms >= 250 && ms <= 1_000)).toBe(true);
      bench.zoom.faults.api = { kind };
      const reason = { cut: 'unreachable', unavailable: 'fault', 'html-500': 'fault', 'html-502': 'fault' }[
        kind as 'cut'
      ];
      expect(await bench.api.recordings(id, RANGE)).toMatchObject({ ok: false, reason: reason ?? 'throttled' });
      expect(bench.calls).toHaveLength(6);
    },
  );

  test('a daily limit holds for everybody of the account, who are not sent there in vain', async () => {
    bench.zoom.faults.api = { kind: 'daily', times: 1 };
    await bench.api.recordings(id, RANGE);
    const colleague = await bench.connect('ben');
    const elsewhere = await bench.connect('carl');
    const retryAt = Date.parse('2026-10-15T00:00:00Z');
    expect(await bench.api.meetings(colleague)).toMatchObject({ ok: false, reason: 'throttled', retryAt });
    expect(bench.calls).toHaveLength(1);
    // Asked, and refused for another reason: a free account has no recordings.
    expect(await bench.api.recordings(elsewhere, RANGE)).toMatchObject({ ok: false, reason: 'plan-missing' });
    bench.zoom.clock.advance(13 * HOUR);
    expect(await bench.api.recordings(id, RANGE)).toMatchObject({ ok: true });
  });

  test('lists of one account take turns: four at once, then four a second', async () => {
    const waits: number[] = [];
    const pace = createPace({ clock: () => NOON, ticks: () => NOON, sleep: async (ms) => void waits.push(ms) });
    for (let i = 0; i < 8; i++) await pace.turn('campus', 'medium');
    expect(waits).toEqual([250, 500, 750, 1_000]);
    await pace.turn('another', 'medium');
    await pace.turn('campus', 'light');
    expect(waits).toHaveLength(4);
  });

  test('each call is logged with the number by which Zoom finds it, and without names', async () => {
    await bench.api.recordings(id, RANGE);
    const line = bench.logged.find(({ msg }) => msg === 'call to Zoom');
    expect(line).toMatchObject({
      purpose: 'recordings',
      outcome: 'ok',
      status: 200,
      trackingId: expect.stringMatching(/^v=2.0;clid=sandbox/),
    });
    expect(JSON.stringify(bench.logged)).not.toContain('campus.example');
  });

  test('what the grant does not allow is not asked', async () => {
    const poor = await bench.connect('dora', {
      scopes: ['user:read:user', 'cloud_recording:read:list_user_recordings'],
    });
    const scopes = ['meeting:read:list_meetings'];
    expect(await bench.api.meetings(poor)).toMatchObject({ ok: false, reason: 'scope-missing', scopes });
    expect(await bench.api.meeting(poor, SEEDED_MEETINGS.review)).toMatchObject({ reason: 'scope-missing' });
    expect(await bench.api.transcript(poor, 'any==')).toEqual({ ok: true, value: 'unknown' });
    expect(bench.calls).toEqual([]);
    expect(await bench.api.recording(poor, 'any==')).toMatchObject({
      reason: 'scope-missing',
      scopes: ['cloud_recording:read:list_recording_files'],
    });
  });
});

describe('meetings', () => {
  test('of both lists are one of each number, with their next times and without a passcode', async () => {
    const answer = await bench.api.meetings(id);
    if (!answer.ok) throw new Error(answer.reason);
    const numbers = answer.value.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(JSON.stringify(answer.value)).not.toMatch(/pwd|start-secret/);
    const recurring = answer.value.find(({ type }) => type === 8);
    expect(recurring?.occurrences.length).toBeGreaterThan(1);
    expect(recurring?.startsAt).toBe(recurring?.occurrences[0]?.startsAt);
    const coming = answer.value.flatMap(({ startsAt }) => (startsAt !== null && startsAt >= NOON ? [startsAt] : []));
    expect(coming).toEqual([...coming].sort((a, b) => a - b));
    expect(answer.value[0]?.startsAt).toBe(coming[0]);
  });

  test('one has its coming times; those of others and those that ended are not found', async () => {
    const own = bench.zoom.meetings.list().find(({ host, type }) => host === 'ada' && type === 8)!;
    const answer = await bench.api.meeting(id, own.number);
    if (!answer.ok) throw new Error(answer.reason);
    const deleted = own.occurrences.filter(({ deleted }) => deleted).map(({ startsAt }) => startsAt);
    const starts = answer.value.occurrences.map(({ startsAt }) => startsAt);
    expect(starts.length).toBeGreaterThan(0);
    expect(starts.filter((at) => at < NOON - 24 * HOUR || deleted.includes(at))).toEqual([]);
    expect(answer.value).toMatchObject({
      hostId: bench.zoom.user('ada').id,
      joinUrl: `${bench.zoom.base}/j/${own.number}`,
    });
    bench.zoom.meetings.expire(own.number);
    expect(await bench.api.meeting(id, own.number)).toMatchObject({ ok: false, reason: 'not-found' });
    const foreign = bench.zoom.meetings.list().find(({ host }) => host === 'ben')!;
    const refused = await bench.api.meeting(id, foreign.number);
    expect(['not-found', 'forbidden']).toContain(refused.ok || refused.reason);
  });
});

describe('recordings', () => {
  test.each([
    'abc/def+ghAAAAAAAAAAAA==',
    '/leading+slashAAAAAAAA==',
    'two//slashesAAAAAAAAAA==',
    'plainAAAAAAAAAAAAAAAAA==',
  ])('are read by the UUID %s', async (uuid) => {
    bench.zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.review, startedAt: NOON - 24 * HOUR, uuid });
    const answer = await bench.api.recording(id, uuid);
    expect(answer).toMatchObject({ ok: true, value: { uuid, hostId: bench.zoom.user('ada').id } });
    expect(answer.ok && answer.value.files.some(({ type, downloadUrl }) => type === 'MP4' && downloadUrl)).toBe(true);
  });

  test('are never asked for by a number, which means the latest of all, or by what is no ID', async () => {
    for (const odd of [SEEDED_MEETINGS.review, '..', '', 'a?b=c', '../users/me']) {
      expect(await bench.api.recording(id, odd)).toMatchObject({ ok: false, reason: 'not-found' });
      expect(await bench.api.transcript(id, odd)).toMatchObject({ ok: false, reason: 'not-found' });
    }
    expect(await bench.api.meeting(id, '../users/me')).toMatchObject({ ok: false, reason: 'not-found' });
    expect(bench.calls).toEqual([]);
  });

  test('of a range are all there, page after page, and of one number when asked so', async () => {
    const startedAt = NOON - 2 * HOUR;
    bench.zoom.recordings.clear();
    for (let i = 0; i < 301; i++) {
      bench.zoom.recordings.add({ host: 'ada', number: '98765432101', startedAt: startedAt - i * 60_000, quiet: true });
    }
    bench.zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.review, startedAt, quiet: true });
    const answer = await bench.api.recordings(id, RANGE);
    expect(answer.ok && answer.value.length).toBe(302);
    expect(bench.calls).toHaveLength(2);
    const some = await bench.api.recordings(id, { ...RANGE, number: SEEDED_MEETINGS.review });
    expect(some.ok && some.value.map(({ number }) => number)).toEqual([SEEDED_MEETINGS.review]);
    bench.calls.length = 0;
    bench.zoom.faults.api = { kind: 'validation', on: 'next_page_token' };
    expect(await bench.api.recordings(id, RANGE)).toMatchObject({ ok: false, reason: 'fault' });
  });

  test('of days that Zoom cut off are asked for again', async () => {
    const http: HttpClient = (request) => {
      // A Zoom that shows ten days at once.
      const url = new URL(request.url);
      const oldest = Date.parse(url.searchParams.get('to') ?? '') - 10 * 24 * HOUR;
      const from = new Date(Math.max(Date.parse(url.searchParams.get('from') ?? ''), oldest))
        .toISOString()
        .slice(0, 10);
      url.searchParams.set('from', from);
      return bench.http({ ...request, url: url.href });
    };
    const whole = await bench.api.recordings(id, RANGE);
    bench.calls.length = 0;
    const clipped = await bench.another(http).api.recordings(id, RANGE);
    expect(clipped).toEqual(whole);
    expect(clipped.ok && clipped.value.length).toBeGreaterThan(5);
    expect(bench.calls).toHaveLength(3);
  });

  test('of a range that Zoom might clip are refused', async () => {
    for (const from of ['2026-09-01', '2026-10-15', 'nonsense']) {
      expect(await bench.api.recordings(id, { from, to: '2026-10-14' })).toMatchObject({ ok: false, reason: 'fault' });
    }
    expect(bench.calls).toEqual([]);
  });

  test('have a transcript that is there, to come, or never will be', async () => {
    const add = (transcript: 'with' | 'late' | 'never', ago: number) =>
      bench.zoom.recordings.add({
        host: 'ada',
        number: SEEDED_MEETINGS.review,
        startedAt: NOON - ago * HOUR,
        transcript,
      });
    const [ready, late, none] = [add('with', 4), add('late', 3), add('never', 2)];
    const told = [];
    for (const { uuid } of [ready, late, none]) told.push(await bench.api.transcript(id, uuid));
    expect(told.map((each) => each.ok && each.value)).toEqual(['ready', 'not-ready', 'none']);
    expect(await bench.api.transcript(id, 'of/nobody==')).toEqual({ ok: true, value: 'none' });
  });
});

describe('answers with holes', () => {
  const at = { apiUrl: 'https://api.zoom.us/v2', now: NOON };

  test('are read as far as they go', () => {
    expect(
      readProfile({ id: 'u', pmi: 2345678901, type: 'odd', timezone: 'Mars/Base', display_name: 'A\u0000\nB' }),
    ).toEqual({
      ...{ zoomUserId: 'u', accountId: '', name: 'A B', email: null, plan: 'unknown', personalRoom: '2345678901' },
      ...{ personalLink: null, timeZone: null, memberSince: null },
    });
    expect(readMeeting({ id: '91234567890', occurrences: [null, 3, { start_time: 'x' }], topic: 7 }, at)).toMatchObject(
      {
        ...{ number: '91234567890', topic: '', startsAt: null, durationMs: 0, joinUrl: null, occurrences: [] },
      },
    );
    const file = { file_type: 'CC', recording_start: '2026-10-14T10:00:00', recording_type: null, file_size: null };
    const recording = readRecording({ uuid: 'a==', recording_files: [null, file, 'x'], total_size: -5 }, 'owner');
    expect(recording).toMatchObject({
      uuid: 'a==',
      hostId: 'owner',
      startedAt: NOON - 2 * HOUR,
      bytes: 0,
      deletesOn: null,
    });
    expect(recording?.files).toEqual([
      {
        ...{ sourceId: `CC:${NOON - 2 * HOUR}`, type: 'CC', layout: null, extension: 'CC', bytes: null },
        ...{ processing: false, startedAt: NOON - 2 * HOUR, endedAt: null, downloadUrl: null },
      },
    ]);
  });

  test('are nothing without what they are about', () => {
    for (const none of [null, 'text', [], {}, { id: {} }, { uuid: 'a==' }]) {
      expect([readProfile(none), readMeeting(none, at), readRecording(none, 'owner')]).toEqual([null, null, null]);
    }
  });

  test('keep no passcode, no link of the host, and no link of strangers', () => {
    const url = 'https://us02web.zoom.us/j/91234567890?pwd=secret&tk=other';
    const meeting = { id: 91234567890, password: 'secret', start_url: `${url}&zak=secret`, join_url: url };
    expect(JSON.stringify(readMeeting(meeting, at))).not.toContain('secret');
    expect(readMeeting(meeting, at)?.joinUrl).toBe('https://us02web.zoom.us/j/91234567890');
    for (const join_url of ['http://zoom.us/j/9', 'https://zoom.us.evil.example/j/9', 'javascript:alert(1)']) {
      expect(readMeeting({ ...meeting, join_url }, at)?.joinUrl).toBeNull();
    }
  });

  test('are no empty list unless they say so', () => {
    expect([{}, { meetings: null }, { total_records: 2 }, null].map(readList)).toEqual([null, null, null, null]);
    expect(readList({ total_records: 0 })).toEqual({ rows: [], next: '', from: null });
  });

  test('of pages that go in circles, or on and on, are not believed', async () => {
    const ask = { path: '/x', about: 'me', weight: 'medium', purpose: 'x', mostPages: 5 } as const;
    let asked = 0;
    const walk = (next: () => string, all: boolean) => {
      asked = 0;
      const get = async () => ({ ok: true as const, value: { meetings: [asked++], next_page_token: next() } });
      return readPages({ get }, id, { ...ask, all }, {});
    };
    expect(await walk(() => 'same', true)).toMatchObject({ ok: false, reason: 'fault' });
    expect(asked).toBe(2);
    expect(await walk(() => `${asked}`, true)).toMatchObject({ ok: false, reason: 'fault' });
    expect(await walk(() => `${asked}`, false)).toMatchObject({ ok: true, value: { rows: [0, 1, 2, 3, 4] } });
  });
});

function failed(reason: string): object {
  return { kind: 'failed', failure: { ok: false, reason } };
}

function scopes(...names: string[]): object {
  return { kind: 'failed', failure: { reason: 'scope-missing', scopes: names } };
}

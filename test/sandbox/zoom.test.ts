import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiFault, createZoomFaults } from '../../src/sandbox/zoom/faults.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import { Visitor } from '../support/visitor.ts';
import { type Bench, startBench } from './support.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DELETE_SCOPE = 'cloud_recording:delete:meeting_recording';

let bench: Bench;
let zoom: SandboxZoom;

beforeAll(async () => {
  bench = await startBench();
  zoom = bench.sandbox.zoom;
});
beforeEach(() => zoom.reset());
afterAll(() => bench.close());

const verifier = randomBytes(48).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

function authorizeUrl(changes: Record<string, string | null> = {}): string {
  const url = new URL(`${zoom.base}/oauth/authorize`);
  const query = {
    ...{ response_type: 'code', client_id: zoom.app.clientId, redirect_uri: zoom.app.redirectUri, state: 'the-state' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256', ...changes },
  };
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** Signs in and decides; where the browser is then sent, without going there. */
async function consent(fields: Record<string, string>, changes: Record<string, string | null> = {}) {
  const url = authorizeUrl(changes);
  const body = new URLSearchParams({ decision: 'allow', ...fields });
  const response = await fetch(url, { method: 'POST', body, redirect: 'manual' });
  const location = response.headers.get('location');
  return { status: response.status, text: await response.text(), to: location === null ? null : new URL(location) };
}

async function codeOf(user: string): Promise<string> {
  return (await consent({ user })).to?.searchParams.get('code') ?? '';
}

type Answer = { status: number; body: Record<string, unknown>; headers: Headers };

async function token(
  fields: Record<string, string>,
  { path = 'token', credentials = `${zoom.app.clientId}:${zoom.app.clientSecret}` } = {},
): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const body = new URLSearchParams(fields);
  const response = await fetch(`${zoom.base}/oauth/${path}`, { method: 'POST', headers: { authorization }, body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

function exchange(code: string, changes: Record<string, string> = {}): Promise<Answer> {
  const fields = { grant_type: 'authorization_code', code, redirect_uri: zoom.app.redirectUri };
  return token({ ...fields, code_verifier: verifier, ...changes });
}

function refresh(value: unknown): Promise<Answer> {
  return token({ grant_type: 'refresh_token', refresh_token: String(value) });
}

function call(path: string, access: unknown): Promise<Response> {
  return fetch(`${zoom.base}/v2${path}`, { headers: { authorization: `Bearer ${access}` } });
}

async function api(path: string, access: unknown): Promise<Answer> {
  const response = await call(path, access);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

describe("connecting at the sandbox's Zoom", () => {
  it('shows who may sign in and what is asked, and leads back with code and state', async () => {
    const optional = { scope: 'user:read:user', optional_scope: `meeting:read:meeting ${DELETE_SCOPE}` };
    const page = await new Visitor(zoom.base).get(authorizeUrl(optional));
    expect(page.text()).toContain('Ada Ferreira');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const [form] = page.forms();
    expect(new URL(form?.action ?? '', page.url).href).toBe(page.url);
    expect(Object.keys(form?.fields ?? {})).toContain(`optional:${DELETE_SCOPE}`);

    const { status, to } = await consent({ user: 'ada', 'optional:meeting:read:meeting': 'on' }, optional);
    expect(status).toBe(302);
    expect(`${to?.origin}${to?.pathname}`).toBe(zoom.app.redirectUri);
    expect(to?.searchParams.get('state')).toBe('the-state');
    const issued = await exchange(to?.searchParams.get('code') ?? '');
    expect(issued.body).toMatchObject({
      ...{ token_type: 'bearer', expires_in: 3600, scope: 'user:read:user meeting:read:meeting', api_url: zoom.base },
    });
  });

  it('keeps what was granted before when it is asked to', async () => {
    zoom.oauth.issue('ada', ['user:read:user']);
    const added = { optional_scope: DELETE_SCOPE, include_granted_scopes: 'true' };
    const { to } = await consent({ user: 'ada', [`optional:${DELETE_SCOPE}`]: 'on' }, added);
    const { body } = await exchange(to?.searchParams.get('code') ?? '');
    expect(body.scope).toBe(`${DELETE_SCOPE} user:read:user`);
  });

  it.each([
    ['another redirect', { redirect_uri: 'http://elsewhere.example/callback' }, '(4,700)'],
    ['another client', { client_id: 'stranger' }, '(4,702)'],
    ['scopes that the app does not have', { scope: 'user:read:user account:write:all' }, '(4,711)'],
  ])('shows a page and leads nowhere with %s', async (_what, changes, said) => {
    const response = await fetch(authorizeUrl(changes), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(said);
  });

  it('says nothing to the app when an administrator must approve it, and access_denied when the person declines', async () => {
    zoom.faults.preApproval = true;
    const blocked = await consent({ user: 'ada' });
    expect(blocked).toMatchObject({ status: 200, to: null });
    expect(blocked.text).toContain('not approved');
    zoom.faults.reset();
    const declined = await consent({ user: 'ada', decision: 'decline' });
    expect(Object.fromEntries(declined.to?.searchParams ?? [])).toEqual({ error: 'access_denied', state: 'the-state' });
  });

  it('takes a code once, within five minutes, with its verifier and its redirect', async () => {
    const code = await codeOf('ada');
    expect((await exchange(code)).status).toBe(200);
    expect((await exchange(code)).body).toMatchObject({ error: 'invalid_grant', reason: /4734/ });
    const late = await codeOf('ada');
    zoom.clock.advance(5 * MINUTE);
    expect((await exchange(late)).body.reason).toContain('4733');
    const other = randomBytes(48).toString('base64url');
    expect((await exchange(await codeOf('ada'), { code_verifier: other })).body.error).toBe('invalid_grant');
    const moved = await exchange(await codeOf('ada'), { redirect_uri: `${zoom.app.redirectUri}/x` });
    expect(moved.body.reason).toContain('4709');
  });

  it('takes client ID and secret by Basic, as they are', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
    const wrong = await token(fields, { credentials: `${zoom.app.clientId}:guess` });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const escaped = await token(fields, { credentials: 'rostrum%2Dtrial:trial%2Dclient%2Dsecret' });
    expect(escaped.body.reason).toContain('percent-encoded');
    const none = await fetch(`${zoom.base}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields) });
    expect(await none.json()).toMatchObject({ reason: expect.stringContaining('4706') });
  });
});

describe("a grant of the sandbox's Zoom", () => {
  it('renews its tokens and takes the old ones no more, or once more when it is lenient', async () => {
    const first = zoom.oauth.issue('ada');
    const second = (await refresh(first.refresh)).body;
    expect((await refresh(first.refresh)).body).toEqual({ reason: 'Invalid Token!', error: 'invalid_grant' });
    expect((await call('/users/me', first.access)).status).toBe(401);
    expect((await call('/users/me', second.access_token)).status).toBe(200);
    zoom.faults.rotation = 'lenient';
    expect((await refresh(first.refresh)).status).toBe(200);
    expect((await call('/users/me', second.access_token)).status).toBe(200);
    expect((await refresh(first.refresh)).status).toBe(400);
  });

  it('ends when the same person authorises anew', async () => {
    const first = zoom.oauth.issue('ada');
    zoom.oauth.issue('ada');
    expect((await refresh(first.refresh)).body).toMatchObject({ error: 'invalid_grant', reason: /4741/ });
    expect((await api('/users/me', first.access)).body).toEqual({ code: 124, message: 'Invalid access token.' });
  });

  it('ends when it is revoked, which a published app is told and another is not', async () => {
    const { access, refresh: renewal } = zoom.oauth.issue('ada');
    expect((await token({ token: access }, { path: 'revoke' })).body).toEqual({ status: 'success' });
    expect((await call('/users/me', access)).status).toBe(401);
    expect((await refresh(renewal)).status).toBe(400);
    zoom.faults.published = false;
    zoom.oauth.issue('ben');
    expect(zoom.oauth.revoke('ben')).toBe(true);
    await zoom.webhooks.deliver();
    const told = zoom.webhooks.sent.map(({ body }) => body).filter((body) => body.includes('app_deauthorized'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(zoom.user('ada').id);
  });

  it('dies after 90 days without use, and its access token after an hour', async () => {
    const { access, refresh: renewal } = zoom.oauth.issue('ada');
    zoom.clock.advance(60 * MINUTE);
    expect((await api('/users/me', access)).body).toEqual({ code: 124, message: 'Access token is expired.' });
    zoom.clock.advance(89 * DAY);
    const renewed = await refresh(renewal);
    expect(renewed.status).toBe(200);
    zoom.clock.advance(90 * DAY);
    expect((await refresh(renewed.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it.each([
    ['4717', () => zoom.oauth.disableApp()],
    ['4738', () => zoom.oauth.disableByAdmin()],
    ['4735', () => zoom.oauth.removeOwner('ada')],
  ])('is refused with %s when it comes to that', async (number, end) => {
    const { access, refresh: renewal } = zoom.oauth.issue('ada');
    end();
    expect((await refresh(renewal)).body.reason).toContain(number);
    expect((await api('/users/me', access)).body.code).toBe(124);
  });

  it('outlives a restart', async () => {
    const { access } = zoom.oauth.issue('ada');
    const later = await startBench();
    try {
      const headers = { authorization: `Bearer ${access}` };
      expect((await fetch(`${later.sandbox.zoom.base}/v2/users/me`, { headers })).status).toBe(200);
    } finally {
      await later.close();
    }
  });

  it('may name an address of another region', async () => {
    zoom.faults.regionalApi = true;
    const { body } = await exchange(await codeOf('ada'));
    expect(body.api_url).toBe(`${zoom.base}/eu`);
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await fetch(`${body.api_url}/v2/users/me`, { headers })).status).toBe(200);
  });
});

describe("the API of the sandbox's Zoom", () => {
  it('knows the person, and nobody else', async () => {
    const { access } = zoom.oauth.issue('carl');
    const me = await api('/users/me', access);
    const { id, accountId, pmi } = zoom.user('carl');
    expect(me.body).toMatchObject({
      id,
      account_id: accountId,
      type: 1,
      pmi: Number(pmi),
      timezone: 'Europe/Stockholm',
    });
    expect(me.headers.get('x-zm-trackingid')).not.toBeNull();
    expect((await api(`/users/${zoom.user('ada').id}`, access)).body.code).toBe(1001);
    expect((await api('/users/me/settings', access)).body).toMatchObject({ recording: { cloud_recording: false } });
  });

  it('takes tokens from the header alone', async () => {
    const { access } = zoom.oauth.issue('ada');
    const response = await fetch(`${zoom.base}/v2/users/me?access_token=${access}`);
    expect(response.status).toBe(401);
    expect(JSON.stringify(zoom.requests.log)).not.toContain(access);
  });

  it('lists what is scheduled in pages, whose tokens die after 15 minutes', async () => {
    const { access } = zoom.oauth.issue('ada');
    for (let at = 0; at < 4; at++) zoom.meetings.add({ host: 'ada', topic: `Extra ${at}` });
    const numbers: unknown[] = [];
    let next = '';
    do {
      const { body } = await api(`/users/me/meetings?page_size=2&next_page_token=${next}`, access);
      numbers.push(...(body.meetings as { id: number }[]).map(({ id }) => String(id)));
      next = String(body.next_page_token);
    } while (next !== '');
    expect(numbers).toHaveLength(6);
    expect(new Set(numbers).size).toBe(6);
    expect(numbers).toContain(SEEDED_MEETINGS.lecture);
    for (const hidden of [SEEDED_MEETINGS.openDay, SEEDED_MEETINGS.lastYear, zoom.user('ada').pmi]) {
      expect(numbers).not.toContain(hidden);
    }
    const { body } = await api('/users/me/meetings?page_size=2', access);
    zoom.clock.advance(15 * MINUTE);
    const late = await api(`/users/me/meetings?page_size=2&next_page_token=${body.next_page_token}`, access);
    expect(late).toMatchObject({ status: 400, body: { code: 300 } });
  });

  it('tells of a meeting with its coming times, and refuses those of others and those it has forgotten', async () => {
    const { access } = zoom.oauth.issue('ada');
    const { body } = await api(`/meetings/${SEEDED_MEETINGS.lecture}`, access);
    const occurrences = body.occurrences as { start_time: string; status: string }[];
    expect(body).toMatchObject({ type: 8, host_id: zoom.user('ada').id });
    expect(occurrences.length).toBeGreaterThan(5);
    for (const { start_time } of occurrences)
      expect(Date.parse(start_time)).toBeGreaterThan(zoom.clock.now() - 2 * 60 * MINUTE);
    expect(await api(`/meetings/${SEEDED_MEETINGS.lastYear}`, access)).toMatchObject({
      status: 404,
      body: { code: 3001 },
    });
    const shared = `/meetings/${SEEDED_MEETINGS.seminar}`;
    expect(await api(shared, access)).toMatchObject({ status: 403, body: { message: /not permitted access/ } });
    expect((await api(shared, zoom.oauth.issue('dora').access)).body.code).toBe(2306);
    const { to } = await consent({ user: 'ada', 'optional:meeting:read:meeting': 'on', shared_access: 'on' });
    const sharing = await exchange(to?.searchParams.get('code') ?? '');
    expect((await api(shared, sharing.body.access_token)).body.host_id).toBe(zoom.user('ben').id);
  });

  it('tells when a meeting took place, also one that has expired', async () => {
    const { access } = zoom.oauth.issue('ada');
    const at = zoom.clock.now() - DAY;
    const uuid = '/ab//c+d==';
    const meeting = { host: 'ada', number: '91234567890', topic: 'Gone' };
    zoom.meetings.addInstance(meeting, { uuid, startedAt: at, durationMs: 40 * MINUTE });
    const { body } = await api('/past_meetings/91234567890/instances', access);
    expect(body.meetings).toEqual([{ uuid, start_time: new Date(at).toISOString().replace(/\.\d+/, '') }]);
    const once = encodeURIComponent(uuid);
    expect((await api(`/past_meetings/${encodeURIComponent(once)}`, access)).body).toMatchObject({
      uuid,
      duration: 40,
    });
    expect((await api(`/past_meetings/${once}`, access)).status).toBe(404);
    expect((await api('/past_meetings/90000000000/instances', access)).body.code).toBe(3001);
  });

  it('names the scopes that a token lacks', async () => {
    const { access } = zoom.oauth.issue('ada', ['user:read:user']);
    const { status, body } = await api('/users/me/meetings', access);
    expect([status, body.code, body.message]).toEqual([
      400,
      4711,
      expect.stringContaining('[meeting:read:list_meetings]'),
    ]);
    zoom.faults.missingScopes = ['user:read:user'];
    expect((await api('/users/me', access)).body.code).toBe(4711);
  });

  it('counts the calls of a day for the whole account', async () => {
    zoom.faults.dailyLeft = 1;
    expect((await call('/users/me', zoom.oauth.issue('ada').access)).headers.get('x-ratelimit-remaining')).toBe('0');
    const refused = await api('/users/me', zoom.oauth.issue('ben').access);
    expect(refused.status).toBe(429);
    const retryAfter = refused.headers.get('retry-after') ?? '';
    expect(retryAfter).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
    expect(Date.parse(retryAfter)).toBeGreaterThan(zoom.clock.now());
  });

  it.each<[ApiFault, number, number]>([
    ['expired-token', 401, 124],
    ['classic-scopes', 401, 4700],
    ['user-gone', 404, 1001],
    ['other-account', 400, 1010],
    ['meeting-gone', 404, 3001],
    ['not-allowed', 403, 2306],
    ['plan', 400, 200],
    ['admin-200', 200, 200],
    ['validation', 400, 300],
    ['qps', 429, 429],
    ['rate-4001', 429, 4001],
  ])('fails as it is told: %s', async (kind, status, code) => {
    const { access } = zoom.oauth.issue('ada');
    zoom.faults.api = { kind, times: 1, on: '/users/me' };
    expect((await call('/meetings/1', access)).status).toBe(404);
    const answer = await api('/users/me', access);
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([status, code, null]);
    expect((await call('/users/me', access)).status).toBe(200);
  });

  it('answers pages, nonsense, halves and nothing when it is told to', async () => {
    const { access } = zoom.oauth.issue('ada');
    zoom.faults.api = { kind: 'html-502' };
    const page = await call('/users/me', access);
    expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html;charset=UTF-8']);
    zoom.faults.api = { kind: 'not-json' };
    await expect((await call('/users/me', access)).json()).rejects.toThrow(SyntaxError);
    zoom.faults.api = { kind: 'cut' };
    await expect((await call('/users/me', access)).text()).rejects.toThrow(/terminated/);
    zoom.faults.api = { kind: 'stall' };
    const waiting = new AbortController();
    const pending = fetch(`${zoom.base}/v2/users/me`, { signal: waiting.signal });
    while (zoom.requests.log.at(-1)?.status !== 0) await new Promise((resolve) => setImmediate(resolve));
    waiting.abort();
    await expect(pending).rejects.toThrow('aborted');
  });
});

describe("steering the sandbox's Zoom", () => {
  const control = (path: string, method: string, body: unknown) =>
    fetch(`${bench.sandbox.url}/control/zoom${path}`, {
      ...{ method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    });

  it('works from another process', async () => {
    expect((await control('/faults', 'PATCH', { rotation: 'lenient' })).status).toBe(200);
    expect(zoom.faults.rotation).toBe('lenient');
    const before = zoom.clock.now();
    expect((await control('/clock', 'POST', { advanceMs: DAY })).status).toBe(200);
    expect(zoom.clock.now()).toBeGreaterThanOrEqual(before + DAY);
    zoom.oauth.issue('ada');
    await control('/actions', 'POST', { action: 'revoke', user: 'ada' });
    expect(zoom.oauth.grant('ada')).toBeUndefined();
    expect((await control('/faults', 'PATCH', { nonsense: 1 })).status).toBe(400);
    expect((await control('/actions', 'POST', { action: 'revoke', user: 'nobody' })).status).toBe(400);
    await control('/reset', 'POST', {});
    expect(zoom.faults).toMatchObject({ ...createZoomFaults(), reset: expect.any(Function) });
  });

  it('works by a page, where a failure stays chosen until all is restored', async () => {
    const page = new Visitor(bench.sandbox.url);
    await page.get('/zoom/sandbox');
    expect(page.text()).toContain('Biology 101: weekly lecture');
    await page.post('/zoom/sandbox', { action: 'failures', calls: 'daily', grant: 'admin' });
    expect(zoom.faults).toMatchObject({ dailyLeft: 0, adminDisabled: true });
    expect(page.html).toMatch(/value="daily" selected/);
    const count = zoom.recordings.list('ada').length;
    await page.post('/zoom/sandbox', { action: 'record' });
    expect(zoom.recordings.list('ada')).toHaveLength(count + 1);
    await page.post('/zoom/sandbox', { action: 'reset' }, { origin: 'http://elsewhere.example' });
    expect(page.status).toBe(403);
    await page.post('/zoom/sandbox', { action: 'reset' });
    expect(zoom.faults.dailyLeft).toBeNull();
    expect(page.html).not.toMatch(/value="daily" selected/);
    await page.get(`/zoom/j/${SEEDED_MEETINGS.lecture}`);
    expect(page.text()).toContain('Biology 101');
  });
});

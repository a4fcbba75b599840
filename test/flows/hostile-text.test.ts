import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { hashSecret, newSecret } from '../../src/lib/ids.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { beginLogin, cookieHeader, postLaunch, sendRaw } from '../support/attacker.ts';
import { settingsFields, tokenOf } from '../support/settings-form.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';

/** What breaks out of text, attributes, titles, scripts, JSON, event streams, templates and translations. */
const HOSTILE = {
  title: `</title></h1><script>alert('title')</script>"><img src=x onerror=alert(1)> {{csrfToken}} $t(start.lead) $& \${1} <%= nonce %>`,
  label: `'"--></style></textarea><svg/onload=alert('label')>\u2028\u202e`,
  given: `"autofocus onfocus=alert(1) x="`,
  family: `</bdi></th><script src=//evil.example/x.js></script>`,
  added: `<iframe srcdoc="<script>alert(1)</script>">\r\nevent: end\r\ndata: {}`,
  email: `"><script>alert(1)</script>"@evil.example`,
};

let tool: Tool;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 40 } });
});

afterAll(() => tool.close());

describe.each(['canvas', 'moodle'] as const)('hostile text from %s', (family) => {
  const lms = (): SandboxLms => tool.sandbox[family];
  let manager: Visitor;
  let channel: string;

  beforeAll(async () => {
    const { id: courseId, contextId, cast } = lms().course('small');
    const context = { id: contextId, title: HOSTILE.title, label: HOSTILE.label, type: ['CourseSection'] };
    const claims = {
      [`${LTI}context`]: context,
      name: `${HOSTILE.given} ${HOSTILE.family}`,
      email: HOSTILE.email,
      locale: 'en"><script>',
      [`${LTI}launch_presentation`]: { locale: '../../x', return_url: 'javascript:alert(1)' },
      [`${LTI}custom`]: { time_zone: '<script>' },
    };
    manager = await launchAs(tool, lms(), { courseId, personId: cast.instructor, overrides: { claims } });
    expect(manager.status).toBe(200);
    channel = `/channels/${channelIn(manager.url)}`;
    await tool.settled();
    lms().roster.rename(cast.student, { givenName: HOSTILE.given, familyName: HOSTILE.family, email: HOSTILE.email });
    lms().roster.add(courseId, { person: { givenName: HOSTILE.added, familyName: 'Last' } });
    await tool.app.syncService.request({ channelId: channelIn(manager.url), trigger: 'button', requestedBy: null });
    await tool.settled();
    expect((await tool.lastRun(channelIn(manager.url))).state).toBe('applied');
  });

  it('stays text on the channel page, for staff and for students', async () => {
    expectHarmless(await manager.get(channel));
    expect(manager.text()).toContain(plain(HOSTILE.title));
    const { id: courseId, cast, contextId } = lms().course('small');
    const claims = { [`${LTI}context`]: { id: contextId, title: HOSTILE.title, type: ['CourseSection'] } };
    const student = await launchAs(tool, lms(), { courseId, personId: cast.student, overrides: { claims } });
    expectHarmless(student);
    expect(student.text()).toContain(plain(HOSTILE.title));
  });

  it('stays text in the list of members, in a search, and in a search for it', async () => {
    for (const q of ['', 'alert', HOSTILE.family, HOSTILE.title, '"><script>alert(1)</script>']) {
      expectHarmless(await manager.get(`${channel}/members?${new URLSearchParams({ q, level: q, cursor: q })}`));
    }
    await manager.get(`${channel}/members?${new URLSearchParams({ as: '"><script>alert(1)</script>' })}`);
    expect(manager.status).toBe(401);
    expect(manager.html).not.toContain('alert(1)');
    await manager.get(`${channel}/members?q=onfocus`);
    expect(manager.text()).toContain(plain(HOSTILE.given));
    await manager.get(`${channel}/members?q=srcdoc`);
    expect(manager.text()).toContain('<iframe srcdoc="<script>alert(1)</script>">');
  });

  it('stays text on the page of a sync, in each of its lists, and in its events', async () => {
    const run = await tool.lastRun(channelIn(manager.url));
    for (const kind of ['add', 'change', 'deactivate', 'reactivate', 'keep', HOSTILE.title]) {
      expectHarmless(await manager.get(`${channel}/syncs/${run.id}?${new URLSearchParams({ kind, notice: kind })}`));
    }
    await manager.get(`${channel}/syncs/${run.id}?kind=add`);
    expect(manager.text()).toContain('<iframe srcdoc=');
    const events = await sendRaw(tool, `${channel}/syncs/${run.id}/events`, { as: manager });
    expect(events.headers.get('content-type')).toMatch(/^text\/event-stream/);
    for (const line of events.text.split('\n').filter((one) => one.startsWith('data: '))) {
      expect(Object.keys(JSON.parse(line.slice(6)))).not.toHaveLength(0);
    }
    expect(events.text).not.toContain('alert');
  });

  it('stays text on every page when the roster is held', async () => {
    const { id: courseId } = lms().course('small');
    lms().roster.setEmpty(courseId, true);
    await tool.app.syncService.request({ channelId: channelIn(manager.url), trigger: 'button', requestedBy: null });
    await tool.settled();
    lms().roster.setEmpty(courseId, false);
    const run = await tool.lastRun(channelIn(manager.url));
    expect(run.state).toBe('held');
    for (const path of ['', '/members', `/syncs/${run.id}`, `/syncs/${run.id}?kind=deactivate`]) {
      expectHarmless(await manager.get(channel + path));
    }
  });

  it('stays text on the pages of one person, of adding, of a preview, and in their notices', async () => {
    const id = channelIn(manager.url);
    const member = (await membersOf(tool, id)).find(({ person }) => person.name?.includes('<iframe'));
    const path = `${channel}/members/${member?.userId}`;
    expectHarmless(await manager.get(path));
    expect(manager.text()).toContain('<iframe srcdoc="<script>alert(1)</script>">');
    const standing = manager.forms().find(({ action }) => action.includes('/members/'))?.fields.standing ?? '';
    const users = member?.userId ?? '';
    expectHarmless(await post('/members/preview', { users, do: 'level.contributor', q: HOSTILE.title }));
    expect(manager.text()).toContain('<iframe srcdoc=');
    expectHarmless(await post(`/members/${users}`, { do: 'level.contributor', standing, q: HOSTILE.title }));
    expect(manager.text()).toContain('is now a contributor');
    const conflict = await post(`/members/${users}`, { do: 'level.moderator', standing });
    expectHarmless(conflict, 409);
    for (const find of ['srcdoc', 'onfocus', HOSTILE.family, HOSTILE.title]) {
      expectHarmless(await manager.get(`${channel}/members/add?${new URLSearchParams({ find, q: find })}`));
      expectHarmless(await manager.get(`${channel}/people?${new URLSearchParams({ q: find })}`));
    }
    await manager.get(`${channel}/people?${new URLSearchParams({ q: member?.person.name?.slice(0, 30) ?? '' })}`);
    expect(manager.text()).toContain('<iframe srcdoc="<script>alert(1)</script>">');
    expectHarmless(await post('/members/add', { person: users, find: HOSTILE.title, as_level: HOSTILE.title }), 409);
    expectHarmless(await post('/members/add', { person: HOSTILE.given, find: 'alert' }), 422);
  });

  it('stays text in the settings, where they are told again, and on everybody’s pages', async () => {
    const id = channelIn(manager.url);
    await manager.get(`${channel}/settings`);
    const tags = `${HOSTILE.given}, ${HOSTILE.family}, ${HOSTILE.label.replace(/,/g, '')}`;
    const changes = { givenName: HOSTILE.title, description: `${HOSTILE.label}\n${HOSTILE.title}`, tags };
    const referenceId = HOSTILE.added.replace(/\r\n/g, ' ');
    const stale = { ...settingsFields(manager), givenName: HOSTILE.family, description: HOSTILE.added };
    expectHarmless(await post('/settings', { ...settingsFields(manager), ...changes, referenceId }));
    expect(await tool.storage.channels.findChannel(id)).toMatchObject({ givenName: plain(HOSTILE.title), referenceId });
    expectHarmless(await post('/settings', stale), 409);
    expect(manager.text()).toContain(plain(HOSTILE.title));
    const tooLong = { ...settingsFields(manager), tags: `${HOSTILE.family}${'x'.repeat(101)}` };
    expectHarmless(await post('/settings', tooLong), 422);
    for (const path of [channel, `${channel}/settings`, `${channel}/activity`, `${channel}/delete`, '/channels']) {
      expectHarmless(await manager.get(path));
      expect(manager.text()).toContain(plain(HOSTILE.title));
    }
    for (const q of ['alert', HOSTILE.title, HOSTILE.family]) {
      expectHarmless(await manager.get(`/channels?${new URLSearchParams({ q, scope: q, cursor: q, channel: q })}`));
    }
    expectHarmless(await post('/delete', {}));
    expect(manager.text()).toContain(plain(HOSTILE.title));
    expectHarmless(await manager.get('/channels?scope=deleted'));
    expectHarmless(await post('/restore', {}));
  });

  it('is JSON that no browser reads as a page, to programs', async () => {
    const key = newSecret();
    const made = { keyHash: hashSecret(key), scopes: [...API_SCOPES], createdAt: Date.now(), revokedAt: null };
    await tool.storage.apiKeys.addApiKey({ id: `key-${family}`, name: 'k', ...made });
    const id = channelIn(manager.url);
    const found = await tool.storage.channels.findChannel(id);
    const run = await tool.lastRun(id);
    for (const path of [
      '/channels',
      `/channels/${id}`,
      `/channels/${id}/members`,
      `/channels/${id}/activity`,
      `/syncs/${run.id}/changes`,
      `/people?platformId=${found?.platformId}&q=alert`,
    ]) {
      const answer = await sendRaw(tool, `/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(JSON.stringify(JSON.parse(answer.text))).toMatch(/alert|\[\]|01/);
    }
  });

  async function post(path: string, fields: Record<string, string>): Promise<Visitor> {
    const headers = { origin: tool.url, 'sec-fetch-site': 'same-origin' };
    return manager.post(channel + path, { _csrf: tokenOf(manager), ...fields }, headers);
  }

  it('never reaches the log, and neither does any person, course, address or secret', async () => {
    const log = JSON.stringify(tool.logged);
    const members = await membersOf(tool, channelIn(manager.url));
    const people = members.flatMap(({ person }) => [person.name, person.email]);
    const courses = lms().courses.flatMap(({ title, label }) => [title, label]);
    const cookies = [...manager.cookies().values()];
    const said = [...people, ...courses, ...cookies, 'return_url', 'sesskey', 'javascript:', 'evil.example', 'alert('];
    // A name of a few letters may be part of an ID.
    for (const text of said.filter((one) => one !== null && one.length > 5)) expect(log).not.toContain(text);
    expect(log).not.toMatch(/[\w.]+@[\w.]+\.\w+/);
    expect(log).not.toMatch(/\beyJ/);
  });
});

/** Whitespace as `Visitor.text` has it, and nothing invisible. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** No text of an LMS has become markup: only our own tags, no handlers, nothing from elsewhere. */
function expectHarmless({ html, url, headers, status }: Visitor, expected = 200): void {
  expect([url.slice(0, 100), status]).toEqual([url.slice(0, 100), expected]);
  const tags = html.match(/<[a-z!/][^>]*>/gi) ?? [];
  expect(tags.filter((tag) => /^<(iframe|object|embed|base|img|svg\/)/i.test(tag))).toEqual([]);
  const bare = tags.map((tag) => tag.replace(/"[^"]*"|'[^']*'/g, '""'));
  expect(bare.filter((tag) => /\son\w+\s*=|javascript:|\sstyle\s*=/i.test(tag))).toEqual([]);
  expect(tags.filter((tag) => /(?:src|href|action)="(?!\/|\?|#|")/i.test(tag))).toEqual([]);
  expect(tags.filter((tag) => /(?:src|href|action)="\/\//i.test(tag))).toEqual([]);
  const nonce = /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1];
  const scripts = tags.filter((tag) => /^<script/i.test(tag));
  expect(scripts.filter((tag) => !tag.includes(`nonce="${nonce}"`))).toEqual([]);
  expect(html).not.toContain('<script>');
}

const HOLD_SOMETHING = [
  ...['start', 'channel', 'members', 'sync', 'member', 'add', 'people', 'activity', 'settings', 'delete', 'mine'],
];

describe('the headers', () => {
  async function pages(): Promise<Record<string, Response>> {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('big');
    const manager = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
    await tool.settled();
    const channel = `/channels/${channelIn(manager.url)}`;
    const run = await tool.lastRun(channelIn(manager.url));
    const cookie = cookieHeader(manager);
    const get = (path: string, headers: Record<string, string> = { cookie }) =>
      fetch(tool.url + path, { headers, redirect: 'manual' });
    const frameless = await sendRaw(tool, '/lti/login', {
      method: 'POST',
      fields: { ...canvas.loginForm({ courseId, personId: cast.student }), lti_storage_target: '_parent' },
    });
    const windowed = await sendRaw(tool, '/lti/login', {
      method: 'POST',
      fields: { ...canvas.loginForm({ courseId, personId: cast.student }) },
    });
    return {
      start: await get('/', {}),
      channel: await get(channel),
      members: await get(`${channel}/members`),
      sync: await get(`${channel}/syncs/${run.id}`),
      member: await get(`${channel}/members/${(await membersOf(tool, channelIn(manager.url)))[0]?.userId}`),
      add: await get(`${channel}/members/add`),
      people: await get(`${channel}/people?q=abc`),
      activity: await get(`${channel}/activity`),
      settings: await get(`${channel}/settings`),
      delete: await get(`${channel}/delete`),
      mine: await get('/channels'),
      'no session': await get(channel, {}),
      'no such channel': await get('/channels/nothing'),
      'no such page': await get('/nothing'),
      'a bad login': await get('/lti/login'),
      'a bad launch': await get('/lti/launch'),
      'a bad registration': await get('/lti/register'),
      'a login through storage': await get(frameless.location ?? '', {}),
      'a login in a window': await get(windowed.location ?? '', {}),
    };
  }

  it('of every page name the platforms, forbid everything foreign, and keep nothing', async () => {
    const { canvas, moodle } = tool.sandbox;
    const origins = [canvas, moodle].map(({ base }) => new URL(base).origin);
    for (const [name, answer] of Object.entries(await pages())) {
      const { headers } = answer;
      const policy = new Map(
        (headers.get('content-security-policy') ?? '').split('; ').map((part) => {
          const [directive = '', ...values] = part.split(' ');
          return [directive, values];
        }),
      );
      expect([name, policy.get('default-src')]).toEqual([name, ["'none'"]]);
      expect([name, policy.get('base-uri')]).toEqual([name, ["'none'"]]);
      expect([name, policy.get('script-src')]).toEqual([name, ["'self'", expect.stringMatching(/^'nonce-\S{20,}'$/)]]);
      const ancestors = policy.get('frame-ancestors') ?? [];
      const holdsSomething = HOLD_SOMETHING.includes(name);
      if (holdsSomething) expect([name, ancestors]).toEqual([name, ["'self'", ...new Set(origins)]]);
      else expect([name, ancestors]).toEqual([name, ['*']]);
      expect([name, headers.get('x-frame-options')]).toEqual([name, null]);
      expect([name, headers.get('cache-control')]).toEqual([name, 'no-store']);
      expect([name, headers.get('referrer-policy')]).toEqual([name, 'same-origin']);
      expect([name, headers.get('x-content-type-options')]).toEqual([name, 'nosniff']);
      expect([name, headers.get('x-powered-by')]).toEqual([name, null]);
      expect([name, headers.get('access-control-allow-origin')]).toEqual([name, null]);
      expect([name, headers.get('content-security-policy')]).toEqual([name, expect.not.stringContaining('unsafe')]);
    }
  });

  it('of redirects into the tool keep nothing', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('big');
    const { visitor, state, idToken } = await beginLogin(tool, canvas, { courseId, personId: cast.student });
    const login = { method: 'POST', fields: canvas.loginForm({ courseId, personId: cast.student }) };
    for (const answer of [
      await postLaunch(tool, visitor, { state, id_token: idToken }),
      await sendRaw(tool, '/lti/login', login),
      await sendRaw(tool, '/lti/login', { ...login, as: visitor }),
    ]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('set cookies for this host alone, out of reach for scripts, and for frames', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('big');
    const { visitor, state, idToken } = await beginLogin(tool, canvas, { courseId, personId: cast.student });
    const launched = await postLaunch(tool, visitor, { state, id_token: idToken });
    const begun = await sendRaw(tool, '/lti/login', {
      method: 'POST',
      fields: canvas.loginForm({ courseId, personId: cast.student }),
    });
    const cookies = [...launched.cookies, ...begun.cookies];
    expect(cookies.map((line) => line.split('=')[0])).toEqual(['__Host-rostrum-session', '__Host-rostrum-login']);
    for (const cookie of cookies) {
      const [pair = '', ...attributes] = cookie.split('; ');
      expect(pair).toMatch(/^__Host-rostrum-\w+=[\w-]{43}$/);
      expect(attributes).toEqual(
        expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=None', 'Partitioned']),
      );
      expect(cookie).not.toMatch(/Domain=/i);
    }
    expect(launched.location).not.toContain(launched.cookies[0]?.split(/[=;]/)[1] ?? '-');
  });
});

describe('the app of ltijs', () => {
  const paths = [
    '/',
    '/login',
    '/keys',
    '/register',
    '/launch',
    '/lti',
    '/invalidtoken',
    '/sessiontimeout',
    '/deeplink',
  ];

  it.each(paths)('answers nothing at %s', async (path) => {
    const ltik = tool.sandbox.canvas.signIdToken({ sub: 'x' });
    for (const method of ['GET', 'POST']) {
      for (const [query, headers] of [
        ['', {}],
        [`?ltik=${ltik}`, {}],
        ['', { authorization: `Bearer ${ltik}` }],
        ['', { authorization: `LTIK-AUTH-V2 ${ltik}`, origin: 'https://evil.example' }],
      ] as const) {
        const answer = await sendRaw(tool, path + query, { method, headers });
        expect([method, answer.status]).toEqual([method, path === '/' && method === 'GET' ? 200 : 404]);
        expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
        expect(answer.text).not.toMatch(/NO_LTIK|LTIK|bodyReceived|"details"/);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
        expect(answer.cookies).toEqual([]);
      }
    }
  });

  it('answers no id_token at other addresses than our own', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('big');
    const { visitor, state, idToken } = await beginLogin(tool, canvas, { courseId, personId: cast.student });
    for (const path of ['/', '/lti', '/channels', '/lti/login', '/lti/register']) {
      const fields = { state, id_token: idToken };
      const answer = await sendRaw(tool, path, { method: 'POST', as: visitor, fields });
      expect([path, answer.status >= 400 && answer.status < 500, answer.location]).toEqual([path, true, null]);
    }
  });
});

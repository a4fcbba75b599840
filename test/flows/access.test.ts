import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES, type ApiScope } from '../../src/api/api-key-store.ts';
import { API_ROUTES, type ApiRoute } from '../../src/api/routes-table.ts';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { createManageMembers } from '../../src/channels/manage-members.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { hashSecret, newId, newSecret, systemRandom } from '../../src/lib/ids.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { cookieHeader, type RawAnswer, sendRaw } from '../support/attacker.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

const NOBODY = '01arz3ndektsv4rrffq69g5fav';

let tool: Tool;
/** The channel that is attacked, its held sync and its last applied one, and a sync of another channel. */
let target: { id: ChannelId; held: SyncRun; applied: SyncRun; ids: Omit<Ids, 'sync'> };
let elsewhere: { id: ChannelId; sync: SyncRun };
let people: Record<'nobody' | 'student' | 'moderator' | 'manager' | 'otherChannel' | 'otherPlatform', Visitor>;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 40 } });
  const { canvas, moodle } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  const big = canvas.course('big');
  const manager = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
  // Manages a channel of the same platform, and is in the attacked one neither by roster nor by hand.
  const stranger = canvas.roster.add(big.id, { role: 'teacher' });
  const otherChannel = await launchAs(tool, canvas, { courseId: big.id, personId: stranger.id });
  people = {
    nobody: tool.visitor(),
    student: await launchAs(tool, canvas, { courseId, personId: cast.student }),
    moderator: await launchAs(tool, canvas, { courseId, personId: cast.assistant }),
    manager,
    otherChannel,
    otherPlatform: await launchAs(tool, moodle, {
      courseId: moodle.course('small').id,
      personId: moodle.course('small').cast.instructor,
    }),
  };
  await tool.settled();
  elsewhere = { id: channelIn(otherChannel.url), sync: await tool.lastRun(channelIn(otherChannel.url)) };
  const id = channelIn(manager.url);
  const applied = await tool.lastRun(id);
  canvas.roster.setEmpty(courseId, true);
  await tool.app.syncService.request({ channelId: id, trigger: 'button', requestedBy: null });
  await tool.settled();
  canvas.roster.setEmpty(courseId, false);
  target = { id, held: await tool.lastRun(id), applied, ids: await changeSomebody(id) };
  expect([target.applied.state, target.held.state]).toEqual(['applied', 'held']);
});

afterAll(() => tool.close());

/** Gives the channel something that can be undone; returns whom it is about, and what it is called. */
async function changeSomebody(channelId: ChannelId): Promise<Omit<Ids, 'sync'>> {
  const { cast } = tool.sandbox.canvas.course('small');
  const member = (await membersOf(tool, channelId)).find(({ subject }) => subject === cast.student);
  const manageMembers = createManageMembers({ ...tool.storage, clock: Date.now, random: systemRandom });
  const changed = await manageMembers.change({
    ...{ channelId, userId: member?.userId as UserId, change: { level: 'contributor' }, override: true },
    ...{ seen: null, actor: 'system' },
  });
  if (!changed.ok) throw new Error(changed.reason);
  return { userId: member?.userId ?? '', activityId: changed.value.activityId ?? '' };
}

type Who = keyof typeof people;
type PageRoute = {
  method: 'GET' | 'POST';
  path: (channel: string, ids: Ids) => string;
  least: Level;
  hasSync?: true;
  /** What a form of the page sends besides the token. */
  fields?: (ids: Ids) => Record<string, string>;
};
type Ids = { sync: string; userId: string; activityId: string };
type Level = 'student' | 'moderator' | 'manager';

const ROUTES: Record<string, PageRoute> = {
  channel: { method: 'GET', path: (id) => `/channels/${id}`, least: 'student' },
  members: { method: 'GET', path: (id) => `/channels/${id}/members`, least: 'moderator' },
  member: { method: 'GET', path: (id, { userId }) => `/channels/${id}/members/${userId}`, least: 'manager' },
  people: { method: 'GET', path: (id) => `/channels/${id}/people`, least: 'manager' },
  'add a member (form)': { method: 'GET', path: (id) => `/channels/${id}/members/add`, least: 'manager' },
  activity: { method: 'GET', path: (id) => `/channels/${id}/activity`, least: 'moderator' },
  settings: { method: 'GET', path: (id) => `/channels/${id}/settings`, least: 'manager' },
  'delete (question)': { method: 'GET', path: (id) => `/channels/${id}/delete`, least: 'manager' },
  sync: { method: 'GET', path: (id, { sync }) => `/channels/${id}/syncs/${sync}`, least: 'moderator', hasSync: true },
  events: {
    method: 'GET',
    path: (id, { sync }) => `/channels/${id}/syncs/${sync}/events`,
    least: 'moderator',
    hasSync: true,
  },
  'ask for a sync': { method: 'POST', path: (id) => `/channels/${id}/sync`, least: 'moderator' },
  'change a member': {
    method: 'POST',
    path: (id, { userId }) => `/channels/${id}/members/${userId}`,
    fields: () => ({ action: 'level', level: 'manager' }),
    least: 'manager',
  },
  'add a member': {
    method: 'POST',
    path: (id) => `/channels/${id}/members/add`,
    fields: ({ userId }) => ({ userId, level: 'manager' }),
    least: 'manager',
  },
  'preview a change of many': {
    method: 'POST',
    path: (id) => `/channels/${id}/members/preview`,
    fields: ({ userId }) => ({ action: 'status-inactive', user: userId }),
    least: 'manager',
  },
  'change many': {
    method: 'POST',
    path: (id) => `/channels/${id}/members/change`,
    fields: ({ userId }) => ({ action: 'status-inactive', user: userId }),
    least: 'manager',
  },
  undo: {
    method: 'POST',
    path: (id, { activityId }) => `/channels/${id}/activity/${activityId}/undo`,
    least: 'manager',
  },
  'save settings': {
    method: 'POST',
    path: (id) => `/channels/${id}/settings`,
    fields: () => ({ name: 'Taken over', privacy: 'open' }),
    least: 'manager',
  },
  'pass the channel on': {
    method: 'POST',
    path: (id) => `/channels/${id}/settings/owner`,
    fields: ({ userId }) => ({ ownerId: userId }),
    least: 'manager',
  },
  delete: { method: 'POST', path: (id) => `/channels/${id}/delete`, least: 'manager' },
  apply: {
    method: 'POST',
    path: (id, { sync }) => `/channels/${id}/syncs/${sync}/apply`,
    least: 'manager',
    hasSync: true,
  },
  discard: {
    method: 'POST',
    path: (id, { sync }) => `/channels/${id}/syncs/${sync}/discard`,
    least: 'manager',
    hasSync: true,
  },
};

const ALL_ROUTES = Object.entries(ROUTES).map(([name, route]) => ({ name, ...route }));
const CHANGES = ALL_ROUTES.filter(({ method }) => method === 'POST');
const LEVELS: readonly Level[] = ['student', 'moderator', 'manager'];
const OWN = () => ({ origin: tool.url, 'sec-fetch-site': 'same-origin' });

function ask(
  who: Who,
  route: PageRoute,
  place: { channel?: string; sync?: string; headers?: Record<string, string>; token?: string | null } = {},
): Promise<RawAnswer> {
  const visitor = people[who];
  const ids = { ...target.ids, sync: place.sync ?? target.held.id };
  const path = route.path(place.channel ?? target.id, ids);
  if (route.method === 'GET') return sendRaw(tool, path, { as: visitor, headers: place.headers ?? {} });
  const token = place.token === undefined ? tokenOf(visitor) : place.token;
  const fields = { ...route.fields?.(ids), ...(token === null ? { other: 'field' } : { _csrf: token }) };
  return sendRaw(tool, path, { method: 'POST', as: visitor, headers: place.headers ?? OWN(), fields });
}

function tokenOf(visitor: Visitor): string {
  return csrfTokenOf({ headers: { cookie: cookieHeader(visitor) } } as Request) ?? 'x'.repeat(43);
}

/** What an attack must leave as it was. */
async function standing(): Promise<unknown> {
  const [held, runs, members, channel, activity] = await Promise.all([
    tool.storage.syncs.findSync(target.held.id),
    tool.storage.syncs.listSyncs(target.id, 50),
    membersOf(tool, target.id),
    tool.storage.channels.findChannel(target.id),
    tool.storage.activity.listActivity(target.id, {}, { limit: 50 }),
  ]);
  return { held, runs: runs.length, members, channel, activity };
}

describe.each(ALL_ROUTES)('the route "$name" of a channel', (route) => {
  const mayNot: Who[] = ['nobody', ...LEVELS.slice(0, LEVELS.indexOf(route.least)), 'otherChannel', 'otherPlatform'];

  it.each(mayNot)('turns away %s, and shows and changes nothing', async (who) => {
    const before = await standing();
    const answer = await ask(who, route);
    expect(answer.status).toBe(who === 'nobody' ? 401 : who.startsWith('other') ? 404 : 403);
    expect(answer.text).not.toContain(target.id);
    expect(answer.text).not.toContain(tool.sandbox.canvas.course('small').title);
    expect(await standing()).toEqual(before);
  });

  it('does not exist for a channel that nobody has, not even for a manager', async () => {
    for (const channel of [NOBODY, '__proto__', 'constructor', `${target.id}%00`, '%ff', '%20']) {
      const { status } = await ask('manager', route, { channel });
      expect([channel, status >= 400 && status < 500]).toEqual([channel, true]);
    }
  });

  it('lets nobody in by the grant of somebody else’s session', async () => {
    const as = new URL(people.manager.url).searchParams.get('as') ?? '';
    const path = (channel: string, ids: Ids) => `${route.path(channel, ids)}?as=${as}`;
    expect((await ask('otherChannel', { ...route, path })).status).toBe(401);
    expect((await ask('otherPlatform', { ...route, path })).status).toBe(401);
  });

  if (route.hasSync)
    it('knows no sync of another channel and none that nobody has', async () => {
      for (const sync of [elsewhere.sync.id, NOBODY, '__proto__', '%00']) {
        const { status } = await ask('manager', route, { sync });
        expect([sync, status]).toEqual([sync, 404]);
      }
      expect((await ask('otherChannel', route, { channel: elsewhere.id })).status).toBe(404);
    });

  it('answers other methods as if there were nothing', async () => {
    const path = route.path(target.id, { ...target.ids, sync: target.held.id });
    const known = ALL_ROUTES.filter((one) => one.path(target.id, { ...target.ids, sync: target.held.id }) === path);
    // Some paths of forms read as those of one member, whose ID nobody has.
    for (const other of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      if (known.some(({ method }) => method === other)) continue;
      const answer = await sendRaw(tool, path, { method: other, as: people.manager, headers: OWN() });
      expect([other, answer.status]).toEqual([other, 404]);
    }
  });
});

describe.each(CHANGES)('the change "$name"', (route) => {
  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site that hides its origin', { 'sec-fetch-site': 'cross-site' }],
    ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { origin: 'http://sister.localhost', 'sec-fetch-site': 'same-site' }],
    ['the LMS', { origin: 'LMS', 'sec-fetch-site': 'cross-site' }],
    ['an origin that says it is ours', { origin: 'TOOL', 'sec-fetch-site': 'cross-site' }],
    ['another origin that claims to be the same', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
    ['nowhere', {}],
    ['the address bar', { 'sec-fetch-site': 'none' }],
  ])('is refused when it comes from %s, with the right token', async (_what, given) => {
    const origins: Record<string, string> = { LMS: new URL(tool.sandbox.url).origin, TOOL: tool.url };
    const named = given.origin === undefined ? {} : { origin: origins[given.origin] ?? given.origin };
    const before = await standing();
    const answer = await ask('manager', route, { headers: { ...given, ...named } });
    expect(answer.status).toBe(403);
    expect(await standing()).toEqual(before);
  });

  it('is refused without its own session’s token', async () => {
    const before = await standing();
    const tokens = [null, '', 'x'.repeat(43), tokenOf(people.moderator), `${tokenOf(people.manager)}x`];
    for (const token of tokens) expect((await ask('manager', route, { token })).status).toBe(403);
    const path = route.path(target.id, { ...target.ids, sync: target.held.id });
    const twice = `_csrf=${tokenOf(people.manager)}&_csrf=${tokenOf(people.manager)}`;
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', twice],
      ['application/json', JSON.stringify({ _csrf: [tokenOf(people.manager)] })],
      ['text/plain', `_csrf=${tokenOf(people.manager)}`],
      ['application/json', 'null'],
    ] as const) {
      const headers = { ...OWN(), cookie: cookieHeader(people.manager), 'content-type': type };
      const { status } = await fetch(`${tool.url}${path}`, { method: 'POST', headers, body, redirect: 'manual' });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(await standing()).toEqual(before);
  });
});

describe('a session', () => {
  it('is nothing without its cookie’s exact value', async () => {
    const path = `/channels/${target.id}`;
    const value = people.manager.cookies().get('__Host-rostrum-session') ?? '';
    for (const cookie of [
      `rostrum-session=${value}`,
      `__Host-rostrum-session=${value}x`,
      `__Host-rostrum-session=${value.toLowerCase()}`,
      `__Host-rostrum-session=${hashSecret(value)}`,
      `__Host-rostrum-session="${value}"`,
      `__Host-rostrum-login=${value}`,
    ]) {
      expect((await sendRaw(tool, path, { headers: { cookie } })).status).toBe(401);
    }
    expect((await sendRaw(tool, `${path}?session=${value}&ltik=${value}`)).status).toBe(401);
    expect((await sendRaw(tool, path, { headers: { authorization: `Bearer ${value}` } })).status).toBe(401);
  });
});

describe('what is allowed', () => {
  it('still works for each level', async () => {
    for (const route of ALL_ROUTES.filter(({ method }) => method === 'GET')) {
      for (const who of LEVELS.slice(LEVELS.indexOf(route.least))) {
        expect([route.name, who, (await ask(who, route)).status]).toEqual([route.name, who, 200]);
      }
    }
    const discard = ROUTES.discard as PageRoute;
    expect((await ask('manager', discard)).status).toBe(303);
    expect(await tool.storage.syncs.findSync(target.held.id)).toMatchObject({ state: 'discarded' });
  });
});

describe.each(Object.entries<ApiRoute>(API_ROUTES))('the API operation %s', (name, route) => {
  const fill = (ids: Record<string, string>) =>
    `/api/v1${route.path.replace(/\{(\w+)\}/g, (_all, id: string) => ids[id] ?? NOBODY)}`;
  const body = () =>
    route.body ? { json: name === 'changeChannel' ? { moderated: true } : { level: 'manager' } } : {};
  const enough = [...route.scopes, ...(route.eitherScope ?? []).slice(0, 1)];
  const needed = name === 'searchPeople' ? '?platformId=x&q=nobody' : '';
  const call = (path: string, key: string | null, more: object = {}) =>
    sendRaw(tool, path, {
      method: route.method.toUpperCase(),
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      ...body(),
      ...more,
    });
  const real = async () => {
    const [member] = await membersOf(tool, target.id);
    return fill({ channelId: target.id, userId: member?.userId ?? '', syncId: target.applied.id });
  };

  it('wants its own scope and no other', async () => {
    const before = await standing();
    const others = API_SCOPES.filter((scope) => scope !== enough[0] && !route.eitherScope?.includes(scope));
    const refused = await call(await real(), await keyWith(others));
    expectProblem(refused, 403, 'scope-missing');
    expect(await standing()).toEqual(before);
    const unknown = await call(fill({}) + needed, await keyWith(enough));
    if (route.path.includes('{')) expectProblem(unknown, 404);
    else expect(unknown.status).toBe(200);
  });

  it('takes no key that is unknown, revoked, bare, or a session', async () => {
    const revoked = await keyWith(API_SCOPES, { revoked: true });
    const path = await real();
    expectProblem(await call(path, null), 401, 'no-key');
    expectProblem(await call(path, newSecret()), 401, 'unknown-key');
    expectProblem(await call(path, revoked), 401, 'unknown-key');
    expectProblem(await call(path, null, { as: people.manager }), 401, 'no-key');
    const good = await keyWith(API_SCOPES);
    for (const authorization of [good, `Basic ${good}`, `Bearer ${hashSecret(good)}`, `Bearer ${good} ${good}`]) {
      expectProblem(await call(path, null, { headers: { authorization } }), 401);
    }
    expectProblem(await call(`${path}?key=${good}&access_token=${good}`, null), 401, 'no-key');
  });

  if (route.path.includes('{'))
    it('has nothing under an ID of something else', async () => {
      const key = await keyWith(enough);
      const [stranger] = (await membersOf(tool, elsewhere.id)).filter(
        ({ subject }) => !tool.sandbox.canvas.course('small').enrolments.has(subject),
      );
      const strange = [
        { channelId: target.applied.id, syncId: target.id, userId: target.id },
        { channelId: '__proto__', syncId: 'constructor', userId: 'toString' },
        { channelId: '%00', syncId: '%00', userId: '%00' },
        // Others of the platform can be added, and are removed already.
        ...(name === 'getMember' || name === 'changeMember'
          ? [{ channelId: target.id, userId: stranger?.userId ?? '' }]
          : []),
      ];
      for (const ids of strange) expectProblem(await call(fill(ids), key), 404);
    });
});

async function keyWith(scopes: readonly ApiScope[], options: { revoked?: boolean } = {}): Promise<string> {
  const key = `rostrum_${newSecret()}`;
  const [id, now] = [newId<'key'>(Date.now()), Date.now()];
  const keyHash = hashSecret(key);
  await tool.storage.apiKeys.addApiKey({
    id,
    name: 'k',
    keyHash,
    scopes: [...scopes],
    createdAt: now,
    revokedAt: null,
  });
  if (options.revoked) await tool.storage.apiKeys.revokeApiKey(id, now);
  return key;
}

function expectProblem(answer: RawAnswer, status: number, reason?: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  const body = JSON.parse(answer.text);
  expect(body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  expect(body.instance).toBe(`urn:rostrum:request:${body.id}`);
  expect(body.type).toMatch(/^urn:rostrum:problem:/);
  if (reason) expect(body.type).toBe(`urn:rostrum:problem:${reason}`);
  if (status === 401 || status === 403) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect(tool.logged.some((line) => line.requestId === body.id)).toBe(true);
}

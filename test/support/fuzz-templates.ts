import type { Express, Request } from 'express';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { API_ROUTES, type ApiRoute, type Operation } from '../../src/api/routes-table.ts';
import type { ChannelId, PlatformId } from '../../src/channels/channel.ts';
import { createManageMembers } from '../../src/channels/manage-members.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { hashSecret, newSecret, systemRandom } from '../../src/lib/ids.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { beginLogin, cookieHeader } from './attacker.ts';
import type { Template } from './fuzz.ts';
import { zoomTemplates } from './fuzz-zoom-templates.ts';
import { userIn } from './recordings.ts';
import { channelIn, launchAs, membersOf, type Tool } from './tool.ts';
import type { Visitor } from './visitor.ts';

const LOGINS = 40;

/** What the tool's own pages, LMSs and API clients send, with good sessions, tokens and keys. */
export async function makeTemplates(tool: Tool): Promise<Template[]> {
  const { canvas, moodle } = tool.sandbox;
  const small = await openTarget(tool, canvas, 'small');
  // One whose settings, members and life may change: the other one stays open, and its manager a manager.
  const big = await openTarget(tool, canvas, 'big');
  const { id: courseId, cast } = canvas.course('small');
  const student = await launchAs(tool, canvas, { courseId, personId: cast.student });
  const key = newSecret();
  const made = { keyHash: hashSecret(key), scopes: [...API_SCOPES], createdAt: Date.now(), revokedAt: null };
  await tool.storage.apiKeys.addApiKey({ id: 'fuzz', name: 'fuzz', ...made });
  const own = ownPage(tool);
  const userId = await userIn(tool, small.id, cast.instructor);
  const zoom = await zoomTemplates(tool, { ...small, userId }, own);
  const pages = [...pageTemplates(small, own), ...formTemplates(small, own)];
  const endings = [...pageTemplates(big, own), ...formTemplates(big, own), ...endTemplates(big, own)];
  return [
    ...openTemplates(),
    ...pages.map((page) => withCookie(page, small.manager)),
    ...pages.map((page) => withCookie(page, small.manager)),
    ...pages.map((page) => withCookie(page, student)),
    ...pages,
    ...endings.map((page) => withCookie(page, big.manager)),
    ...zoom.map((page) => withCookie(page, small.manager)),
    ...zoom.map((page) => withCookie(page, student)),
    ...zoom,
    ...(await loginTemplates(tool, canvas)),
    ...(await loginTemplates(tool, moodle)),
    { method: 'POST', path: '/lti/handover', headers: own, fields: { code: newSecret() } },
    {
      method: 'POST',
      path: '/lti/register',
      headers: own,
      fields: { invite: 'x', openid_configuration: tool.sandbox.url, digest: 'x' },
    },
    { method: 'GET', path: '/lti/register', query: { invite: 'x', openid_configuration: tool.sandbox.url } },
    ...Object.entries<ApiRoute>(API_ROUTES).flatMap(([name, route]) => {
      const target = name === 'deleteChannel' || name === 'restoreChannel' ? big : small;
      return apiTemplates(name as Operation, route, { key, target });
    }),
  ];
}

type Target = {
  id: ChannelId;
  platformId: PlatformId;
  manager: Visitor;
  as: string;
  fields: { _csrf: string };
  syncId: string;
  activityId: string;
  members: Membership[];
  /** A member by the roster, at the lowest level. */
  member: Membership;
  /** Somebody of the platform who is in no channel. */
  stranger: string;
};

async function openTarget(tool: Tool, lms: SandboxLms, course: 'small' | 'big'): Promise<Target> {
  const { id: courseId, cast } = lms.course(course);
  const manager = await launchAs(tool, lms, { courseId, personId: cast.instructor });
  await tool.settled();
  const id = channelIn(manager.url);
  const channel = await tool.storage.channels.findChannel(id);
  const members = await membersOf(tool, id);
  const [member, other] = members.filter(({ level, isTest }) => level === 'member' && !isTest);
  if (!channel || !member || !other) throw new Error('the channel has too few members');
  const manageMembers = createManageMembers({ ...tool.storage, clock: Date.now, random: systemRandom });
  const changed = await manageMembers.change({
    ...{ channelId: id, userId: other.userId, change: { level: 'contributor' }, override: true },
    ...{ seen: null, actor: 'system' },
  });
  const { platformId } = channel;
  const person = { name: 'Nobody Yet', email: null };
  const stranger = await tool.storage.memberships.upsertUser({ platformId, subject: 'nobody-yet', person, at: 1 });
  return {
    ...{ id, platformId, manager, members, member, stranger: stranger.id },
    as: new URL(manager.url).searchParams.get('as') ?? '',
    fields: { _csrf: csrfTokenOf({ headers: { cookie: cookieHeader(manager) } } as Request) ?? '' },
    syncId: (await tool.lastRun(id)).id,
    activityId: changed.ok ? (changed.value.activityId ?? '') : '',
  };
}

function ownPage(tool: Tool): Record<string, string> {
  return { origin: tool.url, 'sec-fetch-site': 'same-origin' };
}

function withCookie(one: Template, visitor: Visitor): Template {
  return { ...one, headers: { ...one.headers, cookie: cookieHeader(visitor) } };
}

function openTemplates(): Template[] {
  const paths = [
    ...['/', '/healthz', '/readyz', '/lti/keys', '/lti/config/canvas.json', '/lti/icon.svg', '/api/v1/openapi.json'],
    ...['/assets/css/rostrum.css', '/assets/vendor/htmx.min.js', '/lti/launch', '/lti/login', '/lti/register'],
    '/nothing',
  ];
  return paths.map((path) => ({ method: 'GET', path, query: path.startsWith('/assets') ? { v: 'x' } : {} }));
}

const LIST = { q: 'a', level: 'member', status: 'active', method: 'manual', cursor: '' };

function pageTemplates({ id, as, syncId, member }: Target, _own: Record<string, string>): Template[] {
  const get = (path: string, query: Record<string, string> = {}): Template => ({
    method: 'GET',
    path: `/channels/${id}${path}`,
    query: { as, ...query },
  });
  return [
    get('', { notice: 'sync-asked' }),
    get('/members', LIST),
    get('/members', { notice: 'undone-member', undo: member.userId, count: '3', refused: '1', now: 'member' }),
    get(`/members/${member.userId}`, LIST),
    get('/members/add', { find: 'nobody', ...LIST }),
    get('/people', { q: 'nobody' }),
    get('/activity', { cursor: '' }),
    get('/settings'),
    get('/delete'),
    get('/pass-on', { ownerId: member.userId, seenOwnerId: '' }),
    get(`/syncs/${syncId}`, { kind: 'add', from: '0' }),
    get(`/syncs/${syncId}/events`),
    {
      method: 'GET',
      path: '/channels',
      query: { as, scope: 'open', q: 'a', cursor: '', notice: 'deleted', channel: id },
    },
  ];
}

function formTemplates(target: Target, own: Record<string, string>): Template[] {
  const { id, fields, as, syncId, activityId, member, members, stranger } = target;
  const post = (path: string, more: Record<string, string> = {}): Template => ({
    method: 'POST',
    path: `/channels/${id}${path}`,
    query: { as },
    headers: own,
    fields: { ...fields, ...more },
  });
  const many = { users: members.map(({ userId }) => userId).join(' '), do: 'automatic', ...LIST };
  return [
    post('/sync'),
    post(`/syncs/${syncId}/apply`),
    post(`/syncs/${syncId}/discard`),
    post(`/members/${member.userId}`, { do: 'level.moderator', standing: 'member...', ...LIST }),
    post(`/members/${member.userId}`, { do: 'deactivate', standing: 'member...' }),
    post('/members/add', { person: stranger, as_level: 'contributor', find: 'nobody', ...LIST }),
    post('/members/preview', many),
    post('/members/preview', { everyone: 'found', do: 'deactivate', ...LIST }),
    post('/members/change', many),
    post(`/activity/${activityId}/undo`, { back: 'members', ...LIST }),
    post('/settings', SETTINGS),
    post('/settings/owner', { ownerId: member.userId, seenOwnerId: '' }),
  ];
}

const SETTINGS = {
  version: '1',
  givenName: 'Name',
  description: 'About it',
  tags: 'one, two',
  referenceId: '',
  privacy: 'private',
  contributionPolicy: 'contributors',
  moderated: 'on',
  syncAutomatic: 'on',
  syncDeparted: 'site',
  syncAsks: 'on',
  was: '{"givenName":"","tags":""}',
};

/** What ends a channel or empties it, and what brings it back. */
function endTemplates({ id, fields, as }: Target, own: Record<string, string>): Template[] {
  const form = { method: 'POST', query: { as }, headers: own };
  const back = { ...form, path: `/channels/${id}/restore`, fields };
  return [{ ...form, path: `/channels/${id}/delete`, fields }, back, back];
}

async function loginTemplates(tool: Tool, lms: SandboxLms): Promise<Template[]> {
  const { id: courseId, cast } = lms.course('small');
  const who = { courseId, personId: cast.student };
  const login = { ...lms.loginForm(who), lti_storage_target: '_parent' };
  const launches: Template[] = [];
  for (let i = 0; i < LOGINS; i++) {
    const { visitor, state, idToken } = await beginLogin(tool, lms, who);
    const headers = { cookie: cookieHeader(visitor) };
    const launch = { method: 'POST', path: '/lti/launch', headers };
    launches.push({ ...launch, fields: { state, id_token: idToken } });
    if (i % 8 !== 0) continue;
    launches.push(
      { ...launch, fields: { state, error: 'login_required', error_description: 'x' } },
      { method: 'GET', path: '/lti/login/continue', headers, query: { state } },
      { method: 'GET', path: '/lti/login/continue', query: { state } },
      { method: 'GET', path: '/lti/login/again', query: { state } },
      { method: 'POST', path: '/lti/login', fields: login },
      { method: 'GET', path: '/lti/login', query: login },
    );
  }
  return launches;
}

const BODIES: Partial<Record<Operation, object>> = {
  changeChannel: { description: 'x', tags: ['x'], sync: { automatic: true }, referenceId: null },
  putMember: { level: 'member', updateMethod: 'manual', override: true, name: 'N', email: 'n@campus.example' },
  changeMember: { level: 'member', override: true },
};

function apiTemplates(name: Operation, route: ApiRoute, { key, target }: { key: string; target: Target }): Template[] {
  const ids: Record<string, string> = {
    ...{ channelId: target.id, syncId: target.syncId, activityId: target.activityId },
    userId: target.member.userId,
  };
  const path = `/api/v1${route.path.replace(/\{(\w+)\}/g, (_all, id: string) => ids[id] ?? '')}`;
  const method = route.method.toUpperCase();
  const known: Record<string, string> = { platformId: target.platformId, q: 'nobody', override: 'true' };
  const query = Object.fromEntries(Object.keys(route.query.shape).map((one) => [one, known[one] ?? '1']));
  const headers = { authorization: `Bearer ${key}` };
  const one: Template = { method, path, query, ...(route.body ? { json: BODIES[name] ?? {} } : {}) };
  const bySubject = { ...one, path: path.replace(target.member.userId, 'sub:made-up'), headers };
  const conditional = { ...one, headers: { ...headers, 'if-match': '"1"' } };
  return [
    { ...one, headers },
    { ...one, headers, query: {} },
    ...(path.includes('/members/') ? [bySubject] : []),
    ...(route.preconditions ? [conditional] : []),
    one,
  ];
}

/** The routes of a server that no template reaches, as `GET /path`. */
export function routesWithout(templates: readonly Template[], server: Express): string[] {
  const routes = routesIn(server.router as unknown as Layers);
  const reached = new Set(templates.map(({ method, path }) => routes.find((one) => takes(one, method, path))));
  return routes.filter((one) => !reached.has(one)).map(({ method, path }) => `${method} ${path}`);
}

type Layers = { stack: Layer[] };
type Layer = {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle?: Partial<Layers>;
};
type Route = { method: string; path: string };

/** In the order in which they are asked; a route for all methods is a guard or an answer to the wrong ones. */
function routesIn({ stack }: Layers): Route[] {
  return stack.flatMap(({ route, handle }) => {
    if (handle?.stack && !route) return routesIn({ stack: handle.stack });
    const methods = Object.keys(route?.methods ?? {}).filter((method) => method !== '_all');
    return [route?.path ?? []]
      .flat()
      .flatMap((path) => methods.map((method) => ({ method: method.toUpperCase(), path })));
  });
}

function takes(route: Route, method: string, path: string): boolean {
  if (route.method !== method) return false;
  // A router that is mounted below a path knows nothing of it.
  const [wanted, given] = [route.path.split('/'), path.replace(/^\/assets/, '').split('/')];
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith(':') || part === given[i]);
}

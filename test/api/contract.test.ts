import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { ADDRESS_LIMIT, KEY_LIMIT } from '../../src/api/identify.ts';
import { API_PROBLEMS, type ApiProblemReason } from '../../src/api/problems.ts';
import { API_ROUTES, type ApiRoute, type Operation, problemsOf } from '../../src/api/routes-table.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { withOverride } from '../../src/channels/membership.ts';
import { documented, expectDocumented } from './contract.ts';
import { type ApiFixture, startApi } from './support.ts';

type Call = {
  path?: Record<string, string>;
  query?: Record<string, string>;
  body?: object;
  headers?: Record<string, string>;
};

type Row<Name extends Operation> = {
  /** A request that is answered with each good status. */
  good: Record<(typeof API_ROUTES)[Name]['statuses'][number], () => Promise<Call>>;
  /** A request that provokes each problem of its own. */
  problems: Record<(typeof API_ROUTES)[Name]['problems'][number], () => Promise<Call>>;
};

let api: ApiFixture;
let key: string;
let courses = 0;

beforeAll(async () => {
  api = await startApi();
  key = await api.keyFor(API_SCOPES);
});
afterAll(() => api.close());

const OPERATIONS = Object.keys(API_ROUTES) as Operation[];
const NOBODY = 'nobody';
const STALE = { 'If-Match': '"99999999999999999999-stale"' };

const noChannel = async (): Promise<Call> => ({ path: { channelId: NOBODY, userId: NOBODY, activityId: NOBODY } });
const noPerson = async (): Promise<Call> => ({ path: { ...(await inCourse()).path, userId: NOBODY } });
const noSync = async (): Promise<Call> => ({ path: { syncId: NOBODY } });
const decided = async (verb: 'applySync' | 'discardSync'): Promise<Call> => {
  const held = await heldSync();
  const other = await api.keyFor(API_SCOPES);
  expect((await send(verb, held, other)).status).toBe(200);
  return held;
};

/** What provokes each good answer and each problem; the types want every one of them. */
const TABLE: { [Name in Operation]: Row<Name> } = {
  listChannels: { good: { 200: async () => ({}) }, problems: {} },
  getChannel: { good: { 200: inCourse }, problems: { 'no-such-channel': noChannel } },
  changeChannel: {
    good: { 200: async () => ({ ...(await inCourse()), body: { sync: { automatic: false } } }) },
    problems: {
      'no-such-channel': deletedChannel,
      'no-such-person': async () => ({ ...(await inCourse()), body: { owner: NOBODY } }),
      'test-student': async () => {
        const channel = await newChannel();
        const { userId } = await api.addMember(channel, { subject: `test-${channel.id}`, isTest: true });
        return { path: { channelId: channel.id }, body: { owner: userId } };
      },
      'reference-id-taken': async () => {
        const taken = await newChannel();
        return { ...(await inCourse()), body: { referenceId: taken.referenceId } };
      },
      'changed-meanwhile': async () => ({ ...(await inCourse()), headers: STALE }),
    },
  },
  deleteChannel: {
    good: { 200: inCourse },
    problems: {
      'no-such-channel': noChannel,
      'changed-meanwhile': async () => ({ ...(await inCourse()), headers: STALE }),
    },
  },
  restoreChannel: { good: { 200: deletedChannel }, problems: { 'no-such-channel': noChannel } },
  listActivity: {
    good: { 200: async () => (await undoable()).call },
    problems: { 'no-such-channel': deletedChannel },
  },
  undoActivity: {
    good: { 200: async () => (await undoable()).call },
    problems: {
      'no-such-channel': noChannel,
      'no-such-activity': async () => ({ path: { ...(await inCourse()).path, activityId: NOBODY } }),
      'not-undoable': async () => {
        const held = await heldSync();
        await send('discardSync', held);
        return lastActivity((await newestHeld(held)).channelId);
      },
      'changed-since': async () => {
        const { call, channel, userId } = await undoable();
        const path = { channelId: channel.id, userId };
        await send('changeMember', { path, body: { level: 'moderator', override: true } });
        return call;
      },
      'last-manager': async () => {
        const { call, channel, manager } = await undoable('manager');
        await send('changeMember', {
          path: { channelId: channel.id, userId: manager },
          body: { status: 'inactive', override: true },
        });
        return call;
      },
      'is-owner': async () => {
        const channel = await newChannel();
        const { userId } = await api.addMember(channel, { subject: `owner-${channel.id}` });
        await send('changeChannel', { path: { channelId: channel.id }, body: { owner: userId } });
        return lastActivity(channel.id, 'member.owner');
      },
      'reference-id-taken': async () => {
        const channel = await newChannel();
        const { referenceId } = channel;
        await send('changeChannel', { path: { channelId: channel.id }, body: { referenceId: `new-${channel.id}` } });
        const undo = await lastActivity(channel.id, 'channel.change');
        const other = await newChannel();
        await send('changeChannel', { path: { channelId: other.id }, body: { referenceId } });
        return undo;
      },
    },
  },
  listMembers: { good: { 200: member }, problems: { 'no-such-channel': deletedChannel } },
  getMember: {
    good: { 200: member },
    problems: { 'no-such-channel': deletedChannel, 'no-such-member': noPerson },
  },
  putMember: {
    good: { 200: member, 201: async () => ({ path: { ...(await inCourse()).path, userId: 'sub:new/1' } }) },
    problems: {
      'no-such-channel': deletedChannel,
      'no-such-person': noPerson,
      'kept-set-by-hand': memberByHand,
      'test-student': async () => {
        const channel = await newChannel();
        const { userId } = await api.addMember(channel, { subject: `test-${channel.id}`, isTest: true });
        return { path: { channelId: channel.id, userId }, body: { level: 'member' } };
      },
      'roster-decides': async () => ({ ...(await member()), body: { level: 'manager', updateMethod: 'automatic' } }),
      'last-manager': () => member({ level: 'manager' }),
      'is-owner': async () => ({ ...(await owner()), body: { level: 'member', override: true } }),
      'changed-meanwhile': async () => ({ ...(await member()), headers: { 'If-None-Match': '*' } }),
    },
  },
  changeMember: {
    good: { 200: member },
    problems: {
      'no-such-channel': deletedChannel,
      'no-such-member': noPerson,
      'kept-set-by-hand': memberByHand,
      'added-by-hand': async () => {
        const path = { ...(await inCourse()).path, userId: 'sub:added' };
        await send('putMember', { path, body: { level: 'member' } });
        await send('changeMember', { path, body: { updateMethod: 'automatic', override: true } });
        return { path, body: { updateMethod: 'automatic', override: true } };
      },
      'last-manager': () => member({ level: 'manager' }),
      'is-owner': async () => ({ ...(await owner()), body: { status: 'inactive', override: true } }),
      'changed-meanwhile': async () => ({ ...(await member()), headers: STALE }),
    },
  },
  removeMember: {
    good: { 204: member },
    problems: {
      'no-such-channel': deletedChannel,
      'no-such-person': noPerson,
      'kept-set-by-hand': memberByHand,
      'last-manager': () => member({ level: 'manager' }),
      'is-owner': async () => ({ ...(await owner()), query: { override: 'true' } }),
      'changed-meanwhile': async () => ({ ...(await member()), headers: STALE }),
    },
  },
  searchPeople: {
    good: {
      200: async () => {
        await api.addMember(await newChannel(), { subject: 'searched' });
        return { query: { platformId: api.platformId, q: 'search' } };
      },
    },
    problems: {},
  },
  requestSync: { good: { 202: inCourse }, problems: { 'no-such-channel': deletedChannel } },
  getSync: { good: { 200: heldSync }, problems: { 'no-such-sync': noSync } },
  listSyncChanges: { good: { 200: heldSync }, problems: { 'no-such-sync': noSync } },
  applySync: {
    good: { 200: heldSync },
    problems: {
      'no-such-sync': noSync,
      'not-held': () => decided('applySync'),
      'sync-under-way': async () => {
        const held = await heldSync();
        await send('requestSync', { path: { channelId: (await newestHeld(held)).channelId } });
        return held;
      },
    },
  },
  discardSync: {
    good: { 200: heldSync },
    problems: { 'no-such-sync': noSync, 'not-held': () => decided('discardSync') },
  },
};

describe.each(OPERATIONS)('%s', (name) => {
  const route: ApiRoute = API_ROUTES[name];
  const row = TABLE[name] as {
    good: Record<string, () => Promise<Call>>;
    problems: Record<string, () => Promise<Call>>;
  };

  it('is provoked here to every answer that its row and the document list', () => {
    const examples = Object.values(documented(name).responses ?? {}).flatMap((answer) =>
      Object.keys(answer.content?.['application/problem+json']?.examples ?? {}),
    );
    expect([...Object.keys(row.problems), ...COMMON, ...(route.body ? ['unsupported-media-type'] : [])].sort()).toEqual(
      examples.sort(),
    );
    expect(examples.sort()).toEqual([...problemsOf(route)].sort());
    expect(Object.keys(row.good)).toEqual(route.statuses.map(String));
  });

  it.each(Object.entries(row.good))('answers %s as the document says', async (status, provoke) => {
    const answer = await send(name, await provoke());
    expect([answer.status, answer.text]).toEqual([Number(status), answer.text]);
    expectDocumented(name, answer);
  });

  it.each(Object.entries(row.problems))('answers %s as the document says', async (reason, provoke) => {
    expectProblem(name, reason as ApiProblemReason, await send(name, await provoke()));
  });

  it('answers what is wrong with a request or its key as the document says', async () => {
    const [[, provoke] = ['', inCourse]] = Object.entries(row.good);
    const call = await provoke();
    expectProblem(name, 'invalid-request', await send(name, { ...call, query: { ...call.query, unknown: '1' } }));
    expectProblem(name, 'no-key', await send(name, call, null));
    expectProblem(name, 'unknown-key', await send(name, call, 'unknown'));
    expectProblem(name, 'scope-missing', await send(name, call, await api.keyFor([])));
    const form = { ...call, headers: { ...call.headers, 'Content-Type': 'text/plain' } };
    if (route.body) expectProblem(name, 'unsupported-media-type', await send(name, form));
  });
});

describe('the rate limit', () => {
  it('counts each key apart, and is told in every answer', async () => {
    const limited = await startApi({ limited: true, at: Date.now() });
    const [busy, calm] = [await limited.keyFor(API_SCOPES), await limited.keyFor(API_SCOPES)];
    const ask = (who: string) => request(limited.app).get('/api/v1/channels?limit=1').auth(who, { type: 'bearer' });
    const first = await ask(busy);
    expect(first.headers['ratelimit-policy']).toContain(`q=${KEY_LIMIT.max}`);
    expect(first.headers.ratelimit).toContain(`r=${KEY_LIMIT.max - 1}`);
    const { id } = (await limited.storage.apiKeys.listApiKeys()).find(({ name }) => name === busy) ?? { id: '' };
    await use(limited, `${KEY_LIMIT.name}:${id}`, KEY_LIMIT.max);
    // What other processes counted is heard of with the next hundredth of the limit.
    for (let i = 0; i < KEY_LIMIT.max / 100; i++) await ask(busy);
    for (const name of OPERATIONS) {
      const answer = await send(name, {}, busy, limited);
      expectProblem(name, 'too-many-requests', answer);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.headers.ratelimit).toContain('r=0');
    }
    expect((await ask(calm)).status).toBe(200);
    await limited.close();
  });

  it('counts calls without a good key by address, and spares good keys of the same address', async () => {
    const limited = await startApi({ limited: true, at: Date.now() });
    const good = await limited.keyFor(API_SCOPES);
    const ask = () => request(limited.app).get('/api/v1/channels');
    for (let i = 0; i < ADDRESS_LIMIT.max; i++)
      expect((await ask().auth('wrong', { type: 'bearer' })).status).toBe(401);
    for (const answer of [await ask(), await ask().auth('wrong', { type: 'bearer' })]) {
      expectProblem('listChannels', 'too-many-requests', answer);
    }
    expect((await request(limited.app).get('/api/v1/openapi.json')).status).toBe(429);
    expect((await ask().auth(good, { type: 'bearer' })).status).toBe(200);
    await limited.close();
  });
});

const COMMON = ['invalid-request', 'no-key', 'unknown-key', 'scope-missing', 'too-many-requests'];

function expectProblem(name: Operation, reason: ApiProblemReason, answer: request.Response): void {
  const { status, title } = API_PROBLEMS[reason];
  expect(answer.body).toMatchObject({ type: `urn:rostrum:problem:${reason}`, status, title });
  expect(answer.status).toBe(status);
  expectDocumented(name, answer);
}

/** One request of an operation; what the table leaves out of body and query is something harmless. */
function send(name: Operation, call: Call, bearer: string | null = key, to: ApiFixture = api) {
  const route: ApiRoute = API_ROUTES[name];
  const path = route.path.replace(/\{(\w+)\}/g, (_all, param: string) =>
    encodeURIComponent(call.path?.[param] ?? NOBODY),
  );
  const sent = request(to.app)
    [route.method](`/api/v1${path}`)
    .query(call.query ?? {})
    .set(call.headers ?? {});
  if (bearer !== null) sent.auth(bearer, { type: 'bearer' });
  const body = call.body ?? (name === 'changeChannel' ? { moderated: true } : { level: 'member' });
  if (!route.body) return sent;
  return call.headers?.['Content-Type'] ? sent.send('text') : sent.send(body);
}

function newChannel(): Promise<Channel> {
  courses += 1;
  return api.addChannel(`contract-${courses}`);
}

async function inCourse(): Promise<Call> {
  return { path: { channelId: (await newChannel()).id } };
}

async function deletedChannel(): Promise<Call> {
  const call = await inCourse();
  expect((await send('deleteChannel', call)).status).toBe(200);
  return call;
}

async function member(entry: { level?: 'manager' } = {}): Promise<Call> {
  const channel = await newChannel();
  const { userId } = await api.addMember(channel, { subject: `one-${channel.id}`, ...entry });
  return { path: { channelId: channel.id, userId } };
}

async function memberByHand(): Promise<Call> {
  const channel = await newChannel();
  const { userId } = await api.addMember(channel, { subject: `hand-${channel.id}` });
  const at = { channelId: channel.id, userId, at: 1 };
  await api.storage.memberships.changeMembership(at, (current) => current && withOverride(current, 'moderator'));
  return { path: { channelId: channel.id, userId } };
}

async function owner(): Promise<Call> {
  const { path } = await member({ level: 'manager' });
  const { channelId = '', userId = '' } = path ?? {};
  expect((await send('changeChannel', { path: { channelId }, body: { owner: userId } })).status).toBe(200);
  return { path: { channelId, userId } };
}

/** A member whose level was changed, beside the manager that the roster gave. */
async function undoable(level: 'contributor' | 'manager' = 'contributor') {
  const channel = await newChannel();
  const { userId: manager } = await api.addMember(channel, { subject: `m-${channel.id}`, level: 'manager' });
  const { userId } = await api.addMember(channel, { subject: `u-${channel.id}` });
  await send('changeMember', { path: { channelId: channel.id, userId }, body: { level } });
  return { channel, manager, userId, call: await lastActivity(channel.id) };
}

async function lastActivity(channelId: string, action?: string): Promise<Call> {
  const { body } = await send('listActivity', { path: { channelId } });
  const event = body.items.find((one: { action: string }) => action === undefined || one.action === action);
  return { path: { channelId, activityId: event.id } };
}

async function heldSync(): Promise<Call> {
  const { id } = await api.addHeldSync(await newChannel());
  return { path: { syncId: id } };
}

async function newestHeld({ path }: Call): Promise<{ channelId: string }> {
  return (await send('getSync', { path: path ?? {} })).body;
}

/** Counts calls without making them. */
async function use({ storage, at }: ApiFixture, counter: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await storage.rateLimits.countHit(counter, at, 60_000);
}

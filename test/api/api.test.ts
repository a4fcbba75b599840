import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { channelSchema } from '../../src/api/schemas/channel-schemas.ts';
import { memberSchema } from '../../src/api/schemas/member-schemas.ts';
import { syncSchema } from '../../src/api/schemas/sync-schemas.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { withOverride } from '../../src/channels/membership.ts';
import { type ApiFixture, startApi } from './support.ts';

let api: ApiFixture;
let all: string;

beforeAll(async () => {
  api = await startApi();
  all = await api.keyFor(API_SCOPES);
});
afterAll(() => api.close());

describe('channels', () => {
  it('are listed page by page until the cursor is null', async () => {
    const ids = [];
    for (const course of ['list-1', 'list-2', 'list-3']) ids.push((await api.addChannel(course)).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await get(`/channels?limit=1${cursor && `&cursor=${cursor}`}`);
      expect(page.body.items).toHaveLength(1);
      seen.push(page.body.items[0].id);
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual(ids.sort());
  });

  it('are found by reference ID, context ID and platform', async () => {
    const channel = await api.addChannel('found');
    for (const query of ['referenceId=found', 'contextId=found', `contextId=found&platformId=${api.platformId}`]) {
      expect((await get(`/channels?${query}`)).body.items.map((item: Channel) => item.id)).toEqual([channel.id]);
    }
    expect((await get('/channels?referenceId=lost')).body).toEqual({ items: [], nextCursor: null });
    expect((await get('/channels?referenceId=found&platformId=other')).body.items).toEqual([]);
  });

  it('are shown with courses, counts and the newest sync', async () => {
    const channel = await api.addChannel('shown');
    await api.addMember(channel, { subject: 'shown-1', level: 'manager' });
    await api.addMember(channel, { subject: 'shown-2' });
    const held = await api.addHeldSync(channel);
    const { body, headers } = await get(`/channels/${channel.id}`);
    expect(channelSchema.strict().parse(body)).toMatchObject({
      id: channel.id,
      platformId: api.platformId,
      contextIds: ['shown'],
      referenceId: 'shown',
      name: 'Course shown',
      privacy: 'private',
      memberCounts: { active: { manager: 1, member: 1 }, total: 2, inactive: 0, manual: 0 },
      lastSync: { id: held.id, state: 'held', reason: 'empty-roster', pages: 2 },
    });
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.etag).toMatch(/^"\d+-[\w-]{16}"$/);
  });

  it('are changed field by field; null as name returns to the title of the LMS', async () => {
    const { id } = await api.addChannel('changed');
    const change = {
      name: ' Own name ',
      description: 'About',
      tags: ['a', 'b', 'a'],
      privacy: 'open',
      moderated: true,
    };
    const changed = await patch(`/channels/${id}`, change);
    expect(changed.body).toMatchObject({ name: 'Own name', description: 'About', tags: ['a', 'b'], privacy: 'open' });
    const returned = await patch(`/channels/${id}`, { name: null });
    expect(returned.body).toMatchObject({ name: 'Course changed', description: 'About', moderated: true });
    const { items } = await api.storage.activity.listActivity(id, {}, { limit: 10 });
    expect(items.map(({ to }) => Object.keys(JSON.parse(to ?? '')))).toEqual(
      expect.arrayContaining([['givenName'], ['givenName', 'description', 'tags', 'privacy', 'moderated']]),
    );
    expect(items[0]).toMatchObject({ action: 'channel.change', actor: expect.stringMatching(/^api-key:/) });
  });

  it('that are changed to what they are already stay as they are', async () => {
    const { id } = await api.addChannel('same');
    const { headers } = await get(`/channels/${id}`);
    expect((await patch(`/channels/${id}`, { privacy: 'private' })).headers.etag).toBe(headers.etag);
    expect((await api.storage.activity.listActivity(id, {}, { limit: 10 })).items).toEqual([]);
  });

  it('are not changed when If-Match names an older version', async () => {
    const { id } = await api.addChannel('matched');
    const { etag = '' } = (await get(`/channels/${id}`)).headers;
    expect((await patch(`/channels/${id}`, { moderated: true }).set('If-Match', etag)).status).toBe(200);
    const late = await patch(`/channels/${id}`, { moderated: false }).set('If-Match', etag);
    expect(late.body).toMatchObject({ status: 412, type: 'urn:rostrum:problem:changed-meanwhile' });
    expect((await patch(`/channels/${id}`, { moderated: false }).set('If-Match', 'W/"1"')).status).toBe(412);
  });

  it('do not share a reference ID within a platform', async () => {
    const { id } = await api.addChannel('unique-1');
    await api.addChannel('unique-2');
    expect((await patch(`/channels/${id}`, { referenceId: 'unique-2' })).body).toMatchObject({ status: 409 });
    expect((await patch(`/channels/${id}`, { referenceId: 'unique-3' })).body).toMatchObject({
      referenceId: 'unique-3',
    });
  });
});

describe('members', () => {
  it('are shown with what the roster and what a person said', async () => {
    const channel = await api.addChannel('members');
    const { userId } = await api.addMember(channel, {
      subject: 'ada',
      person: { name: 'Ada', email: 'ada@example.edu' },
    });
    const { body } = await get(`/channels/${channel.id}/members/${userId}`);
    expect(memberSchema.strict().parse(body)).toEqual({
      userId,
      subject: 'ada',
      name: 'Ada',
      email: 'ada@example.edu',
      level: 'member',
      rosterLevel: 'member',
      override: null,
      updateMethod: 'automatic',
      status: 'active',
      statusReason: null,
      roles: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
      lastSeenAt: null,
    });
  });

  it('are filtered by level, status, update method and text, and paged', async () => {
    const channel = await api.addChannel('filtered');
    await api.addMember(channel, { subject: 'f-manager', level: 'manager' });
    await api.addMember(channel, { subject: 'f-gone', inactive: true });
    const set = await api.addMember(channel, { subject: 'f-set' });
    await setByHand(channel, set.userId);
    const subjects = async (query: string) => {
      const { body } = await get(`/channels/${channel.id}/members?${query}`);
      return body.items.map((item: { subject: string }) => item.subject).sort();
    };
    expect(await subjects('level=manager')).toEqual(['f-manager']);
    expect(await subjects('status=inactive')).toEqual(['f-gone']);
    expect(await subjects('status=active')).toEqual(['f-manager', 'f-set']);
    expect(await subjects('updateMethod=manual')).toEqual(['f-set']);
    expect(await subjects('q=f-GON')).toEqual(['f-gone']);
    const first = await get(`/channels/${channel.id}/members?limit=2`);
    const second = await get(`/channels/${channel.id}/members?limit=2&cursor=${first.body.nextCursor}`);
    expect(first.body.items).toHaveLength(2);
    expect(second.body).toMatchObject({ items: [{}], nextCursor: null });
  });

  it('get another level, another status, and return to automatic', async () => {
    const channel = await api.addChannel('levels');
    const { userId } = await api.addMember(channel, { subject: 'levels-1' });
    const path = `/channels/${channel.id}/members/${userId}`;
    const level = await patch(path, { level: 'contributor' });
    expect(level.body).toMatchObject({ level: 'contributor', override: 'contributor', updateMethod: 'manual' });
    const automatic = await patch(path, { updateMethod: 'automatic', override: true });
    expect(automatic.body).toMatchObject({ level: 'member', override: null, updateMethod: 'automatic' });
    const inactive = await patch(path, { status: 'inactive' });
    expect(inactive.body).toMatchObject({ status: 'inactive', statusReason: 'by-hand' });
    expect((await patch(path, { status: 'active', override: true })).body).toMatchObject({ status: 'active' });
  });

  it('that a person set are kept, and the answer shows them; with override they change', async () => {
    const channel = await api.addChannel('kept');
    const { userId } = await api.addMember(channel, { subject: 'kept-1' });
    await setByHand(channel, userId);
    const path = `/channels/${channel.id}/members/${userId}`;
    const kept = await patch(path, { level: 'member' });
    expect(kept.status).toBe(409);
    expect(kept.body).toMatchObject({
      type: 'urn:rostrum:problem:kept-set-by-hand',
      title: 'Kept: set by hand',
      member: { userId, level: 'moderator', rosterLevel: 'member', override: 'moderator' },
    });
    expect((await get(path)).body.level).toBe('moderator');
    expect((await patch(path, { level: 'contributor', override: true })).body.level).toBe('contributor');
    expect((await patch(path, { level: 'contributor' })).status).toBe(200);
  });

  it('leave the channel a manager', async () => {
    const channel = await api.addChannel('last-manager');
    const { userId } = await api.addMember(channel, { subject: 'only', level: 'manager' });
    const refused = await patch(`/channels/${channel.id}/members/${userId}`, { level: 'member' });
    expect(refused.body).toMatchObject({ status: 409, type: 'urn:rostrum:problem:last-manager' });
  });

  it('of another channel are not found in this one', async () => {
    const [here, there] = [await api.addChannel('here'), await api.addChannel('there')];
    const { userId } = await api.addMember(there, { subject: 'there-1' });
    expect((await get(`/channels/${here.id}/members/${userId}`)).status).toBe(404);
    expect((await patch(`/channels/${here.id}/members/${userId}`, { level: 'member' })).status).toBe(404);
  });
});

describe('syncs', () => {
  it('are asked for once: a second request is given the one that is queued', async () => {
    const channel = await api.addChannel('synced');
    const first = await post(`/channels/${channel.id}/sync`);
    expect(first.status).toBe(202);
    expect(first.headers.location).toBe(`/api/v1/syncs/${first.body.syncId}`);
    expect((await post(`/channels/${channel.id}/sync`)).body).toEqual(first.body);
    const { body } = await get(`/syncs/${first.body.syncId}`);
    expect(syncSchema.strict().parse(body)).toMatchObject({ channelId: channel.id, state: 'queued', reason: null });
    expect(await api.storage.syncs.findSync(first.body.syncId)).toMatchObject({ trigger: 'api' });
  });

  it('that are held are applied or discarded, once', async () => {
    const applied = await api.addHeldSync(await api.addChannel('apply'));
    expect((await post(`/syncs/${applied.id}/apply`)).body).toMatchObject({ state: 'running' });
    expect((await post(`/syncs/${applied.id}/discard`)).body).toMatchObject({ status: 409 });
    const discarded = await api.addHeldSync(await api.addChannel('discard'));
    expect((await post(`/syncs/${discarded.id}/discard`)).body).toMatchObject({ state: 'discarded' });
    expect((await post(`/syncs/${discarded.id}/apply`)).body).toMatchObject({ status: 409 });
  });

  it('that a key has decided are answered as they stand when it says so again, and another key is refused', async () => {
    const another = await api.keyFor(API_SCOPES);
    for (const verb of ['apply', 'discard']) {
      const held = await api.addHeldSync(await api.addChannel(`again-${verb}`));
      const first = await post(`/syncs/${held.id}/${verb}`);
      const again = await post(`/syncs/${held.id}/${verb}`);
      expect([again.status, again.body]).toEqual([200, first.body]);
      const late = request(api.app).post(`/api/v1/syncs/${held.id}/${verb}`).auth(another, { type: 'bearer' });
      expect((await late).body).toMatchObject({ type: 'urn:rostrum:problem:not-held' });
      const { items } = await api.storage.activity.listActivity(held.channelId, {}, { limit: 10 });
      expect(items).toHaveLength(1);
    }
  });
});

describe('a key', () => {
  it('is needed, and the answer says how to send it', async () => {
    const without = await request(api.app).get('/api/v1/channels');
    expect(without.status).toBe(401);
    expect(without.headers['www-authenticate']).toBe('Bearer realm="rostrum"');
    const wrong = await request(api.app).get('/api/v1/channels').auth('nonsense', { type: 'bearer' });
    expect(wrong.headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await request(api.app).get('/api/v1/channels').auth('a', 'b')).status).toBe(401);
  });

  it('does not work once it is revoked', async () => {
    const key = await api.keyFor(['syncs:read', 'channels:read']);
    expect((await request(api.app).get('/api/v1/channels').auth(key, { type: 'bearer' })).status).toBe(200);
    const id = (await api.storage.apiKeys.listApiKeys()).find(({ name }) => name === key)?.id ?? '';
    await api.storage.apiKeys.revokeApiKey(id, 1);
    expect((await request(api.app).get('/api/v1/channels').auth(key, { type: 'bearer' })).status).toBe(401);
  });
});

describe('a request', () => {
  it('with fields that do not exist, or wrong ones, is refused field by field', async () => {
    const { id } = await api.addChannel('strict');
    const { status, body, type } = await patch(`/channels/${id}`, { privacy: 'secret', colour: 'red', tags: 'x' });
    expect(status).toBe(400);
    expect(type).toBe('application/problem+json');
    expect(body.errors.map((error: { path: string }) => error.path).sort()).toEqual(['colour', 'privacy', 'tags']);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it.each<[string, unknown]>([
    ['channel', {}],
    ['channel', []],
    ['channel', { name: '' }],
    ['channel', { referenceId: 7 }],
    ['member', {}],
    ['member', { override: true }],
    ['member', { level: 'owner' }],
    ['member', { level: 'member', status: 'active' }],
    ['member', { status: 'active', userId: 'x' }],
  ])('to change a %s with %j is refused', async (what, change) => {
    const channel = await api.addChannel('refused');
    const path = what === 'channel' ? `/channels/${channel.id}` : `/channels/${channel.id}/members/x`;
    expect((await patch(path, change)).status).toBe(400);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1&limit=2',
    'cursor=%20',
    'cursor=abc',
    'reference=x',
    'referenceId[a]=b',
  ])('with the query %s is refused', async (query) => {
    expect((await get(`/channels?${query}`)).status).toBe(400);
  });

  it('whose body is not JSON is refused', async () => {
    const { id } = await api.addChannel('media');
    const form = request(api.app).patch(`/api/v1/channels/${id}`).auth(all, { type: 'bearer' });
    expect((await form.type('form').send({ moderated: 'true' })).body).toMatchObject({ status: 415 });
    const broken = request(api.app).patch(`/api/v1/channels/${id}`).auth(all, { type: 'bearer' });
    const answer = await broken.type('json').send('{"moderated":');
    expect(answer.status).toBe(400);
    expect(answer.type).toBe('application/problem+json');
    const empty = await request(api.app).patch(`/api/v1/channels/${id}`).auth(all, { type: 'bearer' });
    expect(empty.status).toBe(400);
  });

  it('with a method that a path does not have is told which it has', async () => {
    const { id } = await api.addChannel('methods');
    const put = await request(api.app).put(`/api/v1/channels/${id}`).auth(all, { type: 'bearer' });
    expect(put.status).toBe(405);
    expect(put.headers.allow).toBe('DELETE, GET, HEAD, PATCH');
    expect((await request(api.app).post('/api/v1/openapi.json')).headers.allow).toBe('GET, HEAD');
  });

  it('for anything that is not there gets a problem document with an ID', async () => {
    for (const path of ['/nothing', '/channels/0', '/syncs/0', '/channels/0/members', '/channels/%00']) {
      const { status, type, body } = await get(path);
      expect([path, status, type]).toEqual([path, 404, 'application/problem+json']);
      expect(body).toMatchObject({ status: 404, title: expect.any(String), id: expect.stringMatching(/^\w{26}$/) });
      expect(body.instance).toContain(body.id);
    }
  });
});

function get(path: string) {
  return request(api.app).get(`/api/v1${path}`).auth(all, { type: 'bearer' });
}

function post(path: string) {
  return request(api.app).post(`/api/v1${path}`).auth(all, { type: 'bearer' });
}

function patch(path: string, body: unknown) {
  return request(api.app)
    .patch(`/api/v1${path}`)
    .auth(all, { type: 'bearer' })
    .send(body as object);
}

async function setByHand(channel: Channel, userId: string) {
  const key = { channelId: channel.id, userId: userId as never, at: 1 };
  await api.storage.memberships.changeMembership(key, (member) => member && withOverride(member, 'moderator'));
}

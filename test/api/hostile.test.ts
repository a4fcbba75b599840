import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { API_ROUTES, type ApiRoute, type Operation } from '../../src/api/routes-table.ts';
import { caller } from './caller.ts';
import { errorsOf, expectDocumented } from './contract.ts';
import { type ApiFixture, startApi } from './support.ts';

let api: ApiFixture;
let key: string;
let channelId: string;

beforeAll(async () => {
  api = await startApi();
  key = await api.keyFor(API_SCOPES);
  channelId = (await api.addChannel('hostile')).id;
});
afterAll(() => api.close());

const ROUTES = Object.entries<ApiRoute>(API_ROUTES) as [Operation, ApiRoute][];
const WITH_BODY = ROUTES.filter(([, { body }]) => body !== null);

/** Sent as they stand: most cannot be made by JSON.stringify. */
const BODIES = [
  '{"__proto__":{"level":"manager"}}',
  '{"__proto__":{"level":"manager"},"level":"member"}',
  '{"constructor":{"prototype":{"level":"manager"}},"level":"member"}',
  '{"level":1e400}',
  '{"level":{"toString":"manager"}}',
  '{"moderated":99999999999999999999999}',
  '{"name":"\\ud800"}',
  '{"level":"member","name":"half \\udc00"}',
  '{"description":"\\ud83d"}',
  '{"tags":["\\udfff"]}',
  '{"owner":"sub:"}',
  '{"owner":"sub:\\u0000"}',
  '{"sync":{"__proto__":{"automatic":false}}}',
  `{"tags":${'['.repeat(2000)}${']'.repeat(2000)}}`,
  'null',
  '7',
  '"text"',
];

describe.each(WITH_BODY)('%s', (name, route) => {
  const send = (text: string) =>
    request(api.app)
      [route.method](fill(route))
      .auth(key, { type: 'bearer' })
      .set('Content-Type', 'application/json')
      .send(text);

  it.each(BODIES)('refuses the body %s', async (text) => {
    const before = await standing();
    const answer = await send(text);
    expect(answer.status).toBe(400);
    expectDocumented(name, answer);
    expect(await standing()).toEqual(before);
  });

  it('refuses a body of 300 kB', async () => {
    const answer = await send(JSON.stringify({ level: 'member', name: 'x'.repeat(300_000) }));
    expect(answer.status).toBe(413);
    expectDocumented(name, answer);
  });
});

describe.each(ROUTES)('%s', (name, route) => {
  it('refuses queries that are no queries of its own', async () => {
    for (const query of [
      '__proto__=x',
      'constructor=x',
      'limit=1e309',
      'limit=99999999999999999999',
      'limit=-1',
      'q[]=abc',
    ]) {
      const answer = await request(api.app)
        [route.method](`${fill(route)}?${query}`)
        .auth(key, { type: 'bearer' });
      expect([query, answer.status]).toEqual([query, 400]);
      expectDocumented(name, answer);
    }
  });

  if (route.path.includes('{'))
    it('refuses a path that cannot be decoded, and finds nothing under strange IDs', async () => {
      const body = name === 'changeChannel' ? { moderated: true } : { level: 'member' };
      for (const id of ['%ff', '%ed%a0%80', '%', '__proto__', 'constructor', '%00', '..%2f..', `${'9'.repeat(400)}`]) {
        const path = `/api/v1${route.path.replace(/\{\w+\}/g, id)}`;
        const sent = request(api.app)[route.method](path).auth(key, { type: 'bearer' });
        const answer = await (route.body ? sent.send(body) : sent);
        expect([400, 404]).toContain(answer.status);
        expectDocumented(name, answer);
      }
    });
});

describe('a person in a path', () => {
  it.each(['sub:', `sub:${'x'.repeat(256)}`, 'sub:a\u0000b', 'sub:\n'])('is refused as %j', async (id) => {
    const call = caller(api, key);
    const answer = await call.put(`/channels/${channelId}/members/${encodeURIComponent(id)}`, { level: 'member' });
    expect(answer.body).toMatchObject({ status: 400, errors: [{ in: 'path', path: 'userId' }] });
  });

  it.each(['sub:sub:x', 'sub:__proto__', 'sub:..%2f', 'sub:שלום', 'sub:😀', `sub:${'y'.repeat(255)}`])(
    'may be %j',
    async (id) => {
      const call = caller(api, key);
      const path = `/channels/${channelId}/members/${encodeURIComponent(id)}`;
      const { body, status } = await call.put(path, { level: 'member' });
      expect([status, body.subject]).toEqual([201, id.slice(4)]);
      expect((await call.delete(`${path}?override=true`)).status).toBe(204);
    },
  );
});

describe('an If-Match header', () => {
  it.each(['', 'x', '"', '""', '"*"', '*, *', 'W/"1"', `"${'9'.repeat(4000)}"`, '"__proto__"'])(
    'that says %j matches nothing',
    async (header) => {
      const answer = await caller(api, key)
        .patch(`/channels/${channelId}`, { moderated: true })
        .set('If-Match', header);
      expect(answer.status).toBe(412);
    },
  );
});

describe('the check against the document', () => {
  const member = { $ref: '#/components/schemas/SyncRequested' };
  it.each([{}, { syncId: 1 }, { syncId: 'x', more: 1 }, null, []])('finds what is wrong with %j', (value) => {
    expect(errorsOf(member as never, value)).not.toEqual([]);
    expect(errorsOf(member as never, { syncId: 'x' })).toEqual([]);
  });
});

function fill(route: ApiRoute): string {
  return `/api/v1${route.path
    .replace('{channelId}', channelId)
    .replace('{userId}', 'sub:hostile')
    .replace(/\{\w+\}/g, 'x')}`;
}

async function standing(): Promise<unknown> {
  const call = caller(api, key);
  const [channel, members] = [
    await call.get(`/channels/${channelId}`),
    await call.get(`/channels/${channelId}/members`),
  ];
  return [channel.body, members.body];
}

import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { API_PROBLEMS } from '../../src/api/problems.ts';
import { API_ROUTES, type ApiRoute, problemsOf } from '../../src/api/routes-table.ts';
import { DOCUMENT, type Json } from './contract.ts';
import { type ApiFixture, startApi } from './support.ts';

const document = DOCUMENT;
const routes = Object.entries<ApiRoute>(API_ROUTES);

let api: ApiFixture;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

describe('the OpenAPI document', () => {
  it('is served to everybody', async () => {
    const { status, body } = await request(api.app).get('/api/v1/openapi.json');
    expect(status).toBe(200);
    expect(body).toEqual(document);
    expect(body.openapi).toBe('3.1.0');
  });

  it('has every route and no other', () => {
    const documented = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(documented.sort()).toEqual(routes.map(([, route]) => `${route.method} ${route.path}`).sort());
  });

  it('refers only to schemas that it has', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(document.components?.schemas ?? {})).toEqual(expect.arrayContaining(names));
    expect(JSON.stringify(document)).not.toMatch(/"\$(schema|id)"/);
  });

  it('closes request bodies: unknown fields are refused', () => {
    for (const name of ['ChannelChange', 'MemberChange', 'MemberEntry']) {
      expect(document.components?.schemas?.[name]).toMatchObject({ type: 'object', additionalProperties: false });
    }
  });

  it.each(routes)('%s: path parameters, scope and every status it may answer with are there', (name, route) => {
    const operation = document.paths?.[route.path]?.[route.method] as Json;
    const parameters = operation.parameters as unknown as { name: string; in: string; required: boolean }[];
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
    expect(inPath).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
    expect(operation.operationId).toBe(name);
    const either = route.eitherScope ?? [];
    expect(operation.security).toEqual(
      either.length === 0 ? [{ apiKey: route.scopes }] : either.map((scope) => ({ apiKey: [...route.scopes, scope] })),
    );
    const fresh = Object.keys(operation.responses ?? {}).filter((status) => status === '304');
    const problems = problemsOf(route).map((reason) => API_PROBLEMS[reason].status);
    const statuses = [...route.statuses, ...fresh, ...problems, 413, 500];
    expect(Object.keys(operation.responses ?? {}).sort()).toEqual([...new Set(statuses)].map(String).sort());
  });
});

describe.each(routes)('the router has %s as the document says:', (_name, route) => {
  const path = `/api/v1${route.path.replace(/\{\w+\}/g, 'none')}`;
  const needed = route.path === '/people' ? '?platformId=x&q=nobody' : '';

  it('401 without a key', async () => {
    expect((await request(api.app)[route.method](path)).status).toBe(401);
  });

  it('403 with a key that has every other scope', async () => {
    const [needed] = neededScopes(route);
    const key = await api.keyFor(API_SCOPES.filter((scope) => scope !== needed && !route.eitherScope?.includes(scope)));
    const answer = await request(api.app)[route.method](path).auth(key, { type: 'bearer' });
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toContain(`scope="${needed}"`);
  });

  it('its scopes alone are enough, and what is not there is a documented 404', async () => {
    const key = await api.keyFor(neededScopes(route));
    const body = route.path.includes('userId') ? { level: 'member' } : { moderated: true };
    const call = request(api.app)
      [route.method](path + needed)
      .auth(key, { type: 'bearer' });
    const { status } = await (route.body ? call.send(body) : call);
    expect(status).toBe(route.path.includes('{') ? 404 : 200);
    expect(Object.keys(document.paths?.[route.path]?.[route.method]?.responses ?? {})).toContain(String(status));
  });

  it('400 for a query parameter that it does not have', async () => {
    const key = await api.keyFor(neededScopes(route));
    const answer = await request(api.app)[route.method](`${path}?unknown=1`).auth(key, { type: 'bearer' });
    expect(answer.status).toBe(400);
  });
});

describe.each([...new Set(routes.map(([, route]) => route.path)), '/openapi.json'])('the path %s', (path) => {
  const methods = routes.filter(([, route]) => route.path === path).map(([, route]) => route.method);
  const has = methods.length === 0 ? ['get'] : methods;
  const filled = `/api/v1${path.replace(/\{\w+\}/g, 'none')}`;

  it('answers other methods with 405 and those it has', async () => {
    const allowed = [...has, ...(has.includes('get') ? ['head'] : [])].map((method) => method.toUpperCase()).sort();
    for (const method of ['get', 'put', 'post', 'patch', 'delete', 'options'] as const) {
      if (has.includes(method as never)) continue;
      const answer = await request(api.app)[method](filled);
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, allowed.join(', ')]);
      expect(answer.body.type).toBe('urn:rostrum:problem:method-not-allowed');
    }
  });

  it('answers HEAD as GET, without a body', async () => {
    const key = await api.keyFor(API_SCOPES);
    const [head, get] = [
      await request(api.app).head(filled).auth(key, { type: 'bearer' }),
      await request(api.app).get(filled).auth(key, { type: 'bearer' }),
    ];
    expect([head.status, head.type, head.text]).toEqual([get.status, get.type, undefined]);
  });
});

/** Scopes that are enough for a route. */
function neededScopes({ scopes, eitherScope = [] }: ApiRoute) {
  return [...scopes, ...eitherScope.slice(0, 1)];
}

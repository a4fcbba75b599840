import { z } from 'zod';
import type { ApiRoute } from './api-route.ts';
import { ADDRESS_LIMIT, KEY_LIMIT } from './identify.ts';
import { API_PROBLEMS, type ApiProblemReason } from './problems.ts';
import { API_ROUTES, problemsOf } from './routes-table.ts';
import { COMPONENTS } from './schemas/components.ts';

export const OPENAPI_PATH = '/api/v1/openapi.json';

type JsonObject = Record<string, unknown>;

const DESCRIPTION = `Channels, their members and their roster syncs.

**Lists** are walked by cursor: repeat the request with \`cursor\` set to the \`nextCursor\` of the page before, until it is null.

**Repeating a call** whose answer was lost: \`GET\`, \`PUT\`, \`PATCH\` and \`DELETE\` are idempotent, the same call twice leaves the same state. So are the \`POST\` calls for restoring a channel and for asking for a sync that has not ended; applying, discarding and undoing are done once, and say what they answer the second time.

**Two writers at once:** answers about one channel or one member carry an \`ETag\`. A change with \`If-Match\` is made only if nobody changed it meanwhile, else it is answered with 412 and what stands. \`PUT\` with \`If-None-Match: *\` adds and never changes. The tag of a channel follows its counts and its newest sync too, for copies that are kept; \`If-Match\` looks at its settings alone.

**Rate limit:** ${KEY_LIMIT.max} calls a minute for each key; ${ADDRESS_LIMIT.max} for each address without a good key. Every answer tells in \`RateLimit\` what is left; over the limit it is 429 with \`Retry-After\`.`;

/** The OpenAPI 3.1 document of `/api/v1`, made from the table of routes and their schemas. */
export function openApiDocument(): JsonObject {
  return {
    openapi: '3.1.0',
    info: { title: 'Rostrum', version: '1', description: DESCRIPTION },
    servers: [{ url: '/api/v1' }],
    security: [{ apiKey: [] }],
    paths: paths(),
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'A key made by `rostrum api-key create`.' },
      },
      headers: HEADERS,
      schemas: componentSchemas(),
    },
  };
}

const HEADERS = {
  RateLimit: header('What is left of the limit, and for how many seconds: `"api-key"; r=599; t=60`.'),
  'RateLimit-Policy': header('The limit and its window in seconds: `"api-key"; q=600; w=60`.'),
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  ETag: header('The tag for `If-Match` and `If-None-Match`.'),
  Location: header('The path of what was made.'),
};

function header(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}

function paths(): JsonObject {
  const byPath: Record<string, JsonObject> = {};
  for (const [operationId, route] of Object.entries<ApiRoute>(API_ROUTES)) {
    byPath[route.path] = { ...byPath[route.path], [route.method]: operation(operationId, route) };
  }
  return byPath;
}

function operation(operationId: string, route: ApiRoute): JsonObject {
  return {
    operationId,
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    security: route.eitherScope?.map((scope) => ({ apiKey: [...route.scopes, scope] })) ?? [{ apiKey: route.scopes }],
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...(route.preconditions ?? []).map((name) => PRECONDITIONS[name]),
      ...(isTagged(route) && route.method === 'get' ? [PRECONDITIONS.fresh] : []),
    ],
    ...(route.body ? { requestBody: { required: true, content: { 'application/json': content(route.body) } } } : {}),
    responses: { ...goodResponses(route), ...problemResponses(problemsOf(route)) },
  };
}

const PRECONDITIONS = {
  'If-Match': {
    ...{ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } },
    description: 'The `ETag` as it was read: change it only if nobody else did meanwhile.',
  },
  'If-None-Match': {
    ...{ name: 'If-None-Match', in: 'header', required: false, schema: { const: '*' } },
    description: '`*`: only if it is not there.',
  },
  fresh: {
    ...{ name: 'If-None-Match', in: 'header', required: false, schema: { type: 'string' } },
    description: 'The `ETag` of a copy: answered with 304 while it is still right.',
  },
};

function parameters(place: 'path' | 'query', schema: z.ZodObject): JsonObject[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const type = field as z.ZodType;
    const { $schema: _, description, ...shape } = z.toJSONSchema(type);
    // Numbers of a query are read from text, so a schema that reads text takes `undefined` for one; its row says optional.
    const required = place === 'path' || !(type instanceof z.ZodOptional);
    return { name, in: place, required, ...(description ? { description } : {}), schema: shape };
  });
}

/** Answers that show one thing which can be changed carry its tag. */
function isTagged({ response }: ApiRoute): boolean {
  return response === COMPONENTS.Channel || response === COMPONENTS.Member;
}

function goodResponses(route: ApiRoute): JsonObject {
  const { response } = route;
  const body = response ? { content: { 'application/json': content(response) } } : {};
  const made = (status: number) => (status === 201 || status === 202 ? ['Location'] : []);
  const answers = route.statuses.map((status) => [
    status,
    { description: 'Done', headers: headers([...(isTagged(route) ? ['ETag'] : []), ...made(status)]), ...body },
  ]);
  const fresh = [304, { description: 'The copy is still right', headers: headers(['ETag']) }];
  return Object.fromEntries(route.method === 'get' && isTagged(route) ? [...answers, fresh] : answers);
}

function headers(names: string[]): JsonObject {
  const all = [...names, 'RateLimit', 'RateLimit-Policy'];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

// The web server itself answers some problems before a request comes to its operation.
const SERVER_RESPONSES = { 413: 'The body is too large', 500: 'A fault of the server' };

function problemResponses(reasons: ApiProblemReason[]): JsonObject {
  const byStatus = new Map<number, ApiProblemReason[]>();
  for (const reason of reasons) {
    const { status } = API_PROBLEMS[reason];
    byStatus.set(status, [...(byStatus.get(status) ?? []), reason]);
  }
  const schema = { $ref: '#/components/schemas/Problem' };
  const answers = [...byStatus].map(([status, same]) => [
    status,
    {
      description: same.map((reason) => API_PROBLEMS[reason].title).join('; '),
      headers: headers(status === 429 ? ['Retry-After'] : []),
      content: { 'application/problem+json': { schema, examples: Object.fromEntries(same.map(example)) } },
    },
  ]);
  const ofServer = Object.entries(SERVER_RESPONSES).map(([status, description]) => [
    status,
    { description, content: { 'application/problem+json': { schema } } },
  ]);
  return Object.fromEntries([...answers, ...ofServer]);
}

function example(reason: ApiProblemReason): [string, JsonObject] {
  const { title, status, detail } = API_PROBLEMS[reason];
  const id = '01jq8c0r8m3n9v7t5x1z2b4d6f';
  const instance = `urn:rostrum:request:${id}`;
  return [reason, { value: { type: `urn:rostrum:problem:${reason}`, title, status, detail, instance, id } }];
}

function content(schema: z.ZodType): JsonObject {
  const name = Object.entries<z.ZodType>(COMPONENTS).find(([, component]) => component === schema)?.[0];
  if (!name) throw new Error('A schema of the route table has no name in COMPONENTS');
  return { schema: { $ref: `#/components/schemas/${name}` } };
}

function componentSchemas(): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

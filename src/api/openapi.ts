import { z } from 'zod';
import { API_PROBLEMS, type ApiProblemReason } from './problems.ts';
import { API_ROUTES, type ApiRoute, problemsOf } from './routes-table.ts';
import { COMPONENTS } from './schemas.ts';

export const OPENAPI_PATH = '/api/v1/openapi.json';

type JsonObject = Record<string, unknown>;

/** The OpenAPI 3.1 document of `/api/v1`, made from the table of routes and their schemas. */
export function openApiDocument(): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rostrum',
      version: '1',
      description:
        'Channels, their members and their roster syncs. Lists are walked by cursor: repeat the request with `cursor` set to the `nextCursor` of the page before, until it is null.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ apiKey: [] }],
    paths: paths(),
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'A key made by `rostrum api-key create`.' },
      },
      schemas: componentSchemas(),
    },
  };
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
    security: [{ apiKey: [route.scope] }],
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...(operationId === 'changeChannel' ? [IF_MATCH] : []),
    ],
    ...(route.body ? { requestBody: { required: true, content: { 'application/json': content(route.body) } } } : {}),
    responses: {
      [route.status]: { description: 'Done', content: { 'application/json': content(route.response) } },
      ...problemResponses(problemsOf(route)),
    },
  };
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of the channel as it was read.',
  schema: { type: 'string' },
};

function parameters(place: 'path' | 'query', schema: z.ZodObject): JsonObject[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { $schema: _, description, ...shape } = z.toJSONSchema(field as z.ZodType);
    const required = place === 'path';
    return { name, in: place, required, ...(description ? { description } : {}), schema: shape };
  });
}

// The web server itself answers some problems before a request comes to its operation.
const SERVER_RESPONSES = { 413: 'The body is too large', 429: 'Too many requests', 500: 'A fault of the server' };

function problemResponses(reasons: ApiProblemReason[]): JsonObject {
  const texts: Record<number, string> = { ...SERVER_RESPONSES };
  for (const reason of reasons) {
    const { status, title } = API_PROBLEMS[reason];
    texts[status] = texts[status] ? `${texts[status]}; ${title}` : title;
  }
  const body = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    Object.entries(texts).map(([status, description]) => [status, { description, content: body }]),
  );
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

import { type Request, type RequestHandler, type Response, Router } from 'express';
import { hashSecret } from '../lib/ids.ts';
import { failure } from '../lib/result.ts';
import { contextOf } from '../web/request-context.ts';
import type { ApiKey, ApiKeyStore } from './api-key-store.ts';
import { OPENAPI_PATH, openApiDocument } from './openapi.ts';
import { type Answer, type Caller, createOperations, type OperationDeps, type Refusal } from './operations.ts';
import { API_PROBLEMS } from './problems.ts';
import { readBody, readParams, readQuery } from './request-input.ts';
import { API_ROUTES, type ApiRoute, type Operation } from './routes-table.ts';

export type ApiDeps = OperationDeps & {
  apiKeys: ApiKeyStore;
  /** A rate limit for every call, keys or not; none if not given. */
  limit?: RequestHandler;
};

const BASE = '/api/v1';

/** The routes below `/api/v1`, made from the table that the OpenAPI document is made from. */
export function apiRoutes(deps: ApiDeps): Router {
  const router = Router();
  const operations = createOperations(deps);
  const document = openApiDocument();
  if (deps.limit) router.use(BASE, deps.limit);
  router.use(BASE, (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  for (const [name, route] of Object.entries<ApiRoute>(API_ROUTES)) {
    router[route.method](expressPath(route.path), handle(deps, route, operations[name as Operation] as AnyOperation));
  }
  router.get(OPENAPI_PATH, (_req, res) => void res.json(document));
  for (const path of [...new Set(Object.values(API_ROUTES).map((route) => route.path)), '/openapi.json']) {
    router.all(expressPath(path), (req, res) => {
      res.set('Allow', allowedMethods(path));
      respond(req, res, failure('method-not-allowed'));
    });
  }
  router.use(BASE, (req, res) => respond(req, res, failure('not-found')));
  return router;
}

// The table's rows and their operations have the same types by construction; here they are handled alike.
type AnyOperation = (input: unknown, caller: Caller) => Promise<{ ok: true; value: Answer<unknown> } | Refusal>;

function handle(deps: ApiDeps, route: ApiRoute, operation: AnyOperation): RequestHandler {
  return async (req, res) => {
    const key = await findKey(deps.apiKeys, req);
    if (!key.ok) return respond(req, res, key);
    if (!key.value.scopes.includes(route.scope)) {
      return respond(req, res, { ...failure('scope-missing'), extra: { scope: route.scope } });
    }
    const query = readQuery(route, req);
    if (!query.ok) return respond(req, res, query);
    const body = readBody(route, req);
    if (!body.ok) return respond(req, res, body);
    const input = { params: readParams(req), query: query.value, body: body.value };
    const caller = { actor: `api-key:${key.value.id}`, version: expectedVersion(req) };
    const answer = await operation(input, caller);
    if (!answer.ok) return respond(req, res, answer);
    res
      .status(route.status)
      .set(answer.value.headers ?? {})
      .json(answer.value.body);
  };
}

async function findKey(apiKeys: ApiKeyStore, req: Request): Promise<{ ok: true; value: ApiKey } | Refusal> {
  const secret = /^Bearer +([\w.~+/=-]{1,512}) *$/i.exec(req.get('authorization') ?? '')?.[1];
  if (!secret) return failure('no-key');
  const key = await apiKeys.findApiKey(hashSecret(secret));
  return key ? { ok: true, value: key } : failure('unknown-key');
}

// Weak tags and lists never match: our own tags are strong, and a list would mean "one of these versions".
function expectedVersion(req: Request): number | null {
  const tag = req.get('if-match')?.trim();
  if (tag === undefined || tag === '*') return null;
  return Number(/^"(\d{1,15})"$/.exec(tag)?.[1] ?? -1);
}

/** RFC 9457; the ID stands in the log. */
function respond(req: Request, res: Response, refusal: Refusal): void {
  const { id, log } = contextOf(req);
  const { status, title, detail } = API_PROBLEMS[refusal.reason];
  log.info({ reason: refusal.reason, status }, 'API call refused');
  if (status === 401) res.set('WWW-Authenticate', challenge(refusal));
  if (status === 403) res.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${refusal.extra?.scope}"`);
  const type = `urn:rostrum:problem:${refusal.reason}`;
  const instance = `urn:rostrum:request:${id}`;
  res.status(status).type('application/problem+json');
  res.send(JSON.stringify({ type, title, status, detail, instance, id, ...refusal.extra }));
}

// RFC 6750, 3.1: no error code when the request carried no credentials.
function challenge({ reason }: Refusal): string {
  return reason === 'no-key' ? 'Bearer realm="rostrum"' : 'Bearer realm="rostrum", error="invalid_token"';
}

function allowedMethods(path: string): string {
  const rows = Object.values<ApiRoute>(API_ROUTES).filter((route) => route.path === path);
  const methods = rows.length > 0 ? rows.map((route) => route.method.toUpperCase()) : ['GET'];
  return (methods.includes('GET') ? ['HEAD', ...methods] : methods).sort().join(', ');
}

function expressPath(path: string): string {
  return BASE + path.replace(/\{(\w+)\}/g, ':$1');
}

import { type Request, type RequestHandler, Router } from 'express';
import { failure, type Success, success } from '../lib/result.ts';
import type { ApiKeyStore, ApiScope } from './api-key-store.ts';
import type { ApiRoute } from './api-route.ts';
import { type IdentifyDeps, identify, keyOf } from './identify.ts';
import { OPENAPI_PATH, openApiDocument } from './openapi.ts';
import { type Answer, type Caller, type OperationDeps, type Refusal, scopeMissing } from './operation.ts';
import { createOperations } from './operations.ts';
import { readPrecondition } from './preconditions.ts';
import { readInput } from './request-input.ts';
import { refuse } from './respond.ts';
import { API_ROUTES, type Operation } from './routes-table.ts';

export type ApiDeps = OperationDeps & IdentifyDeps & { apiKeys: ApiKeyStore };

const BASE = '/api/v1';

/** The routes below `/api/v1`, made from the table that the OpenAPI document is made from. */
export function apiRoutes(deps: ApiDeps): Router {
  const router = Router();
  const operations = createOperations(deps);
  const document = openApiDocument();
  router.use(BASE, (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  router.use(BASE, ...identify(deps));
  for (const [name, route] of Object.entries<ApiRoute>(API_ROUTES)) {
    router[route.method](expressPath(route.path), handle(route, operations[name as Operation] as AnyOperation));
  }
  router.get(OPENAPI_PATH, (_req, res) => void res.json(document));
  for (const path of [...new Set(Object.values(API_ROUTES).map((route) => route.path)), '/openapi.json']) {
    router.all(expressPath(path), (req, res) => {
      res.set('Allow', allowedMethods(path));
      refuse(req, res, failure('method-not-allowed'));
    });
  }
  router.use(BASE, (req, res) => refuse(req, res, failure('not-found')));
  return router;
}

// The table's rows and their operations have the same types by construction; here they are handled alike.
type AnyOperation = (input: unknown, caller: Caller) => Promise<{ ok: true; value: Answer<unknown> } | Refusal>;

function handle(route: ApiRoute, operation: AnyOperation): RequestHandler {
  return async (req, res) => {
    const call = readCall(route, req);
    if (!call.ok) return refuse(req, res, call);
    const answer = await operation(call.value.input, call.value.caller);
    if (!answer.ok) return refuse(req, res, answer);
    const { status = route.statuses[0], headers = {}, body } = answer.value;
    res.status(status).set(headers);
    if (body === null) res.end();
    else res.json(body);
  };
}

function readCall(route: ApiRoute, req: Request): Success<{ input: unknown; caller: Caller }> | Refusal {
  const key = keyOf(req);
  if (!key.ok) return key;
  const { id, scopes } = key.value;
  const missing = missingScope(route, scopes);
  if (missing) return scopeMissing(missing);
  const input = readInput(route, req);
  if (!input.ok) return input;
  const missingForBody = missingForFields(route, input.value.body, scopes);
  if (missingForBody) return scopeMissing(missingForBody);
  return success({
    input: input.value,
    caller: { actor: `api-key:${id}`, scopes, precondition: readPrecondition(req) },
  });
}

function missingScope({ scopes, eitherScope }: ApiRoute, given: readonly ApiScope[]): ApiScope | undefined {
  const none = eitherScope?.some((scope) => given.includes(scope)) === false;
  return scopes.find((scope) => !given.includes(scope)) ?? (none ? eitherScope?.[0] : undefined);
}

function missingForFields({ fieldScopes = {} }: ApiRoute, body: unknown, given: readonly ApiScope[]) {
  const fields = Object.keys(body ?? {});
  return Object.entries(fieldScopes).find(([field, scope]) => fields.includes(field) && !given.includes(scope))?.[1];
}

function allowedMethods(path: string): string {
  const rows = Object.values<ApiRoute>(API_ROUTES).filter((route) => route.path === path);
  const methods = rows.length > 0 ? rows.map((route) => route.method.toUpperCase()) : ['GET'];
  return (methods.includes('GET') ? ['HEAD', ...methods] : methods).sort().join(', ');
}

function expressPath(path: string): string {
  return BASE + path.replace(/\{(\w+)\}/g, ':$1');
}

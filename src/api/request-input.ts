import type { Request } from 'express';
import type { z } from 'zod';
import { failure, type Success, success } from '../lib/result.ts';
import type { ApiRoute } from './api-route.ts';
import type { Refusal } from './operation.ts';

type Input = { params: unknown; query: unknown; body: unknown };
type Read = Success<unknown> | Refusal;

/**
 * Path, query and body by their schemas. A parameter or a field that the operation does not have is a mistake, for it
 * would filter or change nothing; an ID of ours that nothing has is found out by looking.
 */
export function readInput(route: ApiRoute, req: Request): Success<Input> | Refusal {
  const params = parse(route.params, { ...req.params }, 'path');
  if (!params.ok) return params;
  const query = parse(route.query, req.query, 'query');
  if (!query.ok) return query;
  const body = readBody(route, req);
  return body.ok ? success({ params: params.value, query: query.value, body: body.value }) : body;
}

function readBody(route: ApiRoute, req: Request): Read {
  if (!route.body) return success(null);
  const type = req.get('content-type');
  if (type !== undefined && !req.is('application/json')) {
    return failure('unsupported-media-type');
  }
  return parse(route.body, type === undefined ? undefined : req.body, 'body');
}

function parse(schema: z.ZodType, value: unknown, place: 'query' | 'body' | 'path'): Read {
  const parsed = schema.safeParse(value);
  if (parsed.success) return success(parsed.data);
  const errors = parsed.error.issues.slice(0, 20).flatMap((issue) => {
    // The names of unknown fields come from the caller: told one by one, cut short.
    const names = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const message = issue.code === 'unrecognized_keys' ? 'is not a field of this request' : issue.message;
    return names.map((path) => ({ in: place, path: path.join('.').slice(0, 80), message }));
  });
  return { ...failure('invalid-request'), extra: { errors: errors.slice(0, 20) } };
}

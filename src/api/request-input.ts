import type { Request } from 'express';
import type { z } from 'zod';
import { failure } from '../lib/result.ts';
import type { Refusal } from './operations.ts';
import type { ApiRoute } from './routes-table.ts';

type Read = { ok: true; value: unknown } | Refusal;

/** The IDs of the path; an ID that nothing has is found out by looking. */
export function readParams(req: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(req.params).map(([name, value]) => [name, String(value)]));
}

/** The query by its schema; a parameter that the operation does not have is a mistake, for it would filter nothing. */
export function readQuery(route: ApiRoute, req: Request): Read {
  return parse(route.query, req.query, 'query');
}

/** The JSON body by its schema; unknown fields are refused. */
export function readBody(route: ApiRoute, req: Request): Read {
  if (!route.body) return { ok: true, value: null };
  const type = req.get('content-type');
  if (type !== undefined && !req.is('application/json')) {
    return failure('unsupported-media-type');
  }
  return parse(route.body, type === undefined ? undefined : req.body, 'body');
}

function parse(schema: z.ZodType, value: unknown, place: 'query' | 'body'): Read {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors = parsed.error.issues.slice(0, 20).flatMap((issue) => {
    // The names of unknown fields come from the caller: told one by one, cut short.
    const names = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const message = issue.code === 'unrecognized_keys' ? 'is not a field of this request' : issue.message;
    return names.map((path) => ({ in: place, path: path.join('.').slice(0, 80), message }));
  });
  return { ...failure('invalid-request'), extra: { errors: errors.slice(0, 20) } };
}

import type { Response } from 'supertest';
import { expect } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../src/api/openapi.ts';
import { API_ROUTES, type Operation } from '../../src/api/routes-table.ts';

export type Json = { [key: string]: Json };

/** The document as a client reads it. */
export const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument())) as Json;

/** What the document says of one operation. */
export function documented(name: Operation): Json {
  const { path, method } = API_ROUTES[name];
  return DOCUMENT.paths?.[path]?.[method] ?? {};
}

/** Checks status, type, headers and body of an answer against what the document says of the operation. */
export function expectDocumented(name: Operation, answer: Response): void {
  const said = documented(name).responses?.[String(answer.status)];
  expect(said, `${name} is not documented to answer ${answer.status}: ${answer.text}`).toBeDefined();
  const [type, content] = Object.entries(said?.content ?? {})[0] ?? [null, null];
  if (type === null) expect(answer.text).toBe('');
  else {
    expect(answer.type).toBe(type);
    expect(errorsOf(content?.schema ?? {}, answer.body)).toEqual([]);
  }
  const missing = Object.keys(said?.headers ?? {}).filter((header) => !(header.toLowerCase() in answer.headers));
  // Limits are told where there are any, and not every fixture has them.
  expect(missing.filter((header) => !header.startsWith('RateLimit'))).toEqual([]);
}

/** What a value has against a schema of the document. */
export function errorsOf(schema: Json, value: unknown): unknown[] {
  const local = (part: object) => JSON.parse(JSON.stringify(part).replaceAll('#/components/schemas/', '#/$defs/'));
  const parsed = z
    .fromJSONSchema({ ...local(schema), $defs: local(DOCUMENT.components?.schemas ?? {}) })
    .safeParse(value);
  return parsed.success ? [] : parsed.error.issues;
}

import type { z } from 'zod';
import type { ApiScope } from './api-key-store.ts';
import type { ApiProblemReason } from './problems.ts';

type Status = 200 | 201 | 202 | 204;

/** One operation of the API; the router and the OpenAPI document are both made from these. */
export type ApiRoute = {
  method: 'get' | 'put' | 'patch' | 'post' | 'delete';
  /** Below `/api/v1`, as OpenAPI writes it. */
  path: string;
  summary: string;
  description?: string;
  /** All of them are needed. */
  scopes: readonly ApiScope[];
  /** One of them at least is needed; which, the operation decides by what it finds. */
  eitherScope?: readonly ApiScope[];
  /** What is needed besides for a body that has a field. */
  fieldScopes?: Readonly<Record<string, ApiScope>>;
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodType | null;
  /** The first one unless the operation says another. */
  statuses: readonly [Status, ...Status[]];
  /** Null: the answer has no body. */
  response: z.ZodType | null;
  /** Headers that the operation looks at. */
  preconditions?: readonly ('If-Match' | 'If-None-Match')[];
  /** Failures besides those that every operation has. */
  problems: readonly ApiProblemReason[];
};

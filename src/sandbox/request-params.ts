import type { Request } from 'express';

/** The parameters of a request that may come by GET or by a posted form. */
export function requestParams(req: Request): URLSearchParams {
  const params = new URL(req.originalUrl, 'http://sandbox').searchParams;
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null) return params;
  for (const [name, value] of Object.entries(body)) if (typeof value === 'string') params.set(name, value);
  return params;
}

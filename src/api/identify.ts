import type { Request, RequestHandler } from 'express';
import { hashSecret } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { RateLimit } from '../web/rate-limit.ts';
import type { ApiKey, ApiKeyStore } from './api-key-store.ts';
import { refuse } from './respond.ts';

/** Per key: a program that does more is told to wait, and no other program behind its address with it. */
export const KEY_LIMIT = { name: 'api-key', max: 600, windowMs: 60_000 };
/** Per client address, for calls without a good key: they have nothing to do here but read the OpenAPI document. */
export const ADDRESS_LIMIT = { name: 'api-address', max: 300, windowMs: 60_000 };

export type IdentifyDeps = {
  apiKeys: Pick<ApiKeyStore, 'findApiKey'>;
  /** Makes rate limits; no limits if not given. */
  limit?: (limit: RateLimit) => RequestHandler;
};

export type FoundKey = Result<ApiKey, 'no-key' | 'unknown-key'>;

const KEY = Symbol('rostrum API key');
type RequestWithKey = Request & { [KEY]?: FoundKey };

/** The first steps of every call: looks up its key and counts the call for it, or for the address without a good one. */
export function identify({ apiKeys, limit }: IdentifyDeps): RequestHandler[] {
  const find: RequestHandler = async (req: RequestWithKey, _res, next) => {
    req[KEY] = await findKey(apiKeys, req);
    next();
  };
  if (!limit) return [find];
  const answer: RateLimit['refuse'] = (req, res) => refuse(req, res, failure('too-many-requests'));
  const byKey = limit({ ...KEY_LIMIT, tellsRemaining: true, key: keyId, refuse: answer });
  const byAddress = limit({ ...ADDRESS_LIMIT, tellsRemaining: true, refuse: answer });
  return [find, (req, res, next) => (keyOf(req).ok ? byKey : byAddress)(req, res, next)];
}

/** The key of a call that came through `identify`. */
export function keyOf(req: RequestWithKey): FoundKey {
  return req[KEY] ?? failure('no-key');
}

function keyId(req: Request): string {
  const key = keyOf(req);
  return key.ok ? key.value.id : '';
}

async function findKey(apiKeys: IdentifyDeps['apiKeys'], req: Request): Promise<FoundKey> {
  const secret = /^Bearer +([\w.~+/=-]{1,512}) *$/i.exec(req.get('authorization') ?? '')?.[1];
  if (!secret) return failure('no-key');
  const key = await apiKeys.findApiKey(hashSecret(secret));
  return key ? success(key) : failure('unknown-key');
}

import { type CryptoKey, importJWK, type JWK } from 'jose';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http-client.ts';
import { parseJson } from '../lib/json.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Platform } from './platform.ts';

/** The signature algorithms an id_token may use (Security Framework 1.0, 5.1.1: asymmetric, RS256 at least). */
export const SIGNATURE_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

export type KeySets = {
  /** The platform's public key with this ID, from its registered JWKS URL; a fetch is logged where the first one who needs it logs. */
  findKey(
    platform: KeySource,
    keyId: string,
    algorithm: SignatureAlgorithm,
    log?: Logger,
  ): Promise<Result<CryptoKey, 'unknown-key' | 'keys-unreachable'>>;
};

type KeySource = Pick<Platform, 'id' | 'jwksUrl'>;

const FRESH_MS = 10 * 60_000;
/** How long a copy is used while the JWKS URL cannot be read. */
const USABLE_MS = 24 * 60 * 60_000;
/** Between two fetches for a key that is not there, and after a fetch that failed. */
const COOL_DOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 512 * 1024;
const MAX_KEYS = 100;

/**
 * Key sets by platform, kept in memory with their imported keys. A set is fetched again when it is 10 minutes old, and
 * for an unknown key ID at most once in 30 s; all who wait share one request; an old copy serves up to 24 h while the
 * LMS does not answer.
 */
export function createKeySets(deps: { http: HttpClient; clock: Clock; log: Logger }): KeySets {
  const copies = new Map<string, Copy>();
  return {
    async findKey(platform, keyId, algorithm, log = deps.log) {
      const copy = copyFor(copies, platform);
      const readNow = isDue(copy, deps.clock());
      if (readNow) await refresh(copy, platform, log);
      if (!isUsable(copy, deps.clock())) return failure('keys-unreachable', copy.failure ?? undefined);
      if (!readNow && !hasKey(copy, keyId)) await lookAgain(copy, platform, log);
      const key = await importedKey(copy, keyId, algorithm);
      return key ? success(key) : failure('unknown-key', copy.failure ?? undefined);
    },
  };

  async function lookAgain(copy: Copy, platform: KeySource, log: Logger): Promise<void> {
    if (copy.pending) return copy.pending;
    const now = deps.clock();
    if (copy.lookedAgainAt !== null && now - copy.lookedAgainAt < COOL_DOWN_MS) return;
    copy.lookedAgainAt = now;
    await refresh(copy, platform, log);
  }

  function refresh(copy: Copy, platform: KeySource, log: Logger): Promise<void> {
    copy.pending ??= fetchInto(copy, platform, log).finally(() => {
      copy.pending = null;
    });
    return copy.pending;
  }

  async function fetchInto(copy: Copy, platform: KeySource, log: Logger): Promise<void> {
    const fetched = await fetchKeySet(deps.http, copy.url, log);
    if (fetched.ok) {
      Object.assign(copy, { jwks: fetched.value, imported: new Map(), fetchedAt: deps.clock(), failure: null });
    } else {
      Object.assign(copy, { failedAt: deps.clock(), failure: fetched.detail ?? fetched.reason });
      log.warn({ platformId: platform.id, failure: copy.failure }, 'key set not read');
    }
  }
}

type Copy = {
  url: string;
  jwks: PublicJwk[];
  imported: Map<string, Promise<CryptoKey | null>>;
  fetchedAt: number | null;
  failedAt: number | null;
  failure: string | null;
  lookedAgainAt: number | null;
  pending: Promise<void> | null;
};

function copyFor(copies: Map<string, Copy>, platform: KeySource): Copy {
  const known = copies.get(platform.id);
  if (known?.url === platform.jwksUrl) return known;
  const copy: Copy = {
    url: platform.jwksUrl,
    jwks: [],
    imported: new Map(),
    fetchedAt: null,
    failedAt: null,
    failure: null,
    lookedAgainAt: null,
    pending: null,
  };
  copies.set(platform.id, copy);
  return copy;
}

function isDue(copy: Copy, now: number): boolean {
  if (copy.fetchedAt === null) return true;
  const failedJustNow = copy.failedAt !== null && now - copy.failedAt < COOL_DOWN_MS;
  return now - copy.fetchedAt >= FRESH_MS && !(failedJustNow && isUsable(copy, now));
}

function isUsable(copy: Copy, now: number): boolean {
  return copy.fetchedAt !== null && now - copy.fetchedAt < USABLE_MS;
}

function hasKey(copy: Copy, keyId: string): boolean {
  return copy.jwks.some((jwk) => jwk.kid === keyId);
}

function importedKey(copy: Copy, keyId: string, algorithm: SignatureAlgorithm): Promise<CryptoKey | null> {
  const name = `${algorithm} ${keyId}`;
  const known = copy.imported.get(name);
  if (known) return known;
  const jwk = copy.jwks.find((candidate) => candidate.kid === keyId && fits(candidate, algorithm));
  if (!jwk) return Promise.resolve(null);
  const key = importPublicKey(jwk, algorithm);
  copy.imported.set(name, key);
  return key;
}

/** A key is used only for the kind of signature it was published for. */
function fits(jwk: PublicJwk, algorithm: SignatureAlgorithm): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return false;
  return jwk.kty === (algorithm.startsWith('RS') ? 'RSA' : 'EC');
}

async function importPublicKey(jwk: PublicJwk, algorithm: SignatureAlgorithm): Promise<CryptoKey | null> {
  // Only the public parts are handed on, whatever else a careless LMS publishes.
  const { kty, n, e, crv, x, y } = jwk;
  const parts = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  try {
    const key = await importJWK(parts as JWK, algorithm);
    return key instanceof Uint8Array ? null : key;
  } catch {
    return null;
  }
}

const publicJwk = z.object({
  kty: z.enum(['RSA', 'EC']),
  kid: z.string().min(1).max(255),
  use: z.string().optional(),
  alg: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
});

type PublicJwk = z.infer<typeof publicJwk>;

const keySet = z.object({ keys: z.array(z.unknown()) });

async function fetchKeySet(http: HttpClient, url: string, log: Logger): Promise<Result<PublicJwk[], 'unreadable'>> {
  const answer = await http({
    url,
    headers: { accept: 'application/json' },
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
    purpose: 'key set',
    log,
  });
  if (!answer.ok) return failure('unreadable', answer.reason);
  if (answer.value.status !== 200) return failure('unreadable', `status ${answer.value.status}`);
  const set = keySet.safeParse(parseJson(answer.value.body));
  if (!set.success) return failure('unreadable', 'not a key set');
  // A key of a kind we do not know must not take the others with it.
  const keys = set.data.keys.map((key) => publicJwk.safeParse(key)).flatMap((key) => (key.success ? [key.data] : []));
  return success(keys.slice(0, MAX_KEYS));
}

import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { failure, type Result, success } from '../lib/result.ts';

/** A JWT taken apart; nothing in it is checked yet. */
export type ParsedJwt = {
  header: { alg?: unknown; kid?: unknown };
  claims: Record<string, unknown>;
  /** The bytes that were signed, and the signature. */
  input: string;
  signature: Buffer;
};

/** Fetches a tool's key set; null when it cannot be had. */
export async function fetchToolKeys(jwksUrl: string): Promise<ToolKey[] | null> {
  try {
    const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(5000), redirect: 'error' });
    if (!response.ok) return null;
    const parsed = KEY_SET.safeParse(await response.json());
    return parsed.success ? parsed.data.keys : null;
  } catch {
    return null;
  }
}

export type ToolKey = z.infer<typeof KEY_SET>['keys'][number];

/** Takes a JWT apart; null when it is not one. */
export function parseJwt(token: string): ParsedJwt | null {
  const [header, claims, signature, ...rest] = token.split('.');
  if (!header || !claims || signature === undefined || rest.length > 0) return null;
  const head = decode(header);
  const body = decode(claims);
  if (!head || !body) return null;
  return { header: head, claims: body, input: `${header}.${claims}`, signature: Buffer.from(signature, 'base64url') };
}

/** Checks the signature of a tool's JWT by the key its header names. RS256 alone, as both LMSs. */
export function verifyToolJwt(jwt: ParsedJwt, keys: ToolKey[]): Result<void, 'unknown-key' | 'bad-signature'> {
  const key = keys.find((candidate) => candidate.kid === jwt.header.kid);
  if (!key) return failure('unknown-key');
  const good = jwt.header.alg === 'RS256' && hasSignature(jwt, key);
  return good ? success(undefined) : failure('bad-signature');
}

const KEY_SET = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })) });

function hasSignature(jwt: ParsedJwt, key: ToolKey): boolean {
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' });
    return verify('sha256', Buffer.from(jwt.input), publicKey, jwt.signature);
  } catch {
    return false;
  }
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

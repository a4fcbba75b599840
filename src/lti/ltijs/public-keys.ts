import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import type { KeyStore } from '../lti-store.ts';

/** A key as it stands in the key set (RFC 7517). */
export type PublicKey = { kty: 'RSA'; n: string; e: string; kid: string; alg: 'RS256'; use: 'sig' };

/** Lists all public keys anew each time, for another process may have added one; only their conversion is kept. */
export function createPublicKeys(keys: KeyStore): () => Promise<PublicKey[]> {
  let known = new Map<string, PublicKey>();
  return async () => {
    const listed = await keys.listPublicKeys();
    known = new Map(listed.map(({ keyId, publicPem }) => [keyId, known.get(keyId) ?? toPublicKey(keyId, publicPem)]));
    return [...known.values()];
  };
}

const RSA_JWK = z.object({ n: z.string(), e: z.string() });

function toPublicKey(kid: string, pem: string): PublicKey {
  const { n, e } = RSA_JWK.parse(createPublicKey(pem).export({ format: 'jwk' }));
  return { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' };
}

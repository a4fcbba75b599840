import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '../../lib/clock.ts';
import type { Encryption } from '../../lib/encryption.ts';
import { newId, type Random } from '../../lib/ids.ts';
import type { KeyStore } from '../lti-store.ts';

const generate = promisify(generateKeyPair);

/** Makes a 2048-bit RSA pair off the main thread and stores it, the private half sealed; returns its ID (the `kid`). */
export async function makeKeyPair(deps: {
  keys: KeyStore;
  encryption: Encryption;
  clock: Clock;
  random: Random;
}): Promise<string> {
  const pair = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const createdAt = deps.clock();
  const keyId = newId<'key'>(createdAt, deps.random);
  const sealedPrivatePem = deps.encryption.seal(pair.privateKey, sealContext(keyId));
  await deps.keys.saveKeyPair({ keyId, publicPem: pair.publicKey, sealedPrivatePem, createdAt });
  return keyId;
}

/** The private key as PEM, or null when there is none. Throws when it was sealed with a lost SECRET_KEY. */
export async function openPrivateKey(
  deps: { keys: KeyStore; encryption: Encryption },
  keyId: string,
): Promise<string | null> {
  const sealed = await deps.keys.findSealedPrivateKey(keyId);
  return sealed === null ? null : deps.encryption.open(sealed, sealContext(keyId));
}

function sealContext(keyId: string): string {
  return `private key ${keyId}`;
}

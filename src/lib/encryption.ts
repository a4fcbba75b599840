import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** Seals secrets for storage. `context` names what is sealed (table and row), so that a value cannot be moved elsewhere. */
export type Encryption = {
  seal(plain: string, context: string): string;
  /** Throws when the value was sealed with an unknown key, for another context, or was changed. */
  open(sealed: string, context: string): string;
};

/**
 * AES-256-GCM with keys derived by HKDF from `secretKeys`. The first key seals; all of them open, so a key is
 * rotated by putting the new one in front. Format: `v1.<key ID>.<nonce>.<tag>.<ciphertext>`, base64url.
 */
export function createEncryption(secretKeys: readonly [string, ...string[]]): Encryption {
  const keys = secretKeys.map(deriveKey);
  const sealing = keys[0] as DerivedKey;
  return {
    seal(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealing.key, nonce);
      cipher.setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return ['v1', sealing.id, ...[nonce, cipher.getAuthTag(), text].map((b) => b.toString('base64url'))].join('.');
    },
    open(sealed, context) {
      const [version, id, nonce, tag, text] = sealed.split('.');
      const found = keys.find((key) => key.id === id);
      if (version !== 'v1' || !found || !nonce || !tag || text === undefined) {
        throw new Error('A stored secret was sealed with a key that is not in SECRET_KEY');
      }
      const decipher = createDecipheriv('aes-256-gcm', found.key, Buffer.from(nonce, 'base64url'));
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      return decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8');
    },
  };
}

type DerivedKey = { id: string; key: Buffer };

function deriveKey(secret: string): DerivedKey {
  const key = Buffer.from(hkdfSync('sha256', secret, 'rostrum', 'encryption at rest v1', 32));
  return { key, id: createHash('sha256').update(key).digest('hex').slice(0, 8) };
}

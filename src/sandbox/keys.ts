import {
  createHmac,
  createPublicKey,
  createSign,
  constants as cryptoConstants,
  generateKeyPair,
  generateKeyPairSync,
  type KeyLike,
  type KeyObject,
  randomBytes,
  sign as signBytes,
  verify,
} from 'node:crypto';

/** How to sign; anything that is not given is what the LMS would do. For forging tokens in tests. */
export type SignOptions = {
  /** RS256 by default; also RS384, RS512, PS256, ES256, HS256 and `none`. */
  alg?: string;
  /** The header's key ID; null leaves it out. */
  kid?: string | null;
  /** A private key, or the secret of HS256. */
  key?: KeyLike;
  /** More header parameters (`jku`, `x5u`). */
  header?: Record<string, unknown>;
};

export type KeyRing = {
  /** The key set the LMS publishes; the newest key last. */
  publicKeys(): Record<string, unknown>[];
  /** PEM of the key that signs now. */
  publicPem(): string;
  currentKid(): string;
  sign(claims: object, options?: SignOptions): string;
  /** True when one of the published keys made this RS256 signature. */
  hasSigned(token: string): boolean;
  /** Signs with a new key from now on. Keys before it stay published unless `forgetOld`. */
  rotate(forgetOld?: boolean): void;
};

/** An LMS's RSA keys. The first one is made in the background, and waited for when it is needed sooner. */
export function createKeyRing(): KeyRing {
  let keys: SigningKey[] = [];
  const ring = () => {
    if (keys.length === 0) keys = [namedKey(generateKeyPairSync('rsa', RSA).privateKey)];
    return keys;
  };
  const current = () => ring().at(-1) as SigningKey;
  generateKeyPair('rsa', RSA, (error, _publicKey, privateKey) => {
    if (!error && keys.length === 0) keys = [namedKey(privateKey)];
  });
  return {
    publicKeys: () => ring().map(toJwk),
    publicPem: () => createPublicKey(current().privateKey).export({ type: 'spki', format: 'pem' }) as string,
    currentKid: () => current().kid,
    sign(claims, options = {}) {
      return signJwt(claims, { kid: current().kid, key: current().privateKey, ...options });
    },
    hasSigned(token) {
      const [header = '', claims = '', signature = ''] = token.split('.');
      const made = Buffer.from(signature, 'base64url');
      const input = Buffer.from(`${header}.${claims}`);
      return ring().some((key) => verify('sha256', input, createPublicKey(key.privateKey), made));
    },
    rotate(forgetOld = false) {
      const next = namedKey(generateKeyPairSync('rsa', RSA).privateKey);
      keys = forgetOld ? [next] : [current(), next];
    },
  };
}

/** A compact JWS; the algorithm may be a bad idea, as the caller wishes. */
export function signJwt(claims: object, options: SignOptions & { key: KeyLike }): string {
  const { alg = 'RS256', kid, key, header = {} } = options;
  const head = { typ: 'JWT', alg, ...(kid == null ? {} : { kid }), ...header };
  const input = `${encode(head)}.${encode(claims)}`;
  return `${input}.${signature(alg, input, key).toString('base64url')}`;
}

const RSA = { modulusLength: 2048 };

type SigningKey = { kid: string; privateKey: KeyObject };

function namedKey(privateKey: KeyObject): SigningKey {
  return { kid: randomBytes(10).toString('hex'), privateKey };
}

function toJwk(key: SigningKey): Record<string, unknown> {
  const { kty, n, e } = createPublicKey(key.privateKey).export({ format: 'jwk' });
  return { kty, alg: 'RS256', kid: key.kid, e, n, use: 'sig' };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signature(alg: string, input: string, key: KeyLike): Buffer {
  const hash = `sha${alg.slice(2)}`;
  switch (alg.slice(0, 2)) {
    case 'RS':
      return createSign(hash).update(input).sign(key);
    case 'PS':
      return signBytes(hash, Buffer.from(input), {
        key: key as KeyObject,
        padding: cryptoConstants.RSA_PKCS1_PSS_PADDING,
        saltLength: cryptoConstants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return signBytes(hash, Buffer.from(input), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' });
    case 'HS':
      return createHmac(hash, key as string)
        .update(input)
        .digest();
    default:
      return Buffer.alloc(0);
  }
}

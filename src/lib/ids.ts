import { hash, randomBytes } from 'node:crypto';

declare const brand: unique symbol;

/** A string that is an ID of one kind of thing; a `ChannelId` cannot be passed where a `UserId` is due. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

/** Where random values come from; an argument, so that tests are exact. */
export type Random = (bytes: number) => Buffer;

export const systemRandom: Random = createPooledRandom(randomBytes);

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new ID: 10 characters of time (ms), 16 of randomness (80 bits), in Crockford's base 32.
 * IDs made later sort later, which keeps indexes compact and gives lists a natural order.
 */
export function newId<Kind extends string>(now: number, random: Random = systemRandom): Id<Kind> {
  let time = '';
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  let tail = '';
  for (const byte of random(16)) tail += ALPHABET[byte % 32];
  return (time + tail) as Id<Kind>;
}

/** Takes random bytes from the source in larger portions, as a call of the system's costs as much as a database read. */
function createPooledRandom(source: Random): Random {
  const portion = 4096;
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return (bytes) => {
    if (bytes > portion / 16) return source(bytes);
    if (at + bytes > pool.length) {
      pool = source(portion);
      at = 0;
    }
    const taken = Buffer.from(pool.subarray(at, at + bytes));
    // What was given out is in no second place.
    pool.fill(0, at, at + bytes);
    at += bytes;
    return taken;
  };
}

/** A secret of 256 random bits for a cookie, a key or an invite; base64url, 43 characters. */
export function newSecret(random: Random = systemRandom): string {
  return random(32).toString('base64url');
}

/** What the store keeps of a secret: its SHA-256, base64url. Enough for secrets of 256 random bits. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

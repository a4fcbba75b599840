import { createHmac, timingSafeEqual } from 'node:crypto';

/** Something to hand out that comes back unchanged or not at all. */
export function signText(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

export function isSigned(text: string, signature: string, secret: string): boolean {
  const expected = Buffer.from(signText(text, secret));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

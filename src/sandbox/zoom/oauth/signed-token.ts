import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a token says of itself, so that a trial's connections outlive a restart of the sandbox. */
export type TokenContent = z.infer<typeof CONTENT>;

const CONTENT = z.object({
  kind: z.enum(['access', 'refresh']),
  grant: z.string(),
  user: z.string(),
  scopes: z.array(z.string()),
  shared: z.boolean(),
  regional: z.boolean(),
  pair: z.number(),
  issuedAt: z.number(),
  expiresAt: z.number(),
});

export function signToken(content: TokenContent, secret: string): string {
  const payload = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${payload}.${sign(payload, secret)}`;
}

/** What the token says; null when it is none of ours. */
export function readToken(token: string, secret: string): TokenContent | null {
  const [payload = '', signature = ''] = token.split('.');
  const expected = Buffer.from(sign(payload, secret));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return CONTENT.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
}

function sign(payload: string, secret: string): string {
  return createHmac('sha256', secret).update(`token ${payload}`).digest('base64url');
}

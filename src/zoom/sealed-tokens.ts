import { z } from 'zod';
import type { Encryption } from '../lib/encryption.ts';
import type { ConnectionId, Tokens } from './connection.ts';

/** The tokens of a connection as they are stored: sealed, and for that connection alone. */
export function sealTokens(encryption: Encryption, id: ConnectionId, tokens: Tokens): string {
  return encryption.seal(JSON.stringify(tokens), context(id));
}

/** Throws when they were sealed with a key that is not configured any more, or for another connection. */
export function openTokens(encryption: Encryption, id: ConnectionId, sealed: string): Tokens {
  return stored.parse(JSON.parse(encryption.open(sealed, context(id))));
}

const stored = z.object({ access: z.string(), refresh: z.string(), expiresAt: z.number() });

function context(id: ConnectionId): string {
  return `zoom-connection/${id}`;
}

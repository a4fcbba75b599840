import { z } from 'zod';
import type { UserId } from '../channels/channel.ts';
import type { Encryption } from '../lib/encryption.ts';
import { parseJson } from '../lib/json.ts';

/**
 * Who asks to connect, from a page of ours to the new tab that it opens: there the browser knows no session of the
 * frame's, as it keeps cookies apart by top site (CHIPS).
 */
export type ConnectTicket = { userId: UserId; grantId: string; returnTo: string; until: number };

const CONTEXT = 'zoom-connect-ticket';

const TICKET = z.object({ userId: z.string(), grantId: z.string(), returnTo: z.string(), until: z.number() });

export function writeTicket(encryption: Encryption, ticket: ConnectTicket): string {
  return encryption.seal(JSON.stringify(ticket), CONTEXT);
}

/** Null for what is not a ticket of ours, or too old. */
export function readTicket(encryption: Encryption, sealed: string, now: number): ConnectTicket | null {
  const text = opened(encryption, sealed);
  const read = TICKET.safeParse(text === null ? null : parseJson(text));
  return read.success && read.data.until > now ? (read.data as ConnectTicket) : null;
}

function opened(encryption: Encryption, sealed: string): string | null {
  try {
    return encryption.open(sealed, CONTEXT);
  } catch {
    // Whatever the page was sent with: it is no ticket.
    return null;
  }
}

import he from 'he';
import { z } from 'zod';
import type { RosterMember } from '../channels/roster-source.ts';
import { wellFormed } from '../lib/fold.ts';
import type { PlatformFamily } from './platform.ts';

const TEXT = z.string().optional().catch(undefined);

const MEMBER = z.object({
  // A number in some LMSs, though NRPS 2.0 says string.
  user_id: z.union([z.string().min(1), z.number().transform(String)]),
  roles: z.array(z.unknown()).catch([]),
  status: TEXT,
  name: TEXT,
  given_name: TEXT,
  family_name: TEXT,
  email: TEXT,
});

/**
 * One member of a roster page (NRPS 2.0, 2.2), or null for what is not one: no user ID, or `Deleted`, which only answers
 * about differences have. Names and e-mails are withheld by some LMSs' privacy settings and are then null.
 */
export function readRosterMember(raw: unknown, family: PlatformFamily): RosterMember | null {
  const parsed = MEMBER.safeParse(raw);
  if (!parsed.success) return null;
  const member = parsed.data;
  const status = statusWord(member.status);
  if (status === 'deleted') return null;
  const plain = family === 'moodle' ? unescapeHtml : trim;
  return {
    subject: wellFormed(member.user_id),
    roles: [...new Set(member.roles.filter((role): role is string => typeof role === 'string'))],
    name: plain(member.name) ?? joinNames(plain(member.given_name), plain(member.family_name)),
    email: plain(member.email),
    inactive: status === 'inactive',
  };
}

// `Active` is the default; older services write it as a URI.
function statusWord(status: string | undefined): string {
  return (status ?? 'Active').replace(/^.*[#/]/, '').toLowerCase();
}

function joinNames(given: string | null, family: string | null): string | null {
  return [given, family].filter((part) => part !== null).join(' ') || null;
}

// Moodle 4.5 escapes names and e-mails for HTML in rosters, though not in launches.
function unescapeHtml(text: string | undefined): string | null {
  if (!text) return null;
  return trim(text.includes('&') ? he.decode(text) : text);
}

function trim(text: string | undefined): string | null {
  return text?.trim() || null;
}

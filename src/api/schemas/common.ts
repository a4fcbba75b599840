import { z } from 'zod';
import { PERMISSION_LEVELS } from '../../channels/permission-level.ts';
import { decodeCursor } from '../../lib/page.ts';

// The shapes of /api/v1 stand in this folder. The router parses with them, the OpenAPI document is generated from them,
// and the presenters are typed by them, so that the three cannot drift apart.

export const level = z.enum(PERMISSION_LEVELS);
export const updateMethod = z.enum(['automatic', 'manual']);
export const status = z.enum(['active', 'inactive']);
export const statusReason = z.enum(['departed', 'inactive-in-lms', 'by-hand']);
export const time = z.iso.datetime();
export const count = z.int().min(0);

/**
 * A cursor of a list whose position has these parts. A store takes what is none of its cursors for none, and a client
 * that walks a list with it would never come to the list's end.
 */
export function cursorOf(...parts: ('string' | 'number')[]): z.ZodString {
  return z
    .string()
    .max(2000)
    .regex(/^[\w-]+$/)
    .refine((given) => isPosition(given, parts), 'is not a cursor of this list')
    .meta({ description: 'The `nextCursor` of the page before.' });
}

export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(200)
  .meta({ description: 'How many items a page has at most; 50 if not given.' });

export const nextCursor = z.string().nullable().meta({ description: 'Null on the last page.' });

/** Text of a request. Half a character (a lone surrogate) cannot be stored, and would come back as another text. */
export const text = z.string().refine(isWellFormed, 'has half a character (a lone surrogate)');

/** A short text that says something. */
export const word = text.trim().min(1).max(255);

const PERSON_ID =
  "A user ID, or `sub:` followed by the LMS's ID of the person, percent-encoded in a path: `sub:5f2c%2F1`.";

/** A person in a path or a body. */
export const personId = text
  .min(1)
  .max(300)
  .refine(isPersonId, 'names nobody after sub:')
  .meta({ description: PERSON_ID });

export const noQuery = z.strictObject({});
export const channelParams = z.object({ channelId: z.string() });
export const syncParams = z.object({ syncId: z.string() });

function isPosition(given: string, parts: readonly ('string' | 'number')[]): boolean {
  const position = decodeCursor(given, parts.length);
  return position?.every((part, i) => typeof part === parts[i] && isWhole(part)) === true;
}

// Numbers in a position are times and places in a row.
function isWhole(part: string | number): boolean {
  return typeof part === 'string' || (Number.isSafeInteger(part) && part >= 0);
}

function isWellFormed(given: string): boolean {
  return !/\p{Cs}/u.test(given);
}

// LTI 1.3, 5.3.6.1: `sub` has at most 255 characters.
function isPersonId(given: string): boolean {
  return !given.startsWith('sub:') || /^sub:[^\p{Cc}]{1,255}$/u.test(given);
}

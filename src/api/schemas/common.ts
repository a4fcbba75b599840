import { z } from 'zod';
import { PERMISSION_LEVELS } from '../../channels/permission-level.ts';

// The shapes of /api/v1 stand in this folder. The router parses with them, the OpenAPI document is generated from them,
// and the presenters are typed by them, so that the three cannot drift apart.

export const level = z.enum(PERMISSION_LEVELS);
export const updateMethod = z.enum(['automatic', 'manual']);
export const status = z.enum(['active', 'inactive']);
export const statusReason = z.enum(['departed', 'inactive-in-lms', 'by-hand']);
export const time = z.iso.datetime();
export const count = z.int().min(0);

export const cursor = z
  .string()
  .max(2000)
  .regex(/^[\w-]+$/)
  .refine(isCursor, 'is not a cursor that this server gave')
  .meta({ description: 'The `nextCursor` of the page before.' });

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

// A store takes an unreadable cursor for none; a client that walks a list would then never come to its end.
function isCursor(given: string): boolean {
  try {
    return Array.isArray(JSON.parse(Buffer.from(given, 'base64url').toString('utf8')));
  } catch {
    return false;
  }
}

function isWellFormed(given: string): boolean {
  return !/\p{Cs}/u.test(given);
}

// LTI 1.3, 5.3.6.1: `sub` has at most 255 characters.
function isPersonId(given: string): boolean {
  return !given.startsWith('sub:') || /^sub:[^\p{Cc}]{1,255}$/u.test(given);
}

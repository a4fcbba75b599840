import { z } from 'zod';
import {
  cursorOf,
  level,
  limit,
  nextCursor,
  personId,
  status,
  statusReason,
  text,
  time,
  updateMethod,
  word,
} from './common.ts';

export const memberSchema = z.object({
  userId: z.string(),
  subject: z.string().meta({ description: "The LMS's ID of the person (`sub`)." }),
  name: z.string().nullable(),
  email: z.string().nullable(),
  level,
  rosterLevel: level.nullable().meta({
    description: 'The level of the last complete roster, or of an automatic entry by a program; null: not listed.',
  }),
  override: level.nullable().meta({ description: 'The level a person set; it stays whatever the roster says.' }),
  updateMethod,
  status,
  statusReason: statusReason.nullable(),
  roles: z.array(z.string()),
  lastSeenAt: time.nullable(),
});

export const memberPageSchema = z.object({ items: z.array(memberSchema), nextCursor });

export const memberParams = z.object({ channelId: z.string(), userId: personId });

export const memberQuery = z.strictObject({
  level: level.optional(),
  status: status.optional(),
  updateMethod: updateMethod.optional(),
  q: z.string().max(200).optional().meta({ description: 'Part of a name, an e-mail address or an ID.' }),
  limit: limit.optional(),
  cursor: cursorOf('string', 'string').optional(),
});

const OVERRIDE = 'true: replace what a person set by hand. Otherwise that is kept and answered with 409.';
const override = z.boolean().optional().meta({ description: OVERRIDE });

export const memberEntrySchema = z.strictObject({
  level,
  updateMethod: updateMethod.optional().meta({
    description:
      '`manual`, if not given: stays whatever the roster says. `automatic`: as a roster would give it; stays until a program or a roster that lists the person says otherwise.',
  }),
  override,
  name: word.optional().meta({ description: 'For a person whose name the LMS has not told.' }),
  email: text
    .trim()
    .max(320)
    .regex(/^\S+@\S+$/)
    .optional()
    .meta({ description: 'For a person whose address the LMS has not told.' }),
});

export const memberChangeSchema = z
  .strictObject({
    level: level.optional(),
    status: status.optional(),
    updateMethod: updateMethod.optional().meta({ description: '`automatic` returns to what the roster says.' }),
    override,
  })
  .refine(
    ({ override: _, ...change }) => Object.keys(change).length === 1,
    'names not exactly one of level, status, updateMethod',
  )
  .meta({
    description: 'Exactly one of `level`, `status` and `updateMethod`.',
    oneOf: [{ required: ['level'] }, { required: ['status'] }, { required: ['updateMethod'] }],
  });

export const memberRemovalQuery = z.strictObject({
  override: z.enum(['true', 'false']).optional().meta({ description: OVERRIDE }),
});

export const personSchema = z.object({
  userId: z.string(),
  platformId: z.string(),
  subject: z.string().meta({ description: "The LMS's ID of the person (`sub`)." }),
  name: z.string().nullable(),
  email: z.string().nullable(),
});

export const personListSchema = z.object({
  items: z.array(personSchema),
  nextCursor: z.null().meta({ description: 'A search has one page: name the person more closely.' }),
});

export const personQuery = z.strictObject({
  platformId: z.string().min(1).max(64),
  q: z.string().trim().min(3).max(200).meta({
    description: 'Each word begins a word of the name, the e-mail address or the ID; three characters or more.',
  }),
  limit: z.coerce.number().int().min(1).max(50).optional().meta({ description: '20 if not given.' }),
});

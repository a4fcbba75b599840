import { z } from 'zod';
import { PERMISSION_LEVELS } from '../channels/permission-level.ts';

// The shapes of /api/v1. The router parses with them, the OpenAPI document is generated from them, and the presenters
// are typed by them, so that the three cannot drift apart.

const level = z.enum(PERMISSION_LEVELS);
const privacy = z.enum(['open', 'restricted', 'private']).meta({
  description:
    '`private`: members only. `open` and `restricted` are stored and take effect with the pages for people who are not members; until then every channel is for its members only.',
});
const contributionPolicy = z.enum(['everyone', 'contributors']);
const moderated = z.boolean().meta({
  description: 'Whether contributions wait for approval. Stored; takes effect with the pages for contributions.',
});
const updateMethod = z.enum(['automatic', 'manual']);
const status = z.enum(['active', 'inactive']);
const time = z.iso.datetime();
const count = z.int().min(0);

const cursor = z
  .string()
  .max(2000)
  .regex(/^[\w-]+$/)
  .refine(isCursor, 'is not a cursor that this server gave')
  .meta({ description: 'The `nextCursor` of the page before.' });
const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(200)
  .meta({ description: 'How many items a page has at most; 50 if not given.' });

export const syncSchema = z.object({
  id: z.string(),
  channelId: z.string(),
  state: z.enum(['queued', 'running', 'applied', 'held', 'discarded', 'failed']),
  counts: z.object({
    added: count,
    changed: count,
    deactivated: count,
    reactivated: count,
    kept: count,
    unchanged: count,
  }),
  pages: count,
  reason: z.string().nullable().meta({ description: 'Why the sync is held, failed or was discarded.' }),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

export const channelSchema = z.object({
  id: z.string(),
  platformId: z.string(),
  contextIds: z.array(z.string()).meta({ description: 'The IDs that the LMS gives to the courses of the channel.' }),
  referenceId: z.string().nullable().meta({ description: 'The ID your organisation gave; unique per platform.' }),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  privacy,
  contributionPolicy,
  moderated,
  owner: z.string().nullable().meta({ description: 'The user ID of the owner.' }),
  memberCounts: z.object({
    active: z.object({ manager: count, moderator: count, contributor: count, member: count }),
    total: count.meta({ description: 'Active members in all.' }),
    inactive: count,
    manual: count.meta({ description: 'Active members with something set by hand.' }),
  }),
  lastSync: syncSchema.nullable(),
  createdAt: time,
  updatedAt: time,
});

export const memberSchema = z.object({
  userId: z.string(),
  subject: z.string().meta({ description: "The LMS's ID of the person (`sub`)." }),
  name: z.string().nullable(),
  email: z.string().nullable(),
  level,
  rosterLevel: level.nullable().meta({ description: 'The level of the last complete roster; null: not listed.' }),
  override: level.nullable().meta({ description: 'The level a person set; it stays whatever the roster says.' }),
  updateMethod,
  status,
  statusReason: z.enum(['departed', 'inactive-in-lms', 'by-hand']).nullable(),
  roles: z.array(z.string()),
  lastSeenAt: time.nullable(),
});

export const syncRequestedSchema = z.object({ syncId: z.string() });

export const channelPageSchema = z.object({ items: z.array(channelSchema), nextCursor: z.string().nullable() });
export const memberPageSchema = z.object({ items: z.array(memberSchema), nextCursor: z.string().nullable() });

export const noQuery = z.strictObject({});
export const channelParams = z.object({ channelId: z.string() });
export const memberParams = z.object({ channelId: z.string(), userId: z.string() });
export const syncParams = z.object({ syncId: z.string() });

export const channelQuery = z.strictObject({
  referenceId: z.string().max(255).optional(),
  contextId: z.string().max(255).optional(),
  platformId: z.string().max(64).optional(),
  limit: limit.optional(),
  cursor: cursor.optional(),
});

export const memberQuery = z.strictObject({
  level: level.optional(),
  status: status.optional(),
  updateMethod: updateMethod.optional(),
  q: z.string().max(200).optional().meta({ description: 'Part of a name, an e-mail address or an ID.' }),
  limit: limit.optional(),
  cursor: cursor.optional(),
});

const name = z.string().trim().min(1).max(255);

export const channelChangeSchema = z
  .strictObject({
    name: name.nullable().optional().meta({ description: "null returns to the LMS's title." }),
    description: z.string().max(5000).optional(),
    tags: z.array(z.string().trim().min(1).max(100)).max(50).optional(),
    privacy: privacy.optional(),
    contributionPolicy: contributionPolicy.optional(),
    moderated: moderated.optional(),
    referenceId: name.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ minProperties: 1 });

const override = z
  .boolean()
  .optional()
  .meta({ description: 'true: replace what a person set by hand. Otherwise that is kept and answered with 409.' });

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

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    id: z.string().meta({ description: 'Stands in the log of the server.' }),
    errors: z
      .array(z.object({ in: z.enum(['body', 'query']), path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with the request, field by field (400).' }),
    member: memberSchema.optional().meta({ description: 'The member as it stands (409, kept: set by hand).' }),
  })
  .meta({ description: 'RFC 9457, Problem Details for HTTP APIs.' });

/** Everything the document names, by its name there. */
export const COMPONENTS = {
  Channel: channelSchema,
  ChannelPage: channelPageSchema,
  ChannelChange: channelChangeSchema,
  Member: memberSchema,
  MemberPage: memberPageSchema,
  MemberChange: memberChangeSchema,
  Sync: syncSchema,
  SyncRequested: syncRequestedSchema,
  Problem: problemSchema,
} as const;

// A store takes an unreadable cursor for none; a client that walks a list would then never come to its end.
function isCursor(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    return false;
  }
}

import { z } from 'zod';
import { tidyText } from '../../lib/tidy-text.ts';
import { count, cursorOf, limit, nextCursor, personId, text, time, word } from './common.ts';
import { syncSchema } from './sync-schemas.ts';

const privacy = z.enum(['open', 'restricted', 'private']).meta({
  description:
    '`private`: members only. `restricted`: everyone of the platform may view, contributors and above contribute. `open`: everyone of the platform may view, and contribute as `contributionPolicy` says.',
});
const contributionPolicy = z
  .enum(['everyone', 'contributors'])
  .meta({ description: '`contributors`: contributors and above alone.' });
const moderated = z.boolean().meta({
  description: 'Whether contributions wait for approval. Stored; takes effect with the pages for contributions.',
});

const automatic = z.boolean().meta({ description: 'false: no sync at launches or on schedule, only when asked for.' });
const departedOverrides = z.enum(['deactivate', 'keep']).nullable().meta({
  description:
    'What happens to people with a level set by hand whom the roster drops; null: what the settings of the site say.',
});
const askBeforeRemovals = z
  .boolean()
  .meta({ description: 'true: every sync that would take access away is held until a person or a program decides.' });

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
  sync: z.object({ automatic, departedOverrides, askBeforeRemovals }),
  memberCounts: z.object({
    active: z.object({ manager: count, moderator: count, contributor: count, member: count }),
    total: count.meta({ description: 'Active members in all.' }),
    inactive: count,
    manual: count.meta({ description: 'Active members with something set by hand.' }),
  }),
  lastSync: syncSchema.nullable(),
  createdAt: time,
  updatedAt: time,
  deletedAt: time.nullable(),
  restorableUntil: time.nullable().meta({ description: 'When a deleted channel is gone for good; null: not deleted.' }),
});

export const channelPageSchema = z.object({ items: z.array(channelSchema), nextCursor });

export const channelQuery = z.strictObject({
  referenceId: z.string().max(255).optional(),
  contextId: z.string().max(255).optional(),
  platformId: z.string().max(64).optional(),
  deleted: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: deleted channels that can still be restored, and no other.' }),
  limit: limit.optional(),
  cursor: cursorOf('number', 'string').optional(),
});

export const channelChangeSchema = z
  .strictObject({
    name: word.nullable().optional().meta({ description: "null returns to the LMS's title." }),
    description: text
      .overwrite(tidyText)
      .max(5000)
      .optional()
      .meta({ description: 'Line breaks are stored as `\\n`, and none at the beginning and the end.' }),
    tags: z.array(text.trim().min(1).max(100)).max(50).optional(),
    privacy: privacy.optional(),
    contributionPolicy: contributionPolicy.optional(),
    moderated: moderated.optional(),
    referenceId: word.nullable().optional(),
    owner: personId.nullable().optional().meta({
      description:
        "A user ID, or `sub:` followed by the LMS's ID, of somebody the platform knows; needs the scope `members:write` too. They become a manager whom no roster demotes or drops; the former owner stays a manager. null: no owner.",
    }),
    sync: z
      .strictObject({
        automatic: automatic.optional(),
        departedOverrides: departedOverrides.optional(),
        askBeforeRemovals: askBeforeRemovals.optional(),
      })
      .optional()
      .meta({ description: 'What is left out stays.' }),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ minProperties: 1 });

const state = z.record(z.string(), z.unknown()).nullable();

export const activitySchema = z.object({
  id: z.string(),
  at: time,
  actor: z.object({
    type: z.enum(['user', 'api-key', 'command', 'system']),
    id: z.string().nullable(),
  }),
  action: z.string().meta({ description: 'For example `member.level`, `member.add`, `channel.change`.' }),
  subject: z.object({ userId: z.string() }).nullable().meta({
    description: 'Whom it was done to; null without the scope `members:read`.',
  }),
  syncId: z.string().nullable(),
  from: state.meta({ description: 'What was, field by field; null: nothing was there, or the key may not read it.' }),
  to: state.meta({ description: 'What is since then; null: nothing is there any more, or the key may not read it.' }),
  batch: z.string().nullable().meta({ description: 'The same in all events of one change of many members.' }),
  undoable: z.boolean().meta({ description: 'Whether it is of a kind that can be undone.' }),
});

export const activityPageSchema = z.object({ items: z.array(activitySchema), nextCursor });

export const activityQuery = z.strictObject({
  limit: limit.optional(),
  cursor: cursorOf('number', 'string').optional(),
});
export const activityParams = z.object({ channelId: z.string(), activityId: z.string() });

export const undoneSchema = z.object({
  undone: count.meta({ description: 'How many changes were undone.' }),
  refused: count.meta({ description: 'How many of a batch could not be, for something happened to them since.' }),
  activityId: z
    .string()
    .nullable()
    .meta({ description: 'By which undoing is undone; null: nothing was left to undo.' }),
});

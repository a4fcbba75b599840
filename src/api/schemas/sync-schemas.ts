import { z } from 'zod';
import { count, cursorOf, level, limit, nextCursor, statusReason, time } from './common.ts';

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
  reason: z
    .string()
    .nullable()
    .meta({ description: 'Why the sync is held, failed, was discarded, or is queued once more.' }),
  notBefore: time.nullable().meta({ description: 'A queued sync begins no sooner; null: as soon as it can.' }),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

export const syncRequestedSchema = z.object({ syncId: z.string() });

const kind = z.enum(['add', 'change', 'deactivate', 'reactivate', 'keep']);

const side = z.object({
  level,
  rosterLevel: level.nullable(),
  override: level.nullable(),
  name: z.string().nullable(),
  statusReason: statusReason.nullable().meta({ description: 'Null while active.' }),
});

export const syncChangeSchema = z.object({
  number: count,
  kind: kind.meta({ description: '`keep`: the roster says otherwise, but a person set this member by hand.' }),
  subject: z.string().meta({ description: "The LMS's ID of the person (`sub`)." }),
  before: side.nullable().meta({ description: 'Null for somebody who was no member.' }),
  after: side,
});

export const syncChangePageSchema = z.object({ items: z.array(syncChangeSchema), nextCursor });

export const syncChangeQuery = z.strictObject({
  kind: kind.optional(),
  limit: limit.optional(),
  cursor: cursorOf('number').optional(),
});

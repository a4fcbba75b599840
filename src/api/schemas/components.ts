import { z } from 'zod';
import {
  activityPageSchema,
  activitySchema,
  channelChangeSchema,
  channelPageSchema,
  channelSchema,
  undoneSchema,
} from './channel-schemas.ts';
import {
  memberChangeSchema,
  memberEntrySchema,
  memberPageSchema,
  memberSchema,
  personListSchema,
  personSchema,
} from './member-schemas.ts';
import { syncChangePageSchema, syncChangeSchema, syncRequestedSchema, syncSchema } from './sync-schemas.ts';

const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:rostrum:problem:` and the name of the problem; made for programs.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    id: z.string().meta({ description: 'Stands in the log of the server.' }),
    errors: z
      .array(z.object({ in: z.enum(['body', 'query', 'path']), path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with the request, field by field (400).' }),
    scope: z.string().optional().meta({ description: 'The scope that the key lacks (403).' }),
    member: memberSchema.optional().meta({ description: 'The member as it stands (409, 412).' }),
    channel: channelSchema.optional().meta({ description: 'The channel as it stands (412).' }),
  })
  .meta({ description: 'RFC 9457, Problem Details for HTTP APIs.' });

/** Everything the document names, by its name there. */
export const COMPONENTS = {
  Channel: channelSchema,
  ChannelPage: channelPageSchema,
  ChannelChange: channelChangeSchema,
  Activity: activitySchema,
  ActivityPage: activityPageSchema,
  Undone: undoneSchema,
  Member: memberSchema,
  MemberPage: memberPageSchema,
  MemberEntry: memberEntrySchema,
  MemberChange: memberChangeSchema,
  Person: personSchema,
  PersonList: personListSchema,
  Sync: syncSchema,
  SyncRequested: syncRequestedSchema,
  SyncChange: syncChangeSchema,
  SyncChangePage: syncChangePageSchema,
  Problem: problemSchema,
} as const;

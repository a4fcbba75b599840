import { z } from 'zod';
import type { ChannelId } from '../channels/channel.ts';
import type { NoticeText } from '../channels/channel-head-page.ts';
import type { Reader } from '../lib/reader.ts';

const CATALOGUE_OUTCOMES = ['asked', 'looking', 'nothing-chosen', 'not-there', 'no-place'] as const;

/** The page's query as it stands in the address; what is not understood counts as not given. */
export const CATALOGUE_QUERY = z.object({
  /** Where imports go unless the person says otherwise. */
  channel: z
    .string()
    .max(64)
    .transform((id) => (id || null) as ChannelId | null)
    .nullable()
    .catch(null),
  number: z
    .string()
    .regex(/^\d{9,12}$/)
    .nullable()
    .catch(null),
  q: z.string().trim().max(200).catch(''),
  cursor: z.string().min(1).max(2000).nullable().catch(null),
  done: z.enum(CATALOGUE_OUTCOMES).nullable().catch(null),
  count: z.coerce.number().int().min(0).max(10_000).catch(0),
  here: z.coerce.number().int().min(0).max(10_000).catch(0),
});

export type CatalogueQuery = z.infer<typeof CATALOGUE_QUERY>;

/** What came of the last thing asked for; null when the page is just opened. */
export function catalogueNotice({ done, count, here }: CatalogueQuery, { t, number }: Reader): NoticeText | null {
  if (done === null) return null;
  const key = done === 'asked' && count === 0 ? 'all-here' : done;
  const told = t(`catalogue.notices.${key}`, { count, number: number(count) });
  const also = done === 'asked' && count > 0 && here > 0 ? t('catalogue.notices.here', { count: here }) : '';
  const good = done === 'asked' || done === 'looking';
  return { tone: good ? 'good' : 'warn', text: [told, also].filter(Boolean).join(' '), action: null };
}

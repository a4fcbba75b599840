import { expect, it } from 'vitest';
import { MY_CHANNELS_QUERY, myChannelsPage } from '../../src/channels/my-channels-page.ts';
import type { Visitor } from '../../src/channels/viewer.ts';
import { createReader } from '../../src/lib/reader.ts';
import { readTexts } from '../../src/web/texts.ts';

const t = readTexts(new URL('../../locales/', import.meta.url)).forLocale('en');
const reader = createReader({ t, locale: 'en-GB', timeZone: 'UTC', now: 0 });

it('a list that is too long to be counted says that there are more', () => {
  const visitor = { grant: { id: 'g', family: 'canvas' } } as Visitor;
  const many = { total: 1000, totalIsCapped: true };
  const none = { total: 0, totalIsCapped: false };
  const totals = { mine: none, open: many, deleted: none };
  const page = { items: [], nextCursor: null, ...many };
  const query = MY_CHANNELS_QUERY.parse({ scope: 'open' });
  const view = myChannelsPage(visitor, { page, totals, justDeleted: null }, { query, reader });
  expect([view.total, view.scopes.map(({ number }) => number)]).toEqual(['1,000+ channels', ['0', '1,000+']]);
});

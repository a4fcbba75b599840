import { z } from 'zod';
import type { Reader, TimeText } from '../lib/reader.ts';
import { type Channel, channelName } from './channel.ts';
import type { NoticeText } from './channel-head-page.ts';
import { channelLinks, linkAs } from './channel-links.ts';
import type { MyChannel, MyChannelsFilter, MyChannelsPage } from './channel-store.ts';
import { restorableUntil } from './delete-channel.ts';
import type { Visitor } from './viewer.ts';

export const CHANNELS_PER_PAGE = 50;

const SCOPES = ['mine', 'open', 'deleted'] as const satisfies MyChannelsFilter['scope'][];

/** The page's query as it stands in the address; what is not understood counts as not given. */
export const MY_CHANNELS_QUERY = z.object({
  scope: z.enum(SCOPES).catch('mine'),
  q: z.string().trim().max(200).catch(''),
  cursor: z.string().max(2000).nullable().catch(null),
  as: z.string().nullable().catch(null),
  notice: z.enum(['channel-deleted', 'deleted']).nullable().catch(null),
  /** The channel that a notice is about. */
  channel: z.string().max(64).nullable().catch(null),
});

export type MyChannelsQuery = z.infer<typeof MY_CHANNELS_QUERY>;

/** The channels of one person: their own, those they may look into, and those they may bring back. */
export type MyChannelsView = {
  title: string;
  as: string;
  action: string;
  scope: MyChannelsFilter['scope'];
  q: string;
  clear: string | null;
  notice: NoticeText | null;
  scopes: { text: string; number: string; href: string; current: boolean }[];
  /** What the shown list is. */
  explanation: string;
  total: string;
  rows: ChannelRow[];
  /** What stands in place of rows, and the next step. */
  empty: { title: string; next: string } | null;
  first: string | null;
  next: string | null;
  /** The person's other pages that belong to no channel; none for an administrator who looks in. */
  asides: { text: string; href: string }[];
  family: string;
};

type ChannelRow = {
  name: string;
  code: string | null;
  /** Null for a deleted channel, which nobody reaches. */
  href: string | null;
  role: string;
  privacy: string;
  deleted: { at: TimeText; until: string; restore: string; label: string } | null;
};

/** How many there are, or that there are more. */
export type Counted = Pick<MyChannelsPage, 'total' | 'totalIsCapped'>;

export type MyChannelsFacts = {
  page: MyChannelsPage;
  /** How many there are of each, whatever is searched for. */
  totals: Record<MyChannelsFilter['scope'], Counted>;
  /** The channel that was just deleted, if this person may restore it. */
  justDeleted: Channel | null;
};

export function myChannelsPage(
  visitor: Visitor,
  { page, totals, justDeleted }: MyChannelsFacts,
  { query, reader }: { query: MyChannelsQuery; reader: Reader },
): MyChannelsView {
  const { t } = reader;
  const { scope, q, cursor } = query;
  const as = visitor.grant.id;
  const link = (more: Record<string, string | null>) => linkAs(as, '/channels', more);
  const count = { count: page.total, number: countText(page, reader) };
  return {
    title: t('my-channels.title'),
    as,
    action: '/channels',
    scope,
    q,
    clear: q === '' ? null : link({ scope }),
    notice: noticeOf(query, justDeleted, { as, reader }),
    scopes: SCOPES.filter((one) => one !== 'deleted' || totals.deleted.total > 0 || scope === 'deleted').map((one) => ({
      text: t(`my-channels.scopes.${one}.name`),
      number: countText(totals[one], reader),
      href: link({ scope: one, q }),
      current: one === scope,
    })),
    explanation: t(`my-channels.scopes.${scope}.text`),
    total: t(q === '' ? 'my-channels.total' : 'my-channels.found', count),
    rows: page.items.map((item) => rowOf(item, as, reader)),
    empty: page.items.length > 0 ? null : emptyState(query, totals, reader),
    first: cursor === null ? null : link({ scope, q }),
    next: page.nextCursor === null ? null : link({ scope, q, cursor: page.nextCursor }),
    asides: visitor.grant.launchOnly ? [] : asidesOf(as, reader),
    family: visitor.grant.family,
  };
}

function asidesOf(as: string, { t }: Reader): MyChannelsView['asides'] {
  return [
    { text: t('head.my-recordings'), href: linkAs(as, '/recordings') },
    { text: t('zoom.account.title'), href: linkAs(as, '/zoom') },
  ];
}

function countText({ total, totalIsCapped }: Counted, { t, number }: Reader): string {
  return totalIsCapped ? t('my-channels.more-than', { number: number(total) }) : number(total);
}

function rowOf({ channel, level }: MyChannel, as: string, reader: Reader): ChannelRow {
  const { t, time } = reader;
  const links = channelLinks(channel.id, as);
  const name = channelName(channel);
  const until = restorableUntil(channel);
  return {
    name,
    code: channel.label !== null && channel.label !== name ? channel.label : null,
    href: channel.deletedAt === null ? links.channel() : null,
    role: level === null ? t('head.visitor') : t(`levels.${level}.name`),
    privacy: t(`settings.privacy.${channel.privacy}.name`),
    deleted:
      channel.deletedAt === null || until === null
        ? null
        : {
            at: time(channel.deletedAt),
            until: t('my-channels.restorable-until', { until: time(until).exact }),
            restore: links.restoreChannel,
            label: t('my-channels.restore-this', { name }),
          },
  };
}

function noticeOf(
  { notice }: MyChannelsQuery,
  justDeleted: Channel | null,
  { as, reader }: { as: string; reader: Reader },
): NoticeText | null {
  const { t, time } = reader;
  const action = justDeleted && {
    href: channelLinks(justDeleted.id, as).restoreChannel,
    text: t('my-channels.restore'),
    back: 'channel',
  };
  if (notice === 'channel-deleted') return { text: t('my-channels.notices.channel-deleted'), tone: 'warn', action };
  const until = justDeleted && restorableUntil(justDeleted);
  if (notice !== 'deleted' || !justDeleted || until === null) return null;
  const values = { name: channelName(justDeleted), until: time(until).exact };
  return {
    text: t('my-channels.notices.deleted', values),
    tone: 'good',
    action,
  };
}

function emptyState(
  { scope, q }: MyChannelsQuery,
  totals: MyChannelsFacts['totals'],
  reader: Reader,
): MyChannelsView['empty'] {
  const { t } = reader;
  if (q !== '') return { title: t('my-channels.none-found.title'), next: t('my-channels.none-found.next') };
  const others =
    scope === 'mine' && totals.open.total > 0
      ? t('my-channels.empty.mine.others', { count: totals.open.total, number: countText(totals.open, reader) })
      : null;
  const next = t(`my-channels.empty.${scope}.next`);
  return { title: t(`my-channels.empty.${scope}.title`), next: others === null ? next : `${next} ${others}` };
}

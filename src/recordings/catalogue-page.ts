import { type Channel, channelName, type UserId } from '../channels/channel.ts';
import type { NoticeText } from '../channels/channel-head-page.ts';
import { channelLinks, linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Page } from '../lib/page.ts';
import type { Reader } from '../lib/reader.ts';
import type { Connection } from '../zoom/connection.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import { formatMeetingNumber } from '../zoom/read-meeting-number.ts';
import { type CatalogueQuery, catalogueNotice } from './catalogue-query.ts';
import { type CatalogueRow, catalogueRow } from './catalogue-row.ts';
import { type CatalogueState, catalogueState } from './catalogue-state.ts';
import type { CatalogueEntry, CatalogueStore } from './catalogue-store.ts';
import type { Recording } from './recording.ts';
import { myRecordingsLinks } from './recording-links.ts';

export const ENTRIES_PER_PAGE = 25;

/** A person's own recordings in Zoom, to choose from. Nobody else ever sees it. */
export type CataloguePage = {
  title: string;
  family: string;
  as: string;
  notice: NoticeText | null;
  state: CatalogueState;
  query: { channel: string | null; number: string | null; q: string; cursor: string | null };
  action: string;
  /** The meetings there are recordings of. */
  meetings: { number: string; text: string; selected: boolean }[];
  clear: string | null;
  total: string | null;
  rows: CatalogueRow[];
  empty: { title: string; text: string } | null;
  /** Null when nothing of the page can be brought in. */
  bring: Bring | null;
  /** Something of the page changes by itself. */
  goesOn: boolean;
  first: string | null;
  next: string | null;
  links: { library: string; account: string; channel: { href: string; name: string } | null };
};

export type Bring = {
  places: { value: string; text: string; selected: boolean }[];
  /** The number of the meeting that the list is about, all of which can be brought. */
  all: string | null;
};

export type CatalogueFacts = {
  connection: Connection;
  page: Page<CatalogueEntry> & { total: number };
  meetings: Awaited<ReturnType<CatalogueStore['listNumbers']>>;
  links: readonly MeetingLink[];
  /** Those of the page that are here, by their meeting's UUID; also another person's of the same Zoom account. */
  known: ReadonlyMap<string, Recording>;
  /** Those this person may bring something into. */
  channels: readonly Channel[];
  userId: UserId;
};

export function cataloguePage(
  { grant }: Pick<Visitor, 'grant'>,
  facts: CatalogueFacts,
  { query, reader }: { query: CatalogueQuery; reader: Reader },
): CataloguePage {
  const { page, connection, known } = facts;
  const mine = myRecordingsLinks(grant.id);
  const target = facts.channels.find(({ id }) => id === query.channel) ?? null;
  const shown = { channel: target?.id ?? null, number: query.number, q: query.q };
  const isLive = connection.state === 'live';
  const context = { ...facts, as: grant.id, isLive, reader };
  const rows = page.items.map((entry) => catalogueRow(entry, known.get(entry.meetingUuid) ?? null, context));
  const state = catalogueState(connection, reader);
  return {
    title: reader.t('catalogue.title'),
    family: grant.family,
    as: grant.id,
    notice: catalogueNotice(query, reader),
    state,
    query: { ...shown, cursor: query.cursor },
    action: '/zoom/recordings',
    meetings: meetingsOf(facts, query.number, reader),
    clear: isFiltered(query) ? mine.catalogue({ channel: shown.channel }) : null,
    total: totalOf(page.total, reader),
    rows,
    empty: rows.length > 0 ? null : emptyOf(query, connection, reader),
    bring: bringOf(rows, { query, target, channels: facts.channels }, reader),
    goesOn: state.goesOn || rows.some(({ isComing }) => isComing),
    first: query.cursor === null ? null : mine.catalogue(shown),
    next: page.nextCursor === null ? null : mine.catalogue({ ...shown, cursor: page.nextCursor }),
    links: {
      library: mine.library(),
      account: linkAs(grant.id, '/zoom'),
      channel: target && { href: channelLinks(target.id, grant.id).recordings(), name: channelName(target) },
    },
  };
}

function isFiltered({ number, q }: CatalogueQuery): boolean {
  return number !== null || q !== '';
}

function meetingsOf(
  { meetings }: CatalogueFacts,
  chosen: string | null,
  { t, number }: Reader,
): CataloguePage['meetings'] {
  return meetings.map((meeting) => ({
    number: meeting.number,
    text: t('catalogue.meeting', {
      topic: meeting.topic || t('catalogue.no-topic'),
      number: formatMeetingNumber(meeting.number),
      count: number(meeting.recordings),
    }),
    selected: meeting.number === chosen,
  }));
}

function totalOf(total: number, { t, number }: Reader): string | null {
  return total === 0 ? null : t('catalogue.total', { count: total, number: number(total) });
}

type Choosing = { query: CatalogueQuery; target: Channel | null; channels: readonly Channel[] };

function bringOf(rows: readonly CatalogueRow[], { query, target, channels }: Choosing, { t }: Reader): Bring | null {
  if (!rows.some(({ canChoose }) => canChoose)) return null;
  const library = { value: 'library', text: t('catalogue.places.library'), selected: target === null };
  const places = channels.map((channel) => ({
    value: channel.id,
    text: channel.label ? `${channelName(channel)} (${channel.label})` : channelName(channel),
    selected: channel.id === target?.id,
  }));
  // With a search it would bring what is not on the list.
  return { places: [...places, library], all: query.q === '' ? query.number : null };
}

function emptyOf(query: CatalogueQuery, connection: Connection, { t }: Reader): CataloguePage['empty'] {
  const key = isFiltered(query) ? 'none-found' : whyEmpty(connection);
  return { title: t(`catalogue.empty.${key}.title`), text: t(`catalogue.empty.${key}.text`) };
}

function whyEmpty({ walk, profile }: Connection): 'not-readable' | 'not-read' | 'none' | 'none-yet' {
  if (walk.sweptAt === null) return walk.fault !== null || profile.plan === 'basic' ? 'not-readable' : 'not-read';
  return walk.complete ? 'none' : 'none-yet';
}

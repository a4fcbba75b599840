import { linkAs } from '../channels/channel-links.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Reader, TimeText } from '../lib/reader.ts';
import type { Connection, ConnectionEnd, EndedConnection } from './connection.ts';
import { allows, OPTIONAL_SCOPES } from './zoom-scopes.ts';

/** "Is my Zoom account connected?", and what can be done about it. */
export type AccountPage = {
  title: string;
  family: string;
  notice: { tone: 'good' | 'warn'; text: string; action: null } | null;
  panel: {
    tone: 'good' | 'warn' | 'bad' | 'calm';
    title: string;
    lines: string[];
    /** What to do, where there is something to do. */
    next: string[];
  };
  /** Of the connected account. */
  facts: { name: string; value: string; when: TimeText | null }[];
  connect: { action: string; ticket: string; text: string; hint: string } | null;
  disconnect: string | null;
  catalogue: string | null;
  myRecordings: string;
  myChannels: string;
  /** What connecting means, for somebody who is not connected. */
  promises: string[];
};

export type AccountFacts = {
  connection: Connection | null;
  ended: EndedConnection | null;
  /** Begun and nobody came back yet; epoch milliseconds. */
  begunAt: number | null;
  /** How many links of meetings this person has. */
  links: number;
  /** Whether somebody may connect here: null when no Zoom app is set up. */
  ticket: string | null;
};

const NOTICES = ['connected', 'disconnected', 'not-connected'] as const;
export type AccountNotice = (typeof NOTICES)[number];

export function readAccountNotice(text: unknown): AccountNotice | null {
  return NOTICES.find((notice) => notice === text) ?? null;
}

export function accountPage(
  visitor: Visitor,
  facts: AccountFacts,
  { reader, notice }: { reader: Reader; notice: AccountNotice | null },
): AccountPage {
  const { t } = reader;
  const { connection, ticket } = facts;
  const as = visitor.grant.id;
  const live = connection?.state === 'live';
  return {
    title: t('zoom.account.title'),
    family: visitor.grant.family,
    notice: noticeOf(notice, connection, reader),
    panel: panelOf(facts, reader),
    facts: connection ? accountFacts(connection, facts.links, reader) : [],
    connect: ticket === null || isComplete(connection) ? null : connectForm(facts, ticket, reader),
    disconnect: connection ? linkAs(as, '/zoom/disconnect') : null,
    catalogue: live ? linkAs(as, '/zoom/recordings') : null,
    myRecordings: linkAs(as, '/recordings'),
    myChannels: linkAs(as, '/channels'),
    promises: connection
      ? []
      : (['yours', 'chosen', 'nobody', 'stop'] as const).map((each) => t(`zoom.promises.${each}`)),
  };
}

/** What happened a moment ago; a page that is loaded again must not tell what is no longer so. */
function noticeOf(notice: AccountNotice | null, connection: Connection | null, { t }: Reader): AccountPage['notice'] {
  if (notice === null || (notice === 'connected') !== (connection?.state === 'live')) return null;
  return { tone: notice === 'connected' ? 'good' : 'warn', text: t(`zoom.notices.${notice}`), action: null };
}

function panelOf(facts: AccountFacts, reader: Reader): AccountPage['panel'] {
  const { connection, begunAt } = facts;
  if (connection?.state === 'live') return livePanel(connection, reader);
  const ended = endOf(facts);
  if (facts.ticket === null) return panel('calm', 'no-app', reader);
  if (begunAt !== null && begunAt > (ended?.at ?? 0)) return begunPanel(begunAt, reader);
  return ended ? endedPanel(ended.end, ended.at, reader) : panel('calm', 'never', reader);
}

/** How the last connection ended; not for somebody who ended it here themselves. */
function endOf({ connection, ended }: AccountFacts): { end: ConnectionEnd; at: number } | null {
  if (connection) return { end: connection.end ?? 'expired', at: connection.updatedAt };
  return ended && ended.end !== 'disconnected' ? ended : null;
}

function begunPanel(begunAt: number, { t, time }: Reader): AccountPage['panel'] {
  return {
    tone: 'warn',
    title: t('zoom.state.begun.title'),
    lines: [t('zoom.state.begun.body', { when: time(begunAt).exact })],
    next: [t('zoom.state.begun.next'), t('zoom.state.begun.approval')],
  };
}

function panel(tone: AccountPage['panel']['tone'], state: 'no-app' | 'never', { t }: Reader): AccountPage['panel'] {
  return { tone, title: t(`zoom.state.${state}.title`), lines: [t(`zoom.state.${state}.body`)], next: [] };
}

function endedPanel(end: ConnectionEnd, at: number, reader: Reader): AccountPage['panel'] {
  const { t } = reader;
  return {
    tone: 'bad',
    title: t('zoom.state.ended.title'),
    lines: [t(`zoom.ends.${end}.body`, { when: reader.time(at).exact })],
    next: [t(`zoom.ends.${end}.next`)],
  };
}

function livePanel({ profile, scopes, holders }: Connection, { t }: Reader): AccountPage['panel'] {
  const lines = [
    t('zoom.state.live.body'),
    ...(profile.plan === 'basic' ? [t('zoom.state.live.basic')] : []),
    ...(holders.length > 1 ? [t('zoom.state.live.shared')] : []),
  ];
  const next = lacksScopes(scopes) ? [t('zoom.state.live.missing')] : [];
  return { tone: profile.plan === 'basic' ? 'warn' : 'good', title: t('zoom.state.live.title'), lines, next };
}

/** There is nothing that connecting again would bring. */
function isComplete(connection: Connection | null): boolean {
  return connection?.state === 'live' && !lacksScopes(connection.scopes);
}

function lacksScopes(granted: readonly string[]): boolean {
  return OPTIONAL_SCOPES.some((scope) => !allows(granted, scope));
}

function connectForm({ connection, ended }: AccountFacts, ticket: string, { t }: Reader): AccountPage['connect'] {
  const again = connection !== null || ended !== null;
  const text = t(again ? 'zoom.connect.again' : 'zoom.connect.first');
  return { action: '/zoom/connect', ticket, text, hint: t('zoom.connect.hint') };
}

function accountFacts({ profile, connectedAt, walk }: Connection, links: number, reader: Reader): AccountPage['facts'] {
  const { t, number } = reader;
  const fact = (name: string, value: string | null, when: TimeText | null = null) =>
    value === null && when === null ? [] : [{ name: t(`zoom.facts.${name}`), value: value ?? '', when }];
  return [
    ...fact('account', profile.name),
    ...fact('email', profile.email),
    ...fact('since', null, reader.time(connectedAt)),
    ...fact(
      'swept',
      walk.sweptAt === null ? t('zoom.facts.never') : null,
      walk.sweptAt === null ? null : reader.time(walk.sweptAt),
    ),
    ...fact('links', t('zoom.facts.links-count', { count: links, number: number(links) })),
  ];
}

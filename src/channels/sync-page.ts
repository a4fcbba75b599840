import { z } from 'zod';
import type { Reader, TimeText } from '../lib/reader.ts';
import { type ChannelHead, channelHead, type HeadPlace } from './channel-head-page.ts';
import type { ChannelLinks } from './channel-links.ts';
import { can } from './channel-policy.ts';
import type { StoredChange } from './channel-store.ts';
import { personName } from './person-name.ts';
import {
  changesSentence,
  extentOf,
  type HeldQuestion,
  heldQuestion,
  type SyncProgress,
  syncProgress,
} from './roster-page.ts';
import { isUnderWay, type RosterChange, type RosterChangeKind, type SyncCounts, type SyncRun } from './sync-run.ts';
import type { Viewer } from './viewer.ts';

export const CHANGES_PER_PAGE = 50;

/** What takes access away comes first. */
const KINDS = ['deactivate', 'add', 'change', 'reactivate', 'keep'] as const satisfies RosterChangeKind[];

const COUNT_OF: Record<RosterChangeKind, keyof SyncCounts> = {
  add: 'added',
  change: 'changed',
  deactivate: 'deactivated',
  reactivate: 'reactivated',
  keep: 'kept',
};

export const SYNC_QUERY = z.object({
  kind: z.enum(KINDS).nullable().catch(null),
  from: z.coerce.number().int().min(0).max(10_000_000).catch(0),
});

/** The kind of change that a page shows: the one asked for, else the first there is. */
export function shownKind(run: SyncRun, asked: RosterChangeKind | null): RosterChangeKind | null {
  return asked ?? KINDS.find((kind) => run.counts[COUNT_OF[kind]] > 0) ?? null;
}

/** One run in a list. */
export type SyncLine = {
  state: string;
  tone: 'good' | 'warn' | 'bad' | 'calm';
  trigger: string;
  when: TimeText;
  result: string;
  href: string;
};

export function syncLine(run: SyncRun, links: ChannelLinks, reader: Reader): SyncLine {
  return {
    state: reader.t(`sync.states.${run.state}`),
    tone: toneOf(run),
    trigger: reader.t(`sync.triggers.${run.trigger}`),
    when: reader.time(run.finishedAt ?? run.startedAt ?? run.queuedAt),
    result: resultOf(run, reader),
    href: links.sync(run.id),
  };
}

export type SyncPage = {
  title: string;
  heading: string;
  head: ChannelHead;
  state: string;
  tone: SyncLine['tone'];
  result: string;
  /** What to do about a failure. */
  next: string | null;
  progress: (SyncProgress & { events: string }) | null;
  held: HeldQuestion | null;
  facts: { term: string; text: string | null; time: TimeText | null }[];
  kinds: { text: string; number: string; href: string; current: boolean }[];
  /** What the lines of the shown kind mean; in the future tense while a run is held. */
  explanation: string | null;
  changes: { name: string; named: boolean; text: string }[];
  firstPage: string | null;
  nextPage: string | null;
  back: string;
};

export function syncPage(
  viewer: Viewer,
  found: { run: SyncRun; changes: StoredChange[]; kind: RosterChangeKind | null; from: number },
  page: { links: ChannelLinks; reader: Reader; place: HeadPlace },
): SyncPage {
  const { run, kind, from } = found;
  const { links, reader, place } = page;
  const { t } = reader;
  const head = channelHead(viewer, links, reader, place);
  const shown = found.changes.slice(0, CHANGES_PER_PAGE);
  const last = found.changes.length > CHANGES_PER_PAGE ? shown.at(-1) : undefined;
  const mayDecide = can(viewer, 'decide-held-sync', viewer.channel);
  return {
    title: t('sync.page-title', { name: head.name }),
    heading: t('sync.heading'),
    head,
    state: t(`sync.states.${run.state}`),
    tone: toneOf(run),
    result: resultOf(run, reader),
    next: run.state === 'failed' ? t(`reasons.${run.reason ?? 'internal'}.next`) : null,
    progress: isUnderWay(run) ? { ...syncProgress(run, reader), events: links.syncEvents(run.id) } : null,
    held: run.state === 'held' ? heldQuestion(run, mayDecide, links, reader) : null,
    facts: factsOf(run, reader),
    kinds: kindsOf(run, kind, links, reader),
    explanation: kind && t(`sync.explanations.${kind}.${tenseOf(run)}`),
    changes: shown.map((change) => changeLine(change, run, t)),
    firstPage: from > 0 ? links.sync(run.id, { kind }) : null,
    nextPage: last ? links.sync(run.id, { kind, from: last.number + 1 }) : null,
    back: links.members(),
  };
}

function toneOf({ state }: SyncRun): SyncLine['tone'] {
  if (state === 'applied') return 'good';
  if (state === 'failed') return 'bad';
  return state === 'held' ? 'warn' : 'calm';
}

function resultOf(run: SyncRun, reader: Reader): string {
  const { t, number } = reader;
  if (run.state === 'applied') return changesSentence(run, reader);
  if (isUnderWay(run)) return syncProgress(run, reader).text;
  const values = { count: run.counts.deactivated, number: number(run.counts.deactivated) };
  return t(`reasons.${run.reason ?? 'internal'}.what`, values);
}

function factsOf(run: SyncRun, reader: Reader): SyncPage['facts'] {
  const { t, number, time, duration } = reader;
  const fact = (term: string, text: string | null, at: number | null = null) => ({
    term: t(`sync.facts.${term}`),
    text,
    time: at === null ? null : time(at),
  });
  const took =
    isUnderWay(run) || run.startedAt === null || run.finishedAt === null ? null : run.finishedAt - run.startedAt;
  const all = [
    fact('trigger', t(`sync.triggers.${run.trigger}`)),
    fact('started', null, run.startedAt ?? run.queuedAt),
    ...(took === null ? [] : [fact('took', duration(took))]),
    fact('read', extentOf(run, reader)),
    fact('unchanged', number(run.counts.unchanged)),
  ];
  return run.restarts > 0 ? [...all, fact('restarts', number(run.restarts))] : all;
}

function kindsOf(
  run: SyncRun,
  shown: RosterChangeKind | null,
  links: ChannelLinks,
  { t, number }: Reader,
): SyncPage['kinds'] {
  return KINDS.filter((kind) => run.counts[COUNT_OF[kind]] > 0).map((kind) => ({
    text: t(`sync.kinds.${kind}.${tenseOf(run)}`),
    number: number(run.counts[COUNT_OF[kind]]),
    href: links.sync(run.id, { kind }),
    current: kind === shown,
  }));
}

function changeLine(change: RosterChange, run: SyncRun, t: Reader['t']): SyncPage['changes'][number] {
  const name = change.after.name ?? change.before?.name ?? null;
  return { ...personName(name, change.subject, t), text: changeText(change, run, t) };
}

function changeText({ kind, before, after }: RosterChange, run: SyncRun, t: Reader['t']): string {
  const to = t(`levels.${after.level}.name`);
  const from = before ? t(`levels.${before.level}.name`) : to;
  const roster = after.rosterLevel ? t(`levels.${after.rosterLevel}.name`) : t('sync.lines.not-listed');
  if (kind === 'change') return t(from === to ? 'sync.lines.details' : 'sync.lines.change', { from, to });
  if (kind === 'deactivate') return t(`sync.lines.deactivate.${tenseOf(run)}`, { from });
  if (kind !== 'keep') return t(`sync.lines.${kind}`, { to });
  return t(after.inactiveReason === 'by-hand' ? 'sync.lines.keep-out' : 'sync.lines.keep', { to, roster });
}

/** A held run's changes are told as what would happen. */
/** What a discarded sync would have done was never done. */
function tenseOf({ state }: SyncRun): 'held' | 'done' {
  return state === 'held' || state === 'discarded' ? 'held' : 'done';
}

import type { Reader, TimeText } from '../lib/reader.ts';
import type { ChannelLinks } from './channel-links.ts';
import { isUnderWay, type SyncCounts, type SyncRun } from './sync-run.ts';

/** What a page knows of the channel's roster, at the moment it is made. */
export type RosterState = {
  /** The newest run, whatever became of it. */
  latest: SyncRun | null;
  lastApplied: SyncRun | null;
  /** The one that waits for a person. */
  held: SyncRun | null;
  /** False when the LMS gives no roster for this course. */
  offered: boolean;
};

/** The panel that answers whether the roster has arrived, and what can be done about it. */
export type RosterPanel = {
  tone: 'good' | 'warn' | 'bad' | 'calm';
  title: string;
  lines: string[];
  when: TimeText | null;
  /** While a run is under way. */
  progress: (SyncProgress & { events: string }) | null;
  held: HeldQuestion | null;
  details: { text: string; href: string } | null;
  /** Where "Sync now" posts to; null when it may not or need not be pressed. */
  syncAction: string | null;
};

export type RosterRights = { sync: boolean; decide: boolean };

export function rosterPanel(
  state: RosterState,
  rights: RosterRights,
  links: ChannelLinks,
  reader: Reader,
): RosterPanel {
  const { latest, held } = state;
  const syncAction = rights.sync ? links.requestSync : null;
  if (latest && isPutOff(latest)) return putOff(latest, state, { links, reader, syncAction });
  if (latest && isUnderWay(latest)) return underWay(latest, links, reader);
  if (held) return waiting(held, rights, links, reader);
  if (!latest) return neverRead(state, syncAction, reader);
  if (latest.state === 'failed') return failed(latest, state, { links, reader, syncAction });
  // One that a newer run replaced says nothing; one that a person discarded is what people ask about.
  const shown = latest.reason === 'superseded' ? (state.lastApplied ?? latest) : latest;
  return settled(shown, { links, reader, syncAction });
}

/** How far a run is: a sentence with numbers, and a bar when its end is known. */
export type SyncProgress = { text: string; value: number | null; max: number | null };

export function syncProgress(run: SyncRun, reader: Reader): SyncProgress {
  const { t, number } = reader;
  if (isPutOff(run))
    return { text: t('progress.put-off', { when: reader.time(run.notBefore).text }), value: null, max: null };
  if (run.state === 'queued') return { text: t('progress.queued'), value: null, max: null };
  if (run.phase === 'applying') {
    const values = { done: number(run.appliedChanges), count: run.totalChanges, total: number(run.totalChanges) };
    return { text: t('progress.applying', values), value: run.appliedChanges, max: run.totalChanges };
  }
  if (run.phase === 'comparing') {
    const people = t('progress.people', { count: run.members, number: number(run.members) });
    return { text: t('progress.comparing', { people }), value: null, max: null };
  }
  return { text: t('progress.fetching', { extent: extentOf(run, reader) }), value: null, max: null };
}

/** How much of a roster was read: "150 people, 3 pages". */
export function extentOf(run: Pick<SyncRun, 'pages' | 'members'>, { t, number }: Reader): string {
  const people = t('progress.people', { count: run.members, number: number(run.members) });
  const pages = t('progress.pages', { count: run.pages, number: number(run.pages) });
  return t('progress.extent', { people, pages });
}

/** What a finished run changed, in one sentence. */
export function changesSentence({ counts }: Pick<SyncRun, 'counts'>, reader: Reader): string {
  const list = changesList(counts, reader);
  return list === null ? reader.t('changes.none') : reader.t('changes.all', { list });
}

function changesList(counts: SyncCounts, { t, number }: Reader): string | null {
  const kinds = ['added', 'reactivated', 'changed', 'deactivated'] as const;
  const parts = kinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => t(`changes.${kind}`, { count: counts[kind], number: number(counts[kind]) }));
  return parts.length === 0 ? null : parts.join(t('changes.comma'));
}

/** What a held sync asks: what is wrong, and what either answer does. */
export type HeldQuestion = {
  question: string;
  /** Null for those who may not decide. */
  apply: Decision | null;
  discard: Decision | null;
};

type Decision = { text: string; action: string; consequences: string[] };

export function heldQuestion(run: SyncRun, mayDecide: boolean, links: ChannelLinks, reader: Reader): HeldQuestion {
  const { t, number } = reader;
  const { deactivated } = run.counts;
  const values = { count: deactivated, number: number(deactivated) };
  const others = changesList({ ...run.counts, deactivated: 0 }, reader);
  if (!mayDecide) return { question: t('held.ask-a-manager'), apply: null, discard: null };
  return {
    question: t('held.question'),
    apply: {
      text: t('held.apply.text', values),
      action: links.applySync(run.id),
      consequences: [
        t('held.apply.consequence', values),
        ...(others === null ? [] : [t('held.apply.others', { list: others })]),
        t('held.apply.undo'),
      ],
    },
    discard: {
      text: t('held.discard.text'),
      action: links.discardSync(run.id),
      consequences: [t('held.discard.consequence'), t('held.discard.undo')],
    },
  };
}

function underWay(run: SyncRun, links: ChannelLinks, reader: Reader): RosterPanel {
  return {
    ...EMPTY,
    title: reader.t('roster.under-way.title'),
    lines: [reader.t('roster.under-way.leave')],
    progress: { ...syncProgress(run, reader), events: links.syncEvents(run.id) },
    details: { text: reader.t('roster.details'), href: links.sync(run.id) },
  };
}

/** Whether an LMS failed a run that is tried again at its time. */
function isPutOff(run: SyncRun): run is SyncRun & { notBefore: number } {
  return run.state === 'queued' && run.tries > 0 && run.notBefore !== null;
}

function putOff(run: SyncRun & { notBefore: number }, { lastApplied }: RosterState, page: With): RosterPanel {
  const { links, reader, syncAction } = page;
  return {
    ...EMPTY,
    tone: 'warn',
    title: reader.t('roster.put-off.title'),
    lines: [reader.t(`reasons.${run.reason ?? 'internal'}.what`), keptSentence(lastApplied, reader)],
    progress: { ...syncProgress(run, reader), events: links.syncEvents(run.id) },
    details: { text: reader.t('roster.details'), href: links.sync(run.id) },
    // What an LMS asked for is not ours to shorten.
    syncAction: run.reason === 'throttled' ? null : syncAction,
  };
}

function waiting(run: SyncRun, rights: RosterRights, links: ChannelLinks, reader: Reader): RosterPanel {
  const { t, number, time } = reader;
  const values = { count: run.counts.deactivated, number: number(run.counts.deactivated) };
  return {
    ...EMPTY,
    tone: 'warn',
    title: t('roster.held.title'),
    lines: [t(`reasons.${run.reason ?? 'internal'}.what`, values), t('roster.held.effect', values)],
    when: time(run.finishedAt ?? run.queuedAt),
    held: heldQuestion(run, rights.decide, links, reader),
    details: { text: t('roster.held.details'), href: links.sync(run.id) },
    syncAction: rights.sync ? links.requestSync : null,
  };
}

function neverRead(state: RosterState, syncAction: string | null, { t }: Reader): RosterPanel {
  if (state.offered) return { ...EMPTY, title: t('roster.never.title'), lines: [t('roster.never.body')], syncAction };
  return { ...EMPTY, tone: 'warn', title: t('roster.not-offered.title'), lines: [t('roster.not-offered.body')] };
}

type With = { links: ChannelLinks; reader: Reader; syncAction: string | null };

function failed(run: SyncRun, { lastApplied }: RosterState, { links, reader, syncAction }: With): RosterPanel {
  const { t, time } = reader;
  const reason = run.reason ?? 'internal';
  return {
    ...EMPTY,
    tone: 'bad',
    title: t('roster.failed.title'),
    lines: [t(`reasons.${reason}.what`), t(`reasons.${reason}.next`), keptSentence(lastApplied, reader)],
    when: time(run.finishedAt ?? run.queuedAt),
    details: { text: t('roster.details'), href: links.sync(run.id) },
    syncAction,
  };
}

function keptSentence(lastApplied: SyncRun | null, { t, time }: Reader): string {
  if (!lastApplied) return t('roster.failed.none-yet');
  return t('roster.failed.kept', { when: time(lastApplied.finishedAt ?? lastApplied.queuedAt).text });
}

function settled(run: SyncRun, { links, reader, syncAction }: With): RosterPanel {
  const { t, time } = reader;
  const discarded = run.state === 'discarded';
  return {
    ...EMPTY,
    tone: discarded ? 'calm' : 'good',
    title: t(discarded ? 'roster.discarded.title' : 'roster.applied.title'),
    lines: [discarded ? t('roster.discarded.body') : changesSentence(run, reader)],
    when: time(run.finishedAt ?? run.queuedAt),
    details: { text: t(discarded ? 'roster.details' : 'roster.see-changes'), href: links.sync(run.id) },
    syncAction,
  };
}

const EMPTY: RosterPanel = {
  tone: 'calm',
  title: '',
  lines: [],
  when: null,
  progress: null,
  held: null,
  details: null,
  syncAction: null,
};

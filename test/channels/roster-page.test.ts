import { describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, SyncId } from '../../src/channels/channel.ts';
import { channelLinks } from '../../src/channels/channel-links.ts';
import { type RosterState, rosterPanel, syncProgress } from '../../src/channels/roster-page.ts';
import { type HoldReason, NO_COUNTS, type SyncFailure, type SyncRun } from '../../src/channels/sync-run.ts';
import { createReader } from '../../src/lib/reader.ts';
import { readTexts } from '../../src/web/texts.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const t = readTexts(new URL('../../locales/', import.meta.url)).forLocale('en');
const reader = createReader({ t, locale: 'en', timeZone: 'UTC', now: NOW });
const links = channelLinks('chan' as ChannelId, 'g1');
const MANAGER = { sync: true, decide: true };
const MODERATOR = { sync: true, decide: false };

describe('the roster panel', () => {
  it('tells that nothing was read yet, and how people come in', () => {
    const found = panel({});
    expect(found).toMatchObject({ tone: 'calm', syncAction: links.requestSync });
    expect(found.title).toContain('not been read yet');
  });

  it('does not offer to sync where the LMS gives no roster', () => {
    expect(panel({ offered: false })).toMatchObject({ tone: 'warn', syncAction: null });
  });

  it('shows how far a run is, and offers no second one', () => {
    const latest = run({ state: 'running', phase: 'fetching', pages: 3, members: 1500 });
    const found = panel({ latest });
    expect(found.progress).toMatchObject({ text: 'Read so far: 1,500 people, 3 pages', max: null });
    expect(found.progress?.events).toContain('/events?as=g1');
    expect(found.syncAction).toBeNull();
  });

  it('shows a bar as soon as the end is known', () => {
    const applying = run({ state: 'running', phase: 'applying', appliedChanges: 4200, totalChanges: 9999 });
    expect(syncProgress(applying, reader)).toEqual({ text: 'Making changes: 4,200 of 9,999', value: 4200, max: 9999 });
  });

  it('says why the roster could not be read yet, when it is tried again, and lets staff ask sooner', () => {
    const latest = run({ state: 'queued', tries: 1, reason: 'unreachable', notBefore: NOW + 300_000 });
    const found = panel({ latest });
    expect(found).toMatchObject({ tone: 'warn', syncAction: links.requestSync });
    expect(found.lines[0]).toBe(t('reasons.unreachable.what'));
    expect(found.progress?.text).toBe('It is tried again in 5 minutes.');
    expect(panel({ latest: { ...latest, reason: 'throttled' } }).syncAction).toBeNull();
  });

  it('calls a run of the schedule that waits for its turn nothing worse', () => {
    const latest = run({ state: 'queued', trigger: 'schedule', notBefore: NOW + 300_000 });
    expect(panel({ latest })).toMatchObject({ tone: 'calm', progress: { text: 'Waiting to start' } });
  });

  it('says what the last sync changed, and when', () => {
    const counts = { ...NO_COUNTS, added: 1, deactivated: 2, unchanged: 30 };
    const found = panel({ latest: run({ state: 'applied', counts, finishedAt: NOW - 180_000 }) });
    expect(found.lines).toEqual(['1 person added, 2 people lost access.']);
    expect(found.when?.text).toBe('3 minutes ago');
    expect(found.tone).toBe('good');
  });

  it('spells out what either answer to a held sync does, to how many, and how to undo it', () => {
    const held = run({
      state: 'held',
      reason: 'too-many-removals',
      counts: { ...NO_COUNTS, deactivated: 24, added: 2 },
    });
    const found = panel({ latest: held, held });
    expect(found.lines.join(' ')).toContain('24 people would lose access');
    expect(found.held?.apply?.text).toBe('Apply: 24 people lose access');
    expect(found.held?.apply?.action).toBe('/channels/chan/syncs/run/apply?as=g1');
    expect(found.held?.apply?.consequences.join(' ')).toMatch(
      /24 people lose access at once.*2 people added.*To undo it/,
    );
    expect(found.held?.discard?.consequences.join(' ')).toMatch(/keeps the access.*To undo it/);
  });

  it('lets moderators see a held sync but not decide on it', () => {
    const held = run({ state: 'held', reason: 'empty-roster' });
    const found = panel({ latest: held, held }, MODERATOR);
    expect(found.held).toMatchObject({ apply: null, discard: null });
    expect(found.held?.question).toContain('manager');
  });

  it('keeps asking about a held sync when a later one failed', () => {
    const held = run({ state: 'held', reason: 'empty-roster' });
    const found = panel({ latest: run({ state: 'failed', reason: 'timeout' }), held });
    expect(found.held?.apply).not.toBeNull();
  });

  it.each(Object.keys(failures()))('says of %s what happened and what to do', (reason) => {
    const latest = run({ state: 'failed', reason: reason as SyncFailure });
    const found = panel({ latest, lastApplied: run({ state: 'applied', finishedAt: NOW - 86_400_000 }) });
    expect(found.tone).toBe('bad');
    expect(found.lines).toHaveLength(3);
    expect(found.lines.join()).not.toContain('reasons.');
    expect(found.lines[2]).toContain('yesterday');
  });

  it.each(['empty-roster', 'too-many-removals', 'no-manager-left'] satisfies HoldReason[])(
    'says why %s holds',
    (reason) => {
      const held = run({ state: 'held', reason, counts: { ...NO_COUNTS, deactivated: 3 } });
      expect(panel({ latest: held, held }).lines.join()).not.toContain('reasons.');
    },
  );

  it('tells of a discarded sync that everybody kept their access', () => {
    const found = panel({ latest: run({ state: 'discarded', reason: 'by-hand' }) });
    expect(found.tone).toBe('calm');
    expect(found.lines.join()).toContain('kept the access');
  });

  it('does not say that all is in line after somebody discarded a sync', () => {
    const lastApplied = run({ state: 'applied', finishedAt: NOW - 86_400_000 });
    const found = panel({ latest: run({ state: 'discarded', reason: 'by-hand' }), lastApplied });
    expect(found).toMatchObject({ tone: 'calm', title: 'The last sync was discarded' });
    const replaced = panel({ latest: run({ state: 'discarded', reason: 'superseded' }), lastApplied });
    expect(replaced).toMatchObject({ tone: 'good', title: 'In line with the course roster' });
  });
});

function panel(state: Partial<RosterState>, rights = MANAGER) {
  return rosterPanel({ latest: null, lastApplied: null, held: null, offered: true, ...state }, rights, links, reader);
}

function run(over: Partial<SyncRun>): SyncRun {
  return {
    id: 'run' as SyncId,
    channelId: 'chan' as ChannelId,
    platformId: 'platform' as PlatformId,
    state: 'queued',
    phase: null,
    trigger: 'button',
    requestedBy: null,
    pages: 0,
    members: 0,
    counts: NO_COUNTS,
    totalChanges: 0,
    appliedChanges: 0,
    reason: null,
    restarts: 0,
    decidedBy: null,
    tries: 0,
    notBefore: null,
    queuedAt: NOW - 60_000,
    startedAt: NOW - 60_000,
    finishedAt: NOW - 30_000,
    ...over,
  };
}

// A function, so that it is there before the tests are named.
function failures(): Record<SyncFailure, true> {
  return {
    'no-roster-service': true,
    'platform-inactive': true,
    'channel-deleted': true,
    'not-authorised': true,
    'scope-not-granted': true,
    'course-not-found': true,
    throttled: true,
    unreachable: true,
    timeout: true,
    'server-error': true,
    'bad-answer': true,
    'foreign-link': true,
    'page-loop': true,
    'too-many-pages': true,
    'too-large': true,
    'other-context': true,
    'token-refused': true,
    interrupted: true,
    internal: true,
  };
}

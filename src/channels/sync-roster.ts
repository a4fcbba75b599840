import type { Logger } from 'pino';
import { type Clock, yieldToRequests } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Success, success } from '../lib/result.ts';
import { type CourseContext, SYNC_AS_THE_SITE } from './channel.ts';
import type { ChannelStore, LeaseStore, MembershipStore, SyncStore } from './channel-store.ts';
import { createManagerGuard } from './manager-guard.ts';
import type { PermissionLevel } from './permission-level.ts';
import { applyRosterChange, createRosterComparison, type RosterPolicy } from './roster-diff.ts';
import { createRosterIndex, type RosterIndex } from './roster-index.ts';
import type { RosterFailure, RosterSource } from './roster-source.ts';
import { DiffIncomplete, linesOf } from './sync-diff.ts';
import { retryAt } from './sync-retry.ts';
import { NO_COUNTS, type RosterChange, type SyncRun } from './sync-run.ts';

export type SyncDeps = {
  channels: ChannelStore;
  memberships: MembershipStore;
  syncs: SyncStore;
  rosters: RosterSource;
  /** The platform's own levels for roles, over the default table. */
  roleLevelsOf: (platformId: SyncRun['platformId']) => Promise<Readonly<Record<string, PermissionLevel>>>;
  /** The site's; a channel may differ. */
  policy: Omit<RosterPolicy, 'rosterAsOf' | 'askBeforeRemovals'>;
  leases: LeaseStore;
  clock: Clock;
  random: Random;
  /** A child that names the run. */
  log: Logger;
};

/** This process lost its lease, and another one goes on with the run: nothing more may be written for it here. */
export class RunTakenOver extends Error {
  constructor() {
    super('another process goes on with this run');
  }
}

/** An LMS may take this long for one roster, pauses that it asks for included, in milliseconds. */
const WALK_DEADLINE = 45 * 60_000;
/** Between two pauses for waiting requests some 10 ms of work: members of a page, members compared, changes written. */
const INDEXED = 1_000;
const COMPARED = 500;
const WRITTEN = 200;
/** The first changes of a run: in a process that has done no sync yet, each takes several times as long. */
const WRITTEN_FIRST = 50;
/** Progress is written at most this often, in milliseconds. */
const PROGRESS_EVERY = 400;

/**
 * Does one run to its end: walk every page, compare, then write. A failed or partial walk changes nothing; a diff that
 * looks like an accident is parked for a person. The caller holds the channel's lease. A run found in phase `applying`
 * goes on where it stopped; if lines of its diff are missing, it begins anew, as a line may be applied twice. Returns the
 * run as it was stored last; aborting `signal` leaves it to be repeated.
 */
export async function syncRoster(deps: SyncDeps, run: SyncRun, signal: AbortSignal): Promise<SyncRun> {
  const channel = await deps.channels.findChannel(run.channelId);
  if (!channel || channel.deletedAt !== null) return finish(deps, run, { state: 'failed', reason: 'channel-deleted' });
  if (run.phase !== 'applying') return syncAnew(deps, run, signal);
  const applied = await applyWhole(deps, run, signal);
  if (applied) return applied;
  // What a person decided was about that diff: the new one is judged again.
  const blank = { ...run, decidedBy: null, counts: NO_COUNTS, totalChanges: 0, appliedChanges: 0 };
  return syncAnew(deps, blank, signal);
}

async function syncAnew(deps: SyncDeps, run: SyncRun, signal: AbortSignal): Promise<SyncRun> {
  const started = await save(deps, {
    ...run,
    state: 'running',
    phase: 'fetching',
    reason: null,
    startedAt: deps.clock(),
    pages: 0,
    members: 0,
  });
  const fetched = await fetchRoster(deps, started, signal);
  if (signal.aborted) return started;
  if (!fetched.ok) return putOffOrFail(deps, started, fetched);
  const compared = await compareRoster(deps, { ...started, ...fetched.value.progress }, fetched.value.index, signal);
  if (signal.aborted || compared.state === 'held') return compared;
  // A diff that was written just now and is not there is no accident that another walk would mend.
  return (await applyWhole(deps, compared, signal)) ?? finish(deps, compared, { state: 'failed', reason: 'internal' });
}

type Fetched = { index: RosterIndex; progress: Pick<SyncRun, 'pages' | 'members'> };

async function fetchRoster(
  deps: SyncDeps,
  run: SyncRun,
  signal: AbortSignal,
): Promise<Success<Fetched> | RosterFailure> {
  const contexts = await deps.channels.contextsOfChannel(run.channelId);
  if (contexts.length === 0 || contexts.some((context) => context.rosterUrl === null)) {
    return failure('no-roster-service');
  }
  const index = createRosterIndex();
  const roleLevels = await deps.roleLevelsOf(run.platformId);
  const progress = createProgress(deps, run);
  for (const context of contexts) {
    const walked = await walkContext(deps, context, { index, roleLevels, progress, signal });
    if (!walked.ok) return walked;
  }
  return success({ index, progress: progress.value() });
}

async function walkContext(
  deps: SyncDeps,
  context: CourseContext,
  walk: {
    index: RosterIndex;
    roleLevels: Readonly<Record<string, PermissionLevel>>;
    progress: ReturnType<typeof createProgress>;
    signal: AbortSignal;
  },
): Promise<Success<unknown> | RosterFailure> {
  const { platformId, contextId, rosterUrl } = context;
  if (rosterUrl === null) return failure('no-roster-service');
  const mapping = { contextTypes: context.types, roleLevels: walk.roleLevels };
  const deadline = AbortSignal.timeout(WALK_DEADLINE);
  const signal = AbortSignal.any([walk.signal, deadline]);
  const pages = deps.rosters({ platformId, contextId, rosterUrl, signal, log: deps.log });
  for (;;) {
    const next = await pages.next();
    if (next.done) return deadline.aborted && !next.value.ok ? failure('timeout') : next.value;
    for (let from = 0; from < next.value.length; from += INDEXED) {
      walk.index.add(next.value.slice(from, from + INDEXED), mapping);
      await yieldToRequests();
    }
    await walk.progress.page(next.value.length);
  }
}

function createProgress(deps: SyncDeps, run: SyncRun) {
  const value = { pages: 0, members: 0 };
  let savedAt = deps.clock();
  return {
    value: () => ({ ...value }),
    async page(members: number): Promise<void> {
      value.pages += 1;
      value.members += members;
      if (deps.clock() - savedAt < PROGRESS_EVERY) return;
      savedAt = deps.clock();
      await save(deps, { ...run, ...value });
    },
  };
}

/** Compares in slices, storing the diff as it grows; ends in `held`, or in phase `applying` with the diff complete. */
async function compareRoster(deps: SyncDeps, run: SyncRun, index: RosterIndex, signal: AbortSignal): Promise<SyncRun> {
  const comparing = await save(deps, { ...run, phase: 'comparing' });
  // A run that is begun again after a crash must not keep lines of its first diff.
  await saveChanges(deps, run, 0, []);
  const comparison = createRosterComparison(index.entries, await policyOf(deps, run));
  let stored = 0;
  const pending: RosterChange[] = [];
  async function store(least: number): Promise<void> {
    if (pending.length < least || pending.length === 0 || signal.aborted) return;
    const slice = pending.splice(0);
    await saveChanges(deps, run, stored, slice);
    stored += slice.length;
    await yieldToRequests();
  }
  for await (const members of deps.memberships.allMembers(run.channelId, COMPARED, comparison.passOver)) {
    for (const member of members) {
      const change = comparison.compare(member);
      if (change) pending.push(change);
    }
    await store(WRITTEN);
    await yieldToRequests();
  }
  for (const change of comparison.newcomers()) {
    pending.push(change);
    await store(WRITTEN);
  }
  await store(1);
  if (signal.aborted) return comparing;

  const { counts, hold } = comparison.result();
  const compared = { ...comparing, counts, totalChanges: stored, appliedChanges: 0 };
  if (hold) return finish(deps, compared, { state: 'held', reason: hold });
  return save(deps, { ...compared, phase: 'applying' });
}

/** Null when the stored diff has fewer lines than it should. */
async function applyWhole(deps: SyncDeps, run: SyncRun, signal: AbortSignal): Promise<SyncRun | null> {
  try {
    return await applyDiff(deps, run, signal);
  } catch (error) {
    if (!(error instanceof DiffIncomplete)) throw error;
    deps.log.error({ err: error, totalChanges: run.totalChanges }, 'the diff of a roster sync is incomplete');
    return null;
  }
}

async function applyDiff(deps: SyncDeps, run: SyncRun, signal: AbortSignal): Promise<SyncRun> {
  const policy = await policyOf(deps, run);
  const { id: syncId, channelId, platformId } = run;
  const guard = createManagerGuard(deps, run, policy);
  await guard.lookAgain();
  for (let from = run.appliedChanges, atOnce = WRITTEN_FIRST; from < run.totalChanges; ) {
    if (signal.aborted) return run;
    const changes = await linesOf(deps.syncs, run, { from, limit: Math.min(atOnce, run.totalChanges - from) });
    const upTo = from + changes.length;
    const at = deps.clock();
    const ours = await deps.memberships.applyRosterDiff(
      { syncId, channelId, platformId, changes, upTo, at, attempt: run.restarts },
      (current, change, key) =>
        guard.putOff(current, change, applyRosterChange(current, change, { ...key, at }, policy)),
    );
    if (!ours) throw new RunTakenOver();
    from = upTo;
    atOnce = Math.min(atOnce * 2, WRITTEN);
    await yieldToRequests();
  }
  const applied = await save(deps, { ...run, appliedChanges: run.totalChanges });
  await guard.applyRest();
  return finish(deps, applied, { state: 'applied', reason: null });
}

async function policyOf(deps: SyncDeps, run: SyncRun): Promise<RosterPolicy> {
  const settings = (await deps.channels.findChannel(run.channelId))?.sync ?? SYNC_AS_THE_SITE;
  return {
    ...deps.policy,
    departedOverrides: settings.departedOverrides ?? deps.policy.departedOverrides,
    askBeforeRemovals: settings.askBeforeRemovals,
    rosterAsOf: run.startedAt ?? run.queuedAt,
  };
}

/** Nothing was changed, so the run may begin anew; the LMS is given time. */
async function putOffOrFail(deps: SyncDeps, run: SyncRun, failed: RosterFailure): Promise<SyncRun> {
  const { reason } = failed;
  const notBefore = retryAt(run, failed, { now: deps.clock(), random: deps.random });
  if (notBefore === null) return finish(deps, run, { state: 'failed', reason });
  deps.log.warn({ trigger: run.trigger, tries: run.tries + 1, reason, notBefore }, 'roster sync put off');
  return save(deps, { ...run, state: 'queued', phase: null, reason, tries: run.tries + 1, notBefore });
}

async function finish(
  deps: SyncDeps,
  run: SyncRun,
  end: { state: 'applied' | 'held' | 'failed'; reason: SyncRun['reason'] },
): Promise<SyncRun> {
  const { trigger, pages, members } = run;
  if (end.state !== 'failed') await supersedeHeld(deps, run);
  deps.log.info({ trigger, pages, members, counts: run.counts, ...end }, 'roster sync ended');
  // A held run waits where applying begins, so that a person's yes is all that is missing.
  return save(deps, { ...run, ...end, phase: end.state === 'held' ? 'applying' : null, finishedAt: deps.clock() });
}

/** A newer complete roster makes the question of an older held sync moot. */
async function supersedeHeld(deps: SyncDeps, run: SyncRun): Promise<void> {
  const held = await deps.syncs.lastSync(run.channelId, ['held']);
  if (!held || held.id === run.id) return;
  const decision = { state: 'discarded', reason: 'superseded', by: 'system', at: deps.clock() } as const;
  await deps.syncs.decideHeldSync(held.id, decision);
}

async function save(deps: SyncDeps, run: SyncRun): Promise<SyncRun> {
  if (!(await deps.syncs.saveSync(run))) throw new RunTakenOver();
  return run;
}

async function saveChanges(deps: SyncDeps, run: SyncRun, from: number, changes: RosterChange[]): Promise<void> {
  const sync = { id: run.id, attempt: run.restarts };
  if (!(await deps.syncs.saveSyncChanges(sync, from, changes))) throw new RunTakenOver();
}

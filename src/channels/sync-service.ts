import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { recordActivity } from './activity.ts';
import type { ChannelId, PlatformId, SyncId, UserId } from './channel.ts';
import type { ActivityStore, ChannelStore, SyncStore } from './channel-store.ts';
import { NO_COUNTS, type SyncRun, type SyncTrigger } from './sync-run.ts';

/** Asks for runs and decides on held ones; running them is the queue's business. */
export type SyncService = {
  /** Queues a run of the channel, or returns the one that is queued or running already. Null: no such channel. */
  request(ask: SyncRequest): Promise<{ run: SyncRun; created: boolean } | null>;
  /**
   * What a launch does: asks for a run if the roster was never read or, for staff, not for `SYNC_MAX_AGE`. The run, or
   * null when none is due.
   */
  requestIfStale(ask: SyncRequest & { byStaff: boolean; hasRoster: boolean }): Promise<SyncRun | null>;
  /** Applies a held diff, once. `actor` is who decided (`user:ID`, `api-key:ID`). */
  applyHeld(id: SyncId, actor: string): Promise<Result<SyncRun, DecisionRefusal>>;
  /** Throws a held diff away, once; memberships stay as they are. */
  discardHeld(id: SyncId, actor: string): Promise<Result<SyncRun, DecisionRefusal>>;
};

/** `sync-under-way`: it is held still, and cannot be applied beside another run of the channel. */
export type DecisionRefusal = 'not-held' | 'sync-under-way';

export type SyncRequest = {
  channelId: ChannelId;
  trigger: SyncTrigger;
  requestedBy: UserId | null;
  /** The run begins no sooner; at once if not given. */
  notBefore?: number;
};

/** Tells whoever does runs that there is one; a run that nobody was told of is found all the same, only later. */
export type SyncQueue = { enqueue(run: SyncRun): void };

export type SyncServiceDeps = {
  channels: ChannelStore;
  syncs: SyncStore;
  activity: ActivityStore;
  queue: SyncQueue;
  clock: Clock;
  random: Random;
  /** How old the last good roster may be when an instructor launches, in milliseconds. */
  maxAgeMs: number;
};

/** States in which the roster was read and nobody needs to ask again so soon; a person's no is an answer too. */
const ANSWERED = ['applied', 'held', 'discarded'] as const;
/** After a failure an LMS is left alone for this long, in milliseconds: staff may find it mended sooner than students. */
const RETRY_AFTER_FAILURE = { staff: 60_000, others: 15 * 60_000 };

export function createSyncService(deps: SyncServiceDeps): SyncService {
  const { channels, syncs, queue, clock } = deps;

  async function request(ask: SyncRequest) {
    const channel = await channels.findChannel(ask.channelId);
    if (!channel || channel.deletedAt !== null) return null;
    const asked = await syncs.requestSync(newRun(deps, ask, channel.platformId));
    const hurried = !asked.created && isMoreUrgent(ask, asked.run) ? await syncs.hurrySync(asked.run.id, ask) : null;
    const run = hurried ?? asked.run;
    if (hurried || (asked.created && run.notBefore === null)) queue.enqueue(run);
    return { ...asked, run };
  }

  async function decide(
    id: SyncId,
    actor: string,
    state: 'running' | 'discarded',
  ): Promise<Result<SyncRun, DecisionRefusal>> {
    const held = await syncs.findSync(id);
    const reason = state === 'discarded' ? 'by-hand' : (held?.reason ?? null);
    const run = await syncs.decideHeldSync(id, { state, reason, by: actor, at: clock() });
    if (!run) return failure((await syncs.findSync(id))?.state === 'held' ? 'sync-under-way' : 'not-held');
    const { channelId, platformId } = run;
    const action = state === 'running' ? 'sync.apply-held' : 'sync.discard-held';
    await recordActivity(deps, { action, actor, channelId, platformId, syncId: id });
    if (state === 'running') queue.enqueue(run);
    return success(run);
  }

  return {
    request,
    async requestIfStale(ask) {
      const [last = null] = await syncs.listSyncs(ask.channelId, 1);
      const mayRetry = last?.state === 'failed' && ask.hasRoster;
      const good = mayRetry ? await syncs.lastSync(ask.channelId, ANSWERED) : last;
      if (!isDue(last, good, ask, deps)) return null;
      return (await request(ask))?.run ?? null;
    },
    applyHeld: (id, actor) => decide(id, actor, 'running'),
    discardHeld: (id, actor) => decide(id, actor, 'discarded'),
  };
}

/** Whoever waits for the answer comes before launches, which come before the schedule; what is put off is asked for anew. */
function isMoreUrgent(ask: SyncRequest, run: SyncRun): boolean {
  const isLater = ask.notBefore === undefined && run.notBefore !== null;
  return run.state === 'queued' && ask.trigger !== 'schedule' && (isLater || urgency(ask) > urgency(run));
}

function urgency({ trigger }: Pick<SyncRun, 'trigger'>): number {
  return trigger === 'schedule' ? 0 : trigger === 'launch' ? 1 : 2;
}

function isDue(
  last: SyncRun | null,
  good: SyncRun | null,
  ask: { byStaff: boolean; hasRoster: boolean },
  { clock, maxAgeMs }: SyncServiceDeps,
): boolean {
  if (last === null) return true;
  if (last.finishedAt === null || !ask.hasRoster) return false;
  if (last.state === 'failed' && clock() - last.finishedAt < RETRY_AFTER_FAILURE[ask.byStaff ? 'staff' : 'others']) {
    return false;
  }
  return good === null || (ask.byStaff && clock() - (good.finishedAt ?? 0) >= maxAgeMs);
}

function newRun({ clock, random }: SyncServiceDeps, ask: SyncRequest, platformId: PlatformId): SyncRun {
  const at = clock();
  return {
    channelId: ask.channelId,
    trigger: ask.trigger,
    requestedBy: ask.requestedBy,
    id: newId(at, random),
    platformId,
    state: 'queued',
    phase: null,
    pages: 0,
    members: 0,
    counts: NO_COUNTS,
    totalChanges: 0,
    appliedChanges: 0,
    reason: null,
    restarts: 0,
    decidedBy: null,
    tries: 0,
    queuedAt: at,
    notBefore: ask.notBefore ?? null,
    startedAt: null,
    finishedAt: null,
  };
}

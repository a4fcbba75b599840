import type { ChannelId, PlatformId, SyncId, UserId } from './channel.ts';
import type { InactiveReason, RosterEntry } from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

export type SyncState = 'queued' | 'running' | 'applied' | 'held' | 'discarded' | 'failed';

/** Why a run was asked for. */
export type SyncTrigger = 'launch' | 'button' | 'api' | 'command' | 'schedule';

/** Why a held sync waits for a person. */
export type HoldReason = 'empty-roster' | 'too-many-removals' | 'no-manager-left' | 'asks-before-removals';

/** Why a run failed or was discarded; each has a text for the person and one for the operator. */
export type SyncFailure =
  | 'no-roster-service'
  | 'platform-inactive'
  | 'channel-deleted'
  | 'not-authorised'
  | 'scope-not-granted'
  | 'course-not-found'
  | 'throttled'
  | 'unreachable'
  | 'timeout'
  | 'server-error'
  | 'bad-answer'
  | 'foreign-link'
  | 'page-loop'
  | 'too-many-pages'
  | 'too-large'
  | 'other-context'
  | 'token-refused'
  | 'interrupted'
  | 'internal';

export type SyncCounts = {
  added: number;
  changed: number;
  deactivated: number;
  reactivated: number;
  kept: number;
  unchanged: number;
};

export const NO_COUNTS: SyncCounts = { added: 0, changed: 0, deactivated: 0, reactivated: 0, kept: 0, unchanged: 0 };

/** One run that brings the memberships of a channel in line with the roster, stored with its diff. */
export type SyncRun = {
  id: SyncId;
  channelId: ChannelId;
  platformId: PlatformId;
  state: SyncState;
  /** What a running one does; a run found in `applying` after a crash is finished from `appliedChanges`. */
  phase: 'fetching' | 'comparing' | 'applying' | null;
  trigger: SyncTrigger;
  requestedBy: UserId | null;
  /** Pages and members fetched so far, then in all. */
  pages: number;
  members: number;
  counts: SyncCounts;
  /** How many changes the diff has, and how many of them are applied. */
  totalChanges: number;
  appliedChanges: number;
  reason: SyncFailure | HoldReason | 'superseded' | 'by-hand' | null;
  /** How often it was begun again after a crash. */
  restarts: number;
  decidedBy: string | null;
  /** How often the LMS failed it so far. A queued run with tries keeps the reason of the last one. */
  tries: number;
  queuedAt: number;
  /** A queued run begins no sooner: the schedule spreads its runs, and an LMS that failed is given time. */
  notBefore: number | null;
  startedAt: number | null;
  finishedAt: number | null;
};

/** Queued or running: it has an end to come. */
export function isUnderWay(run: Pick<SyncRun, 'state'>): boolean {
  return run.state === 'queued' || run.state === 'running';
}

/** What the diff keeps of one side of a change, to be shown. */
export type MemberSummary = {
  level: PermissionLevel;
  rosterLevel: PermissionLevel | null;
  override: PermissionLevel | null;
  name: string | null;
  inactiveReason: InactiveReason | null;
};

export type RosterChangeKind = 'add' | 'change' | 'deactivate' | 'reactivate' | 'keep';

/**
 * One line of a roster diff. `entry` is all that applying needs (null: the roster does not list the person); `before`
 * and `after` are for people.
 */
export type RosterChange = {
  kind: RosterChangeKind;
  subject: string;
  entry: RosterEntry | null;
  before: MemberSummary | null;
  after: MemberSummary;
};

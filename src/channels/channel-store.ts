import type { Page, PageRequest } from '../lib/page.ts';
import type { Result } from '../lib/result.ts';
import type { Channel, ChannelId, CourseContext, PlatformId, SyncId, User, UserId } from './channel.ts';
import type { InactiveReason, Membership, Person } from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';
import type { RosterChange, RosterChangeKind, SyncRun } from './sync-run.ts';

/**
 * What the channels domain asks of a store. Each verb is one whole business moment and atomic in every engine: one
 * transaction in SQLite, one document operation guarded by a unique index or a version in MongoDB.
 */
export type ChannelStore = {
  /**
   * Finds the channel of a context or makes it from `fresh`, whoever comes first and however many at once; brings title,
   * label, types, deployments and roster URL up to date. When another channel of the platform already has the reference
   * ID of `fresh`, the new one gets none: ambiguity is refused, never resolved by luck.
   */
  openChannelForContext(opening: ChannelOpening): Promise<OpenedChannel>;
  /**
   * What a launch into a course does: opens the channel as `openChannelForContext`, finds or makes the person as
   * `upsertUser`, and lets `decide` change the membership as `changeMembership` does; null from it changes nothing. Into a
   * deleted channel nobody is entered. One transaction in SQLite, these three steps in turn in MongoDB: each may be
   * repeated, and whoever dies between two is put right by their next launch.
   */
  enterByLaunch(entry: CourseEntry, decide: EntryDecision): Promise<EnteredCourse>;
  findChannel(id: ChannelId): Promise<Channel | null>;
  /** Channels, oldest first; those that are not deleted unless the filter says otherwise. */
  listChannels(filter: ChannelFilter, page: PageRequest): Promise<Page<Channel>>;
  /**
   * Writes a changed channel if its version is still `channel.version`; the new state, or null when somebody was quicker
   * or another channel of the platform has its reference ID. The events that `note` makes of what was written are recorded
   * with it.
   */
  updateChannel(channel: Channel, at: number, note?: (written: Channel) => ActivityEvent[]): Promise<Channel | null>;
  /**
   * Channels of one person, by name; `total` counts those that match, up to `MOST_COUNTED`. A limit of 0 asks for the
   * total alone.
   */
  listMyChannels(person: ChannelPerson, filter: MyChannelsFilter, page: PageRequest): Promise<MyChannelsPage>;
  contextsOfChannel(channelId: ChannelId): Promise<CourseContext[]>;
  findContext(platformId: PlatformId, contextId: string): Promise<CourseContext | null>;
};

export type ChannelOpening = {
  platformId: PlatformId;
  contextId: string;
  deploymentId: string;
  title: string;
  label: string | null;
  types: string[];
  /** Null leaves the one that is known (Moodle's deep-linking launches carry none). */
  rosterUrl: string | null;
  at: number;
  /** The channel to make if there is none yet. */
  fresh: Channel;
};

export type CourseEntry = { opening: ChannelOpening; subject: string; person: Person };

/** `userId` is the entering person's. May be called again with a newer state. */
export type EntryDecision = (current: Membership | null, channel: Channel, userId: UserId) => Membership | null;

export type EnteredCourse = OpenedChannel & {
  /** Null when the channel is deleted. */
  entered: { userId: UserId; membership: Membership | null } | null;
};

export type OpenedChannel = { channel: Channel; context: CourseContext; created: boolean };

export type ChannelFilter = {
  platformId?: PlatformId;
  referenceId?: string;
  contextId?: string;
  /** Those that are deleted and not being removed yet, instead of the others. */
  deleted?: true;
};

export type ChannelPerson = {
  platformId: PlatformId;
  userId: UserId;
  /** See `Channel.tenant`: who is of another school is no visitor. */
  tenant: string | null;
};

export type MyChannelsFilter = {
  /**
   * `mine`: where the person is an active member. `open`: open and restricted channels of the platform where the person is
   * no member and was never shut out. `deleted`: those the person may restore: as owner, or as an active manager where
   * there is no owner.
   */
  scope: 'mine' | 'open' | 'deleted';
  /** Part of a name, a course code or a tag, in any case and without its accents. */
  q?: string;
};

export type MyChannel = {
  channel: Channel;
  /** Null in channels the person is no member of. */
  level: PermissionLevel | null;
};

/** Counting goes no further, for a platform may have very many open channels and every visit counts. */
export const MOST_COUNTED = 1000;

/** `totalIsCapped`: there are more than `total`, which is `MOST_COUNTED` then. */
export type MyChannelsPage = Page<MyChannel> & { total: number; totalIsCapped: boolean };

export type MembershipStore = {
  /** Finds the user by (platform, subject) or makes one; a name or e-mail that is given replaces what was known. */
  upsertUser(user: { platformId: PlatformId; subject: string; person: Person; at: number }): Promise<User>;
  findUser(id: UserId): Promise<User | null>;
  /** Those of the users that there are, in no order; for the names on one page of a list. */
  findUsers(ids: readonly UserId[]): Promise<User[]>;
  findUserBySubject(platformId: PlatformId, subject: string): Promise<User | null>;
  /**
   * People of a platform by the beginnings of words: each word of `q` begins a word of the name, the e-mail address or
   * the ID. Test students are left out. By name, at most `limit`. For lists of suggestions, so a very common beginning
   * may leave some out. Of more than 1,000 people who are new to the site some may be found only after `indexPeople` has
   * ended. With a `tenant`, not who is only in channels of other schools (`Channel.tenant`).
   */
  searchUsers(among: { platformId: PlatformId; tenant?: string | null }, q: string, limit: number): Promise<User[]>;
  /**
   * Does a part of what finding new people needs, for `limit` of them; true when more are left. To be called again and
   * again beside other work. A store that does all of it when it makes a user returns false.
   */
  indexPeople(limit: number): Promise<boolean>;
  findMembership(channelId: ChannelId, userId: UserId): Promise<Membership | null>;
  /** True for whom an LMS has called its test student in any course: nobody whom people enter or who owns a channel. */
  isTestStudent(userId: UserId): Promise<boolean>;
  /**
   * Reads one membership, lets `decide` make its next state, and writes it, so that no other writer comes between.
   * `decide` may be called again with a newer state; returning the same state, or null, writes nothing. Returns what
   * stands afterwards. `'remove'` removes it. The store sets `version` and `updatedAt`. What `note` makes of a change
   * that was written is recorded with it; `after` is null for a removal, and null from `note` records nothing.
   */
  changeMembership(
    key: { channelId: ChannelId; userId: UserId; at: number },
    decide: (current: Membership | null) => Membership | 'remove' | null,
    note?: (before: Membership | null, after: Membership | null) => ActivityEvent | null,
  ): Promise<Membership | null>;
  /**
   * The same, but refuses to take the channel's last active manager (test students are none), whatever other writers of
   * this verb do at that moment. The others are counted in the transaction in SQLite; in MongoDB whoever is about to go
   * is written into the channel's document first, with a counter, so that of two who take each other's level one is
   * asked again.
   */
  changeKeepingManager(
    ...change: Parameters<MembershipStore['changeMembership']>
  ): Promise<Result<Membership | null, 'last-manager'>>;
  /**
   * Applies one slice of a stored diff and moves the run's `appliedChanges` to `upTo` with it. People the store does not
   * know yet become users. `decide` is given the membership as it is at that moment (null: none yet, with the key of the
   * one to make), so a change made by hand meanwhile is kept. Repeating a slice changes nothing. False, and nothing
   * written, when a later attempt of the run has begun.
   */
  applyRosterDiff(slice: RosterSlice, decide: RosterDecision): Promise<boolean>;
  /** Members for one page of a list, by sort key and user; `total` counts all that match. */
  listMembers(
    channelId: ChannelId,
    filter: MemberFilter,
    page: PageRequest,
  ): Promise<Page<Membership> & { total: number }>;
  /**
   * Every membership of a channel, in slices, for comparing with a roster. Those that `passOver` accepts by their subject
   * and `memberMark` are left out unread, and a slice may then be short or empty.
   */
  allMembers(
    channelId: ChannelId,
    sliceSize: number,
    passOver?: (subject: string, mark: string | null) => boolean,
  ): AsyncIterable<Membership[]>;
  /** People by level and status; test students are left out. */
  countMembers(channelId: ChannelId): Promise<MemberCounts>;
};

export type RosterSlice = {
  syncId: SyncId;
  channelId: ChannelId;
  platformId: PlatformId;
  changes: RosterChange[];
  upTo: number;
  at: number;
  /** The run's `restarts` as the caller knows it. */
  attempt: number;
};

export type RosterDecision = (
  current: Membership | null,
  change: RosterChange,
  key: { channelId: ChannelId; userId: UserId; subject: string },
) => Membership | null;

export type MemberFilter = {
  level?: PermissionLevel;
  active?: boolean;
  inactiveReason?: InactiveReason;
  updateMethod?: Membership['updateMethod'];
  /** Part of a name, an e-mail address or an ID, in any case and without its accents. */
  q?: string;
};

export type MemberCounts = {
  active: Record<PermissionLevel, number>;
  /** Active members in all. */
  total: number;
  inactive: number;
  /** Active members with something set by hand. */
  manual: number;
};

export type SyncStore = {
  /** Queues `run` unless the channel has one queued or running, which is returned instead. One of these per channel, ever. */
  requestSync(run: SyncRun): Promise<{ run: SyncRun; created: boolean }>;
  findSync(id: SyncId): Promise<SyncRun | null>;
  /** Newest first. */
  listSyncs(channelId: ChannelId, limit: number): Promise<SyncRun[]>;
  /** The newest run of the channel in one of the states, or null. */
  lastSync(channelId: ChannelId, states: readonly SyncRun['state'][]): Promise<SyncRun | null>;
  /**
   * Writes progress and results of a run; the caller holds its channel's lease. False, and nothing written, when the
   * run has ended or a later attempt (more `restarts`) has begun: a process that lost its lease and wakes up late.
   */
  saveSync(run: SyncRun): Promise<boolean>;
  /**
   * Puts a slice of the diff behind the first `from` changes; what was stored from there on is replaced, so the same
   * slice twice is stored once. An attempt begins its diff with `from` 0, and keeps nothing of those before it. False,
   * and nothing that is read is changed, when the run has ended, is held, or a later attempt (more `restarts`) has begun.
   */
  saveSyncChanges(sync: { id: SyncId; attempt: number }, from: number, changes: RosterChange[]): Promise<boolean>;
  /** Changes from number `from` on, in order, whichever attempt wrote them; fewer than `limit` only at the end. */
  syncChanges(syncId: SyncId, query: { from: number; limit: number; kind?: RosterChangeKind }): Promise<StoredChange[]>;
  /** Takes a held run out of that state, once: for the first caller the run in its next state, for others null. */
  decideHeldSync(
    id: SyncId,
    decision: { state: 'running' | 'discarded'; reason: SyncRun['reason']; by: string; at: number },
  ): Promise<SyncRun | null>;
  /**
   * Runs that are queued or running: those that somebody asked for, oldest first, then those of the schedule. Of one
   * platform, and those that may go on at `dueAt`, if given.
   */
  unfinishedSyncs(query: { platformId?: PlatformId; dueAt?: number; limit: number }): Promise<SyncRun[]>;
  /** Platforms with runs that are queued or running and may go on at `dueAt`. */
  platformsWithSyncs(dueAt: number): Promise<PlatformId[]>;
  /**
   * Makes a queued run the one of whoever asks now, to begin at once, unless its LMS asked for a pause (`throttled`); the
   * run, or null when nothing was changed.
   */
  hurrySync(id: SyncId, ask: Pick<SyncRun, 'trigger' | 'requestedBy'>): Promise<SyncRun | null>;
  /**
   * Channels to sync by schedule: with a roster, launched since `launchedSince`, without any run asked for since
   * `askedBefore`, and without one under way, however old. Channels nobody visits stay quiet.
   */
  channelsDueForSync(due: { launchedSince: number; askedBefore: number; limit: number }): Promise<ChannelId[]>;
};

export type StoredChange = RosterChange & { number: number };

/** Leases: one holder at a time; a holder that died lets go when the time is over. */
export type LeaseStore = {
  /** True when `holder` has it now, until `until`; the same holder may take it again. */
  acquireLease(name: string, holder: string, now: number, until: number): Promise<boolean>;
  /** False when it was lost meanwhile. */
  renewLease(name: string, holder: string, now: number, until: number): Promise<boolean>;
  releaseLease(name: string, holder: string): Promise<void>;
  /** All leases, run out or not; a process that starts looks for those of dead ones on its machine. */
  listLeases(): Promise<{ name: string; holder: string }[]>;
};

/** Who did what to whom and when, kept for the channel's activity list and the site's audit. */
export type ActivityEvent = {
  id: string;
  at: number;
  platformId: PlatformId | null;
  channelId: ChannelId | null;
  /** `user:ID`, `api-key:ID`, `command` or `system`. */
  actor: string;
  action: string;
  subjectUserId: UserId | null;
  syncId: SyncId | null;
  /** What was and what is, as JSON (`readState` of activity.ts); null: nothing was there. */
  from: string | null;
  to: string | null;
  /** The same in all events of one change of many members. */
  batch: string | null;
};

/** One change of many members, what was done about one person, or what was set of the channel; all of it if not given. */
export type ActivityFilter = { batch?: string } | { subjectUserId: UserId } | { settings: true };

export type ActivityStore = {
  recordActivity(event: ActivityEvent): Promise<void>;
  findActivity(id: string): Promise<ActivityEvent | null>;
  /** Newest first. */
  listActivity(channelId: ChannelId, filter: ActivityFilter, page: PageRequest): Promise<Page<ActivityEvent>>;
  /** How many events one change of many members has. */
  countActivity(channelId: ChannelId, of: { batch: string }): Promise<number>;
};

import type { ChannelId, UserId } from './channel.ts';
import {
  type DepartedOverrides,
  emptyMembership,
  type Membership,
  type RosterEntry,
  sameMembership,
  withoutRosterEntry,
  withRosterEntry,
} from './membership.ts';
import { entryMark, type MarkedEntry } from './roster-mark.ts';
import type { HoldReason, MemberSummary, RosterChange, RosterChangeKind, SyncCounts } from './sync-run.ts';
import { NO_COUNTS } from './sync-run.ts';

export type RosterPolicy = {
  departedOverrides: DepartedOverrides;
  /** A roster that would deactivate more than max(`min`, `share` of the automatic active members) is held. */
  hold: { min: number; share: number };
  /** True: a roster that would deactivate anybody is held. */
  askBeforeRemovals: boolean;
  /** When fetching began: who launched after that is here, whatever the fetched roster says. */
  rosterAsOf: number;
};

export type RosterDiff = { changes: RosterChange[]; counts: SyncCounts; hold: HoldReason | null };

/** What a complete roster would change, and whether that looks like an accident. Pure. Test students are not counted. */
export function diffRoster(
  current: Iterable<Membership>,
  roster: ReadonlyMap<string, RosterEntry>,
  policy: RosterPolicy,
): RosterDiff {
  const comparison = createRosterComparison(roster, policy);
  const changes: RosterChange[] = [];
  for (const member of current) {
    const change = comparison.compare(member);
    if (change) changes.push(change);
  }
  for (const change of comparison.newcomers()) changes.push(change);
  return { changes, ...comparison.result() };
}

/** `diffRoster` one member at a time, so that 100,000 of them can be compared in slices and without holding them all. */
export type RosterComparison = {
  /** True for a member, known by subject and mark alone, who is as the roster says; compares them in place of `compare`. */
  passOver(subject: string, mark: string | null): boolean;
  /** The change for one member, or null when there is nothing to change or to tell. */
  compare(member: Membership): RosterChange | null;
  /** The listed people nobody was compared with; to be asked for after all members were compared. */
  newcomers(): Generator<RosterChange>;
  /** To be asked for last. */
  result(): { counts: SyncCounts; hold: HoldReason | null };
};

export function createRosterComparison(
  roster: ReadonlyMap<string, RosterEntry | MarkedEntry>,
  policy: RosterPolicy,
): RosterComparison {
  const seen = new Set<string>();
  const counts: SyncCounts = { ...NO_COUNTS };
  const tally = { automatic: 0, removed: 0, managersBefore: 0, managersAfter: 0, anyBefore: 0, anyAfter: 0 };

  return {
    passOver(subject, mark) {
      const entry = mark === null ? undefined : roster.get(subject);
      if (!entry || ('mark' in entry ? entry.mark : entryMark(entry)) !== mark) return false;
      seen.add(subject);
      if (entry.isTest) return true;
      counts.unchanged += 1;
      tally.automatic += 1;
      if (entry.level === 'manager') {
        for (const kind of ['managersBefore', 'managersAfter', 'anyBefore', 'anyAfter'] as const) tally[kind] += 1;
      }
      return true;
    },
    compare(member) {
      const entry = roster.get(member.subject) ?? null;
      if (entry) seen.add(member.subject);
      const after = applyEntry(member, entry, policy);
      count(tally, member, after);
      const kind = kindOfChange(member, after, entry);
      if (!after.isTest) counts[COUNTED_AS[kind]] += 1;
      if (kind === 'unchanged') return null;
      return { kind, subject: member.subject, entry, before: summarise(member), after: summarise(after) };
    },
    *newcomers() {
      for (const entry of sortedInPortions(unseen(roster, seen))) {
        const after = withRosterEntry(newMember(entry.subject, policy.rosterAsOf), entry, policy.departedOverrides);
        count(tally, null, after);
        if (!after.isTest) counts.added += 1;
        yield { kind: 'add', subject: entry.subject, entry, before: null, after: summarise(after) };
      }
    },
    result: () => ({ counts, hold: findHold(roster.size, tally, policy) }),
  };
}

function* unseen(roster: ReadonlyMap<string, RosterEntry>, seen: ReadonlySet<string>): Generator<RosterEntry> {
  for (const entry of roster.values()) if (!seen.has(entry.subject)) yield entry;
}

/** People sorted at once: some 10 ms of work, and in a process that does it first twice as long. */
const PORTION = 5_000;

/** By name, as a store's lists have them: what is written together then stands together, and is read so by people. */
function* sortedInPortions(entries: Iterable<RosterEntry>): Generator<RosterEntry> {
  let portion: RosterEntry[] = [];
  for (const entry of entries) {
    portion.push(entry);
    if (portion.length < PORTION) continue;
    yield* portion.sort(byName);
    portion = [];
  }
  yield* portion.sort(byName);
}

function byName({ person: a }: RosterEntry, { person: b }: RosterEntry): number {
  const [x, y] = [a.name ?? '', b.name ?? ''];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * Applies one line of a stored diff to the membership as it is now. The rules are the diff's own, so what a person
 * changed meanwhile is kept, and applying a line twice changes nothing.
 */
export function applyRosterChange(
  current: Membership | null,
  change: Pick<RosterChange, 'entry'>,
  key: { channelId: ChannelId; userId: UserId; subject: string; at: number },
  policy: Pick<RosterPolicy, 'departedOverrides' | 'rosterAsOf'>,
): Membership | null {
  if (current) return applyEntry(current, change.entry, policy);
  if (!change.entry) return null;
  return withRosterEntry(emptyMembership(key, 'roster', key.at), change.entry, policy.departedOverrides);
}

function applyEntry(
  member: Membership,
  entry: RosterEntry | null,
  policy: Pick<RosterPolicy, 'departedOverrides' | 'rosterAsOf'>,
): Membership {
  const cameSince = member.launchAt !== null && member.launchAt > policy.rosterAsOf;
  if (entry) {
    const said = cameSince && entry.inactive ? { ...entry, inactive: false } : entry;
    return withRosterEntry(member, said, policy.departedOverrides);
  }
  return cameSince ? member : withoutRosterEntry(member, policy.departedOverrides);
}

type DiffKind = RosterChangeKind | 'unchanged';

const COUNTED_AS: Record<DiffKind, keyof SyncCounts> = {
  add: 'added',
  change: 'changed',
  deactivate: 'deactivated',
  reactivate: 'reactivated',
  keep: 'kept',
  unchanged: 'unchanged',
};

function kindOfChange(before: Membership, after: Membership, entry: RosterEntry | null): DiffKind {
  if (before.active && !after.active) return 'deactivate';
  if (!before.active && after.active) return 'reactivate';
  if (heldByHand(after, entry)) return 'keep';
  return sameMembership(before, after) ? 'unchanged' : 'change';
}

/** True when the roster says something else than what a person set, and the person's word stands. */
function heldByHand(after: Membership, entry: RosterEntry | null): boolean {
  if (after.inactiveReason === 'by-hand') return entry !== null;
  if (!after.active) return false;
  if (entry === null) return after.updateMethod === 'manual';
  return after.override !== null && after.override !== entry.level;
}

type Tally = {
  automatic: number;
  removed: number;
  managersBefore: number;
  managersAfter: number;
  /** Managers known by launches alone among them. */
  anyBefore: number;
  anyAfter: number;
};

// Test students come and go with a click in Canvas: they weigh nothing here.
function count(tally: Tally, before: Membership | null, after: Membership): void {
  if (after.isTest) return;
  if (before?.active && before.updateMethod === 'automatic' && before.rosterLevel !== null) {
    tally.automatic += 1;
  }
  if (before?.active && !after.active) tally.removed += 1;
  if (before && managesByRosterOrHand(before)) tally.managersBefore += 1;
  if (managesByRosterOrHand(after)) tally.managersAfter += 1;
  if (before && manages(before)) tally.anyBefore += 1;
  if (manages(after)) tally.anyAfter += 1;
}

/** A manager known by launches alone (staff who looked in once) does not show that the roster is right. */
function managesByRosterOrHand(member: Membership): boolean {
  return manages(member) && (member.rosterLevel !== null || member.updateMethod === 'manual');
}

function manages({ active, level }: Membership): boolean {
  return active && level === 'manager';
}

function findHold(rosterSize: number, tally: Tally, policy: RosterPolicy): HoldReason | null {
  if (rosterSize === 0 && tally.removed > 0) return 'empty-roster';
  const limit = Math.max(policy.hold.min, tally.automatic * policy.hold.share);
  // In a class of six, five removals would pass that limit: more than half of a class never goes unasked.
  const mostOfSmallClass = tally.removed >= 2 && tally.removed * 2 > tally.automatic;
  if (tally.removed > limit || mostOfSmallClass) return 'too-many-removals';
  if (tally.managersBefore > 0 && tally.managersAfter === 0) return 'no-manager-left';
  if (tally.anyBefore > 0 && tally.anyAfter === 0) return 'no-manager-left';
  return policy.askBeforeRemovals && tally.removed > 0 ? 'asks-before-removals' : null;
}

function summarise(member: Membership): MemberSummary {
  return {
    level: member.level,
    rosterLevel: member.rosterLevel,
    override: member.override,
    name: member.person.name,
    inactiveReason: member.inactiveReason,
  };
}

// Only for showing what will be: the store gives the real keys when the change is applied.
function newMember(subject: string, at: number): Membership {
  return emptyMembership({ channelId: '' as ChannelId, userId: '' as UserId, subject }, 'roster', at);
}

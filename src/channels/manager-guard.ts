import type { Logger } from 'pino';
import { type Clock, yieldToRequests } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { LeaseStore, MembershipStore, SyncStore } from './channel-store.ts';
import { withLease } from './lease.ts';
import { managersGained } from './member-changes.ts';
import type { Membership } from './membership.ts';
import { applyRosterChange, type RosterPolicy } from './roster-diff.ts';
import { linesOf } from './sync-diff.ts';
import type { RosterChange, SyncRun } from './sync-run.ts';

export type ManagerGuardDeps = {
  memberships: MembershipStore;
  syncs: SyncStore;
  leases: LeaseStore;
  clock: Clock;
  random: Random;
  log: Logger;
};

export type ManagerGuard = {
  /** Gives `next` back, or null for a line that takes a manager away: it is kept for `applyRest`. */
  putOff(current: Membership | null, change: RosterChange, next: Membership | null): Membership | null;
  /** For a run that is taken up again, which knows nothing of what it had put off; to be called before the first line. */
  lookAgain(): Promise<void>;
  /** Applies what was put off, after all other lines. */
  applyRest(): Promise<void>;
};

/** Lines looked at between two pauses for waiting requests. */
const LOOKED_AT = 200;

/**
 * Whether a roster leaves nobody to manage was asked when it was compared; people may have demoted the others since. So
 * the lines that take a manager away come last, one at a time and beside no change by hand, and the last manager stays:
 * the next sync asks about them. What a person decided to apply is applied.
 */
export function createManagerGuard(deps: ManagerGuardDeps, run: SyncRun, policy: RosterPolicy): ManagerGuard {
  const { channelId, platformId } = run;
  const rest = new Map<string, RosterChange>();

  function putOff(current: Membership | null, change: RosterChange, next: Membership | null): Membership | null {
    if (run.decidedBy !== null || next === null || managersGained(current, next) >= 0) return next;
    rest.set(change.subject, change);
    return null;
  }

  async function applyOne(change: RosterChange): Promise<void> {
    const user = await deps.memberships.findUserBySubject(platformId, change.subject);
    if (!user) return;
    const at = deps.clock();
    const key = { channelId, userId: user.id, subject: user.subject, at };
    const applied = await deps.memberships.changeKeepingManager(key, (current) =>
      applyRosterChange(current, change, key, policy),
    );
    if (!applied.ok) deps.log.warn({ syncId: run.id, channelId, userId: user.id }, 'roster sync kept the last manager');
  }

  return {
    putOff,
    async lookAgain(): Promise<void> {
      for (let from = 0; from < run.appliedChanges && run.decidedBy === null; from += LOOKED_AT) {
        const limit = Math.min(LOOKED_AT, run.appliedChanges - from);
        for (const change of await linesOf(deps.syncs, run, { from, limit })) {
          const user = await deps.memberships.findUserBySubject(platformId, change.subject);
          const current = user && (await deps.memberships.findMembership(channelId, user.id));
          if (!current) continue;
          putOff(current, change, applyRosterChange(current, change, { ...current, at: deps.clock() }, policy));
        }
        await yieldToRequests();
      }
    },
    async applyRest(): Promise<void> {
      for (const change of rest.values()) await withLease(deps, `members:${channelId}`, () => applyOne(change));
    },
  };
}

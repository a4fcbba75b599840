import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import type { Channel, UserId } from '../../src/channels/channel.ts';
import type { ActivityEvent } from '../../src/channels/channel-store.ts';
import { createManageMembers, type ManageMembers } from '../../src/channels/manage-members.ts';
import type { MemberChange } from '../../src/channels/member-changes.ts';
import type { MemberEntry } from '../../src/channels/member-entries.ts';
import type { DepartedOverrides, Membership } from '../../src/channels/membership.ts';
import { openChannel as enterByLaunch } from '../../src/channels/open-channel.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';
import type { RosterMember } from '../../src/channels/roster-source.ts';
import { type SyncDeps, syncRoster } from '../../src/channels/sync-roster.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import { success } from '../../src/lib/result.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeOpening, makeRun, NOW, openChannel, PLATFORM, walk } from '../storage/support/builders.ts';
import { makeTestDatabase } from '../support/test-database.ts';

/** Who acts, unless a test says otherwise. */
export const ACTOR = 'user:somebody';

const ROLES: Record<PermissionLevel, string> = {
  manager: 'Instructor',
  moderator: 'http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant',
  contributor: 'ContentDeveloper',
  member: 'Learner',
};

/** What a course list says of one person: a level, or one more that is there but may not act. */
export type Listed = { subject: string; level?: PermissionLevel; inactive?: boolean };

/** Moments of a sync at which something else may happen. */
export type SyncMoments = {
  /** After the run began, before the roster's pages came. */
  fetching?: () => Promise<unknown>;
  /** Before the members are read for comparing. */
  comparing?: () => Promise<unknown>;
  /** Before each slice of changes is written, with its number. */
  applying?: (slice: number) => Promise<unknown>;
};

/** A channel in a real store, with what happens to it: rosters, launches, changes by people. */
export type Course = Awaited<ReturnType<typeof openCourse>>;

/** A fresh course for each test of the describe block it is called in. */
export function useCourse(): () => Course {
  let opened: Course | null = null;
  beforeEach(async () => {
    opened = await openCourse();
  });
  afterEach(async () => {
    await opened?.close();
    opened = null;
  });
  return () => {
    if (!opened) throw new Error('The course is open during a test only');
    return opened;
  };
}

async function openCourse() {
  const database = makeTestDatabase();
  const storage = await database.open();
  return { ...(await courseIn(storage, '1')), storage, close: () => storage.close().finally(database.drop) };
}

/** A course of a store that others use too. */
export async function courseIn(storage: Storage, name: string) {
  let now = NOW;
  const clock = () => ++now;
  const deps = { ...storage, clock, random: systemRandom };
  const manage = createManageMembers(deps);
  const channel = await openChannel(storage, name);
  const channelId = channel.id;

  async function userOf(subject: string): Promise<UserId> {
    const known = await storage.memberships.findUserBySubject(PLATFORM, subject);
    if (known) return known.id;
    const person = { name: `Name of ${subject}`, email: null };
    return (await storage.memberships.upsertUser({ platformId: PLATFORM, subject, person, at: clock() })).id;
  }

  async function find(subject: string): Promise<Membership | null> {
    return storage.memberships.findMembership(channelId, await userOf(subject));
  }

  return {
    deps,
    manage,
    channel,
    channelId,
    userOf,
    find,
    /** The membership of somebody who must have one. */
    async member(subject: string): Promise<Membership> {
      const found = await find(subject);
      if (!found) throw new Error(`${subject} is no member`);
      return found;
    },
    async change(
      subject: string,
      change: MemberChange,
      more: Partial<Parameters<ManageMembers['change']>[0]> = {},
    ): ReturnType<ManageMembers['change']> {
      const userId = await userOf(subject);
      return manage.change({ channelId, userId, change, override: true, seen: null, actor: ACTOR, ...more });
    },
    async enter(
      subject: string,
      entry: MemberEntry,
      more: Partial<Parameters<ManageMembers['enter']>[0]> = {},
    ): ReturnType<ManageMembers['enter']> {
      const who = { userId: await userOf(subject) };
      return manage.enter({ channelId, who, entry, override: true, seen: null, actor: ACTOR, ...more });
    },
    launch: (subject: string, level: PermissionLevel, more: { testStudent?: boolean } = {}) =>
      enterByLaunch(deps, {
        ...makeOpening(name),
        tenant: null,
        roleLevels: {},
        subject,
        person: { name: `Name of ${subject}`, email: null },
        roles: more.testStudent
          ? [ROLES[level], 'http://purl.imsglobal.org/vocab/lti/system/person#TestUser']
          : [ROLES[level]],
        context: { id: name, title: 'Botany 101', label: 'BOT101', types: [] },
        teachesToo: false,
        adminsLaunchAsInstructors: false,
      }),
    /** One whole sync with a roster; ends as the run does. */
    async sync(listed: readonly Listed[], moments: SyncMoments = {}, departed: DepartedOverrides = 'deactivate') {
      const sync = syncDeps(deps, listed, moments, departed);
      const run = makeRun(newId<'sync'>(clock()), { channelId, queuedAt: clock() });
      const asked = await storage.syncs.requestSync(run);
      return syncRoster(sync, asked.run, new AbortController().signal);
    },
    /** Goes on with a run that broke off. */
    async resume(listed: readonly Listed[] = [], moments: SyncMoments = {}): Promise<SyncRun> {
      const [run] = await storage.syncs.unfinishedSyncs({ limit: 1 });
      if (!run) throw new Error('No run is under way');
      const again = { ...run, restarts: run.restarts + 1 };
      await storage.syncs.saveSync(again);
      return syncRoster(syncDeps(deps, listed, moments, 'deactivate'), again, new AbortController().signal);
    },
    /** What a person does about a held run: applies it. */
    async applyHeld(run: SyncRun, moments: SyncMoments = {}, departed: DepartedOverrides = 'deactivate') {
      const decision = { state: 'running', reason: run.reason, by: ACTOR, at: clock() } as const;
      const decided = await storage.syncs.decideHeldSync(run.id, decision);
      if (!decided) throw new Error('The run is not held');
      return syncRoster(syncDeps(deps, [], moments, departed), decided, new AbortController().signal);
    },
    /** All that stands in the activity list, oldest first. */
    async events(): Promise<ActivityEvent[]> {
      const newestFirst = await walk((page) => storage.activity.listActivity(channelId, {}, page), { limit: 200 });
      return newestFirst.reverse();
    },
    async current(): Promise<Channel> {
      const found = await storage.channels.findChannel(channelId);
      if (!found) throw new Error('The channel is gone');
      return found;
    },
  };
}

function syncDeps(
  deps: Storage & Pick<SyncDeps, 'clock' | 'random'>,
  listed: readonly Listed[],
  { fetching, comparing, applying }: SyncMoments,
  departedOverrides: DepartedOverrides,
): SyncDeps {
  const { channels, syncs, leases, clock, random } = deps;
  let slices = 0;
  return {
    channels,
    syncs,
    leases,
    clock,
    random,
    memberships: {
      ...deps.memberships,
      async *allMembers(...asked) {
        await comparing?.();
        yield* deps.memberships.allMembers(...asked);
      },
      async applyRosterDiff(...asked) {
        await applying?.(slices++);
        return deps.memberships.applyRosterDiff(...asked);
      },
    },
    async *rosters() {
      await fetching?.();
      yield listed.map(toRosterMember);
      return success({ pages: 1 });
    },
    roleLevelsOf: async () => ({}),
    policy: { departedOverrides, hold: { min: 5, share: 0.2 } },
    log: pino({ level: 'silent' }),
  };
}

function toRosterMember({ subject, level = 'member', inactive = false }: Listed): RosterMember {
  return { subject, roles: [ROLES[level]], name: `Name of ${subject}`, email: null, inactive };
}

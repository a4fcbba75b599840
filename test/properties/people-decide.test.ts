import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readState } from '../../src/channels/activity.ts';
import { changeMany } from '../../src/channels/change-many.ts';
import { changeOwner } from '../../src/channels/channel-owner.ts';
import type { ActivityEvent } from '../../src/channels/channel-store.ts';
import type { MemberChange } from '../../src/channels/member-changes.ts';
import { type Membership, sameMembership, settle } from '../../src/channels/membership.ts';
import { higherLevel, PERMISSION_LEVELS, type PermissionLevel } from '../../src/channels/permission-level.ts';
import type { SetByHand } from '../../src/channels/set-by-hand.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { undoActivity } from '../../src/channels/undo-activity.ts';
import type { SqliteStorage } from '../../src/storage/sqlite/open.ts';
import { ACTOR, courseIn, type Listed } from '../channels/support.ts';
import { collect } from '../storage/support/builders.ts';
import { makeFolder, mustOpen } from '../storage/support/temp-folder.ts';

/** More runs for a night: FC_RUNS=5000. */
const RUNS = Number(process.env.FC_RUNS ?? 60);
const PEOPLE = ['ann', 'bob', 'eve', 'kim', 'lea', 'max', 'ned'];
const TEST_STUDENT = 'test-student';

let folder: ReturnType<typeof makeFolder>;
let storage: SqliteStorage;
let courses = 0;

beforeAll(() => {
  folder = makeFolder();
  storage = mustOpen(`${folder.folder}/db.sqlite`);
});

afterAll(async () => {
  await storage.close();
  folder.remove();
});

type Edit =
  | { do: 'launch'; who: string; level: PermissionLevel }
  | { do: 'change'; who: string; change: MemberChange; override: boolean }
  | { do: 'enter'; who: string; level: PermissionLevel; updateMethod: 'automatic' | 'manual'; override: boolean }
  | { do: 'undo'; which: number }
  | { do: 'owner'; who: string | null }
  | { do: 'bulk'; who: string[]; change: MemberChange };

type Step =
  | Edit
  | { do: 'sync'; listed: Listed[]; departed: 'deactivate' | 'keep'; force: boolean; meanwhile: Meanwhile };

type Meanwhile = { fetching: Edit[]; comparing: Edit[]; applying: Edit[] };

const level = fc.constantFrom(...PERMISSION_LEVELS);
const who = fc.constantFrom(...PEOPLE, TEST_STUDENT);
const updateMethod = fc.constantFrom('automatic' as const, 'manual' as const);
const change: fc.Arbitrary<MemberChange> = fc.oneof(
  fc.record({ level }),
  fc.record({ status: fc.constantFrom('active' as const, 'inactive' as const) }),
  fc.record({ updateMethod }),
  fc.record({ remove: fc.constantFrom('added' as const, 'any' as const) }),
);
const override = fc.boolean();
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ do: fc.constant('launch' as const), who, level }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), who, change, override }) },
  fc.record({ do: fc.constant('enter' as const), who, level, updateMethod, override }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), which: fc.nat(30) }) },
  fc.record({ do: fc.constant('owner' as const), who: fc.option(who, { freq: 4 }) }),
  fc.record({ do: fc.constant('bulk' as const), who: fc.uniqueArray(who, { minLength: 1 }), change }),
);
const listed: fc.Arbitrary<Listed> = fc.record({
  subject: fc.constantFrom(...PEOPLE),
  level,
  inactive: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});
const edits = fc.array(edit, { maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: edit },
  fc.record({
    do: fc.constant('sync' as const),
    listed: fc.array(listed, { maxLength: 9 }),
    departed: fc.constantFrom('deactivate' as const, 'keep' as const),
    force: fc.boolean(),
    meanwhile: fc.record({ fetching: edits, comparing: edits, applying: edits }),
  }),
);

/** What only those may do who say so: a person who reactivates, enters, removes, undoes, or makes somebody the owner. */
const MAY_LET_IN = ['member.status', 'member.add', 'member.remove', 'member.undo', 'member.owner'];

it('keeps its word to people through any syncs, launches and edits, also in the midst of each other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const world = await openWorld();
      for (const one of steps) await world.play(one);
    }),
    { numRuns: RUNS },
  );
});

async function openWorld() {
  const course = await courseIn(storage, `course-${++courses}`);
  const { channelId, deps } = course;
  /** When the first of the rosters began to be read that have not listed a person since; for those once listed. */
  const droppedAt = new Map<string, number>();
  const onRoster = new Set<string>();
  let noted = 0;
  let last: { entries: ReturnType<typeof merge>; run: SyncRun; departed: 'deactivate' | 'keep' } | null = null;

  async function members(): Promise<Membership[]> {
    return collect(storage.memberships.allMembers(channelId, 100));
  }

  /** The last manager, whom a sync keeps although its roster drops them: the next one asks a person. */
  let keptAsLast: string | null = null;

  async function activeManagers(): Promise<Membership[]> {
    return (await members()).filter((m) => m.active && m.level === 'manager' && !m.isTest);
  }

  async function managers(): Promise<number> {
    return (await activeManagers()).length;
  }

  async function userIds(subjects: readonly string[]) {
    return Promise.all(subjects.map((subject) => course.userOf(subject)));
  }

  /** Does an edit; how many events it must have left. */
  async function act(one: Edit): Promise<number> {
    switch (one.do) {
      case 'launch':
        await course.launch(one.who, one.level, { testStudent: one.who === TEST_STUDENT });
        return 0;
      case 'change': {
        const done = await course.change(one.who, one.change, { override: one.override });
        if (done.ok && done.value.result === 'removed') forget(one.who);
        return done.ok && done.value.result !== 'unchanged' ? 1 : 0;
      }
      case 'enter': {
        const { level, updateMethod, override } = one;
        const done = await course.enter(one.who, { level, updateMethod }, { override });
        if (done.ok && override) expect(done.value.membership.active).toBe(true);
        return done.ok && done.value.result !== 'unchanged' ? 1 : 0;
      }
      case 'bulk': {
        const selection = { userIds: await userIds(one.who) };
        const done = await changeMany(deps, { channelId, selection, change: one.change, actor: ACTOR });
        if ('remove' in one.change) for (const who of one.who) if (!(await course.find(who))) forget(who);
        return done.ok ? done.value.changed : 0;
      }
      case 'owner': {
        const ownerId = one.who === null ? null : await course.userOf(one.who);
        const before = await course.events();
        const done = await changeOwner(deps, { channelId, ownerId, actor: ACTOR });
        const since = (await course.events()).slice(before.length).map(({ action }) => action);
        if (!done.ok || done.value.activityId === null) expect(since).toEqual([]);
        else expect(['channel.owner', 'member.owner,channel.owner']).toContain(since.join());
        return since.length;
      }
      case 'undo':
        return undo(one.which);
    }
  }

  async function undo(which: number): Promise<number> {
    const events = await course.events();
    const event = events[events.length - 1 - (which % Math.max(events.length, 1))];
    if (!event) return 0;
    const done = await undoActivity(deps, { channelId, activityId: event.id, actor: ACTOR });
    const since = (await course.events()).slice(events.length);
    const undone = done.ok ? done.value.undone : 0;
    if (event.action === 'channel.owner') {
      expect(since.filter(({ action }) => action === 'channel.owner')).toHaveLength(undone);
    } else expect(since.map(({ action }) => action)).toEqual(Array(undone).fill('member.undo'));
    for (const { to, subjectUserId } of since) {
      if (to === null) forget((await storage.memberships.findUser(subjectUserId as never))?.subject ?? '');
    }
    return since.length;
  }

  function forget(subject: string): void {
    droppedAt.delete(subject);
    onRoster.delete(subject);
  }

  async function playEdit(one: Edit): Promise<void> {
    const before = await managers();
    noted += await act(one);
    if (before > 0 && one.do !== 'launch') expect(await managers(), 'no manager is left').toBeGreaterThan(0);
    await checkAlways();
  }

  async function playSync({ listed, departed, force, meanwhile }: Extract<Step, { do: 'sync' }>): Promise<void> {
    const edited = { fetching: false, comparing: false, applying: false };
    const play = (moment: keyof Meanwhile) => async () => {
      if (edited[moment]) return;
      edited[moment] = true;
      for (const one of meanwhile[moment]) await playEdit(one);
    };
    const quiet = Object.values(meanwhile).every((list) => list.length === 0);
    const launches = Object.values(meanwhile).some((list) => list.some((one) => one.do === 'launch'));
    const before = await managers();
    const moments = { fetching: play('fetching'), comparing: play('comparing'), applying: play('applying') };
    let run = await course.sync(listed, moments, departed);
    const forced = run.state === 'held' && force;
    if (forced) run = await course.applyHeld(run, { applying: moments.applying }, departed);
    if (run.state === 'applied') {
      last = { entries: merge(listed), run, departed };
      const [manager, another] = await activeManagers();
      keptAsLast = manager && !another ? manager.subject : null;
      for (const subject of onRoster) {
        if (!last.entries.has(subject) && !droppedAt.has(subject)) droppedAt.set(subject, run.startedAt ?? 0);
      }
      for (const subject of last.entries.keys()) {
        onRoster.add(subject);
        droppedAt.delete(subject);
      }
    }
    if (before > 0 && !forced && !launches) expect(await managers(), 'no manager is left').toBeGreaterThan(0);
    await checkAlways();
    if (run.state === 'applied' && quiet) await checkEqualsRoster();
  }

  async function checkAlways(): Promise<void> {
    const events = await course.events();
    expect(events).toHaveLength(noted);
    const all = await members();
    for (const member of all) {
      const settled = settle(member);
      expect(sameMembership(settled, member) && settled.active === member.active).toBe(true);
      expect(settled.updateMethod).toBe(member.updateMethod);
      if (member.inactiveReason !== null) expect(member.active).toBe(false);
      checkWordOfPeople(
        member,
        events.filter((event) => isOf(event, member)),
      );
    }
    const { ownerId } = await course.current();
    if (ownerId) expect(all.find(({ userId }) => userId === ownerId)).toMatchObject({ active: true, level: 'manager' });
  }

  /** What people set last, as the activity list has it, is what stands. */
  function checkWordOfPeople(member: Membership, events: ActivityEvent[]): void {
    const said = events.map(({ action, to }) => ({ action, to: readState<SetByHand>(to) }));
    const latest = said.at(-1)?.to ?? null;
    expect(member.override).toBe(latest?.override ?? null);
    if (member.override) expect(member.level).toBe(member.override);
    expect(member.inactiveReason === 'by-hand').toBe(latest?.inactiveReason === 'by-hand');
    for (const [i, { action, to }] of said.slice(1).entries()) {
      const wasOut = said[i]?.to?.inactiveReason === 'by-hand';
      if (wasOut && to?.inactiveReason !== 'by-hand') expect(MAY_LET_IN).toContain(action);
    }
  }

  /** Nobody acts whom the last roster dropped or set Inactive, unless people, a program or a later launch keep them. */
  async function checkPresence(): Promise<void> {
    if (!last) return;
    const { entries, run, departed } = last;
    for (const member of await members()) {
      const { subject, launchAt } = member;
      const entry = entries.get(subject);
      const since = entry ? (entry.inactive ? (run.startedAt ?? 0) : null) : (droppedAt.get(subject) ?? null);
      if (!member.active || since === null) continue;
      const kept =
        member.addedBy === 'hand' ||
        member.addedBy === 'api' ||
        (departed === 'keep' && member.override !== null) ||
        (launchAt !== null && launchAt > since) ||
        subject === keptAsLast;
      expect(kept, `${subject} is active: ${JSON.stringify({ member, since })}`).toBe(true);
    }
  }

  async function checkEqualsRoster(): Promise<void> {
    if (!last) return;
    const { entries } = last;
    for (const member of await members()) {
      const entry = entries.get(member.subject);
      if (entry) expect(member).toMatchObject({ rosterLevel: entry.level });
      else expect(member.rosterLevel === null || member.addedBy === 'api' || member.rosterRoles === '').toBe(true);
    }
    for (const [subject, { inactive }] of entries) {
      const { active, inactiveReason } = await course.member(subject);
      if (!inactive)
        expect([active, inactiveReason]).toEqual(inactiveReason === 'by-hand' ? [false, 'by-hand'] : [true, null]);
    }
  }

  return {
    async play(one: Step): Promise<void> {
      if (one.do === 'sync') await playSync(one);
      else await playEdit(one);
      await checkPresence();
    },
  };
}

/** Somebody listed twice has the higher level, and is Inactive only if both lines say so. */
function merge(listed: readonly Listed[]): Map<string, { level: PermissionLevel; inactive: boolean }> {
  const merged = new Map<string, { level: PermissionLevel; inactive: boolean }>();
  for (const { subject, level = 'member', inactive = false } of listed) {
    const other = merged.get(subject);
    merged.set(subject, {
      level: higherLevel(level, other?.level ?? null) ?? level,
      inactive: inactive && (other?.inactive ?? true),
    });
  }
  return merged;
}

function isOf({ action, subjectUserId }: ActivityEvent, { userId }: Membership): boolean {
  return action.startsWith('member.') && subjectUserId === userId;
}

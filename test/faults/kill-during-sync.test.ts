import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { emptyMembership, type Membership, settle, withOverride } from '../../src/channels/membership.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { fullName } from '../../src/sandbox/people.ts';
import { memberSearchText, memberSortKey } from '../../src/storage/member-keys.ts';
import { type Dice, diceFor } from '../support/fuzz.ts';
import { finished, type ProcessWorld, startProcessWorld, type ToolProcess } from '../support/processes.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { channelIn } from '../support/tool.ts';

// KILL_ROUNDS: how many kills; KILL_SEED: the run to repeat, as far as moments can be.
const ROUNDS = Number(process.env.KILL_ROUNDS ?? (ON_MONGO ? 4 : 6));
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));
const BIG = ON_MONGO ? 1_500 : 10_000;
const PHASES = ['fetching', 'comparing', 'applying'] as const;
type Phase = (typeof PHASES)[number];

let world: ProcessWorld;
beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: BIG });
});
afterAll(() => world.close());

it(`keeps memberships right when the process is killed at any of ${ROUNDS} moments, and the next start goes on (KILL_SEED=${SEED})`, async () => {
  const dice = diceFor(SEED, 0);
  const hits = { fetching: 0, comparing: 0, applying: 0, ended: 0, starting: 0 };
  let tool = await started();
  const term = await firstTerm();
  for (let kills = 0; kills < ROUNDS; kills += 1) {
    const target = await reachTarget(term, hits, dice);
    const stopEditing = editMembers(term, tool, dice);
    await waitInside(term.run, target, dice);
    await tool.kill();
    await stopEditing();
    hits[await expectBeforeOrAfter(term)] += 1;
    // A quarter of the kills, at most, comes while it starts again.
    while (kills + 1 < ROUNDS && hits.starting < kills / 4 && dice.once(2)) {
      const starting = await world.start();
      await pause(dice.roll(1_200));
      await starting.kill();
      await expectBeforeOrAfter(term);
      hits.starting += 1;
      kills += 1;
    }
    tool = await started();
  }
  await endTerm(term);
  expect(await tool.stop()).toBe(0);
  await expectAfter(term);
  process.stderr.write(`Kills in ${term.number} syncs: ${JSON.stringify(hits)}\n`);
  // A few kills may miss the shortest phase on a busy machine.
  if (ROUNDS >= 50) for (const phase of PHASES) expect(hits[phase], phase).toBeGreaterThan(4);

  /** Waits until the run is where fewest kills were; where it is past that, a next one is begun. */
  async function reachTarget(now: Term, so: Record<Phase, number>, choose: Dice): Promise<Phase> {
    const run = await latest(now);
    const begun = PHASES.indexOf(run.phase ?? 'fetching');
    const far = isUnfinished(run) && choose.once(2) ? begun : 0;
    const target = PHASES.slice(far).reduce((least, phase) => (so[phase] < so[least] ? phase : least));
    if (isUnfinished(run) && begun <= PHASES.indexOf(target)) return target;
    await endTerm(now);
    await nextTerm(now, tool, choose);
    return target;
  }
}, 1_200_000);

/** What the LMS said before and says now of each person, and what people set by hand: all that must hold. */
type Term = {
  number: number;
  channelId: ChannelId;
  run: SyncRun['id'];
  before: Map<string, Said>;
  after: Map<string, Said>;
  /** How often the roster has changed what is said of somebody: so often, and no more, is the membership written. */
  changes: Map<string, number>;
  /** Null for what nobody set. A change that got no answer may be there or not. */
  byHand: Map<string, ByHand>;
  unanswered: Map<string, ByHand>;
  counts: Partial<SyncRun['counts']>;
};
type Said = { listed: boolean; name: string };
type ByHand = { override: PermissionLevel | null; out: boolean };
const NOTHING: ByHand = { override: null, out: false };
/** Somebody whom no roster lists. */
const GUEST = 'guest-by-hand';

const course = () => world.sandbox.canvas.course('big');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const isUnfinished = (run: SyncRun) => run.state === 'queued' || run.state === 'running';

async function started(): Promise<ToolProcess> {
  const tool = await world.start();
  await tool.ready();
  return tool;
}

async function latest(term: Term): Promise<SyncRun> {
  const run = await world.storage.syncs.findSync(term.run);
  if (!run) throw new Error('the run is gone');
  return run;
}

/** The first launch enters one person and asks for the sync that brings all others. */
async function firstTerm(): Promise<Term> {
  const { id, cast } = course();
  const { url } = await world.launch(world.sandbox.canvas, { courseId: id, personId: cast.instructor });
  const channelId = channelIn(url);
  const [run] = await world.storage.syncs.listSyncs(channelId, 1);
  const nobody = { before: new Map<string, Said>(), byHand: new Map<string, ByHand>(), unanswered: new Map() };
  const after = said(nobody.before);
  // Without the one who launched and the test student.
  const counts = { added: BIG - 2, deactivated: 0, reactivated: 0 };
  const changes = new Map([...after.keys()].map((subject) => [subject, 1]));
  return { number: 1, channelId, run: run!.id, ...nobody, after, changes, counts };
}

/** Everybody gets another name, some leave, those who left return, some join; then a sync is asked for. */
async function nextTerm(term: Term, tool: ToolProcess, dice: Dice): Promise<void> {
  term.number += 1;
  term.before = term.after;
  const students = [...course().enrolments.values()].slice(200).filter(({ roles }) => roles[0] === 'student');
  let [left, back] = [0, 0];
  for (const enrolment of students) {
    enrolment.person.familyName = `Term ${term.number}`;
    const away = enrolment.state !== 'active';
    if (away) back += 1;
    else if (dice.once(20)) left += 1;
    else continue;
    enrolment.state = away ? 'active' : 'inactive';
  }
  for (let joined = 0; joined < 20; joined++) world.sandbox.canvas.roster.add(course().id);
  course().version += 1;
  term.after = said(term.before);
  for (const [subject, now] of term.after) {
    if (isSame(now, term.before.get(subject))) continue;
    term.changes.set(subject, (term.changes.get(subject) ?? 0) + 1);
  }
  term.counts = { added: 20, deactivated: left, reactivated: back };
  if (term.number === 2) await addGuest(term.channelId);
  const { status, body } = await tool.api('POST', `/channels/${term.channelId}/sync`);
  expect(status).toBe(202);
  term.run = String(body.syncId) as SyncRun['id'];
}

/** What the roster says now; of those it does not list, their last name. */
function said(before: Map<string, Said>): Map<string, Said> {
  const now = new Map([...before].map(([subject, { name }]) => [subject, { listed: false, name }]));
  for (const { person, state } of course().enrolments.values()) {
    if (state === 'active') now.set(person.id, { listed: true, name: fullName(person) });
  }
  return now;
}

async function addGuest(channelId: ChannelId): Promise<void> {
  const { memberships } = world.storage;
  const channel = await world.storage.channels.findChannel(channelId);
  const at = Date.now();
  const person = { name: 'Guest', email: null };
  const user = await memberships.upsertUser({ platformId: channel!.platformId, subject: GUEST, person, at });
  const key = { channelId, userId: user.id, subject: GUEST };
  await memberships.changeMembership({ ...key, at }, () =>
    withOverride({ ...emptyMembership(key, 'hand', at), person }, 'contributor'),
  );
}

/** Changes members by API, one after the other, until told to stop; every change that was answered must stay. */
function editMembers(term: Term, tool: ToolProcess, dice: Dice): () => Promise<void> {
  let stopped = false;
  const subjects = [...course().enrolments.values()].slice(100, 160).map(({ person }) => person.id);
  async function edit(): Promise<void> {
    const users = new Map((await world.members(term.channelId)).map((member) => [member.subject, member.userId]));
    while (!stopped) {
      const subject = dice.pick(subjects);
      const userId = users.get(subject);
      if (userId === undefined) return;
      const before = term.byHand.get(subject) ?? NOTHING;
      const [change, after] = dice.once(3)
        ? [{ status: before.out ? 'active' : 'inactive' }, { ...before, out: !before.out }]
        : levelChange(before, dice.pick(['member', 'contributor', 'moderator']));
      term.unanswered.set(subject, after);
      const { status } = await tool.api('PATCH', memberPath(term, userId), { ...change, override: true });
      expect(status).toBe(200);
      term.byHand.set(subject, after);
      term.unanswered.delete(subject);
      await pause(20);
    }
  }
  // The call under way when the process is killed gets no answer.
  const done = edit().catch((error: unknown) => {
    if (!stopped && !(error instanceof TypeError)) throw error;
  });
  return async () => {
    stopped = true;
    await done;
  };
}

const memberPath = (term: Term, userId: UserId) => `/channels/${term.channelId}/members/${userId}`;

function levelChange(before: ByHand, level: PermissionLevel): [object, ByHand] {
  return [{ level }, { ...before, override: level }];
}

/** Waits until the run is in the phase, and then for a random moment of it. */
async function waitInside(id: SyncRun['id'], phase: Phase, dice: Dice): Promise<void> {
  const share = dice.roll(100) / 100;
  for (;;) {
    const run = await world.storage.syncs.findSync(id);
    if (!run || !isUnfinished(run)) return;
    const there = PHASES.indexOf(run.phase ?? 'fetching') - PHASES.indexOf(phase);
    if (there > 0) return;
    if (there === 0 && (phase !== 'applying' || run.appliedChanges >= share * run.totalChanges)) break;
    await pause(2);
  }
  if (phase !== 'applying') await pause(dice.roll(phase === 'fetching' ? 1_200 : 150));
}

/** Nothing is half-written: each membership is as the roster made it before or makes it now, by the run's own position. */
async function expectBeforeOrAfter(term: Term): Promise<'ended' | Phase> {
  const run = await latest(term);
  expect(['queued', 'running', 'applied']).toContain(run.state);
  const changed = new Set<string>();
  for (let from = 0; from < run.appliedChanges; from += 1_000) {
    const limit = Math.min(1_000, run.appliedChanges - from);
    for (const { subject } of await world.storage.syncs.syncChanges(run.id, { from, limit })) changed.add(subject);
  }
  const [ended, applying] = [run.state === 'applied', run.phase === 'applying'];
  if (!ended && !applying) expect(changed.size).toBe(0);
  await expectMembers(term, (subject) => (ended || changed.has(subject) ? term.after : term.before).get(subject));
  if (!ON_MONGO) expectSound();
  return ended ? 'ended' : (run.phase ?? 'fetching');
}

async function endTerm(term: Term): Promise<void> {
  await finished(world, term.run);
  await expectAfter(term);
}

async function expectAfter(term: Term): Promise<void> {
  const members = await expectMembers(term, (subject) => term.after.get(subject));
  const { counts, pages, restarts, appliedChanges, totalChanges } = await latest(term);
  expect(counts, `restarts: ${restarts}`).toMatchObject(term.counts);
  const told = Object.values(counts).reduce((sum, count) => sum + count, 0);
  expect(told).toBe(members.filter((member) => !member.isTest).length);
  expect([pages, appliedChanges]).toEqual([Math.ceil(listedNow() / 50), totalChanges]);
  for (const { subject, version } of members) {
    const untouched = subject !== course().cast.instructor && subject !== GUEST && !term.byHand.has(subject);
    if (untouched && version !== term.changes.get(subject)) expect.fail(`${subject} was written ${version} times`);
  }
  expect(await world.storage.syncs.listSyncs(term.channelId, 500)).toHaveLength(term.number);
}

const listedNow = () => [...course().enrolments.values()].filter(({ state }) => state === 'active').length;

/** Compares all members with what is said of them and what was set by hand; the first that differs is told. */
async function expectMembers(term: Term, saidOf: (subject: string) => Said | undefined): Promise<Membership[]> {
  const members = await world.members(term.channelId);
  const found = new Set<string>();
  for (const member of members) {
    const { subject } = member;
    found.add(subject);
    expectByHand(term, member);
    if (JSON.stringify(settle(member)) !== JSON.stringify(member)) expect(member).toEqual(settle(member));
    if (subject === GUEST) continue;
    const { listed, name } = saidOf(subject) ?? { listed: false, name: null };
    if (name === null && member.launchLevel !== null) continue;
    const is = { listed: member.rosterLevel !== null, name: member.person.name };
    if (is.listed !== listed || is.name !== name) expect({ subject, ...is }).toEqual({ subject, listed, name });
    if (!listed && member.launchLevel === null) expect(member.active).toBe(false);
  }
  for (const subject of term.after.keys())
    if (saidOf(subject) && !found.has(subject)) expect.fail(`${subject} is gone`);
  expect(found.has(GUEST)).toBe(term.number > 1);
  return members;
}

function expectByHand(term: Term, member: Membership): void {
  const { subject } = member;
  const is: ByHand = { override: member.override, out: member.inactiveReason === 'by-hand' };
  const unanswered = term.unanswered.get(subject);
  if (unanswered && isSame(is, unanswered)) term.byHand.set(subject, unanswered);
  term.unanswered.delete(subject);
  const set = subject === GUEST ? { override: 'contributor', out: false } : (term.byHand.get(subject) ?? NOTHING);
  if (!isSame(is, set)) expect({ subject, ...is }).toEqual({ subject, ...set });
}

function isSame(a: object, b: object | undefined): boolean {
  return b !== undefined && Object.entries(a).every(([key, value]) => (b as Record<string, unknown>)[key] === value);
}

/** The file is whole, and what rows repeat of others says the same. */
function expectSound(): void {
  const db = new BetterSqlite3(join(world.dataDir, 'rostrum.sqlite'), { readonly: true });
  expect(db.pragma('quick_check', { simple: true })).toBe('ok');
  expect(db.pragma('foreign_key_check')).toEqual([]);
  const rows = db.prepare<[], Record<string, string>>(
    `SELECT memberships.subject, memberships.name, memberships.email, sort_key AS sortKey, search,
       users.subject AS userSubject, users.name AS userName
     FROM memberships LEFT JOIN users ON users.id = memberships.user_id`,
  );
  for (const { subject = '', name = null, email = null, sortKey, search, ...user } of rows.all()) {
    const kept = [subject, name, sortKey, search];
    const made = [user.userSubject, user.userName, memberSortKey(subject, { name, email })];
    const all = [...made, memberSearchText(subject, { name, email })];
    if (kept.some((value, i) => value !== all[i])) expect(kept).toEqual(all);
  }
  db.close();
}

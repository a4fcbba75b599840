import { Pool } from 'undici';
import type { Walk } from './servers/bare-walk.ts';
import type { MeasuredSync, RostrumStart } from './servers/rostrum.ts';
import type { SandboxCourses, SandboxStart } from './servers/sandbox.ts';
import { type Child, startChild } from './support/child.ts';
import { type Engine, startTool } from './support/engine.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { median, readableMs } from './support/numbers.ts';
import { enter, measurePages, nextPage, type PageTimes, pageRows } from './support/pages.ts';
import { freePort } from './support/ports.ts';
import type { Row } from './support/table.ts';

/** `repetitions` by course size; `pages` is how often each page of members is asked for. */
export type RosterSizes = { repetitions: Readonly<Record<number, number>>; pages: number };

const PUBLIC_URL = 'https://tool.example';
const GOALS = { people: 10_000, first: 3, again: 1.5, pauseMs: 50, memoryMb: 200, memoryPeople: 100_000 };

const KINDS = ['first', 'again', 'changed'] as const;
type Kind = (typeof KINDS)[number];
type Pair = { walk: Walk; sync: MeasuredSync };
type Repetition = Record<Kind, Pair> & { memoryMb: number; memberPages: PageTimes[] };
type MembersList = { target: LaunchTarget; channelId: string };

/** Syncs of Canvas-like courses against the bare walk through the same pages, and the list of their members. */
export async function measureRosters(sizes: RosterSizes, engine: Engine): Promise<Row[]> {
  const rows: Row[] = [];
  const all: Repetition[] = [];
  for (const [people, repetitions] of Object.entries(sizes.repetitions)) {
    const measured = await measureSize(Number(people), { repetitions, pages: sizes.pages, engine });
    rows.push(...rowsOf(Number(people), measured));
    all.push(...measured);
  }
  return [...rows, beginningRow(all)];
}

type OneSize = { repetitions: number; pages: number; engine: Engine };

async function measureSize(people: number, { repetitions, ...how }: OneSize): Promise<Repetition[]> {
  const port = await freePort();
  const lms = startChild('sandbox');
  try {
    const given: SandboxStart = { people, toolUrl: `http://127.0.0.1:${port}`, publicUrl: PUBLIC_URL };
    const courses = await lms.ask<SandboxCourses>('start', given);
    const measured: Repetition[] = [];
    for (let i = 0; i < repetitions; i++) {
      measured.push(await repeat({ ...how, people, port, lms, courses }));
    }
    return measured;
  } finally {
    await lms.stop();
  }
}

type Means = {
  people: number;
  pages: number;
  engine: Engine;
  port: number;
  lms: Child;
  courses: SandboxCourses;
};

/**
 * First, unchanged and changed sync in a new process with a new database; before each a bare walk, in a process that is
 * as new and has walked as often.
 */
async function repeat(means: Means): Promise<Repetition> {
  const { people, engine, port, lms, courses } = means;
  const tool = startTool(engine);
  const walker = startChild('bare-walk');
  try {
    const given: RostrumStart = { port, publicUrl: PUBLIC_URL, platforms: [courses.registration] };
    const target = await tool.ask<LaunchTarget>('start', given);
    // The small course loads what a sync needs, and gets the token that the bare walk uses too.
    const small = await tool.ask<string>('openCourse', courses.small);
    await tool.ask<MeasuredSync>('sync', small);
    const token = await tool.ask<string>('token');
    const walk = (course = courses.course) => walker.ask<Walk>('walk', { url: course.rosterUrl, token });
    await walk(courses.small);
    const channelId = await tool.ask<string>('openCourse', courses.course);
    const idle = await tool.ask<{ rss: number }>('memory');

    const first = { walk: await walk(), sync: await syncOnce(tool, channelId, people) };
    const again = { walk: await walk(), sync: await syncOnce(tool, channelId, people) };
    const { peak } = await tool.ask<{ peak: number }>('memory');
    await lms.ask('changeOnePercent');
    const changed = { walk: await walk(), sync: await syncOnce(tool, channelId, people) };
    const memberPages = people === GOALS.people ? await measureMembers({ ...means, tool }, { target, channelId }) : [];
    await lms.ask('reset');
    return { first, again, changed, memoryMb: (peak - idle.rss) / 2 ** 20, memberPages };
  } finally {
    await Promise.all([tool.stop(), walker.stop()]);
  }
}

async function syncOnce(tool: Child, channelId: string, people: number): Promise<MeasuredSync> {
  const sync = await tool.ask<MeasuredSync>('sync', channelId);
  const { ms, cpu, beginsMs, pauseMs, state, reason, counts } = sync;
  // Nothing written is only news where writes are seen.
  if (sync.written < counts.added) throw new Error(`of ${counts.added} new memberships ${sync.written} were counted`);
  if (state !== 'applied') throw new Error(`the sync of ${people} ended ${state}: ${reason}`);
  console.error(
    `sync of ${people}: ${ms.toFixed(0)} ms, CPU ${cpu.toFixed(0)} ms, began after ${beginsMs.toFixed(1)} ms, pause ${pauseMs.toFixed(0)} ms, ` +
      `+${counts.added} ~${counts.changed} -${counts.deactivated} =${counts.unchanged}`,
  );
  return sync;
}

async function measureMembers({ lms, tool, courses, pages }: Means & { tool: Child }, list: MembersList) {
  const pool = new Pool(list.target.origin, { connections: 1 });
  const browser = await enter(lms, courses.course, { target: list.target, pool });
  const members = `/channels/${list.channelId}/members`;
  const measured = await measurePages(
    [
      { what: 'first page', path: members },
      { what: 'next page', path: await nextPage(browser, members) },
      { what: 'search, many found', path: `${members}?q=an` },
      { what: 'search, none found', path: `${members}?q=zzzzz` },
      { what: 'filter by level', path: `${members}?level=manager` },
    ],
    { browser, tool, times: pages },
  );
  await pool.close();
  return measured;
}

function rowsOf(people: number, measured: readonly Repetition[]): Row[] {
  const name = people.toLocaleString('en');
  const of = (read: (repetition: Repetition) => number) => median(measured.map(read));
  const atGoal = people === GOALS.people;
  const syncRow = (what: string, kind: Kind, most: number): Row => {
    const ratio = of((one) => one[kind].sync.ms / one[kind].walk.ms);
    const { ms, cpu } = { ms: of((one) => one[kind].sync.ms), cpu: of((one) => one[kind].sync.cpu) };
    return {
      what: `Sync of ${name}, ${what}`,
      measured: `${readableMs(ms)} (CPU ${readableMs(cpu)}), pages alone ${readableMs(of((one) => one[kind].walk.ms))}`,
      ratio: `${ratio.toFixed(2)}x the pages alone`,
      ...(atGoal ? { goal: `at most ${most}x`, ok: ratio <= most } : {}),
    };
  };
  const pause = of((one) => Math.max(...KINDS.map((kind) => one[kind].sync.pauseMs)));
  const memory = of(({ memoryMb }) => memoryMb);
  const written = Math.max(...measured.map(({ again }) => again.sync.written));
  return [
    syncRow('first', 'first', GOALS.first),
    syncRow('nothing new', 'again', GOALS.again),
    syncRow('1 % changed', 'changed', GOALS.again),
    {
      what: `Longest pause in syncs of ${name}`,
      measured: readableMs(pause),
      goal: `at most ${GOALS.pauseMs} ms`,
      ok: pause <= GOALS.pauseMs,
    },
    {
      what: `Memory of syncs of ${name}, above idle`,
      measured: `${memory.toFixed(0)} MB`,
      ...(people === GOALS.memoryPeople ? { goal: `under ${GOALS.memoryMb} MB`, ok: memory < GOALS.memoryMb } : {}),
    },
    {
      what: `Memberships of ${name} written when nothing is new`,
      measured: String(written),
      goal: '0',
      ok: written === 0,
    },
    ...pageRows(
      `Members of ${name}`,
      measured.map(({ memberPages }) => memberPages),
    ),
  ];
}

/** What a person waits before the page says that the sync runs. */
function beginningRow(measured: readonly Repetition[]): Row {
  const all = measured.flatMap((one) => KINDS.map((kind) => one[kind].sync.beginsMs));
  return {
    what: 'Sync begins after',
    measured: `${readableMs(median(all))} (at most ${readableMs(Math.max(...all))} of ${all.length})`,
  };
}

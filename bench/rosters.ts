import { Pool } from 'undici';
import type { Walk } from './servers/bare-walk.ts';
import type { MeasuredSync, RostrumStart } from './servers/rostrum.ts';
import type { SandboxCourses, SandboxStart } from './servers/sandbox.ts';
import { Browser } from './support/browser.ts';
import { type Child, startChild } from './support/child.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { median, quantile, readableMs } from './support/numbers.ts';
import { freePort } from './support/ports.ts';
import type { Row } from './support/table.ts';

/** `repetitions` by course size; `pages` is how often each page of members is asked for. */
export type RosterSizes = { repetitions: Readonly<Record<number, number>>; pages: number };

const PUBLIC_URL = 'https://tool.example';
const GOALS = { people: 10_000, first: 3, again: 1.5, pauseMs: 50, memoryMb: 200, memoryPeople: 100_000, pageMs: 50 };

const KINDS = ['first', 'again', 'changed'] as const;
type Kind = (typeof KINDS)[number];
type Pair = { walk: Walk; sync: MeasuredSync };
type Repetition = Record<Kind, Pair> & { memoryMb: number; memberPages: MemberPage[] };
type MemberPage = { what: string; p50: number; p95: number; cpu: number };

/** Syncs of Canvas-like courses against the bare walk through the same pages, and the list of their members. */
export async function measureRosters(sizes: RosterSizes): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [people, repetitions] of Object.entries(sizes.repetitions)) {
    rows.push(...(await measureSize(Number(people), repetitions, sizes.pages)));
  }
  return rows;
}

async function measureSize(people: number, repetitions: number, pages: number): Promise<Row[]> {
  const port = await freePort();
  const lms = startChild('sandbox');
  try {
    const given: SandboxStart = { people, toolUrl: `http://127.0.0.1:${port}`, publicUrl: PUBLIC_URL };
    const courses = await lms.ask<SandboxCourses>('start', given);
    const measured: Repetition[] = [];
    for (let i = 0; i < repetitions; i++) {
      measured.push(await repeat({ people, pages, port, lms, courses }));
    }
    return rowsOf(people, measured);
  } finally {
    await lms.stop();
  }
}

type Means = {
  people: number;
  pages: number;
  port: number;
  lms: Child;
  courses: SandboxCourses;
};

/**
 * First, unchanged and changed sync in a new process with a new database; before each a bare walk, in a process that is
 * as new and has walked as often.
 */
async function repeat(means: Means): Promise<Repetition> {
  const { people, port, lms, courses } = means;
  const tool = startChild('rostrum');
  const walker = startChild('bare-walk');
  try {
    const given: RostrumStart = { port, publicUrl: PUBLIC_URL, platform: courses.registration };
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
    const memberPages = people === GOALS.people ? await measurePages({ ...means, tool }, target, channelId) : [];
    await lms.ask('reset');
    return { first, again, changed, memoryMb: (peak - idle.rss) / 2 ** 20, memberPages };
  } finally {
    await Promise.all([tool.stop(), walker.stop()]);
  }
}

async function syncOnce(tool: Child, channelId: string, people: number): Promise<MeasuredSync> {
  const sync = await tool.ask<MeasuredSync>('sync', channelId);
  const { ms, cpu, pauseMs, state, reason, counts } = sync;
  if (state !== 'applied') throw new Error(`the sync of ${people} ended ${state}: ${reason}`);
  console.error(
    `sync of ${people}: ${ms.toFixed(0)} ms, CPU ${cpu.toFixed(0)} ms, pause ${pauseMs.toFixed(0)} ms, ` +
      `+${counts.added} ~${counts.changed} -${counts.deactivated} =${counts.unchanged}`,
  );
  return sync;
}

async function measurePages(
  means: Means & { tool: Child },
  target: LaunchTarget,
  channelId: string,
): Promise<MemberPage[]> {
  const pool = new Pool(target.origin, { connections: 1 });
  const browser = await enter(means, target, pool);
  const members = `/channels/${channelId}/members`;
  const list = await browser.get(members);
  const next = /href="([^"]*[?&](?:amp;)?cursor=[^"]*)"/.exec(list.body)?.[1]?.replaceAll('&amp;', '&');
  if (list.status !== 200 || !next) throw new Error(`no list of members: ${list.status}`);
  const paths = [
    { what: 'first page', path: members },
    { what: 'next page', path: next },
    { what: 'search, many found', path: `${members}?q=an` },
    { what: 'search, none found', path: `${members}?q=zzzzz` },
    { what: 'filter by level', path: `${members}?level=manager` },
  ];
  const measured: MemberPage[] = [];
  const read = async (path: string, times: number) => {
    const all: number[] = [];
    for (let i = 0; i < times; i++) {
      const page = await browser.get(path);
      if (page.status !== 200) throw new Error(`${path}: ${page.status}`);
      all.push(page.ms);
    }
    return all;
  };
  for (const { path } of paths) await read(path, WARM_UP);
  for (const { what, path } of paths) {
    const cpuBefore = await means.tool.ask<number>('cpu');
    const times = await read(path, means.pages);
    const cpu = ((await means.tool.ask<number>('cpu')) - cpuBefore) / means.pages;
    measured.push({ what, cpu, p50: median(times), p95: quantile(times, 0.95) });
  }
  await pool.close();
  return measured;
}

/** Requests of each page before it is measured. */
const WARM_UP = 20;

/** Launches as the course's instructor; Canvas's side is asked without HTTP, for it is not what is measured. */
async function enter({ lms, courses }: Means, target: LaunchTarget, pool: Pool): Promise<Browser> {
  const browser = new Browser(pool);
  const { id, instructor } = courses.course;
  const form = await lms.ask<Record<string, string>>('loginForm', { courseId: id, personId: instructor });
  let answer = await browser.post(target.loginPath, form);
  while (answer.location?.startsWith('/')) answer = await browser.get(answer.location);
  const back = await lms.ask<{ kind: string; fields: Record<string, string> }>('answer', answer.location);
  if (back.kind !== 'post') throw new Error(`the LMS refused the login: ${JSON.stringify(back)}`);
  answer = await browser.post(target.launchPath, back.fields);
  if (answer.status !== 303) throw new Error(`no launch: ${answer.status}`);
  return browser;
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
    ...pageRows(name, measured),
  ];
}

function pageRows(name: string, measured: readonly Repetition[]): Row[] {
  const kinds = measured[0]?.memberPages ?? [];
  return kinds.map(({ what }, i) => {
    const of = (key: 'p50' | 'p95' | 'cpu') =>
      median(measured.map(({ memberPages }) => memberPages[i]?.[key] ?? Number.NaN));
    return {
      what: `Members of ${name}, ${what}`,
      measured: `p95 ${readableMs(of('p95'))} (p50 ${readableMs(of('p50'))}, CPU ${readableMs(of('cpu'))})`,
      goal: `p95 under ${GOALS.pageMs} ms`,
      ok: of('p95') < GOALS.pageMs,
    };
  });
}

import type { AskedSync, EndedSyncs, RostrumStart } from './servers/rostrum.ts';
import type { Schools, SchoolsStart } from './servers/schools.ts';
import { type Child, startChild } from './support/child.ts';
import type { Engine } from './support/engine.ts';
import { readableMs } from './support/numbers.ts';
import { freePort } from './support/ports.ts';
import { exactTime } from './support/sync-watch.ts';
import type { Row } from './support/table.ts';

/** `schools` are platforms, among which the courses are shared out; `asked` is how many syncs are asked for one by one afterwards. */
export type QueueSizes = Pick<SchoolsStart, 'schools' | 'courses' | 'members' | 'pageDelayMs'> & { asked: number };

/** `workers: 0`: one process does everything. */
export type QueueSetup = { sizes: QueueSizes; engine: Engine; workers: number };

/** Times in milliseconds; `perSecond` and `cpu` (of a sync, on all processes of the tool) are those of warm processes. */
export type Drained = { ms: number; perSecond: number; cpu: number; mostWalks: number; beginsMs: number[] };

const PUBLIC_URL = 'https://tool.example';
const WALKS_OF_A_PLATFORM = 2;
const POLL_MS = 25;
/** A process compiles what syncs need during its first ones: so many for each do not count. */
const WARM_UP = 15;

/** A queue of syncs, done by one process that does everything: what both engines can do. */
export async function measureQueue(sizes: QueueSizes, engine: Engine): Promise<Row[]> {
  const drained = await drainQueue({ sizes, engine, workers: 0 });
  return [queueRow('one process', drained, sizes), walksRow([drained], sizes)];
}

export function queueRow(what: string, { ms, perSecond, cpu }: Drained, { courses, members }: QueueSizes): Row {
  return {
    what: `Queue of ${courses} courses of ${members}, ${what}`,
    measured: `${readableMs(ms)}, ${perSecond.toFixed(1)} syncs/s, CPU ${readableMs(cpu)} each`,
  };
}

export function walksRow(drained: readonly Drained[], { schools }: QueueSizes): Row {
  const most = Math.max(...drained.map(({ mostWalks }) => mostWalks));
  return {
    what: `Most walks at once of one of ${schools} platforms`,
    measured: String(most),
    goal: `at most ${WALKS_OF_A_PLATFORM}`,
    ok: most <= WALKS_OF_A_PLATFORM,
  };
}

/** Fills a queue while nobody works, then measures how it is emptied. */
export async function drainQueue({ sizes, engine, workers }: QueueSetup): Promise<Drained> {
  const database = engine.freshDatabase();
  const port = await freePort();
  const lms = startChild('schools');
  const front = startChild('rostrum', database.env);
  const behind = Array.from({ length: workers }, () => startChild('rostrum', database.env));
  try {
    const at = { toolUrl: `http://127.0.0.1:${port}`, publicUrl: PUBLIC_URL };
    const { platforms, courses } = await lms.ask<Schools>('start', { ...sizes, ...at } satisfies SchoolsStart);
    const first: RostrumStart =
      workers === 0
        ? { port, publicUrl: PUBLIC_URL, platforms, worksLater: true }
        : { port, publicUrl: PUBLIC_URL, platforms, role: 'web' };
    await front.ask('start', first);
    const channels: string[] = [];
    for (const course of courses) channels.push(await front.ask<string>('openCourse', course));
    for (const channel of channels) await front.ask<AskedSync>('askForSync', channel);
    const worker: RostrumStart = { port: 0, publicUrl: PUBLIC_URL, platforms: [], role: 'worker', worksLater: true };
    for (const each of behind) await each.ask('start', worker);

    const doers = workers === 0 ? [front] : behind;
    const drained = await drain({ doers, all: [front, ...behind], sizes });
    const mostWalks = Math.max(...(await lms.ask<number[]>('mostWalksAtOnce')));
    console.error(
      `queue, ${workers} workers: ${drained.ms.toFixed(0)} ms, ${drained.perSecond.toFixed(1)}/s, ` +
        `CPU ${drained.cpu.toFixed(0)} ms each, ${mostWalks} walks at once`,
    );
    const beginsMs = workers === 1 ? await askOneByOne(front, doers, channels.slice(0, sizes.asked)) : [];
    return { ...drained, mostWalks, beginsMs };
  } finally {
    await Promise.all([front, lms, ...behind].map((child) => child.stop()));
    await database.drop();
  }
}

type Draining = { doers: readonly Child[]; all: readonly Child[]; sizes: QueueSizes };

async function drain({ doers, all, sizes }: Draining): Promise<Pick<Drained, 'ms' | 'perSecond' | 'cpu'>> {
  const begun = exactTime();
  await Promise.all(doers.map((child) => child.ask('work')));
  const warm = await whenEnded(doers, all, Math.min(WARM_UP * doers.length, sizes.courses / 2));
  const end = await whenEnded(doers, all, sizes.courses);
  if (end.failures.length > 0) throw new Error(`${end.failures.length} syncs failed: ${end.failures[0]}`);
  if (end.members !== sizes.courses * sizes.members) throw new Error(`${end.members} members were read`);
  console.error(`done by each: ${end.byEach.join(', ')}`);
  const count = end.count - warm.count;
  return {
    ms: end.lastAt - begun,
    perSecond: (count / (end.lastAt - warm.lastAt)) * 1000,
    cpu: (end.cpu - warm.cpu) / count,
  };
}

type Ended = EndedSyncs & { byEach: number[]; cpu: number };

/** Waits until so many syncs have ended; `cpu` is what all have spent by then. */
async function whenEnded(doers: readonly Child[], all: readonly Child[], count: number): Promise<Ended> {
  for (;;) {
    const ended = await Promise.all(doers.map((child) => child.ask<EndedSyncs>('endedSyncs')));
    const sum = sumOf(ended.map((one) => one.count));
    if (sum < count) {
      await pause(POLL_MS);
      continue;
    }
    return {
      count: sum,
      byEach: ended.map((one) => one.count),
      members: sumOf(ended.map((one) => one.members)),
      lastAt: Math.max(...ended.map((one) => one.lastAt)),
      failures: ended.flatMap((one) => one.failures),
      cpu: sumOf(await Promise.all(all.map((child) => child.ask<number>('cpu')))),
    };
  }
}

/** From asking in one process until another one has begun; at moments that fall anywhere between two looks into the queue. */
async function askOneByOne(front: Child, doers: readonly Child[], channels: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const [i, channel] of channels.entries()) {
    await pause((i * 377) % 1000);
    const { id, at } = await front.ask<AskedSync>('askForSync', channel);
    const { begunAt } = await Promise.race(
      doers.map((child) => child.ask<{ begunAt: number | null }>('endOfSync', id)),
    );
    times.push((begunAt ?? Number.NaN) - at);
  }
  return times;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureColdStart } from './cold-start.ts';
import { type ImportSizes, measureImports } from './imports.ts';
import { type LaunchSizes, measureLaunches } from './launches.ts';
import { type ListSizes, measureLists } from './lists.ts';
import { measureNodes } from './nodes.ts';
import { measureQueue, type QueueSizes } from './queue.ts';
import { measureRosters, type RosterSizes } from './rosters.ts';
import { ENGINES, type Engine, openEngine } from './support/engine.ts';
import { type Row, table } from './support/table.ts';

/** Measures what a person or an operator would feel, and prints one table. `--quick`: smaller and fewer. */
async function main(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
  const name = ENGINES.find((each) => each === values.engine);
  if (!name) throw new Error(`There is ${ENGINES.join(' and ')}, but no ${values.engine}`);
  const possible = Object.keys(MEASUREMENTS).filter((part) => name === 'mongo' || !ON_MONGO_ALONE.has(part));
  const unknown = positionals.filter((part) => !possible.includes(part));
  if (unknown.length > 0) throw new Error(`On ${name} there is ${possible.join(', ')}, but no ${unknown.join(', ')}`);
  const parts = positionals.length === 0 ? possible : positionals;
  const loadBefore = loadavg();
  const engine = await openEngine(name);
  const rows: Row[] = [];
  try {
    for (const part of parts) rows.push(...((await MEASUREMENTS[part]?.(values.quick ? QUICK : FULL, engine)) ?? []));
  } finally {
    await engine.stop();
  }
  console.log(`\n${engine.about}. ${machine(loadBefore)}\n\n${table(rows)}`);
  if (engine.note) console.log(`\n${engine.note}`);
}

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  engine: { type: 'string', default: 'sqlite' },
} as const;

type Sizes = {
  launches: LaunchSizes;
  rosters: RosterSizes;
  lists: ListSizes;
  queue: QueueSizes;
  imports: ImportSizes;
  starts: number;
};

const FULL: Sizes = {
  launches: { repetitions: 3, warmUp: 2000, launches: 2000 },
  rosters: { repetitions: { 1000: 5, 10000: 5, 100000: 1 }, pages: 200 },
  lists: { channels: 10_000, people: 100_000, recordings: { some: 500, many: 50_000 }, pages: 200 },
  queue: { schools: 5, courses: 500, members: 200, pageDelayMs: 50, asked: 20 },
  imports: { repetitions: 1, recordings: 100, megabytes: 200 },
  starts: 7,
};
const QUICK: Sizes = {
  launches: { repetitions: 3, warmUp: 400, launches: 400 },
  rosters: { repetitions: { 1000: 3, 10000: 2 }, pages: 60 },
  lists: { channels: 10_000, people: 100_000, recordings: { some: 500, many: 50_000 }, pages: 60 },
  queue: { schools: 5, courses: 100, members: 200, pageDelayMs: 50, asked: 8 },
  imports: { repetitions: 3, recordings: 10, megabytes: 50 },
  starts: 3,
};

const MEASUREMENTS: Record<string, (sizes: Sizes, engine: Engine) => Promise<Row[]>> = {
  launches: ({ launches }, engine) => measureLaunches(launches, engine),
  rosters: ({ rosters }, engine) => measureRosters(rosters, engine),
  lists: ({ lists }, engine) => measureLists(lists, engine),
  queue: ({ queue }, engine) => measureQueue(queue, engine),
  imports: ({ imports }, engine) => measureImports(imports, engine),
  nodes: (sizes, engine) => measureNodes(sizes, engine),
  start: ({ starts }, engine) => measureColdStart(starts, engine),
};
/** SQLite serves one process. */
const ON_MONGO_ALONE = new Set(['nodes']);

function machine(loadBefore: readonly number[]): string {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const load = (values: readonly number[]) => (values[0] ?? 0).toFixed(1);
  return (
    `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory} GB; ` +
    `load ${load(loadBefore)} before, ${load(loadavg())} after`
  );
}

await main(process.argv.slice(2));

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { measureColdStart } from './cold-start.ts';
import { type LaunchSizes, measureLaunches } from './launches.ts';
import { type ListSizes, measureLists } from './lists.ts';
import { measureRosters, type RosterSizes } from './rosters.ts';
import { type Row, table } from './support/table.ts';

/** Measures what a person or an operator would feel, and prints one table. `--quick`: smaller and fewer. */
async function main(words: readonly string[]): Promise<void> {
  const quick = words.includes('--quick');
  const parts = words.filter((word) => !word.startsWith('-'));
  const unknown = parts.filter((part) => !(part in MEASUREMENTS));
  if (unknown.length > 0) throw new Error(`There is ${Object.keys(MEASUREMENTS).join(', ')}, but no ${unknown}`);
  const loadBefore = loadavg();
  const rows: Row[] = [];
  for (const [part, measure] of Object.entries(MEASUREMENTS)) {
    if (parts.length === 0 || parts.includes(part)) rows.push(...(await measure(quick ? QUICK : FULL)));
  }
  console.log(`\n${machine(loadBefore)}\n\n${table(rows)}`);
}

type Sizes = { launches: LaunchSizes; rosters: RosterSizes; lists: ListSizes; starts: number };

const FULL: Sizes = {
  launches: { repetitions: 3, warmUp: 2000, launches: 2000 },
  rosters: { repetitions: { 1000: 5, 10000: 5, 100000: 1 }, pages: 200 },
  lists: { channels: 10_000, people: 100_000, pages: 200 },
  starts: 7,
};
const QUICK: Sizes = {
  launches: { repetitions: 3, warmUp: 400, launches: 400 },
  rosters: { repetitions: { 1000: 3, 10000: 2 }, pages: 60 },
  lists: { channels: 10_000, people: 100_000, pages: 60 },
  starts: 3,
};

const MEASUREMENTS: Record<string, (sizes: Sizes) => Promise<Row[]>> = {
  launches: ({ launches }) => measureLaunches(launches),
  rosters: ({ rosters }) => measureRosters(rosters),
  lists: ({ lists }) => measureLists(lists),
  start: ({ starts }) => measureColdStart(starts),
};

function machine(loadBefore: readonly number[]): string {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const load = (values: readonly number[]) => (values[0] ?? 0).toFixed(1);
  return (
    `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory} GB; ` +
    `load ${load(loadBefore)} before, ${load(loadavg())} after`
  );
}

await main(process.argv.slice(2));

import { Pool } from 'undici';
import { startChild } from './support/child.ts';
import { type Engine, startTool } from './support/engine.ts';
import { type SigningLms, startSigningLms } from './support/launch-form.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { launchAll, PARALLEL, type Person, peopleFrom } from './support/launching.ts';
import { median, readableMs } from './support/numbers.ts';
import type { Row } from './support/table.ts';

export type LaunchSizes = { repetitions: number; warmUp: number; launches: number };

const PUBLIC_URL = 'https://tool.example';

type Contender = {
  name: 'rostrum' | 'rostrumKnown' | 'rostrumPage' | 'stock' | 'jose';
  server: string;
  /** Whether the page a launch ends on is asked for; in stock ltijs that is where its handler runs at all. */
  withPage: boolean;
  /** Whether everybody has launched before, so that the tool need not try out whether the browser keeps cookies. */
  knownBrowsers: boolean;
};

const CONTENDERS: Contender[] = [
  { name: 'rostrum', server: 'rostrum', withPage: false, knownBrowsers: false },
  { name: 'rostrumKnown', server: 'rostrum', withPage: false, knownBrowsers: true },
  { name: 'rostrumPage', server: 'rostrum', withPage: true, knownBrowsers: false },
  { name: 'stock', server: 'stock-ltijs', withPage: true, knownBrowsers: false },
  { name: 'jose', server: 'bare-jose', withPage: false, knownBrowsers: false },
];

type Measured = { cpuMs: number; perSecond: number };

/** What a launch costs the server, beside stock ltijs and beside the least it could cost. */
export async function measureLaunches(sizes: LaunchSizes, engine: Engine): Promise<Row[]> {
  const signing = await startSigningLms();
  const results = new Map<Contender['name'], Measured[]>();
  try {
    for (let i = 0; i < sizes.repetitions; i++) {
      for (const contender of CONTENDERS) {
        const measured = await measureOnce(contender, { signing, sizes, engine });
        console.error(`launch ${contender.name}: ${measured.cpuMs.toFixed(2)} ms, ${measured.perSecond.toFixed(0)}/s`);
        results.set(contender.name, [...(results.get(contender.name) ?? []), measured]);
      }
    }
  } finally {
    await signing.stop();
  }
  return rowsOf(results);
}

type Means = { signing: SigningLms; sizes: LaunchSizes; engine: Engine };

async function measureOnce(contender: Contender, { signing, sizes, engine }: Means): Promise<Measured> {
  const { lms } = signing;
  const isOurs = contender.server === 'rostrum';
  const server = isOurs ? startTool(engine) : startChild(contender.server);
  try {
    const platform = { ...lms, deploymentIds: [lms.deploymentId] };
    const given = isOurs ? { port: 0, publicUrl: PUBLIC_URL, platforms: [platform] } : lms;
    const target = await server.ask<LaunchTarget>('start', given);
    const pool = new Pool(target.origin, { connections: PARALLEL, pipelining: 1 });
    const run = { ...signing, target, servers: [server], withPage: contender.withPage };
    const known = peopleFrom(0, sizes.warmUp, pool);
    await launchAll(run, known);
    const people = contender.knownBrowsers
      ? Array.from({ length: sizes.launches }, (_, i) => known[i % known.length] as Person)
      : peopleFrom(sizes.warmUp, sizes.launches, pool);
    const { cpu, wall } = await launchAll(run, people);
    await pool.close();
    return { cpuMs: cpu / people.length, perSecond: (people.length / wall) * 1000 };
  } finally {
    await server.stop();
  }
}

const CPU_GOAL_MS = 2.5;
const RATE_GOAL = 3;

function rowsOf(results: ReadonlyMap<Contender['name'], Measured[]>): Row[] {
  const cpu = (name: Contender['name']) => median((results.get(name) ?? []).map(({ cpuMs }) => cpuMs));
  const rate = (name: Contender['name']) => median((results.get(name) ?? []).map(({ perSecond }) => perSecond));
  const perSecond = (name: Contender['name']) => `${rate(name).toFixed(0)} /s`;
  const beside = (name: Contender['name']) =>
    `${(cpu('stock') / cpu(name)).toFixed(1)}x less than stock, ${(cpu(name) / cpu('jose')).toFixed(1)}x bare jose`;
  const cpuRow = (what: string, name: Contender['name']): Row => ({
    what: `Server CPU of ${what}`,
    measured: readableMs(cpu(name)),
    goal: `at most ${CPU_GOAL_MS} ms`,
    ratio: beside(name),
    ok: cpu(name) <= CPU_GOAL_MS,
  });
  const rateRow = (what: string, name: Contender['name']): Row => ({
    what: `Rate of ${what}`,
    measured: perSecond(name),
    goal: `at least ${RATE_GOAL}x stock ltijs`,
    ratio: `${(rate(name) / rate('stock')).toFixed(1)}x`,
    ok: rate(name) >= RATE_GOAL * rate('stock'),
  });
  return [
    cpuRow('a launch, new browser', 'rostrum'),
    cpuRow('a launch, known browser', 'rostrumKnown'),
    { ...cpuRow('a launch and its page', 'rostrumPage'), goal: '' },
    rateRow('launches, new browser', 'rostrum'),
    rateRow('launches with their page', 'rostrumPage'),
    {
      what: 'Stock ltijs, a launch',
      measured: `${readableMs(cpu('stock'))}, ${perSecond('stock')}`,
    },
    { what: 'Bare jose on Express, a launch', measured: `${readableMs(cpu('jose'))}, ${perSecond('jose')}` },
  ].map(informOnly);
}

/** A line without a goal is neither good nor bad. */
function informOnly(row: Row): Row {
  const { ok: _ok, ...rest } = row;
  return row.goal ? row : rest;
}

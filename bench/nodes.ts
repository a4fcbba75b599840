import { Pool } from 'undici';
import type { LaunchSizes } from './launches.ts';
import { type Drained, drainQueue, type QueueSizes, queueRow, walksRow } from './queue.ts';
import type { RostrumStart } from './servers/rostrum.ts';
import type { Requests } from './support/browser.ts';
import { startChild } from './support/child.ts';
import type { Engine } from './support/engine.ts';
import { type SigningLms, startSigningLms } from './support/launch-form.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { launchAll, PARALLEL, peopleFrom } from './support/launching.ts';
import { median, readableMs } from './support/numbers.ts';
import type { Row } from './support/table.ts';

export type NodeSizes = { launches: LaunchSizes; queue: QueueSizes };

const PUBLIC_URL = 'https://tool.example';
/** A second process may make each launch so much dearer: both then share the cores with more others. */
const CPU_GOAL = 1.15;

type Measured = { cpuMs: number; perSecond: number };

/** Two processes against one on the same database: web processes by launches, workers by a queue of syncs. */
export async function measureNodes({ launches, queue }: NodeSizes, engine: Engine): Promise<Row[]> {
  const one: Measured[] = [];
  const two: Measured[] = [];
  const signing = await startSigningLms();
  try {
    for (let i = 0; i < launches.repetitions; i++) {
      one.push(await launchInto(1, { signing, sizes: launches, engine }));
      two.push(await launchInto(2, { signing, sizes: launches, engine }));
    }
  } finally {
    await signing.stop();
  }
  const byOne = await drainQueue({ sizes: queue, engine, workers: 1 });
  const byTwo = await drainQueue({ sizes: queue, engine, workers: 2 });
  return [...launchRows(one, two), ...queueRows(byOne, byTwo, queue)];
}

type Means = { signing: SigningLms; sizes: LaunchSizes; engine: Engine };

/** Launches into so many web processes; each request goes to the next one, as a proxy without memory sends it. */
async function launchInto(count: number, { signing, sizes, engine }: Means): Promise<Measured> {
  const { lms } = signing;
  const database = engine.freshDatabase();
  const servers = Array.from({ length: count }, () => startChild('rostrum', database.env));
  const pools: Pool[] = [];
  try {
    const targets: LaunchTarget[] = [];
    for (const [i, server] of servers.entries()) {
      const platforms = i === 0 ? [{ ...lms, deploymentIds: [lms.deploymentId] }] : [];
      const given: RostrumStart = { port: 0, publicUrl: PUBLIC_URL, platforms, role: 'web' };
      targets.push(await server.ask<LaunchTarget>('start', given));
    }
    for (const { origin } of targets) pools.push(new Pool(origin, { connections: PARALLEL, pipelining: 1 }));
    const [target] = targets;
    if (!target) throw new Error('no process');
    const run = { ...signing, target, servers, withPage: false };
    // Each process is as warm as one by itself would be, and does as much.
    const [warmUp, launches] = [sizes.warmUp * count, sizes.launches * count];
    await launchAll(run, peopleFrom(0, warmUp, byTurns(pools)));
    const { cpu, wall } = await launchAll(run, peopleFrom(warmUp, launches, byTurns(pools)));
    const measured = { cpuMs: cpu / launches, perSecond: (launches / wall) * 1000 };
    console.error(`launch, ${count} web: ${measured.cpuMs.toFixed(2)} ms, ${measured.perSecond.toFixed(0)}/s`);
    return measured;
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await Promise.all(servers.map((server) => server.stop()));
    await database.drop();
  }
}

function byTurns(pools: readonly Pool[]): Requests {
  let next = 0;
  const request = (options: Parameters<Pool['request']>[0]) => (pools[next++ % pools.length] as Pool).request(options);
  return { request: request as Pool['request'] };
}

function launchRows(one: readonly Measured[], two: readonly Measured[]): Row[] {
  const cpu = (all: readonly Measured[]) => median(all.map(({ cpuMs }) => cpuMs));
  const rate = (all: readonly Measured[]) => median(all.map(({ perSecond }) => perSecond));
  const measured = (all: readonly Measured[]) => `CPU ${readableMs(cpu(all))}, ${rate(all).toFixed(0)} /s`;
  // Neighbours in time are compared, for a machine that is busy is so for both.
  const growth = median(one.map(({ cpuMs }, i) => (two[i]?.cpuMs ?? Number.NaN) / cpuMs));
  return [
    { what: 'A launch, one web process', measured: measured(one) },
    {
      what: 'A launch, two web processes',
      measured: measured(two),
      goal: `CPU at most ${CPU_GOAL}x`,
      ratio: `CPU ${growth.toFixed(2)}x, rate ${(rate(two) / rate(one)).toFixed(2)}x`,
      ok: growth <= CPU_GOAL,
    },
  ];
}

function queueRows(byOne: Drained, byTwo: Drained, sizes: QueueSizes): Row[] {
  const { beginsMs } = byOne;
  return [
    queueRow('one worker', byOne, sizes),
    { ...queueRow('two workers', byTwo, sizes), ratio: `${(byOne.ms / byTwo.ms).toFixed(2)}x as fast` },
    walksRow([byOne, byTwo], sizes),
    {
      what: 'Sync begins after, asked of another process',
      measured: `${readableMs(median(beginsMs))} (at most ${readableMs(Math.max(...beginsMs))} of ${beginsMs.length})`,
    },
  ];
}

import { pino } from 'pino';
import type { SyncRun } from '../channels/sync-run.ts';
import type { SyncRunner } from '../channels/sync-runner.ts';
import { sleep } from '../lib/clock.ts';
import { systemRandom } from '../lib/ids.ts';
import { wireSyncRunner } from '../sync-wiring.ts';
import type { CliContext } from './context.ts';

/** How often runs that the server does are looked at, in milliseconds. */
const LOOK_EVERY_MS = 500;

/**
 * Does queued syncs in this process and resolves when all have come to their ends. Each channel has one lease, so beside
 * a running server either of them does a run, and this waits for both.
 */
export async function runSyncsHere(context: CliContext, runs: readonly SyncRun[]): Promise<void> {
  if (runs.length === 0) return;
  const runner = await createRunner(context);
  let left = runs;
  while (left.length > 0) {
    for (const run of left) runner.enqueue(run);
    await runner.idle();
    left = await unfinished(context, left);
    if (left.length > 0) await sleep(LOOK_EVERY_MS);
  }
  await runner.stop();
}

async function createRunner({ config, storage, clock, engine }: CliContext): Promise<SyncRunner> {
  // On the error stream: the output belongs to the command.
  const log = pino({ level: config.logLevel === 'silent' ? 'silent' : 'warn' }, pino.destination(2));
  return wireSyncRunner({ config, storage, engine: await engine(), clock, random: systemRandom, log });
}

async function unfinished({ storage }: CliContext, runs: readonly SyncRun[]): Promise<SyncRun[]> {
  const now = await Promise.all(runs.map((run) => storage.syncs.findSync(run.id)));
  return now.filter((run) => run !== null).filter(({ state }) => state === 'queued' || state === 'running');
}

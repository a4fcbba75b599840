import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlatformId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { createSyncRunner, type SyncRunner } from '../../src/channels/sync-runner.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeRun, openChannel } from '../storage/support/builders.ts';

let folder: string;
let storage: Storage;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rostrum-runner-'));
  const opened = openSqlite({ path: join(folder, 'db.sqlite') });
  if (!opened.ok) throw new Error(opened.reason);
  storage = opened.value;
});

afterEach(async () => {
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Queues a run of a channel of its own. */
async function queue(name: string, change: Partial<SyncRun> = {}): Promise<SyncRun> {
  const channel = await openChannel(storage, name);
  const run = makeRun(`sync-${name}`, { channelId: channel.id, ...change });
  return (await storage.syncs.requestSync(run)).run;
}

function createRunner(sync: (run: SyncRun, signal: AbortSignal) => Promise<SyncRun>, clock = Date.now): SyncRunner {
  const log = pino({ level: 'silent' });
  return createSyncRunner({ ...storage, sync, clock, random: systemRandom, log, pollMs: 3_600_000 });
}

async function end(run: SyncRun): Promise<SyncRun> {
  await storage.syncs.saveSync({ ...run, state: 'applied', phase: null, finishedAt: 1 });
  return run;
}

describe('the sync runner', () => {
  it('does what it finds queued, two of a platform at a time, and lets a small platform pass a large one', async () => {
    for (let i = 0; i < 30; i++) await queue(`large-${i}`, { platformId: 'large' as PlatformId });
    await queue('small', { platformId: 'small' as PlatformId });
    const begun: string[] = [];
    let now = { large: 0, small: 0 } as Record<string, number>;
    let most = 0;
    const runner = createRunner(async (run) => {
      begun.push(run.platformId);
      now = { ...now, [run.platformId]: (now[run.platformId] ?? 0) + 1 };
      most = Math.max(most, now[run.platformId] ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now = { ...now, [run.platformId]: (now[run.platformId] ?? 0) - 1 };
      return end(run);
    });
    await runner.start();
    await runner.idle();
    expect(begun).toHaveLength(31);
    expect(most).toBe(2);
    expect(begun.indexOf('small')).toBeLessThan(4);
    await runner.stop();
  });

  it('finishes a diff that a fault of ours stopped, instead of failing half-way', async () => {
    await queue('a');
    let faults = 0;
    const clock = { now: 1_000 };
    const runner = createRunner(
      async (run) => {
        if (faults++ === 0) {
          await storage.syncs.saveSync({
            ...run,
            state: 'running',
            phase: 'applying',
            totalChanges: 300,
            appliedChanges: 100,
          });
          throw new Error('disk I/O error');
        }
        return end(run);
      },
      () => clock.now,
    );
    await runner.start();
    await runner.idle();
    const stopped = (await storage.syncs.findSync('sync-a' as SyncRun['id']))!;
    expect(stopped).toMatchObject({ state: 'running', phase: 'applying', appliedChanges: 100 });
    await runner.start();
    expect(faults).toBe(1);
    clock.now += 31_000;
    await runner.start();
    await runner.idle();
    expect(await storage.syncs.findSync(stopped.id)).toMatchObject({ state: 'applied', restarts: 1 });
    await runner.stop();
  });

  it('fails a run that a fault of ours stopped before anything was changed', async () => {
    const { id } = await queue('a');
    const runner = createRunner(() => Promise.reject(new Error('bug')));
    await runner.start();
    await runner.idle();
    expect(await storage.syncs.findSync(id)).toMatchObject({ state: 'failed', reason: 'internal' });
    await runner.stop();
  });

  it('leaves a run alone whose channel another process works on', async () => {
    const run = await queue('a');
    await storage.leases.acquireLease(`sync:${run.channelId}`, 'elsewhere/1/x', Date.now(), Date.now() + 60_000);
    let begun = 0;
    const runner = createRunner(async (one) => {
      begun += 1;
      return end(one);
    });
    await runner.start();
    await runner.idle();
    expect(begun).toBe(0);
    await runner.stop();
  });

  it('lets go of a run when it stops, for the next start', async () => {
    const { id } = await queue('a');
    const runner = createRunner(
      (run, signal) =>
        new Promise((resolve) => {
          void storage.syncs.saveSync({ ...run, state: 'running', phase: 'fetching' });
          signal.addEventListener('abort', () => resolve(run));
        }),
    );
    await runner.start();
    await runner.stop();
    expect(await storage.syncs.findSync(id)).toMatchObject({ state: 'running' });
    const next = createRunner(end);
    await next.start();
    await next.idle();
    expect(await storage.syncs.findSync(id)).toMatchObject({ state: 'applied', restarts: 1 });
    await next.stop();
  });
});

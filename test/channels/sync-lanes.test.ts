import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlatformId } from '../../src/channels/channel.ts';
import { createSyncAttempt } from '../../src/channels/sync-attempt.ts';
import { callLanes, createSyncLane } from '../../src/channels/sync-lanes.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { createLaneCalls } from '../../src/channels/sync-schedule.ts';
import { createJobs, type Jobs } from '../../src/jobs/jobs.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeRun, openChannel, PLATFORM } from '../storage/support/builders.ts';
import { mustOpen } from '../storage/support/temp-folder.ts';

let folder: string;
let storage: Storage;
const running: Jobs[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rostrum-lanes-'));
  storage = mustOpen(join(folder, 'db.sqlite'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((jobs) => jobs.stop()));
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

type Work = (run: SyncRun, signal: AbortSignal) => Promise<SyncRun>;

/** Queues a run of a channel of its own. */
async function queue(name: string, change: Partial<SyncRun> = {}): Promise<SyncRun> {
  const channel = await openChannel(storage, name);
  const run = makeRun(`sync-${name}`, { channelId: channel.id, ...change });
  return (await storage.syncs.requestSync(run)).run;
}

/** A worker, as a process of its own would be one. */
async function startWorker(sync: Work, clock = Date.now): Promise<Jobs> {
  const log = pino({ level: 'silent' });
  const jobs = createJobs({ backend: storage.jobs, log, random: systemRandom });
  const attempt = createSyncAttempt({ ...storage, sync, clock, random: systemRandom });
  await jobs.start([createSyncLane({ ...storage, attempt, clock, jobClock: Date.now })]);
  running.push(jobs);
  return jobs;
}

/** What the round of calls does. */
async function call(jobs: Jobs, clock = Date.now): Promise<void> {
  const { signal } = new AbortController();
  const job = { id: 'call', signal, log: pino({ level: 'silent' }), progress: async () => {} };
  await createLaneCalls({ ...storage, jobs, clock }).run({}, job);
}

async function end(run: SyncRun): Promise<SyncRun> {
  const ended = { ...run, state: 'applied', phase: null, finishedAt: 1 } as const;
  await storage.syncs.saveSync(ended);
  return ended;
}

async function stateOf(name: string): Promise<SyncRun | null> {
  return storage.syncs.findSync(`sync-${name}` as SyncRun['id']);
}

async function untilNoneIsLeft(): Promise<void> {
  const left = async () => expect(await storage.syncs.unfinishedSyncs({ limit: 1 })).toEqual([]);
  await vi.waitFor(left, { timeout: 30_000, interval: 20 });
}

describe('the lanes of a platform', () => {
  it('do all its runs once, two at a time on three workers, and a small platform passes a large one', async () => {
    for (let i = 0; i < 30; i++) await queue(`large-${i}`, { platformId: 'large' as PlatformId });
    await queue('small', { platformId: 'small' as PlatformId });
    const begun: string[] = [];
    const now: Record<string, number> = {};
    let most = 0;
    const work: Work = async (run) => {
      begun.push(run.platformId);
      now[run.platformId] = (now[run.platformId] ?? 0) + 1;
      most = Math.max(most, now[run.platformId] ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now[run.platformId] = (now[run.platformId] ?? 0) - 1;
      return end(run);
    };
    const [first] = await Promise.all([startWorker(work), startWorker(work), startWorker(work)]);
    // The second call finds the first lane at work.
    await call(first);
    await call(first);
    await untilNoneIsLeft();
    expect(begun.filter((platformId) => platformId === 'large')).toHaveLength(30);
    expect(begun.filter((platformId) => platformId === 'small')).toHaveLength(1);
    expect(most).toBe(2);
    expect(begun.indexOf('small')).toBeLessThan(30);
  });

  it('leave runs whose time has not come, and do them in a later round', async () => {
    const clock = { now: 1_000 };
    await queue('later', { notBefore: 5_000 });
    await queue('now');
    const jobs = await startWorker(end, () => clock.now);
    await call(jobs, () => clock.now);
    await vi.waitFor(async () => expect(await stateOf('now')).toMatchObject({ state: 'applied' }), { timeout: 10_000 });
    expect(await stateOf('later')).toMatchObject({ state: 'queued' });
    clock.now = 5_000;
    await call(jobs, () => clock.now);
    await untilNoneIsLeft();
    expect(await stateOf('later')).toMatchObject({ state: 'applied', notBefore: null });
  });

  it('finish a diff that a fault of ours stopped, after a pause, instead of failing half-way', async () => {
    await queue('a');
    let faults = 0;
    const clock = { now: 1_000 };
    const jobs = await startWorker(
      async (run) => {
        if (faults++ > 0) return end(run);
        const half = { state: 'running', phase: 'applying', totalChanges: 300, appliedChanges: 100 } as const;
        await storage.syncs.saveSync({ ...run, ...half });
        throw new Error('disk I/O error');
      },
      () => clock.now,
    );
    await callLanes(jobs, PLATFORM);
    const stopped = { state: 'running', phase: 'applying', appliedChanges: 100, notBefore: 31_000 };
    await vi.waitFor(async () => expect(await stateOf('a')).toMatchObject(stopped), { timeout: 10_000 });
    clock.now = 31_000;
    await call(jobs, () => clock.now);
    await untilNoneIsLeft();
    expect(await stateOf('a')).toMatchObject({ state: 'applied', restarts: 1 });
    expect(faults).toBe(2);
  });

  it('fail a run that a fault of ours stopped before anything was changed', async () => {
    await queue('a');
    const jobs = await startWorker(() => Promise.reject(new Error('bug')));
    await callLanes(jobs, PLATFORM);
    await untilNoneIsLeft();
    expect(await stateOf('a')).toMatchObject({ state: 'failed', reason: 'internal' });
  });

  it('leave a run alone whose channel another process works on, and go on with the next', async () => {
    const run = await queue('a');
    await queue('b', { queuedAt: run.queuedAt + 1 });
    await storage.leases.acquireLease(`sync:${run.channelId}`, 'elsewhere/1/x', Date.now(), Date.now() + 60_000);
    const jobs = await startWorker(end);
    await callLanes(jobs, PLATFORM);
    await vi.waitFor(async () => expect(await stateOf('b')).toMatchObject({ state: 'applied' }), { timeout: 10_000 });
    expect(await stateOf('a')).toMatchObject({ state: 'queued' });
  });

  it('let go of a run when their process stops, and another goes on with it', async () => {
    await queue('a');
    const first = await startWorker(
      (run, signal) =>
        new Promise((resolve) => {
          void storage.syncs.saveSync({ ...run, state: 'running', phase: 'fetching' });
          signal.addEventListener('abort', () => resolve(run));
        }),
    );
    await callLanes(first, PLATFORM);
    await vi.waitFor(async () => expect(await stateOf('a')).toMatchObject({ state: 'running' }), { timeout: 10_000 });
    await first.stop();
    expect(await stateOf('a')).toMatchObject({ state: 'running' });
    await startWorker(end);
    await untilNoneIsLeft();
    expect(await stateOf('a')).toMatchObject({ state: 'applied', restarts: 1 });
  });

  it('wait longer and longer for a run that takes its process down again and again', async () => {
    await queue('a');
    const run = (await stateOf('a'))!;
    await storage.syncs.saveSync({ ...run, state: 'running', phase: 'fetching', restarts: 22 });
    let seen: SyncRun | null = null;
    const jobs = await startWorker(
      async (attempt) => {
        seen = await stateOf('a');
        return end(attempt);
      },
      () => 1_000,
    );
    await callLanes(jobs, PLATFORM);
    await untilNoneIsLeft();
    // Written before the attempt began: whoever finds it after a crash waits for 90 seconds.
    expect(seen).toMatchObject({ restarts: 23, notBefore: 91_000 });
  });

  it('give an LMS that failed a rest, and do not leave the other courses waiting for good', async () => {
    await queue('a');
    await queue('b', { queuedAt: Date.now() });
    const begun: string[] = [];
    const jobs = await startWorker(async (run) => {
      begun.push(run.id);
      if (run.id !== 'sync-a' || run.tries > 0) return end(run);
      const put = { ...run, state: 'queued', tries: 1, reason: 'throttled', notBefore: Date.now() + 300 } as const;
      await storage.syncs.saveSync(put);
      return put;
    });
    await callLanes(jobs, PLATFORM);
    await untilNoneIsLeft();
    expect(begun).toEqual(['sync-a', 'sync-a', 'sync-b']);
  });
});

import { describe, expect, it } from 'vitest';
import type { SyncAttempt } from '../../src/channels/sync-attempt.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import type { JobsOfKind } from '../../src/jobs/jobs.ts';
import { LTI_REFUSALS } from '../../src/lti/refusals.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { type EndedSync, watchSyncs } from '../../src/metrics/watch-syncs.ts';
import { makeRun } from '../storage/support/builders.ts';
import { readSamples, sampleOf } from './support.ts';

const NOW = 1_800_000_000_000;
const version = '1.2.3';

function metricsAt(now = { ms: NOW }, jobs?: () => Promise<JobsOfKind[]>) {
  return createMetrics({ version, clock: () => now.ms, ...(jobs ? { jobs } : {}) });
}

describe('what a process counts', () => {
  it('tells its version and how its event loop and memory are', async () => {
    const text = await metricsAt().text();
    expect(sampleOf(text, 'rostrum_build_info', { version, node: process.versions.node })).toBe(1);
    expect(sampleOf(text, 'nodejs_eventloop_lag_p99_seconds')).toBeDefined();
    expect(sampleOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('has every launch refusal from the start, at 0, so that the first one is a rise', async () => {
    const metrics = metricsAt();
    const before = await metrics.text();
    for (const outcome of ['ok', 'error', 'no-access', 'not-a-course', ...Object.keys(LTI_REFUSALS)]) {
      expect(sampleOf(before, 'rostrum_launches_total', { outcome })).toBe(0);
    }
    metrics.launchEnded('ok');
    metrics.launchEnded('bad-signature');
    metrics.launchEnded('bad-signature');
    const after = await metrics.text();
    expect(sampleOf(after, 'rostrum_launches_total', { outcome: 'ok' })).toBe(1);
    expect(sampleOf(after, 'rostrum_launches_total', { outcome: 'bad-signature' })).toBe(2);
  });

  it('counts calls to Zoom by what for and outcome, with how long they took', async () => {
    const metrics = metricsAt();
    metrics.zoomCalled({ purpose: 'recordings', outcome: 'ok', ms: 300 });
    metrics.zoomCalled({ purpose: 'recordings', outcome: 'throttled', ms: 10 });
    const text = await metrics.text();
    expect(sampleOf(text, 'rostrum_zoom_calls_total', { purpose: 'recordings', outcome: 'throttled' })).toBe(1);
    expect(sampleOf(text, 'rostrum_zoom_call_duration_seconds_sum', { purpose: 'recordings' })).toBeCloseTo(0.31);
  });

  it('counts calls to LMSs by kind and outcome, with how long they took', async () => {
    const metrics = metricsAt();
    metrics.lmsCalled({ purpose: 'roster page', outcome: '2xx', ms: 200 });
    metrics.lmsCalled({ purpose: 'roster page', outcome: 'throttled', ms: 20 });
    const text = await metrics.text();
    expect(sampleOf(text, 'rostrum_lms_calls_total', { kind: 'roster page', outcome: 'throttled' })).toBe(1);
    expect(sampleOf(text, 'rostrum_lms_call_duration_seconds_sum', { kind: 'roster page' })).toBeCloseTo(0.22);
    expect(sampleOf(text, 'rostrum_lms_call_duration_seconds_bucket', { kind: 'roster page', le: '0.1' })).toBe(1);
  });

  it('puts methods and statuses of all kinds into few classes', async () => {
    const metrics = metricsAt();
    const ended = { route: '/x', status: 207, ms: 3 };
    metrics.requestEnded({ ...ended, method: 'PROPFIND' });
    metrics.requestEnded({ ...ended, method: 'MKCOL' });
    metrics.requestEnded({ ...ended, method: 'GET', status: null });
    const text = await metrics.text();
    expect(sampleOf(text, 'rostrum_http_requests_total', { method: 'other', status: '2xx' })).toBe(2);
    expect(sampleOf(text, 'rostrum_http_requests_total', { method: 'GET', status: 'aborted' })).toBe(1);
  });

  it('keeps two of them apart in one process', async () => {
    const [one, other] = [metricsAt(), metricsAt()];
    one.launchEnded('ok');
    expect(sampleOf(await one.text(), 'rostrum_launches_total', { outcome: 'ok' })).toBe(1);
    expect(sampleOf(await other.text(), 'rostrum_launches_total', { outcome: 'ok' })).toBe(0);
  });
});

describe('syncs', () => {
  const queued = makeRun('run-1', { trigger: 'schedule' });

  async function endedWith(after: SyncRun | null): Promise<EndedSync[]> {
    const ended: EndedSync[] = [];
    const attempt: SyncAttempt = async () => after;
    const watched = watchSyncs(attempt, { onEnd: (sync) => ended.push(sync), clock: () => NOW });
    expect(await watched(queued, { signal: new AbortController().signal, log: undefined as never })).toBe(after);
    return ended;
  }

  it('are told of with outcome, reason and time when an attempt brought them to an end', async () => {
    const run: SyncRun = { ...queued, state: 'held', reason: 'empty-roster', startedAt: NOW, finishedAt: NOW + 4_000 };
    expect(await endedWith(run)).toEqual([{ outcome: 'held', reason: 'empty-roster', trigger: 'schedule', ms: 4_000 }]);
  });

  it('are told of as put off when the LMS failed them for now', async () => {
    const put = await endedWith({ ...queued, state: 'queued', reason: 'throttled', tries: 1, notBefore: NOW + 60_000 });
    expect(put).toEqual([{ outcome: 'put-off', reason: 'throttled', trigger: 'schedule', ms: null }]);
  });

  it('are not told of when this process did not bring them anywhere', async () => {
    expect(await endedWith(null)).toEqual([]);
    expect(await endedWith({ ...queued, state: 'running', startedAt: NOW })).toEqual([]);
    expect(await endedWith({ ...queued, state: 'applied', startedAt: NOW - 9, finishedAt: NOW - 1 })).toEqual([]);
  });

  it('are counted by outcome, reason and trigger; only those that ended have a duration', async () => {
    const metrics = metricsAt();
    metrics.syncEnded({ outcome: 'applied', reason: null, trigger: 'launch', ms: 1_500 });
    metrics.syncEnded({ outcome: 'put-off', reason: 'throttled', trigger: 'launch', ms: null });
    const text = await metrics.text();
    expect(sampleOf(text, 'rostrum_syncs_total', { outcome: 'applied', reason: 'none', trigger: 'launch' })).toBe(1);
    expect(sampleOf(text, 'rostrum_syncs_total', { outcome: 'put-off', reason: 'throttled' })).toBe(1);
    expect(sampleOf(text, 'rostrum_sync_duration_seconds_sum', { outcome: 'applied' })).toBe(1.5);
    expect(sampleOf(text, 'rostrum_sync_duration_seconds_count', { outcome: 'put-off' })).toBeUndefined();
  });
});

describe('jobs', () => {
  const lanes: JobsOfKind = { name: 'lanes', waiting: 3, due: 2, running: 1, failed: 0, oldestDueAt: NOW - 30_000 };

  it('are told by kind and state, with how long the oldest due one has waited', async () => {
    const idle = { ...lanes, name: 'idle', due: 0, oldestDueAt: null };
    const text = await metricsAt({ ms: NOW }, async () => [lanes, idle]).text();
    expect(sampleOf(text, 'rostrum_jobs_up')).toBe(1);
    expect(sampleOf(text, 'rostrum_jobs', { kind: 'lanes', state: 'waiting' })).toBe(3);
    expect(sampleOf(text, 'rostrum_jobs', { kind: 'lanes', state: 'running' })).toBe(1);
    expect(sampleOf(text, 'rostrum_jobs_oldest_due_seconds', { kind: 'lanes' })).toBe(30);
    expect(sampleOf(text, 'rostrum_jobs_oldest_due_seconds', { kind: 'idle' })).toBe(0);
  });

  it('are read once for all who ask at about the same time', async () => {
    const now = { ms: NOW };
    let reads = 0;
    const metrics = metricsAt(now, async () => [{ ...lanes, waiting: ++reads }]);
    await Promise.all([metrics.text(), metrics.text()]);
    now.ms += 4_000;
    await metrics.text();
    expect(reads).toBe(1);
    now.ms += 1_000;
    expect(sampleOf(await metrics.text(), 'rostrum_jobs', { kind: 'lanes', state: 'waiting' })).toBe(2);
  });

  it('that cannot be read leave everything else readable, and leave no old numbers behind', async () => {
    const now = { ms: NOW };
    let away = false;
    const metrics = metricsAt(now, async () => {
      if (away) throw new Error('the store is away');
      return [lanes];
    });
    await metrics.text();
    away = true;
    now.ms += 60_000;
    const text = await metrics.text();
    expect(sampleOf(text, 'rostrum_jobs_up')).toBe(0);
    expect(readSamples(text).filter(({ name }) => name === 'rostrum_jobs')).toEqual([]);
    expect(sampleOf(text, 'rostrum_launches_total', { outcome: 'ok' })).toBe(0);
  });
});

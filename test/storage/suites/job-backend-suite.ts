import type { JobParameters, JobRepository } from 'agenda';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobBackend } from '../../../src/jobs/job-backend.ts';
import { atOnce, HOSTILE, type OpenStorage } from '../support/builders.ts';
import { useStorage } from '../support/use-storage.ts';

const KIND = 'work';
const LATER = 60_000;

/** What the job engine relies on, whichever store keeps its jobs. */
export function defineJobBackendSuite(open: OpenStorage): void {
  describe('job backend', () => {
    const storage = useStorage(open);
    let jobs: JobBackend;
    let repository: JobRepository;

    beforeEach(async () => {
      jobs = storage().jobs;
      repository = await jobs.repository();
    });

    const request = (key: string, data = key, at = Date.now()) => jobs.request({ name: KIND, key, data, at });

    /** Claims as Agenda does; `lockMs` below zero takes over what is locked at this moment. */
    function claim(holder: string, { name = KIND, lockMs = LATER } = {}): Promise<JobParameters | undefined> {
      const deadline = new Date(Date.now() - lockMs);
      return repository.getNextJobToRun(name, new Date(), deadline, undefined, { lastModifiedBy: holder });
    }

    async function mustClaim(holder: string, options: { name?: string; lockMs?: number } = {}): Promise<JobParameters> {
      const job = await claim(holder, options);
      if (!job) throw new Error('there is no job to claim');
      return job;
    }

    const save = (job: JobParameters, holder: string, state: Partial<JobParameters>) =>
      repository.saveJobState({ ...job, ...state }, { lastModifiedBy: holder });

    const begin = (job: JobParameters, holder: string) => save(job, holder, { nextRunAt: null, lastRunAt: new Date() });

    /** Saves the end of a run as Agenda does: without a lock. */
    function end(job: JobParameters, holder: string, state: Partial<JobParameters> = {}): Promise<void> {
      const { lockedAt: _, ...unlocked } = job;
      const ended = { nextRunAt: null, lastFinishedAt: new Date(), ...state };
      return repository.saveJobState({ ...unlocked, ...ended }, { lastModifiedBy: holder });
    }

    const failed = (failCount: number, nextRunAt: Date | null = null) => {
      const failedAt = new Date();
      return { failCount, failReason: 'broken', failedAt, lastFinishedAt: failedAt, nextRunAt };
    };

    const counts = async () => (await jobs.overview(Date.now())).map(({ oldestDueAt: _, ...rest }) => rest);
    const oneIn = (state: 'waiting' | 'due' | 'running' | 'failed') => [
      { name: KIND, waiting: 0, due: 0, running: 0, failed: 0, [state]: 1 },
    ];
    const single = (change: Partial<JobParameters> = {}): JobParameters => ({
      ...{ name: KIND, type: 'single', priority: 0, data: undefined, nextRunAt: new Date(), repeatInterval: LATER },
      ...change,
    });

    describe('claims', () => {
      it('gives a job to one of twenty who ask at once', async () => {
        await request('a');
        const claimed = (await atOnce(20, (i) => claim(`p${i}`))).filter((job) => job !== undefined);
        expect(claimed).toHaveLength(1);
        expect(await counts()).toEqual(oneIn('running'));
      });

      it('gives each of many jobs to one of those who ask at once, the oldest first', async () => {
        const now = Date.now();
        for (let i = 0; i < 20; i++) await request(`k${i}`, `${i}`, now - 1000 + i);
        const first = await mustClaim('p');
        expect(first.data).toBe('0');
        const others = await atOnce(25, (i) => claim(`p${i}`));
        const data = others.flatMap((job) => (job ? [String(job.data)] : []));
        expect(data.toSorted((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: 19 }, (_, i) => `${i + 1}`),
        );
      });

      it('leaves what is not due, disabled, or of another kind', async () => {
        await request('later', 'later', Date.now() + LATER);
        await request('off');
        expect(await repository.disableJobs({ data: 'off' })).toBe(1);
        await jobs.request({ name: 'other', key: 'a', data: 'a', at: Date.now() });
        expect(await claim('p')).toBeUndefined();
        expect(await repository.enableJobs({ data: 'off' })).toBe(1);
        expect((await mustClaim('p')).data).toBe('off');
      });

      it('prefers the higher priority among those due at the same time', async () => {
        const nextRunAt = new Date();
        const plain = { name: KIND, type: 'normal' as const, nextRunAt };
        await repository.saveJob({ ...plain, priority: 0, data: 'low' }, undefined);
        await repository.saveJob({ ...plain, priority: 10, data: 'high' }, undefined);
        expect((await mustClaim('p')).data).toBe('high');
      });

      it('locks a given job for one who still knows its time', async () => {
        await request('a');
        const { jobs: found } = await repository.queryJobs({ name: KIND });
        const [job] = found;
        if (!job) throw new Error('no job');
        const stale = { ...job, nextRunAt: new Date(1) };
        expect(await repository.lockJob(stale, { lastModifiedBy: 'p' })).toBeUndefined();
        const locked = await atOnce(10, (i) => repository.lockJob(job, { lastModifiedBy: `p${i}` }));
        expect(locked.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('locks', () => {
      it('are taken over by one other when they have run out, also of a job that has begun', async () => {
        await request('a');
        await begin(await mustClaim('dead'), 'dead');
        expect(await claim('early')).toBeUndefined();
        // What one takes, another takes again, as all locks have run out by this deadline: so one at a time.
        const job = await mustClaim('heir', { lockMs: -1 });
        expect(job).toMatchObject({ data: 'a', nextRunAt: null, lastModifiedBy: 'heir' });
        expect(await claim('late')).toBeUndefined();
      });

      it('cannot be renewed, nor the job ended, by a holder who has lost them', async () => {
        await request('a');
        const stale = await mustClaim('stale');
        await begin(stale, 'stale');
        const job = await mustClaim('heir', { lockMs: -1 });
        await expect(save(stale, 'stale', { lockedAt: new Date(), progress: 99 })).rejects.toThrow();
        await expect(end(stale, 'stale')).rejects.toThrow();
        await expect(end(stale, 'stale', failed(1))).rejects.toThrow();
        await jobs.release('stale', Date.now());
        const id = String(job._id);
        expect(await jobs.lookAt([id])).toEqual([{ id, holder: 'heir', cancelled: false }]);
        expect((await repository.getJobById(id))?.progress).toBeUndefined();
        await end(job, 'heir');
        expect(await counts()).toEqual([]);
      });

      it('are nobody’s when the job is unlocked or gone: then nothing can be saved', async () => {
        await request('a');
        const job = await mustClaim('p');
        await jobs.release('p', Date.now());
        await expect(save(job, 'p', { lockedAt: new Date() })).rejects.toThrow();
        await expect(end(job, 'p')).rejects.toThrow();
        expect(await counts()).toEqual(oneIn('due'));
        await repository.removeJobs({ name: KIND });
        await expect(end(job, 'p')).rejects.toThrow();
        expect(await counts()).toEqual([]);
      });

      it('are let go of by their holder alone, and what had begun is due at once', async () => {
        await request('a');
        const mine = await mustClaim('me');
        await begin(mine, 'me');
        await jobs.request({ name: 'other', key: 'b', data: 'b', at: Date.now() });
        const theirs = await mustClaim('them', { name: 'other' });
        await begin(theirs, 'them');
        expect((await jobs.holders()).toSorted()).toEqual(['me', 'them']);
        await jobs.release('me', Date.now(), [String(mine._id), String(theirs._id)]);
        expect(await jobs.holders()).toEqual(['them']);
        expect((await mustClaim('next')).data).toBe('a');
      });

      it('are opened by Agenda so that no job is left without a time', async () => {
        await request('a');
        const job = await mustClaim('p');
        await begin(job, 'p');
        await repository.unlockJob({ ...job, nextRunAt: null });
        expect(await claim('q')).toBeUndefined();
        await repository.unlockJobs([String(job._id)]);
        expect((await mustClaim('q')).data).toBe('a');
      });
    });

    describe('keys', () => {
      it('are had by one of twenty who ask at once', async () => {
        const added = await atOnce(20, (i) => request('a', `${i}`));
        expect(added.filter(Boolean)).toHaveLength(1);
        expect(await counts()).toEqual(oneIn('due'));
      });

      it('are of one kind: another kind has its own, whatever its name', async () => {
        expect(await jobs.request({ name: 'a', key: 'b:c', data: '', at: 1 })).toBe(true);
        expect(await jobs.request({ name: 'a:b', key: 'c', data: '', at: 1 })).toBe(true);
        expect(await jobs.request({ name: 'a', key: '', data: '', at: 1 })).toBe(true);
        expect(await jobs.overview(2)).toMatchObject([
          { name: 'a', due: 2, oldestDueAt: 1 },
          { name: 'a:b', due: 1 },
        ]);
      });

      it('are free again when the job is done', async () => {
        await request('a', 'first');
        expect(await request('a', 'second')).toBe(false);
        const job = await mustClaim('p');
        expect(job.data).toBe('first');
        await begin(job, 'p');
        await end(job, 'p');
        expect(await counts()).toEqual([]);
        expect(await request('a', 'third')).toBe(true);
      });

      it('bring a job that runs back when it ends, with the newest data, and once', async () => {
        await request('a', 'first');
        const job = await mustClaim('p');
        await begin(job, 'p');
        expect(await request('a', 'second')).toBe(false);
        expect(await request('a', 'third')).toBe(false);
        expect(await claim('q')).toBeUndefined();
        await end(job, 'p');
        const again = await mustClaim('q');
        expect(again.data).toBe('third');
        await end(again, 'q');
        expect(await counts()).toEqual([]);
      });

      it('bring it back at once although it would go on later, and after its pause when it failed', async () => {
        await request('a');
        const job = await mustClaim('p');
        await request('a');
        await end(job, 'p', { nextRunAt: new Date(Date.now() + LATER) });
        expect(await counts()).toEqual(oneIn('due'));
        const again = await mustClaim('p');
        await request('a');
        await end(again, 'p', failed(1, new Date(Date.now() + LATER)));
        expect(await counts()).toEqual(oneIn('waiting'));
      });

      it('of a job that failed for good are taken anew, with a clean record', async () => {
        await request('a');
        await end(await mustClaim('p'), 'p', failed(4));
        expect(await counts()).toEqual(oneIn('failed'));
        const added = await atOnce(10, () => request('a', 'new'));
        expect(added.filter(Boolean)).toHaveLength(1);
        const job = await mustClaim('p');
        expect(job.data).toBe('new');
        expect(job.failCount ?? 0).toBe(0);
        await request('a', 'newer');
        await end(job, 'p', failed(1));
        expect((await mustClaim('p')).failCount ?? 0).toBe(0);
      });

      it('lose no request that comes while the job ends', async () => {
        for (let round = 0; round < 40; round++) {
          await request('a', 'old');
          const job = await mustClaim('p');
          await begin(job, 'p');
          await Promise.all([end(job, 'p'), request('a', 'new')]);
          const next = await mustClaim('p');
          expect(next.data).toBe('new');
          await end(next, 'p');
        }
        expect(await counts()).toEqual([]);
      });
    });

    describe('cancelling', () => {
      it('takes out a job that waits, and knows when there is none', async () => {
        await request('a', 'a', Date.now() + LATER);
        expect(await jobs.cancel(KIND, 'b')).toBe(false);
        expect(await jobs.cancel('other', 'a')).toBe(false);
        expect(await jobs.cancel(KIND, 'a')).toBe(true);
        expect(await jobs.cancel(KIND, 'a')).toBe(false);
        expect(await counts()).toEqual([]);
      });

      it('marks one that runs, which is over when it ends, however it ends', async () => {
        for (const state of [{}, failed(1, new Date()), failed(9), { nextRunAt: new Date() }]) {
          await request('a');
          const job = await mustClaim('p');
          await begin(job, 'p');
          expect(await jobs.cancel(KIND, 'a')).toBe(true);
          const id = String(job._id);
          expect(await jobs.lookAt([id])).toEqual([{ id, holder: 'p', cancelled: true }]);
          await end(job, 'p', state);
          expect(await jobs.lookAt([id])).toEqual([]);
        }
      });

      it('leaves its mark for whoever takes the job over', async () => {
        await request('a');
        await begin(await mustClaim('dead'), 'dead');
        await jobs.cancel(KIND, 'a');
        await jobs.release('dead', Date.now());
        const job = await mustClaim('heir');
        expect(await jobs.lookAt([String(job._id)])).toMatchObject([{ holder: 'heir', cancelled: true }]);
      });

      it('also undoes a request for the time after, but not one that comes later', async () => {
        await request('a');
        const job = await mustClaim('p');
        await request('a', 'again');
        await jobs.cancel(KIND, 'a');
        await end(job, 'p');
        expect(await counts()).toEqual([]);
        await request('a');
        const other = await mustClaim('p');
        await jobs.cancel(KIND, 'a');
        await request('a', 'after all');
        await end(other, 'p', failed(1, new Date(Date.now() + LATER)));
        const [look] = await jobs.lookAt([String(other._id)]);
        expect(look).toMatchObject({ holder: null, cancelled: false });
        expect((await mustClaim('p')).data).toBe('after all');
      });

      it('either prevents or marks a job that is claimed at the same moment', async () => {
        let decided = 0;
        for (let round = 0; round < 40; round++) {
          await request('a');
          const [claimed, cancelled] = await Promise.allSettled([claim('p'), jobs.cancel(KIND, 'a')]);
          if (claimed.status === 'rejected' || cancelled.status === 'rejected') {
            // mongo-java-server closes a connection now and then when one document is locked and removed at once.
            const { reason } = claimed.status === 'rejected' ? claimed : (cancelled as PromiseRejectedResult);
            expect(storage().isOutage(reason)).toBe(true);
            await repository.purgeAllJobs();
            continue;
          }
          decided += 1;
          expect(cancelled.value).toBe(true);
          if (!claimed.value) continue;
          expect(await jobs.lookAt([String(claimed.value._id)])).toMatchObject([{ cancelled: true }]);
          await end(claimed.value, 'p');
        }
        expect(decided).toBeGreaterThan(20);
        expect(await counts()).toEqual([]);
      });
    });

    describe('repeated jobs', () => {
      it('are there once, however many say so at once', async () => {
        const saved = await atOnce(20, (i) => repository.saveJob(single(), { lastModifiedBy: `p${i}` }));
        expect(new Set(saved.map(({ _id }) => _id)).size).toBe(1);
        expect(await counts()).toEqual(oneIn('due'));
      });

      it('are not unlocked, nor their holder changed, when another process starts', async () => {
        await repository.saveJob(single(), { lastModifiedBy: 'p' });
        const job = await mustClaim('p');
        const nextRunAt = new Date(Date.now() + LATER);
        await save(job, 'p', { nextRunAt });
        await repository.saveJob(single(), { lastModifiedBy: 'q' });
        expect(await claim('q')).toBeUndefined();
        await end(job, 'p', { nextRunAt });
        expect((await repository.getJobById(String(job._id)))?.nextRunAt).toEqual(nextRunAt);
      });

      it('keep their time when a process starts anew, and follow a changed interval from their last run', async () => {
        await repository.saveJob(single(), undefined);
        const job = await mustClaim('p');
        const lastRunAt = new Date();
        const later = (ms: number) => new Date(lastRunAt.getTime() + ms);
        await save(job, 'p', { nextRunAt: later(LATER), lastRunAt });
        await end(job, 'p', { nextRunAt: later(LATER), lastRunAt });
        expect((await repository.saveJob(single(), undefined)).nextRunAt).toEqual(later(LATER));
        const shorter = await repository.saveJob(single({ repeatInterval: 1_000 }), undefined);
        expect(shorter).toMatchObject({ nextRunAt: later(1_000), repeatInterval: 1_000 });
      });

      it('stay when they have run', async () => {
        await repository.saveJob(single(), undefined);
        const job = await mustClaim('p');
        await end(job, 'p', { nextRunAt: new Date(Date.now() + LATER) });
        expect(await counts()).toEqual(oneIn('waiting'));
      });
    });

    describe('what stands there', () => {
      it('is read with its computed states, by Agenda and by kind', async () => {
        const now = Date.now();
        await request('due', 'due', now - 5_000);
        await request('later', 'later', now + LATER);
        await jobs.request({ name: 'bad', key: 'a', data: 'bad', at: now });
        await end(await mustClaim('p', { name: 'bad' }), 'p', failed(1));
        await jobs.request({ name: 'busy', key: 'a', data: 'busy', at: now });
        await begin(await mustClaim('p', { name: 'busy' }), 'p');
        await repository.saveJob(single({ name: 'often' }), undefined);

        const states = (await repository.queryJobs({ sort: { name: 'asc' } })).jobs;
        expect(states.map(({ name }) => name)).toEqual(['bad', 'busy', 'often', KIND, KIND]);
        expect(states.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual([
          ...['bad failed', 'busy running', 'often repeating', 'work queued', 'work scheduled'],
        ]);
        expect((await repository.queryJobs({ state: 'failed' })).jobs).toMatchObject([
          { name: 'bad', failCount: 1, failReason: 'broken' },
        ]);
        expect(await repository.queryJobs({ name: KIND, skip: 1, limit: 1 })).toMatchObject({ total: 2 });
        expect((await repository.queryJobs({ search: 'OFT' })).total).toBe(1);
        expect((await repository.getDistinctJobNames()).toSorted()).toEqual(['bad', 'busy', 'often', KIND]);
        expect(await repository.getQueueSize()).toBe(2);
        expect((await repository.getJobsOverview()).find(({ name }) => name === KIND)).toEqual({
          ...{ name: KIND, total: 2, running: 0, scheduled: 1, queued: 1, completed: 0, failed: 0 },
          ...{ repeating: 0, paused: 0 },
        });
        expect(await jobs.overview(Date.now())).toMatchObject([
          { name: 'bad', failed: 1, oldestDueAt: null },
          { name: 'busy', running: 1 },
          { name: 'often', due: 1 },
          { name: KIND, waiting: 1, due: 1, running: 0, failed: 0, oldestDueAt: now - 5_000 },
        ]);
      });

      it('is changed and removed by what is asked for, and by nothing when nothing is', async () => {
        for (const key of ['a', 'b', 'c']) await request(key);
        await jobs.request({ name: 'other', key: 'a', data: '', at: Date.now() });
        expect(await repository.removeJobs({})).toBe(0);
        expect(await repository.disableJobs({ names: [] })).toBe(0);
        expect(await repository.disableJobs({ name: KIND })).toBe(3);
        expect((await repository.queryJobs({ includeDisabled: false })).total).toBe(1);
        expect((await repository.queryJobs({ state: 'paused' })).total).toBe(3);
        expect(await repository.enableJobs({ names: [KIND, 'unknown'] })).toBe(3);
        expect(await repository.removeJobs({ data: 'b' })).toBe(1);
        expect(await repository.removeJobs({ notNames: [KIND] })).toBe(1);
        const { jobs: left } = await repository.queryJobs();
        expect(await repository.removeJobs({ id: String(left[0]?._id) })).toBe(1);
        expect(await repository.removeJobs({ id: 'ffffffffffffffffffffffff' })).toBe(0);
        expect(await repository.purgeAllJobs()).toBe(1);
      });

      it('finds jobs by a part of their data', async () => {
        const plain = { name: KIND, type: 'normal' as const, priority: 0, nextRunAt: new Date() };
        await repository.saveJob({ ...plain, data: { course: { id: 1, name: 'A' }, tags: ['x'] } }, undefined);
        await repository.saveJob({ ...plain, data: { course: { id: 2 } } }, undefined);
        expect((await repository.queryJobs({ data: { course: { id: 1 } } })).total).toBe(1);
        expect((await repository.queryJobs({ data: { course: { id: 3 } } })).total).toBe(0);
      });

      it('changes what a caller says of a job, and not what its run says', async () => {
        await request('a');
        const job = await mustClaim('p');
        await save(job, 'p', { nextRunAt: null, progress: 40, lockedAt: new Date() });
        const saved = await repository.saveJob(
          { ...{ _id: job._id, name: KIND, type: 'normal', nextRunAt: null }, priority: 7, data: 'b' } as JobParameters,
          { lastModifiedBy: 'somebody' },
        );
        expect(saved).toMatchObject({ priority: 7, data: 'b', progress: 40, lastModifiedBy: 'p' });
        await end(job, 'p');
      });

      it('refuses what a key is for', async () => {
        const job = { name: KIND, type: 'normal' as const, priority: 0, data: {}, nextRunAt: new Date() };
        await expect(repository.saveJob({ ...job, unique: { 'data.a': 1 } }, undefined)).rejects.toThrow('key');
      });

      it('forgets what failed long ago, and nothing else', async () => {
        await request('bad');
        await end(await mustClaim('p'), 'p', failed(1));
        await request('again');
        await end(await mustClaim('p'), 'p', failed(1, new Date(Date.now() + LATER)));
        await jobs.removeFailed(Date.now() - LATER);
        expect(await counts()).toMatchObject([{ waiting: 1, failed: 1 }]);
        await jobs.removeFailed(Date.now() + LATER);
        expect(await counts()).toMatchObject([{ waiting: 1, failed: 0 }]);
      });

      it('keeps hostile names, keys and data apart and to the letter', async () => {
        const texts = [...HOSTILE, '$where', '__proto__', '{"$ne":null}', 'a.b', '%', '"', "'"];
        for (const text of texts) {
          expect(await request(text, JSON.stringify({ [text]: text }))).toBe(true);
          expect(await request(text)).toBe(false);
        }
        const seen: unknown[] = [];
        for (const _ of texts) seen.push((await mustClaim('p')).data);
        expect(seen.toSorted()).toEqual(texts.map((text) => JSON.stringify({ [text]: text })).toSorted());
        for (const text of texts) expect(await jobs.cancel(KIND, text)).toBe(true);
        for (const name of texts.filter((text) => !/\p{Cs}/u.test(text))) {
          expect(await jobs.request({ name, key: 'k', data: '', at: Date.now() })).toBe(true);
          expect((await mustClaim('p', { name })).name).toBe(name);
        }
      });
    });
  });
}

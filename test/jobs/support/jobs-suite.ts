import { beforeEach, describe, expect, it } from 'vitest';
import type { JobKind, Jobs, RunningJob } from '../../../src/jobs/jobs.ts';
import { sleep } from '../../../src/lib/clock.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { HOSTILE, type OpenStorage } from '../../storage/support/builders.ts';
import { useStorage } from '../../storage/support/use-storage.ts';
import { makeGate, POLL_MS, until, useEngines } from './engines.ts';

type Data = { n: number };

const KIND = { name: 'work' };

/** Jobs as the product asks for them and runs them, on one store and several engines. */
export function defineJobsSuite(open: OpenStorage): void {
  describe('jobs', () => {
    const opened = useStorage(open);
    const engines = useEngines();
    let storage: Storage;

    beforeEach(() => {
      storage = opened();
    });

    function makeKind(run: JobKind<Data>['run'], change: Partial<JobKind<Data>> = {}): JobKind<Data> {
      return { ...KIND, atOnce: 2, lockMs: 10_000, retryAfter: [], run, ...change };
    }

    async function startEngines(count: number, kind: JobKind<Data>): Promise<[Jobs, ...Jobs[]]> {
      const [first, ...others] = Array.from({ length: count }, () => engines.add(storage));
      if (!first) throw new Error('no engine');
      await Promise.all([first, ...others].map((jobs) => jobs.start([kind])));
      return [first, ...others];
    }

    const nothingLeft = (jobs: Jobs) => until(async () => expect(await jobs.overview()).toEqual([]));

    describe('a request', () => {
      it('is done with its data, and its key is free again', async () => {
        const seen: Data[] = [];
        const kind = makeKind(async (data) => {
          seen.push(data);
          return null;
        });
        const [jobs] = await startEngines(1, kind);
        expect(await jobs.request(kind, 'a', { n: 1 })).toBe(true);
        await nothingLeft(jobs);
        expect(await jobs.request(kind, 'a', { n: 2 })).toBe(true);
        await nothingLeft(jobs);
        expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
      });

      it('of a process that runs no jobs is done by one that does', async () => {
        const seen: number[] = [];
        const kind = makeKind(async ({ n }) => {
          seen.push(n);
          return null;
        });
        const web = engines.add(storage);
        expect(await web.request(kind, 'a', { n: 1 })).toBe(true);
        await startEngines(1, kind);
        await nothingLeft(web);
        expect(await web.request(kind, 'b', { n: 2 })).toBe(true);
        await nothingLeft(web);
        expect(seen).toEqual([1, 2]);
      });

      it('brings hostile data to the job to the letter', async () => {
        const data = { texts: [...HOSTILE, '$where'], nested: { 'a.b': { $gt: '' }, '': [null, 1e300, -0.5] } };
        const seen: unknown[] = [];
        const kind: JobKind<typeof data> = {
          ...makeKind(async () => null),
          async run(given) {
            seen.push(given);
            return null;
          },
        };
        const jobs = engines.add(storage);
        await jobs.start([kind]);
        for (const key of HOSTILE) expect(await jobs.request(kind, key, data)).toBe(true);
        await nothingLeft(jobs);
        expect(seen).toEqual(HOSTILE.map(() => data));
      });

      it('is not lost while the job runs, nor while it ends', async () => {
        let wanted = 0;
        let done = 0;
        const kind = makeKind(async () => {
          const seen = wanted;
          await sleep(seen % 3);
          done = seen;
          return null;
        });
        const [first, second] = await startEngines(2, kind);
        for (let round = 1; round <= 60; round++) {
          wanted = round;
          await (round % 2 === 0 ? first : second)?.request(kind, 'a', { n: round });
          await sleep(round % 7);
        }
        await nothingLeft(first);
        expect(done).toBe(60);
      });
    });

    it('runs no two of a key at once, and locks no more of a kind than it may run', async () => {
      const gate = makeGate();
      const running = new Set<number>();
      let twice = 0;
      let most = 0;
      const kind = makeKind(
        async ({ n }, { signal }) => {
          if (running.has(n)) twice += 1;
          running.add(n);
          most = Math.max(most, running.size);
          await gate.pass(signal);
          running.delete(n);
          return null;
        },
        { atOnce: 3 },
      );
      const jobs = engines.add(storage);
      for (let n = 0; n < 10; n++) await jobs.request(kind, `${n}`, { n });
      await jobs.start([kind]);
      await until(() => expect(running.size).toBe(3));
      for (let n = 0; n < 10; n++) expect(await jobs.request(kind, `${n}`, { n })).toBe(false);
      await sleep(3 * POLL_MS);
      expect(await jobs.overview()).toMatchObject([{ running: 3, due: 7 }]);
      gate.open();
      await nothingLeft(jobs);
      expect({ most, twice }).toEqual({ most: 3, twice: 0 });
    });

    it('drains a thousand jobs once each by three engines', { timeout: 120_000 }, async () => {
      const jobs = engines.add(storage);
      const times = new Map<number, number>();
      const kind = makeKind(
        async ({ n }) => {
          times.set(n, (times.get(n) ?? 0) + 1);
          return null;
        },
        { atOnce: 10 },
      );
      for (let n = 0; n < 1_000; n += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, i) => jobs.request(kind, `${n + i}`, { n: n + i })));
      }
      expect(await jobs.overview()).toMatchObject([{ due: 1_000 }]);
      await startEngines(3, kind);
      await nothingLeft(jobs);
      expect(times.size).toBe(1_000);
      expect(new Set(times.values())).toEqual(new Set([1]));
    });

    describe('a job that throws', () => {
      it('is tried again after its pauses, and then stays failed until it is asked for', async () => {
        const begun: number[] = [];
        const pauses = [100, 200];
        const kind = makeKind(
          async ({ n }) => {
            begun.push(Date.now());
            if (n === 1) throw new Error('broken');
            return null;
          },
          { retryAfter: pauses },
        );
        const [jobs] = await startEngines(2, kind);
        await jobs.request(kind, 'a', { n: 1 });
        await until(async () => expect(await jobs.overview()).toMatchObject([{ failed: 1, due: 0, running: 0 }]));
        expect(begun).toHaveLength(3);
        // The next attempt is due a pause after the one before has ended, and never begins before it is due.
        for (const [i, pause] of pauses.entries()) {
          expect((begun[i + 1] ?? 0) - (begun[i] ?? 0)).toBeGreaterThanOrEqual(pause);
        }
        expect(await jobs.request(kind, 'a', { n: 2 })).toBe(true);
        await nothingLeft(jobs);
        expect(begun).toHaveLength(4);
      });

      it('counts its failures from the beginning when it went well meanwhile', async () => {
        const script = ['throw', 'on', 'throw', 'end'];
        const kind = makeKind(
          async () => {
            const step = script.shift();
            if (step === 'throw') throw new Error('broken');
            return step === 'on' ? { againAt: Date.now() } : null;
          },
          { retryAfter: [1] },
        );
        const [jobs] = await startEngines(1, kind);
        await jobs.request(kind, 'a', { n: 1 });
        await nothingLeft(jobs);
        expect(script).toEqual([]);
      });
    });

    it('goes on when a job has said, and holds its key until then', async () => {
      const begun: number[] = [];
      let againAt = 0;
      const kind = makeKind(async () => {
        begun.push(Date.now());
        if (begun.length > 1) return null;
        againAt = Date.now() + 300;
        return { againAt };
      });
      const [jobs] = await startEngines(2, kind);
      await jobs.request(kind, 'a', { n: 1 });
      await until(async () => expect(await jobs.overview()).toMatchObject([{ waiting: 1 }]));
      expect(await jobs.request(kind, 'a', { n: 2 })).toBe(false);
      await nothingLeft(jobs);
      expect(begun).toHaveLength(2);
      expect(begun[1]).toBeGreaterThanOrEqual(againAt);
    });

    it('shows the progress of a job to other processes', async () => {
      const gate = makeGate();
      let id = '';
      const kind = makeKind(async (_data, job) => {
        id = job.id;
        await job.progress(-5);
        await job.progress(42);
        await gate.pass(job.signal);
        return null;
      });
      const [jobs] = await startEngines(1, kind);
      await jobs.request(kind, 'a', { n: 1 });
      const repository = await storage.jobs.repository();
      await until(async () => expect((await repository.getJobById(id))?.progress).toBe(42));
      gate.open();
      await nothingLeft(jobs);
    });

    describe('cancelling', () => {
      it('takes out what waits', async () => {
        const ran: number[] = [];
        const kind = makeKind(async ({ n }) => {
          ran.push(n);
          return null;
        });
        const jobs = engines.add(storage);
        await jobs.request(kind, 'a', { n: 1 });
        await jobs.request(kind, 'b', { n: 2 });
        expect(await jobs.cancel(kind, 'a')).toBe(true);
        expect(await jobs.cancel(kind, 'a')).toBe(false);
        await jobs.start([kind]);
        await nothingLeft(jobs);
        expect(ran).toEqual([2]);
      });

      it('stops what runs in another process, for good', async () => {
        const gate = makeGate();
        const signals: AbortSignal[] = [];
        const kind = makeKind(
          async (_data, { signal }) => {
            signals.push(signal);
            await gate.pass(signal);
            return null;
          },
          { retryAfter: [1, 1, 1] },
        );
        const [jobs] = await startEngines(1, kind);
        const web = engines.add(storage);
        await web.request(kind, 'a', { n: 1 });
        await until(() => expect(signals).toHaveLength(1));
        expect(await web.cancel(kind, 'a')).toBe(true);
        await nothingLeft(jobs);
        expect(signals[0]?.aborted).toBe(true);
        expect(signals).toHaveLength(1);
      });

      it('holds for a job whose process died before it could stop', async () => {
        const ran: number[] = [];
        const kind = makeKind(async ({ n }) => {
          ran.push(n);
          return null;
        });
        const jobs = engines.add(storage);
        await jobs.request(kind, 'a', { n: 1 });
        const repository = await storage.jobs.repository();
        await repository.getNextJobToRun(KIND.name, new Date(), new Date(0), undefined, { lastModifiedBy: 'dead' });
        await jobs.cancel(kind, 'a');
        await storage.jobs.release('dead', Date.now());
        await jobs.start([kind]);
        await nothingLeft(jobs);
        expect(ran).toEqual([]);
      });
    });

    describe('locks', () => {
      it('are kept while a job runs longer than they last', async () => {
        let begun = 0;
        const kind = makeKind(
          async () => {
            begun += 1;
            await sleep(7_000);
            return null;
          },
          { lockMs: 2_000 },
        );
        const [jobs] = await startEngines(3, kind);
        await jobs.request(kind, 'a', { n: 1 });
        await nothingLeft(jobs);
        expect(begun).toBe(1);
      });

      it('that ran out are taken over, and the stale run is told and changes nothing', async () => {
        const gate = makeGate();
        const jobsRun: RunningJob[] = [];
        const kind = makeKind(async (_data, job) => {
          jobsRun.push(job);
          await gate.pass(job.signal);
          return null;
        });
        const [jobs] = await startEngines(1, kind);
        await jobs.request(kind, 'a', { n: 1 });
        await until(() => expect(jobsRun).toHaveLength(1));
        const repository = await storage.jobs.repository();
        const thief = { lastModifiedBy: 'thief' };
        const taken = await repository.getNextJobToRun(
          KIND.name,
          new Date(),
          new Date(Date.now() + 1),
          undefined,
          thief,
        );
        expect(taken?._id).toBe(jobsRun[0]?.id);
        await until(() => expect(jobsRun[0]?.signal.aborted).toBe(true));
        await expect(jobsRun[0]?.progress(50)).rejects.toThrow();
        await jobs.stop();
        const id = String(taken?._id);
        expect(await storage.jobs.lookAt([id])).toEqual([{ id, holder: 'thief', cancelled: false }]);
      });

      it('of holders that are gone run out, and their jobs are done by others', async () => {
        const seen: number[] = [];
        const kind = makeKind(
          async ({ n }) => {
            seen.push(n);
            return null;
          },
          { lockMs: 1_000 },
        );
        const web = engines.add(storage);
        const repository = await storage.jobs.repository();
        for (let n = 0; n < 5; n++) {
          await web.request(kind, `${n}`, { n });
          const dead = { lastModifiedBy: 'another-machine/1/dead' };
          const job = await repository.getNextJobToRun(KIND.name, new Date(), new Date(0), undefined, dead);
          if (job) await repository.saveJobState({ ...job, nextRunAt: null }, dead);
        }
        await startEngines(3, kind);
        await nothingLeft(web);
        expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4]);
      });
    });

    describe('stopping', () => {
      it('hands unfinished jobs to others at once, as if nothing had happened to them', async () => {
        const gate = makeGate();
        const begun: string[] = [];
        const makeKindOf = (name: string) =>
          makeKind(async (_data, { signal }) => {
            begun.push(name);
            await gate.pass(signal);
            return null;
          });
        const first = engines.add(storage);
        await first.start([makeKindOf('first')]);
        await first.request(KIND, 'a', { n: 1 });
        await first.request(KIND, 'b', { n: 2 });
        await first.request(KIND, 'c', { n: 3 });
        await until(() => expect(begun).toEqual(['first', 'first']));
        await first.stop();
        expect(await first.overview()).toMatchObject([{ due: 3, running: 0, failed: 0 }]);
        const { jobs } = await (await storage.jobs.repository()).queryJobs();
        expect(jobs.map(({ failCount }) => failCount ?? 0)).toEqual([0, 0, 0]);
        const second = engines.add(storage);
        await second.start([makeKindOf('second')]);
        gate.open();
        await nothingLeft(second);
        expect(begun).toEqual(['first', 'first', 'second', 'second', 'second']);
      });

      it('waits for a job that cannot stop, which is then done', async () => {
        let ended = false;
        let begun = false;
        const kind = makeKind(async () => {
          begun = true;
          await sleep(300);
          ended = true;
          return null;
        });
        const [jobs] = await startEngines(1, kind);
        await jobs.request(kind, 'a', { n: 1 });
        await until(() => expect(begun).toBe(true));
        await jobs.stop();
        expect(ended).toBe(true);
        expect(await jobs.overview()).toEqual([]);
      });

      it('leaves nothing locked, whenever it comes', async () => {
        const kind = makeKind(
          async () => {
            await sleep(3);
            return null;
          },
          { atOnce: 4 },
        );
        const jobs = engines.add(storage);
        for (let n = 0; n < 200; n++) await jobs.request(kind, `${n}`, { n });
        for (let round = 0; round < 8; round++) {
          await jobs.start([kind]);
          await sleep(round * 3);
          await jobs.stop();
          expect(await storage.jobs.holders()).toEqual([]);
        }
        await jobs.start([kind]);
        await nothingLeft(jobs);
      });

      it('is harmless twice, before a start, and before another start', async () => {
        const [jobs] = await startEngines(
          1,
          makeKind(async () => null),
        );
        await expect(jobs.start([])).rejects.toThrow();
        await Promise.all([jobs.stop(), jobs.stop()]);
        await engines.add(storage).stop();
        await jobs.start([makeKind(async () => null)]);
        await jobs.request(KIND, 'a', { n: 1 });
        await nothingLeft(jobs);
      });
    });

    describe('what is repeated', () => {
      const repeated = (run: () => Promise<void>): JobKind<object> => ({
        ...{ name: 'tick', atOnce: 1, lockMs: 60_000, retryAfter: [] },
        async run() {
          await run();
          return null;
        },
      });

      it('runs once for its interval on all engines together', async () => {
        const intervalMs = 400;
        let runs = 0;
        let atOnce = 0;
        let most = 0;
        const kind = repeated(async () => {
          runs += 1;
          atOnce += 1;
          most = Math.max(most, atOnce);
          await sleep(POLL_MS);
          atOnce -= 1;
        });
        const began = Date.now();
        await Promise.all([0, 1, 2].map(() => engines.add(storage).start([], [{ kind, intervalMs }])));
        await until(() => expect(runs).toBeGreaterThanOrEqual(4));
        expect(runs).toBeLessThanOrEqual(Math.floor((Date.now() - began) / intervalMs) + 1);
        expect(most).toBe(1);
        expect(
          (await storage.jobs.overview(Date.now())).map(({ waiting, due, running }) => waiting + due + running),
        ).toEqual([1]);
      });

      it('does not run at every start, and runs on after it threw', async () => {
        let runs = 0;
        const kind = repeated(async () => {
          runs += 1;
          throw new Error('broken');
        });
        for (let round = 0; round < 3; round++) {
          const jobs = engines.add(storage);
          await jobs.start([], [{ kind, intervalMs: 60_000 }]);
          await until(() => expect(runs).toBe(1));
          await sleep(3 * POLL_MS);
          await jobs.stop();
        }
        expect(runs).toBe(1);
        const jobs = engines.add(storage);
        await jobs.start([], [{ kind, intervalMs: POLL_MS }]);
        await until(() => expect(runs).toBeGreaterThanOrEqual(4));
      });
    });
  });
}

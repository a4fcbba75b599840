import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJobs, type Jobs } from '../../../src/jobs/jobs.ts';
import { systemRandom } from '../../../src/lib/ids.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { stopAll } from '../../storage/support/processes.ts';
import { makeTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { SILENT, until } from './engines.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const KIND = { name: 'work' };
const FOR_EVER = 600_000;

type Note = { who: number; what: 'ready' | 'began' | 'did' | 'stopped'; n: number };

/** Processes of their own on one store, which are killed and frozen in the middle of their jobs. */
export function defineKilledProcessesSuite(): void {
  describe('jobs of processes that are killed', () => {
    let database: TestDatabase;
    let storage: Storage;
    let jobs: Jobs;
    let processes: ChildProcess[] = [];
    let notes: Note[] = [];

    beforeEach(async () => {
      database = makeTestDatabase();
      storage = await database.open();
      jobs = createJobs({ backend: storage.jobs, log: SILENT, random: systemRandom });
    });
    afterEach(async () => {
      await stopAll(processes);
      processes = [];
      notes = [];
      await storage.close();
      await database.drop();
    });

    const request = (n: number, ms: number) => jobs.request(KIND, `${n}`, { n, ms });
    const noted = (what: Note['what'], who?: number) =>
      notes.filter((note) => note.what === what && (who === undefined || note.who === who)).map(({ n }) => n);

    /** A process that runs jobs; its number. */
    async function startProcess(lockMs: number): Promise<number> {
      const { dataDir, env } = database;
      const address = env.DATABASE_URL
        ? { engine: 'mongo', url: env.DATABASE_URL }
        : { engine: 'sqlite', path: `${dataDir}/rostrum.sqlite` };
      const script = resolve(import.meta.dirname, 'job-worker.js');
      const child = fork(script, [resolve(ROOT, 'dist'), JSON.stringify(address)], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const who = processes.push(child) - 1;
      child.on('message', (note) => void notes.push({ who, ...(note as Omit<Note, 'who'>) }));
      await until(() => expect(noted('ready', who)).toHaveLength(1));
      child.send({ name: 'start', lockMs });
      return who;
    }

    async function kill(who: number): Promise<void> {
      const child = processes[who];
      if (child) await stopAll([child]);
    }

    const nothingLeft = () => until(async () => expect(await jobs.overview()).toEqual([]));

    it('are taken up at once by the next process of the machine, however long their locks last', async () => {
      const first = await startProcess(FOR_EVER);
      await request(1, FOR_EVER);
      await request(2, FOR_EVER);
      await until(() => expect(noted('began', first)).toHaveLength(2));
      await kill(first);
      expect(await jobs.overview()).toMatchObject([{ running: 2 }]);
      const second = await startProcess(FOR_EVER);
      await until(() => expect(noted('began', second).toSorted()).toEqual([1, 2]));
    });

    it('are done by those that run when their locks run out, and no other job is done twice', async () => {
      for (let n = 0; n < 200; n++) await request(n, 20);
      const [victim] = await Promise.all([startProcess(3_000), startProcess(3_000), startProcess(3_000)]);
      await until(() => expect(noted('did', victim).length).toBeGreaterThan(10));
      await kill(victim);
      await nothingLeft();
      expect(new Set(noted('did')).size).toBe(200);
      const begunByVictim = new Set(noted('began', victim));
      const begunElsewhere = notes.filter(({ who, what }) => what === 'began' && who !== victim).map(({ n }) => n);
      expect(new Set(begunElsewhere).size).toBe(begunElsewhere.length);
      const unfinished = begunElsewhere.filter((n) => begunByVictim.has(n));
      // What it did it had also saved, but for the last ones.
      expect(unfinished.length).toBeLessThanOrEqual(5);
    });

    it('are not finished by a frozen process that wakes up when another has taken them over', async () => {
      const frozen = await startProcess(3_000);
      await request(1, FOR_EVER);
      await until(() => expect(noted('began', frozen)).toEqual([1]));
      processes[frozen]?.kill('SIGSTOP');
      const heir = await startProcess(3_000);
      await until(() => expect(noted('began', heir)).toEqual([1]));
      processes[frozen]?.kill('SIGCONT');
      await until(() => expect(noted('stopped', frozen)).toEqual([1]));
      await request(2, 1);
      await until(() => expect(noted('did')).toEqual([2]));
      expect(noted('began', heir)).toContain(1);
      expect(noted('stopped', heir)).toEqual([]);
      await until(async () => expect(await jobs.overview()).toMatchObject([{ running: 1, due: 0 }]));
    });

    it('are left to others when their process is asked to stop', async () => {
      const first = await startProcess(FOR_EVER);
      await request(1, FOR_EVER);
      await until(() => expect(noted('began', first)).toEqual([1]));
      const ended = new Promise((done) => processes[first]?.once('exit', done));
      processes[first]?.send({ name: 'stop' });
      expect(await ended).toBe(0);
      expect(await jobs.overview()).toMatchObject([{ due: 1, running: 0, failed: 0 }]);
    });
  });
}

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Database } from './database.ts';

/**
 * Writes the write-ahead log back into the database from a thread of its own, since that takes tens of milliseconds
 * after many writes. The connection's own checkpoints stay on: they find little left to do, and all of it if the thread fails.
 */
export type Checkpoints = {
  /** Ends the thread and with it its connection, before the database is closed; null when there is none to wait for. */
  close(): Promise<void> | null;
};

/** How often it is looked whether there is enough to do, in milliseconds. */
const EVERY = 100;
/** Changed rows that are worth a checkpoint: some 1,000 pages, a quarter of what the connection itself would wait for. */
const ENOUGH = 500;
/** A process that lived this long, in milliseconds, has work: its thread begins now and not in the middle of the first sync. */
const STARTS_AFTER = 1_000;

export function startCheckpoints(db: Database, path: string): Checkpoints {
  const changedRows = db.prepare<[], number>('SELECT total_changes()').pluck();
  let written = 0;
  let worker: Worker | null = null;
  let busy = false;

  function look(): void {
    const changed = changedRows.get() ?? 0;
    if (busy || changed - written < ENOUGH) return;
    written = changed;
    busy = true;
    worker ??= start();
    worker.postMessage('checkpoint');
  }

  function start(): Worker {
    const driver = createRequire(import.meta.url).resolve('better-sqlite3');
    const started = new Worker(THREAD, { eval: true, workerData: { driver, path } });
    started.on('message', () => {
      busy = false;
    });
    // Nothing is lost without it, so it is not tried again.
    started.on('error', () => clearInterval(timer));
    started.unref();
    return started;
  }

  const timer = setInterval(look, EVERY).unref();
  const firstStart = setTimeout(() => {
    worker ??= start();
  }, STARTS_AFTER).unref();
  return {
    close() {
      clearInterval(timer);
      clearTimeout(firstStart);
      return worker === null || worker.threadId === -1 ? null : end(worker);
    },
  };
}

function end(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.ref();
    worker.once('exit', () => resolve());
    worker.postMessage('close');
  });
}

// As text: a thread cannot begin with a module of TypeScript, as it would in tests.
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const Database = require(workerData.driver);
const db = new Database(workerData.path, { fileMustExist: true, timeout: 0 });
parentPort.on('message', (asked) => {
  if (asked === 'close') {
    db.close();
    parentPort.close();
    return;
  }
  try {
    db.pragma('wal_checkpoint(PASSIVE)');
  } finally {
    parentPort.postMessage('done');
  }
});
`;

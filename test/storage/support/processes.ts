import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Starts a process on the built storage (test/support/global-setup.ts builds it); it waits for tasks. */
export function startProcess(): ChildProcess {
  const worker = new URL('./storage-worker.js', import.meta.url);
  const built = resolve(import.meta.dirname, '../../../dist/storage/sqlite/open.js');
  return fork(fileURLToPath(worker), [built], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Tells all processes the same task at once; what each of them answers. */
export function tellAll<Answer>(processes: ChildProcess[], task: unknown): Promise<Answer[]> {
  return Promise.all(processes.map((child) => tell<Answer>(child, task)));
}

export function tell<Answer>(child: ChildProcess, task: unknown): Promise<Answer> {
  return new Promise((answer, fail) => {
    const onExit = (code: number | null) => fail(new Error(`A process ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      answer(message as Answer);
    });
    child.send(task as object);
  });
}

/** Ends processes that the test started. */
export async function stopAll(processes: ChildProcess[]): Promise<void> {
  const gone = processes
    .filter((child) => child.exitCode === null && child.signalCode === null)
    .map((child) => new Promise((done) => child.once('exit', done)));
  for (const child of processes) child.kill('SIGKILL');
  await Promise.all(gone);
}

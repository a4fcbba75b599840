import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from './support/engine.ts';
import { median, readableMs } from './support/numbers.ts';
import { freePort } from './support/ports.ts';
import type { Row } from './support/table.ts';

const GOAL_MS = 2000;
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** From starting the process, sandbox and all and with no database yet, to its first answer. */
export async function measureColdStart(repetitions: number, engine: Engine): Promise<Row[]> {
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) times.push(await startOnce(engine));
  const ms = median(times);
  return [
    {
      what: 'Cold start, to the first answer',
      measured: readableMs(ms),
      goal: `under ${readableMs(GOAL_MS)}`,
      ok: ms < GOAL_MS,
    },
  ];
}

async function startOnce(engine: Engine): Promise<number> {
  const database = engine.freshDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'rostrum-bench-'));
  const [port, sandboxPort] = [await freePort(), await freePort()];
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: {
      ...database.env,
      ...{ PATH: process.env.PATH, PORT: String(port), SANDBOX_PORT: String(sandboxPort), DATA_DIR: folder },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    while (!(await answers(`http://127.0.0.1:${port}/healthz`))) {
      if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return performance.now() - begun;
  } finally {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
    await database.drop();
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ?? false;
}

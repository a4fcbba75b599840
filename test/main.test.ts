import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenFault } from '../src/config/listen-fault.ts';
import { startServer, type TestServer } from './support/http-server.ts';
import { freePort } from './support/tool.ts';

let folder: string;
const running: { stop(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rostrum-main-'));
});
afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a port in use', () => {
  it('is told by name to the second process, which closes its store and ends with 1', async () => {
    const PORT = `${await freePort()}`;
    const first = start({ PORT, SANDBOX: 'off', DATA_DIR: join(folder, 'first') });
    await expect.poll(first.said, { timeout: 20_000 }).toContain('Rostrum is ready');

    const second = start({ PORT, SANDBOX: 'off', DATA_DIR: join(folder, 'second') });
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`Rostrum cannot start: PORT ${PORT} is in use; set another`);
    expect(second.said()).not.toContain('    at ');
    expect(isLeftOpen(join(folder, 'second', 'rostrum.sqlite'))).toBe(false);
    expect((await fetch(`http://localhost:${PORT}/healthz`)).status).toBe(200);
  });

  it('is told of the sandbox too, with the way to go without', async () => {
    const other: TestServer = await startServer((_req, res) => void res.end());
    running.push({ stop: other.close });
    const child = start({ PORT: `${await freePort()}`, SANDBOX_PORT: `${other.port}`, DATA_DIR: folder });
    expect(await child.ended).toBe(1);
    expect(child.said()).toContain(`SANDBOX_PORT ${other.port} is in use; set another, or set SANDBOX to off`);
    expect(child.said()).not.toContain('    at ');
    expect(child.said()).not.toContain('is ready');
  });
});

describe('listenFault', () => {
  const listenError = (code: string) => Object.assign(new Error(code), { code, syscall: 'listen' });

  it('says what to do about a port that needs more rights', () => {
    const fault = listenFault(listenError('EACCES'), { variable: 'PORT', port: 80 });
    expect(fault).toBe('PORT 80 may not be opened by this user; set one from 1024 up');
  });

  it('leaves faults of another kind to their finder', () => {
    expect(listenFault(new Error('broken'), { variable: 'PORT', port: 80 })).toBe(null);
  });
});

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(process.cwd(), 'dist', 'main.js')], {
    cwd: folder,
    env: { PATH: process.env.PATH, LOG_LEVEL: 'fatal', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  running.push({
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
    },
  });
  return { said: () => text, ended };
}

/** SQLite removes its write-ahead log when the last connection is closed as it should be. */
function isLeftOpen(path: string): boolean {
  return existsSync(`${path}-wal`);
}

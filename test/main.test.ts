import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
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

describe('a second server on one SQLite database', () => {
  it('ends with one clear line and touches nothing, while the first goes on', async () => {
    const [firstPort, PORT] = [await freePort(), await freePort()];
    const first = start({ PORT: `${firstPort}`, SANDBOX: 'off', DATA_DIR: folder });
    await expect.poll(first.said, { timeout: 20_000 }).toContain('Rostrum is ready');
    const before = readdirSync(folder);

    const second = start({ PORT: `${PORT}`, SANDBOX: 'off', DATA_DIR: folder });
    expect(await second.ended).toBe(1);
    const lines = second.said().trim().split('\n');
    expect(lines).toHaveLength(1);
    const path = join(folder, 'rostrum.sqlite');
    expect(lines[0]).toMatch(new RegExp(`^Rostrum cannot start: ${path} is served by another process`));
    expect(lines[0]).toContain('mongodb://');
    expect(lines[0]).toContain('all but restore, work beside a server');
    expect(readdirSync(folder)).toEqual(before);
    expect((await fetch(`http://localhost:${firstPort}/readyz`)).status).toBe(200);
  });

  it('starts at once when the first was killed', async () => {
    const env = { PORT: `${await freePort()}`, SANDBOX: 'off', DATA_DIR: folder };
    const first = start(env);
    await expect.poll(first.said, { timeout: 20_000 }).toContain('Rostrum is ready');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start(env);
    await expect.poll(second.said, { timeout: 20_000 }).toContain('Rostrum is ready');
  });
});

describe('a database that cannot be opened', () => {
  const cases: [string, (path: string) => void, RegExp][] = [
    [
      'of a newer version',
      (path) => edit(path, ['application_id = 0x526f7374', 'user_version = 9999']),
      /newer version/,
    ],
    [
      'of something else',
      (path) => edit(path, ['application_id = 7', 'user_version = 3']),
      /not a database of Rostrum/,
    ],
    ['that is no database', (path) => writeFileSync(path, 'a text '.repeat(1000)), /not a database of Rostrum/],
    ['in a folder that cannot be made', (path) => writeFileSync(join(path, '..', 'data'), ''), /opened for writing/],
  ];

  it.each(cases)('is told in one line: %s', async (_what, make, text) => {
    make(join(folder, 'db.sqlite'));
    const inFolder = existsSync(join(folder, 'data'));
    const DATABASE_URL = `sqlite:${join(folder, inFolder ? 'data/db.sqlite' : 'db.sqlite')}`;
    const child = start({ PORT: `${await freePort()}`, SANDBOX: 'off', DATABASE_URL, DATA_DIR: join(folder, 'other') });
    expect(await child.ended).toBe(1);
    expect(child.said().trim().split('\n')).toEqual([expect.stringMatching(text)]);
    expect(child.said()).toMatch(/^Rostrum cannot start: \//);
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  it('is told of a MongoDB without its password', async () => {
    const hidden = 'mongodb://db-user:db-password@127.0.0.1:1/rostrum';
    const SECRET_KEY = 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR';
    const child = start({ DATABASE_URL: hidden, SECRET_KEY, DATA_DIR: folder, LOG_LEVEL: 'trace' });
    expect(await child.ended).toBe(1);
    expect(child.said().trim()).toMatch(
      /^Rostrum cannot start: MongoDB 127\.0\.0\.1:1\/rostrum cannot be reached[^\n]*$/,
    );

    const misspelt = start({ DATABASE_URL: `${hidden}?retryWrite=true`, SECRET_KEY, DATA_DIR: folder });
    expect(await misspelt.ended).toBe(1);
    expect(misspelt.said()).toMatch(/^Rostrum cannot start: MongoDB .*unknown options: retrywrite/);
    expect(child.said() + misspelt.said()).not.toMatch(/db-user|db-password| {4}at /);
  });

  it('is not even looked for when the role does not fit SQLite', async () => {
    const child = start({ ROLE: 'worker', DATA_DIR: join(folder, 'data') });
    expect(await child.ended).toBe(1);
    expect(child.said()).toContain('ROLE is worker, but SQLite runs in one process; set ROLE=all or a mongodb://');
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});

describe('a database that fails during the start', () => {
  it('is told in one line, and the port is closed again', async () => {
    const port = await freePort();
    const env = { PORT: `${port}`, SANDBOX: 'off', DATA_DIR: folder };
    const first = start(env);
    await expect.poll(first.said, { timeout: 20_000 }).toContain('Rostrum is ready');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const path = join(folder, 'rostrum.sqlite');
    // So that the next start has something to write: its regular jobs.
    const db = new BetterSqlite3(path);
    db.exec('DELETE FROM jobs');
    db.close();
    // No file may grow beyond what the shared memory of the write-ahead log takes: to SQLite, a full disk.
    const second = start(env, ['prlimit', '--fsize=32768:']);
    expect(await second.ended).toBe(1);
    const line = `Rostrum cannot start: ${path} failed during the start (SQLITE_IOERR_WRITE); check the space left`;
    expect(second.said().trim().split('\n')).toEqual([expect.stringContaining(line)]);
    expect(await isOpen(port)).toBe(false);
  });
});

describe('a stop', () => {
  it('cuts no request: what had begun is answered, and the process ends with 0', async () => {
    const port = await freePort();
    const child = start({ PORT: `${port}`, SANDBOX: 'off', DATA_DIR: folder });
    await expect.poll(child.said, { timeout: 20_000 }).toContain('Rostrum is ready');
    const asked = await beginRequest(port);
    child.child.kill('SIGTERM');
    await expect.poll(() => isOpen(port), { timeout: 20_000 }).toBe(false);
    asked.request.end('iss=unknown');
    expect(await asked.status).toBe(400);
    expect(await child.ended).toBe(0);
    expect(isLeftOpen(join(folder, 'rostrum.sqlite'))).toBe(false);
  });

  it('is not waited for after a second signal, which ends the process with 1', async () => {
    const port = await freePort();
    const child = start({ PORT: `${port}`, SANDBOX: 'off', DATA_DIR: folder });
    await expect.poll(child.said, { timeout: 20_000 }).toContain('Rostrum is ready');
    const asked = await beginRequest(port);
    child.child.kill('SIGTERM');
    await expect.poll(() => isOpen(port), { timeout: 20_000 }).toBe(false);
    child.child.kill('SIGTERM');
    expect(await child.ended).toBe(1);
    await expect(asked.status).rejects.toThrow();
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

function start(env: Record<string, string>, under: string[] = []) {
  const [program = '', ...args] = [...under, process.execPath, join(process.cwd(), 'dist', 'main.js')];
  const child = spawn(program, args, {
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
  return { child, said: () => text, ended };
}

/** A form whose server has read its head and waits for the rest: with "100 Continue" it says so. */
async function beginRequest(port: number): Promise<{ request: ClientRequest; status: Promise<number> }> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': '11',
    expect: '100-continue',
  };
  const form = request({ port, host: 'localhost', path: '/lti/login', method: 'POST', headers });
  const status = new Promise<number>((resolve, reject) => {
    form.once('response', (answer) => resolve(answer.resume().statusCode ?? 0));
    form.once('error', reject);
  });
  // Looked at later.
  status.catch(() => {});
  form.flushHeaders();
  await once(form, 'continue');
  return { request: form, status };
}

function isOpen(port: number): Promise<boolean> {
  return fetch(`http://localhost:${port}/healthz`, { headers: { connection: 'close' } }).then(
    () => true,
    () => false,
  );
}

function edit(path: string, pragmas: string[]): void {
  const db = new BetterSqlite3(path);
  db.exec('CREATE TABLE something (id INTEGER)');
  for (const pragma of pragmas) db.pragma(pragma);
  db.close();
}

/** SQLite removes its write-ahead log when the last connection is closed as it should be. */
function isLeftOpen(path: string): boolean {
  return existsSync(`${path}-wal`);
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/lib/ids.ts';
import { isOfDeadProcess, processName } from '../../src/lib/process-name.ts';

const LIB = resolve(import.meta.dirname, '../../dist/lib');
/** A process that tells its name, and then waits to be killed. */
const TELL_NAME = `
  const { processName } = await import('${LIB}/process-name.js');
  const { systemRandom } = await import('${LIB}/ids.js');
  console.log(processName(systemRandom));
  setInterval(() => {}, 1000);
`;
const NODE = [process.execPath, '--input-type=module', '-e', TELL_NAME];
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child'];
const CAN_UNSHARE = spawnSync('unshare', [...UNSHARE.slice(1), 'true']).status === 0;

const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) await kill(child);
});

async function start(command: string[]): Promise<{ child: ChildProcess; name: string }> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [said] = await once(child.stdout, 'data');
  return { child, name: String(said).trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** `name`, with another value in one of its places. */
function withPart(name: string, at: number, value: string): string {
  return name.split('/').with(at, value).join('/');
}

describe('the name of a process', () => {
  it('tells a process beside it that it runs, and then that it was killed', async () => {
    const { child, name } = await start(NODE);
    expect(name.split('/')[1]).toBe(`${child.pid}`);
    expect(isOfDeadProcess(name)).toBe(false);
    await kill(child);
    expect(isOfDeadProcess(name)).toBe(true);
  });

  it('is another one each time, for one that comes later may have the same process ID', () => {
    const name = processName(systemRandom);
    expect(processName(systemRandom)).not.toBe(name);
    // Of an earlier process, as its owner knows its own.
    expect(isOfDeadProcess(name)).toBe(true);
  });

  it.each<[string, (name: string) => string]>([
    ['another host', (name) => withPart(name, 0, 'elsewhere')],
    ['another machine or container that has the same host name', (name) => withPart(name, 2, 'AAAAAAAAAAAA')],
    ['a system that does not tell where its process IDs count', (name) => withPart(name, 2, '-')],
    ['an older version, by host and process ID alone', (name) => name.split('/').toSpliced(2, 1).join('/')],
    ['something that is no process', () => 'holder-1'],
  ])('says nothing of the end of %s', async (_whose, change) => {
    const { child, name } = await start(NODE);
    await kill(child);
    expect(isOfDeadProcess(change(name))).toBe(false);
  });

  it.skipIf(!CAN_UNSHARE)('says nothing across containers, which number processes by themselves', async () => {
    const { child, name } = await start([...UNSHARE, ...NODE]);
    const own = processName(systemRandom);
    expect(name.split('/')[0]).toBe(own.split('/')[0]);
    expect(name.split('/')[2]).not.toBe(own.split('/')[2]);
    expect(isOfDeadProcess(name)).toBe(false);
    await kill(child);
    expect(isOfDeadProcess(name)).toBe(false);
  });
});

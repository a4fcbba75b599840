import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * One thread for all connections: with more, what an update returns may show what a later one did, for the server writes
 * it out after it has let the document go. MongoDB does not.
 */
const OPTIONS = ['-Xmx1g', '-Dio.netty.eventLoopThreads=1'];

const PORT_LINE = /^port (\d+)$/;

/** A MongoDB-protocol server in memory, from Maven Central; throws when Java or Maven are missing or cannot fetch it. */
export async function startJavaServer(): Promise<{ uri: string; stop: () => Promise<void> }> {
  const program = join(import.meta.dirname, 'TestMongoServer.java');
  const child = spawn('java', [...OPTIONS, '-cp', await classPath(), program], { stdio: ['pipe', 'pipe', 'pipe'] });
  return { uri: `mongodb://127.0.0.1:${await portOf(child)}`, stop: () => end(child) };
}

async function classPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rostrum-mongo-'));
  const file = join(folder, 'classpath');
  try {
    const pom = join(import.meta.dirname, 'pom.xml');
    await run('mvn', ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`]);
    return (await readFile(file, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`java ended with ${code}: ${complaints}`)));
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => {
        const port = PORT_LINE.exec(line)?.[1];
        if (port) resolve(Number(port));
      });
    }
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    // Its input ends; a server that hangs is not waited for.
    child.stdin?.end();
    setTimeout(() => child.kill('SIGKILL'), 3_000).unref();
  });
}

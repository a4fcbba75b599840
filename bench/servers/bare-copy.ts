import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { answerQuestions, cpuMs } from '../support/child.ts';

/** `sync`: each file is written to the disk before it counts, as an import does. */
export type CopyAsk = { addresses: string[]; token: string; atOnce: number; sync: boolean };
export type Copy = { ms: number; cpu: number; bytes: number };

// Whoever asked may be gone in the middle.
const folder = mkdtempSync(join(tmpdir(), 'rostrum-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Loading the same bytes into files with what Node brings, and nothing else. The files are removed afterwards. */
answerQuestions({
  async copy({ addresses, token, atOnce, sync }: CopyAsk): Promise<Copy> {
    const begun = performance.now();
    const cpuBefore = cpuMs();
    const files = addresses.map((_, i) => join(folder, String(i)));
    let next = 0;
    let bytes = 0;
    const lane = async () => {
      for (let i = next++; i < addresses.length; i = next++) {
        const file = createWriteStream(files[i] ?? '', { flush: sync });
        await pipeline(await open(addresses[i] ?? '', { authorization: `Bearer ${token}` }), file);
        bytes += file.bytesWritten;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const copied = { ms: performance.now() - begun, cpu: cpuMs() - cpuBefore, bytes };
    for (const file of files) rmSync(file);
    return copied;
  },
});

/** The file itself: Zoom sends on to another host, which wants no token. */
async function open(address: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(address, { headers }, resolve).once('error', reject);
  });
  const { location } = answer.headers;
  if (answer.statusCode === 200) return answer;
  answer.resume();
  if (answer.statusCode !== 302 || !location) throw new Error(`status ${answer.statusCode}`);
  return open(location, {});
}

import { Readable } from 'node:stream';
import { sleep } from '../../../lib/clock.ts';

const TICK_MS = 50;

/** The same bytes at a rate, in small portions. */
export function paced(source: Readable, bytesPerSecond: number): Readable {
  const portion = Math.max(1, Math.floor((bytesPerSecond * TICK_MS) / 1000));
  return Readable.from(slices(source, portion), { objectMode: false, highWaterMark: portion });
}

async function* slices(source: Readable, portion: number): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += portion) {
      yield chunk.subarray(at, at + portion);
      await sleep(TICK_MS);
    }
  }
}

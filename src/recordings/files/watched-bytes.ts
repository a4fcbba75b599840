import { Transform } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import type { SaveOptions } from '../file-store.ts';

/** What `check` refused; the stream ends with it instead of its last byte, so that nobody takes what went before for a file. */
export class CheckRefused extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`a file was refused: ${reason}`);
    this.reason = reason;
  }
}

export type WatchedBytes = Transform & { written(): number };

/** So much of its beginning tells what a file is. */
const HEAD_BYTES = 4_096;
const PROGRESS_EVERY_MS = 250;

/** Lets bytes through, counts them, keeps the first ones, tells progress, and judges the whole before it lets the end through. */
export function watchBytes({ onProgress, check }: SaveOptions<string>, clock: Clock): WatchedBytes {
  const first: Buffer[] = [];
  let headBytes = 0;
  let bytes = 0;
  let toldAt = 0;
  const watched = new Transform({
    highWaterMark: 512 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      if (headBytes < HEAD_BYTES) {
        // A copy: the chunk may be one slice of a pool that is used again.
        first.push(Buffer.from(chunk.subarray(0, HEAD_BYTES - headBytes)));
        headBytes += first.at(-1)?.length ?? 0;
      }
      bytes += chunk.length;
      const now = onProgress ? clock() : 0;
      if (onProgress && Math.abs(now - toldAt) >= PROGRESS_EVERY_MS) {
        toldAt = now;
        onProgress(bytes);
      }
      done(null, chunk);
    },
    flush(done) {
      onProgress?.(bytes);
      const reason = check?.({ bytes, head: Buffer.concat(first) }) ?? null;
      done(reason === null ? null : new CheckRefused(reason));
    },
  });
  return Object.assign(watched, { written: () => bytes });
}

import type { Readable } from 'node:stream';
import type { Result } from '../lib/result.ts';

/** Where recordings' files are kept: a folder, or a bucket. Keys are ours: letters, digits, `-`, `_`, `.` and `/`. */
export type FileStore = {
  /**
   * Writes a whole file under a temporary name and, when `check` says so of what was written, publishes it under its key: a
   * reader sees all of it or nothing. Constant memory, whatever its size. A published file of that key is replaced. When
   * the body fails, or the signal aborts, or `check` returns a reason, nothing is published or left over.
   */
  save<Reason extends string>(
    key: string,
    body: Readable,
    options: SaveOptions<Reason>,
  ): Promise<Result<{ bytes: number }, Reason | 'no-space'>>;
  /** The bytes `from` to `to`, both included; null when there is no such file. */
  read(key: string, range?: { from: number; to: number }): Promise<Readable | null>;
  /** Size in bytes, or null when there is no such file. */
  size(key: string): Promise<number | null>;
  /** Removes a file; none is no fault. */
  remove(key: string): Promise<void>;
  /** Removes everything whose key begins with the prefix (which ends with `/`). */
  removeAll(prefix: string): Promise<void>;
  /** Removes what broken-off writes left, older than that; for a start or a daily round. */
  removeLeftovers(olderThan: number): Promise<void>;
  /** Throws when nothing can be written; for `rostrum doctor`. */
  check(): Promise<void>;
};

export type SaveOptions<Reason extends string> = {
  contentType: string;
  signal?: AbortSignal;
  /** Called with the bytes written so far, several times a second at most. */
  onProgress?: (bytes: number) => void;
  /** Judges what came, before it is published: its size and its first 4,096 bytes. */
  check?: (written: { bytes: number; head: Buffer }) => Reason | null;
};

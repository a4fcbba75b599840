import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../../src/lib/clock.ts';
import type { FileStore } from '../../../src/recordings/file-store.ts';

const VIDEO = { contentType: 'video/mp4' };
const MB = 1024 * 1024;

/** What every place for files does; `left` tells what is there that is no published file. */
export function defineFileStoreSuite(open: () => { files: FileStore; left: () => Promise<number> }): void {
  describe('a file store', () => {
    let files: FileStore;
    let left: () => Promise<number>;
    beforeAll(() => {
      ({ files, left } = open());
    });

    it('gives back what was saved, whole and in parts, and knows its size', async () => {
      // Three parts of an upload and a rest.
      const bytes = randomBytes(50 * MB + 17);
      const told: number[] = [];
      const saved = await files.save('recordings/a/one.mp4', inPieces(bytes), {
        ...VIDEO,
        onProgress: (n) => told.push(n),
      });
      expect(saved).toEqual({ ok: true, value: { bytes: bytes.length } });
      expect(told.at(-1)).toBe(bytes.length);
      expect(await files.size('recordings/a/one.mp4')).toBe(bytes.length);
      expect((await readAll(files, 'recordings/a/one.mp4')).equals(bytes)).toBe(true);
      const [from, to] = [17 * MB, 17 * MB + 999];
      expect((await readAll(files, 'recordings/a/one.mp4', { from, to })).equals(bytes.subarray(from, to + 1))).toBe(
        true,
      );
      expect(await left()).toBe(0);
    });

    it('replaces a file, and keeps the one there when the new one is refused', async () => {
      const key = 'recordings/a/two.vtt';
      await files.save(key, Readable.from([Buffer.from('first')]), VIDEO);
      await files.save(key, Readable.from([Buffer.from('second')]), VIDEO);
      const check = ({ bytes, head }: { bytes: number; head: Buffer }) => `${bytes} ${head}` as const;
      expect(await files.save(key, Readable.from([Buffer.from('third')]), { ...VIDEO, check })).toEqual({
        ok: false,
        reason: '5 third',
      });
      expect((await readAll(files, key)).toString()).toBe('second');
      expect(await left()).toBe(0);
    });

    it('publishes nothing of a large file that is refused at its end, that breaks off, or that is stopped', async () => {
      const large = randomBytes(40 * MB);
      const key = 'recordings/a/three.mp4';
      const refused = await files.save(key, inPieces(large), { ...VIDEO, check: () => 'not-a-video' as const });
      expect(refused).toEqual({ ok: false, reason: 'not-a-video' });

      await expect(files.save(key, breakingOff(large), VIDEO)).rejects.toThrow('the line is cut');

      const abort = new AbortController();
      const stopped = files.save(key, endless(), {
        ...VIDEO,
        signal: abort.signal,
        onProgress: (n) => n > 20 * MB && abort.abort(),
      });
      await expect(stopped).rejects.toThrow();
      expect(await files.size(key)).toBe(null);
      expect(await left()).toBe(0);
    });

    it('has nothing to say of files that are not there', async () => {
      expect(await files.size('recordings/none/x.mp4')).toBe(null);
      expect(await files.read('recordings/none/x.mp4')).toBe(null);
      await files.remove('recordings/none/x.mp4');
      await files.removeAll('recordings/none/');
    });

    it('removes one file, and all of a recording, and nothing beside', async () => {
      const keys = ['b/1.mp4', 'b/2.mp4', 'b/3.vtt', 'b/4.txt', 'bb/5.mp4'].map((key) => `recordings/${key}`);
      for (const key of keys) await files.save(key, Readable.from([Buffer.from(key)]), VIDEO);
      await files.remove('recordings/b/1.mp4');
      expect(await files.size('recordings/b/1.mp4')).toBe(null);
      expect(await files.size('recordings/b/2.mp4')).toBeGreaterThan(0);
      await files.removeAll('recordings/b/');
      expect(await Promise.all(keys.map((key) => files.size(key)))).toEqual([null, null, null, null, keys[4]?.length]);
    });

    it('takes no key that leads elsewhere', async () => {
      for (const key of ['../up.mp4', '/etc/passwd', 'a//b', 'a/../../b', 'a/b~c', 'a/.hidden', '']) {
        await expect(async () => files.save(key, Readable.from([]), VIDEO)).rejects.toThrow('key');
        await expect(async () => files.remove(key)).rejects.toThrow('key');
      }
      await expect(async () => files.removeAll('/')).rejects.toThrow('key');
      await expect(async () => files.removeAll('recordings')).rejects.toThrow('prefix');
    });

    it('tells that it can be written to, and leaves nothing of the try', async () => {
      await files.check();
      expect(await left()).toBe(0);
    });
  });
}

export async function readAll(files: FileStore, key: string, range?: { from: number; to: number }): Promise<Buffer> {
  const body = await files.read(key, range);
  if (!body) throw new Error(`no file ${key}`);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function* slices(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

function inPieces(bytes: Buffer): Readable {
  return Readable.from(slices(bytes), { objectMode: false });
}

function breakingOff(bytes: Buffer): Readable {
  async function* pieces() {
    yield* slices(bytes);
    throw new Error('the line is cut');
  }
  return Readable.from(pieces(), { objectMode: false });
}

function endless(): Readable {
  const piece = randomBytes(256 * 1024);
  async function* pieces() {
    for (;;) {
      yield piece;
      // Progress is told several times a second.
      await sleep(2);
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

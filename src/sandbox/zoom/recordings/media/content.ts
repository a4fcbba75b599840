import { Readable } from 'node:stream';

/** A file as it is sent: what stands at its beginning, and then zeros up to its size. */
export type FileContent = { head: Buffer; bytes: number };

const PORTION = 256 * 1024;
const ZEROS = Buffer.alloc(PORTION);

export function plainContent(head: Buffer): FileContent {
  return { head, bytes: head.length };
}

/**
 * An MP4 made longer to `bytes` by a `free` box that players skip; one that is already longer is cut there, and is then no
 * video any more.
 */
export function padded(media: Buffer, bytes: number): FileContent {
  const more = bytes - media.length;
  // A box is eight bytes at least; fewer stray bytes at the end are ignored by players.
  if (more < 8) return { head: media.subarray(0, Math.max(0, bytes)), bytes };
  return { head: Buffer.concat([media, freeBoxHeader(more)]), bytes };
}

function freeBoxHeader(size: number): Buffer {
  const long = size >= 2 ** 32;
  const header = Buffer.alloc(long ? 16 : 8);
  header.writeUInt32BE(long ? 1 : size, 0);
  header.write('free', 4, 'latin1');
  if (long) header.writeBigUInt64BE(BigInt(size), 8);
  return header;
}

/** The bytes from `from` up to, and without, `until`, made while they are read. */
export function openContent({ head }: FileContent, from: number, until: number): Readable {
  let at = from;
  return new Readable({
    highWaterMark: PORTION,
    read() {
      if (at >= until) {
        this.push(null);
        return;
      }
      const source = at < head.length ? head.subarray(at) : ZEROS;
      const portion = source.subarray(0, Math.min(source.length, until - at, PORTION));
      at += portion.length;
      this.push(portion);
    },
  });
}

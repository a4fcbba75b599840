import { type FileContent, padded, plainContent } from './content.ts';
import { silentAudioFile, videoFile } from './mp4.ts';
import { lecture, PICTURE_MS } from './slides.ts';

/** Films and sounds of the sandbox, made when somebody loads them. */
export type Media = {
  /** A film that plays, of `bytes` in all; shorter than `ms` where that many bytes hold no more, and cut where they hold none. */
  video(of: { ms: number; variant: number; bytes: number }): FileContent;
  /** As far as `bytes` go; null: as long as it gets. */
  audio(ms: number, bytes: number | null): FileContent;
  /** What `make` gave for this key the first time: lists tell sizes of things that take time to make. */
  size(key: string, make: () => number): number;
};

const KEPT = 8;
const LEAST_MS = 20_000;
const LONGEST_MS = 4 * 3_600_000;
const BASE_BYTES = 64 * 1024;
const BYTES_A_MINUTE = 10 * 1024;

/** What a film of this length has by default: enough for every slide number. */
export function usualVideoBytes(ms: number): number {
  return BASE_BYTES + Math.ceil(playedMs(ms) / 60_000) * BYTES_A_MINUTE;
}

export function createMedia(): Media {
  const made = new Map<string, Buffer>();
  const sizes = new Map<string, number>();
  const keep = (key: string, make: () => Buffer) => {
    const media = made.get(key) ?? make();
    made.delete(key);
    made.set(key, media);
    for (const oldest of made.keys()) if (made.size > KEPT) made.delete(oldest);
    return media;
  };
  return {
    video({ ms, variant, bytes }) {
      const room = Math.max(0, Math.floor((bytes - BASE_BYTES) / BYTES_A_MINUTE)) * 60_000;
      const pictures = Math.ceil(Math.min(playedMs(ms), Math.max(LEAST_MS, room)) / PICTURE_MS);
      return padded(
        keep(`video ${pictures} ${variant}`, () => videoFile(lecture(pictures, variant))),
        bytes,
      );
    },
    audio(ms, bytes) {
      const audio = keep(`audio ${playedMs(ms)}`, () => silentAudioFile(playedMs(ms)));
      return bytes === null ? plainContent(audio) : padded(audio, bytes);
    },
    size(key, make) {
      const size = sizes.get(key) ?? make();
      sizes.set(key, size);
      return size;
    },
  };
}

/** How long a film of the sandbox plays that stands for so long a meeting. */
export function playedMs(ms: number): number {
  return Math.min(LONGEST_MS, Math.max(LEAST_MS, ms));
}

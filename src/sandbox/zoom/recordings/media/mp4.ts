import { HEIGHT, PROFILE, parameterSets, WIDTH } from './h264.ts';
import { type CodedPicture, PICTURE_MS } from './slides.ts';

const TIMESCALE = 1000;
const AUDIO_RATE = 16_000;
const AUDIO_FRAME = 1024;
/** One frame of AAC-LC without any sound: a single channel whose bands are all empty, and the end (ISO 14496-3, 4.4.2). */
const SILENCE = Buffer.from([0, 0, 0, 7]);

type Track = {
  handler: 'vide' | 'soun';
  timescale: number;
  sampleDuration: number;
  samples: { bytes: number; key: boolean }[];
  mediaHeader: Buffer;
  description: Buffer;
};

/** An MP4 of these pictures whose index stands before them, so that it plays while it is loaded. */
export function videoFile(pictures: Iterable<CodedPicture>): Buffer {
  const samples = [...pictures].map(({ data, key }) => ({ data: Buffer.concat([u32(data.length), data]), key }));
  const track: Track = {
    handler: 'vide',
    timescale: TIMESCALE,
    sampleDuration: PICTURE_MS,
    samples: samples.map(({ data, key }) => ({ bytes: data.length, key })),
    mediaHeader: fullBox('vmhd', 1, Buffer.alloc(8)),
    description: videoDescription(),
  };
  return file('isom', track, Buffer.concat(samples.map(({ data }) => data)));
}

/** An M4A of silence, at least `ms` milliseconds long. */
export function silentAudioFile(ms: number): Buffer {
  const count = audioFrames(ms);
  const track: Track = {
    handler: 'soun',
    timescale: AUDIO_RATE,
    sampleDuration: AUDIO_FRAME,
    samples: new Array(count).fill({ bytes: SILENCE.length, key: true }),
    mediaHeader: fullBox('smhd', 0, Buffer.alloc(4)),
    description: audioDescription(),
  };
  return file('M4A ', track, Buffer.alloc(count * SILENCE.length, SILENCE));
}

/** Its size, without making it: all frames are alike. */
export function silentAudioBytes(ms: number): number {
  return silentAudioFile(0).length + audioFrames(ms) * SILENCE.length;
}

function audioFrames(ms: number): number {
  return Math.ceil((ms * AUDIO_RATE) / 1000 / AUDIO_FRAME);
}

function file(brand: string, track: Track, data: Buffer): Buffer {
  const type = box('ftyp', text(brand), u32(0x200), text('isom'), text('iso2'), text('avc1'), text('mp41'));
  // The index tells where the samples stand, which is after the index: its length does not depend on that number.
  const offset = type.length + movie(track, 0).length + 8;
  return Buffer.concat([type, movie(track, offset), box('mdat', data)]);
}

function movie(track: Track, offset: number): Buffer {
  const length = track.samples.length * track.sampleDuration;
  const ms = Math.round((length * TIMESCALE) / track.timescale);
  const header = [u32(0), u32(0), u32(TIMESCALE), u32(ms), u32(0x10000), u16(0x100), Buffer.alloc(10), MATRIX];
  const trackHeader = [u32(0), u32(0), u32(1), u32(0), u32(ms), Buffer.alloc(12)];
  const [width, height] = track.handler === 'vide' ? [WIDTH, HEIGHT] : [0, 0];
  trackHeader.push(u16(track.handler === 'soun' ? 0x100 : 0), u16(0), MATRIX, u32(width * 65536), u32(height * 65536));
  return box(
    'moov',
    fullBox('mvhd', 0, ...header, Buffer.alloc(24), u32(2)),
    box('trak', fullBox('tkhd', 3, ...trackHeader), media(track, length, offset)),
  );
}

function media(track: Track, length: number, offset: number): Buffer {
  const undetermined = 0x55c4;
  const dataReference = box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1)));
  return box(
    'mdia',
    fullBox('mdhd', 0, u32(0), u32(0), u32(track.timescale), u32(length), u16(undetermined), u16(0)),
    fullBox('hdlr', 0, u32(0), text(track.handler), Buffer.alloc(12), text('Recording\0')),
    box('minf', track.mediaHeader, dataReference, sampleTable(track, offset)),
  );
}

function sampleTable({ samples, sampleDuration, description }: Track, offset: number): Buffer {
  const keys = samples.flatMap(({ key }, index) => (key ? [index + 1] : []));
  const sync = keys.length === samples.length ? [] : [fullBox('stss', 0, u32(keys.length), u32s(keys))];
  return box(
    'stbl',
    fullBox('stsd', 0, u32(1), description),
    fullBox('stts', 0, u32(1), u32(samples.length), u32(sampleDuration)),
    ...sync,
    fullBox('stsc', 0, u32(1), u32(1), u32(samples.length), u32(1)),
    fullBox('stsz', 0, ...sampleSizes(samples.map(({ bytes }) => bytes))),
    fullBox('stco', 0, u32(1), u32(offset)),
  );
}

// A size that all have is told once.
function sampleSizes(sizes: number[]): Buffer[] {
  const [first = SILENCE.length] = sizes;
  const equal = sizes.every((size) => size === first);
  return equal ? [u32(first), u32(sizes.length)] : [u32(0), u32(sizes.length), u32s(sizes)];
}

function videoDescription(): Buffer {
  const { sequence, picture } = parameterSets();
  const configuration = box(
    'avcC',
    Buffer.from([1, ...PROFILE, 0xff, 0xe1]),
    u16(sequence.length),
    sequence,
    Buffer.from([1]),
    u16(picture.length),
    picture,
  );
  const resolution = Buffer.concat([u32(72 * 65536), u32(72 * 65536), u32(0)]);
  const size = Buffer.concat([u16(WIDTH), u16(HEIGHT), resolution, u16(1)]);
  return box(
    'avc1',
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    size,
    Buffer.alloc(32),
    u16(24),
    u16(0xffff),
    configuration,
  );
}

function audioDescription(): Buffer {
  // AAC-LC, 16 kHz, one channel (ISO 14496-3, 1.6.2.1), in the descriptors of ISO 14496-1, 7.2.6.
  const specific = descriptor(5, Buffer.from([0x14, 0x08]));
  const decoder = descriptor(4, Buffer.from([0x40, 0x15, 0, 0, 0]), u32(0), u32(0), specific);
  const elementary = descriptor(3, Buffer.from([0, 1, 0]), decoder, descriptor(6, Buffer.from([2])));
  const format = [u16(1), u16(16), u32(0), u32(AUDIO_RATE * 65536)];
  return box('mp4a', Buffer.alloc(6), u16(1), Buffer.alloc(8), ...format, fullBox('esds', 0, elementary));
}

const MATRIX = u32s([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]);

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), text(type), body]);
}

function fullBox(type: string, flags: number, ...content: Buffer[]): Buffer {
  return box(type, u32(flags), ...content);
}

function descriptor(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u32s(values: number[]): Buffer {
  return Buffer.concat(values.map(u32));
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

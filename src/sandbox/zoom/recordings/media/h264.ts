import { BitWriter } from './bits.ts';

/** Luma and two chroma samples. */
export type Colour = readonly [y: number, cb: number, cr: number];

/** A picture of flat squares of 16 by 16 samples, row by row. Equal colours are the same object. */
export type Picture = readonly Colour[];

export const COLUMNS = 20;
export const ROWS = 12;
export const WIDTH = COLUMNS * 16;
/** The last row is cut: 180 is no multiple of 16. */
export const HEIGHT = 180;

/** Constrained baseline, level 1.3: what a picture of 240 macroblocks needs. */
export const PROFILE = [66, 0xc0, 13] as const;

const NAL = { slice: 0x41, key: 0x65, sequence: 0x67, picture: 0x68 };
const FRAME_NUMBER_BITS = 8;
const PCM_TYPE = 25;

/** How many pictures may follow a key picture before their numbers wrap. */
export const MOST_PICTURES = 2 ** FRAME_NUMBER_BITS;

/** The sequence and the picture parameter set that the pictures refer to. */
export function parameterSets(): { sequence: Buffer; picture: Buffer } {
  const sequence = new BitWriter().bits(PROFILE[0], 8).bits(PROFILE[1], 8).bits(PROFILE[2], 8);
  // ID, frame number bits, pictures come out in the order of coding, one reference, no gaps, size in macroblocks.
  sequence
    .unsigned(0)
    .unsigned(FRAME_NUMBER_BITS - 4)
    .unsigned(2)
    .unsigned(1)
    .bits(0, 1);
  sequence.unsigned(COLUMNS - 1).unsigned(ROWS - 1);
  // Frames only, 8x8 inference, cropped below (in pairs of rows), no usability information.
  sequence
    .bits(0b111, 3)
    .unsigned(0)
    .unsigned(0)
    .unsigned(0)
    .unsigned((ROWS * 16 - HEIGHT) / 2)
    .bits(0, 1);
  // IDs, CAVLC, one slice group, one reference, no weights, quantisers as they are, deblocking told by each slice.
  const picture = new BitWriter().unsigned(0).unsigned(0).bits(0, 2).unsigned(0).unsigned(0).unsigned(0).bits(0, 3);
  picture.signed(0).signed(0).signed(0).bits(0b100, 3);
  return { sequence: unit(NAL.sequence, sequence), picture: unit(NAL.picture, picture) };
}

/** A picture that needs no other. `id` differs from that of the key picture before. */
export function keyPicture(picture: Picture, id: number): Buffer {
  const slice = new BitWriter().unsigned(0).unsigned(7).unsigned(0).bits(0, FRAME_NUMBER_BITS).unsigned(id);
  slice.bits(0, 2).signed(0).unsigned(1);
  const raw = new Set<number>();
  for (let at = 0; at < picture.length; at++) writeSquare(slice, { picture, at, raw, firstType: 0 });
  return unit(NAL.key, slice);
}

/** A picture that repeats the one before save for the squares that changed. `number` counts from the key picture (0). */
export function nextPicture(picture: Picture, previous: Picture, number: number): Buffer {
  const slice = new BitWriter().unsigned(0).unsigned(5).unsigned(0).bits(number, FRAME_NUMBER_BITS);
  slice.bits(0, 3).signed(0).unsigned(1);
  const raw = new Set<number>();
  let skipped = 0;
  for (let at = 0; at < picture.length; at++) {
    if (picture[at] === previous[at]) {
      skipped++;
      continue;
    }
    slice.unsigned(skipped);
    skipped = 0;
    writeSquare(slice, { picture, at, raw, firstType: 5 });
  }
  if (skipped > 0) slice.unsigned(skipped);
  return unit(NAL.slice, slice);
}

type Square = {
  picture: Picture;
  at: number;
  /** The squares of this picture that were written sample by sample. */
  raw: Set<number>;
  /** What the numbers of intra types begin at in this kind of slice. */
  firstType: number;
};

// A square goes on from an equal neighbour in a few bits; without one its samples are written as they are.
function writeSquare(slice: BitWriter, { picture, at, raw, firstType }: Square): void {
  const left = at % COLUMNS > 0 ? at - 1 : null;
  const above = at >= COLUMNS ? at - COLUMNS : null;
  const colour = picture[at] as Colour;
  if (left !== null && picture[left] === colour) slice.unsigned(firstType + 2).unsigned(1);
  else if (above !== null && picture[above] === colour) slice.unsigned(firstType + 1).unsigned(2);
  else {
    raw.add(at);
    slice.unsigned(firstType + PCM_TYPE).align();
    slice.fill(colour[0], 256).fill(colour[1], 64).fill(colour[2], 64);
    return;
  }
  // No change of quantiser, no coefficients; how "none" is written depends on the neighbours, raw ones count as full (9.2.1).
  slice.signed(0);
  const besideRaw = [left, above].some((neighbour) => neighbour !== null && raw.has(neighbour));
  if (besideRaw) slice.bits(0b000011, 6);
  else slice.bits(1, 1);
}

// Three bytes below 4 would look like a start code: a 3 goes between (7.4.1).
function unit(header: number, content: BitWriter): Buffer {
  const bytes = [header];
  let zeros = 0;
  for (const byte of content.end()) {
    if (zeros === 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(bytes);
}

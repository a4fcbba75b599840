import { COLUMNS, type Colour, keyPicture, MOST_PICTURES, nextPicture, type Picture, ROWS } from './h264.ts';

/** One coded picture, shown for `PICTURE_MS`. */
export type CodedPicture = { data: Buffer; key: boolean };

export const PICTURE_MS = 3000;

/** Pictures of one slide: a minute, and less than the counter of pictures holds. */
const SLIDE_PICTURES = Math.min(60_000 / PICTURE_MS, MOST_PICTURES);

const WHITE: Colour = [235, 128, 128];
const GREY: Colour = [90, 128, 128];
const BACKGROUNDS: readonly Colour[] = [
  [60, 170, 100],
  [75, 110, 105],
  [55, 140, 160],
  [70, 95, 150],
  [65, 150, 140],
  [50, 150, 118],
];

const DIGITS = [
  '01110 10001 10001 10001 10001 10001 01110',
  '00100 01100 00100 00100 00100 00100 01110',
  '01110 10001 00001 00110 01000 10000 11111',
  '01110 10001 00001 00110 00001 10001 01110',
  '00010 00110 01010 10010 11111 00010 00010',
  '11111 10000 11110 00001 00001 10001 01110',
  '00110 01000 10000 11110 10001 10001 01110',
  '11111 00001 00010 00100 00100 01000 01000',
  '01110 10001 10001 01110 10001 10001 01110',
  '01110 10001 10001 01111 00001 00010 01100',
].map((digit) => digit.split(' '));

/**
 * A lecture of numbered slides, a minute each, with a bar that grows while a slide is shown. `variant` colours it, so that
 * two layouts of one meeting can be told apart.
 */
export function* lecture(pictures: number, variant: number): Generator<CodedPicture> {
  let previous: Picture = [];
  for (let at = 0; at < pictures; at++) {
    const slide = Math.floor(at / SLIDE_PICTURES);
    const step = at % SLIDE_PICTURES;
    const picture = paint(slide, step / SLIDE_PICTURES, variant);
    const key = step === 0;
    yield { key, data: key ? keyPicture(picture, slide % 2) : nextPicture(picture, previous, step) };
    previous = picture;
  }
}

function paint(slide: number, progress: number, variant: number): Picture {
  const background = BACKGROUNDS[(slide + variant * 2) % BACKGROUNDS.length] as Colour;
  const picture: Colour[] = new Array(COLUMNS * ROWS).fill(background);
  const digits = [...String((slide + 1) % 1000)].map((digit) => DIGITS[Number(digit)] as string[]);
  const start = Math.floor((COLUMNS - (digits.length * 6 - 1)) / 2);
  digits.forEach((digit, place) => {
    digit.forEach((row, y) => {
      [...row].forEach((dot, x) => {
        if (dot === '1') picture[(y + 2) * COLUMNS + start + place * 6 + x] = WHITE;
      });
    });
  });
  const filled = Math.floor(progress * COLUMNS) + 1;
  for (let x = 0; x < COLUMNS; x++) picture[10 * COLUMNS + x] = x < filled ? WHITE : GREY;
  return picture;
}

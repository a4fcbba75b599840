/**
 * Text as people search and sort it: lower case, without accents, blanks run together, invisible characters gone.
 * Only marks that readers of a script leave out are removed (Latin, Greek and Cyrillic accents, Hebrew and Arabic
 * points); the vowel signs of Indic scripts stay, for without them other names would be found.
 */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return collapse(text.toLowerCase());
  const lower = text.normalize('NFKD').toUpperCase().toLowerCase();
  const bare = lower
    .replace(INVISIBLE, '')
    .replace(MARKS, '')
    .replace(LETTERS, (letter) => SPELT.get(letter) ?? letter);
  return collapse(bare.replace(CONTROLS, ' '));
}

/** The text with every lone surrogate replaced by U+FFFD, as all engines can store and give back. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATES, '\uFFFD');
}

const PLAIN = /^[\x20-\x7e]*$/;
const INVISIBLE = /\p{Cf}/gu;
const CONTROLS = /[\p{Cc}\p{Cs}]/gu;
const LONE_SURROGATES = /\p{Cs}/gu;
const MARKS = /[\u0300-\u036F\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u064B-\u065F\u0670]/g;

// Letters that Unicode does not take apart, and the final sigma.
const SPELT = new Map(
  Object.entries({ ø: 'o', ł: 'l', đ: 'd', ħ: 'h', ı: 'i', æ: 'ae', œ: 'oe', ð: 'd', þ: 'th', ς: 'σ' }),
);
const LETTERS = new RegExp(`[${[...SPELT.keys()].join('')}]`, 'g');

function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

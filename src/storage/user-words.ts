import type { User } from '../channels/channel.ts';
import { foldText } from '../lib/fold.ts';

/** The characters of a name, an address or a subject, and those of a word, that a search for people looks at. */
const LOOKED_AT = 250;
const WORD_LOOKED_AT = 100;

/** The most words a person is found by. */
const MOST_WORDS = 8;

/**
 * The words whose beginnings find a person: the subject, the whole address, the words of the name, and what stands before
 * the address's @ taken apart; its domain is everybody's. A word that another one begins with finds nobody more.
 */
export function userWords({ subject, name, email }: Pick<User, 'subject' | 'name' | 'email'>): string[] {
  const address = splitWords(email);
  const names = splitWords(name);
  const local = address.flatMap((word) => tails(word.slice(0, Math.max(word.indexOf('@'), 0))));
  const words = [...splitWords(subject), ...address, ...names, ...names.flatMap(tails), ...local];
  const needed = words.filter((word, i) => word !== '' && !isCovered(word, i, words));
  return needed.slice(0, MOST_WORDS);
}

function isCovered(word: string, index: number, words: readonly string[]): boolean {
  return words.some((other, i) => (other === word ? i < index : other.startsWith(word)));
}

/** The words of a search, each of which has to begin a word of the person. */
export function searchWords(q: string): string[] {
  return [...new Set(splitWords(q))].slice(0, MOST_WORDS);
}

/** Whether each word of a search begins a word of the person. */
export function isFoundBy(user: Pick<User, 'subject' | 'name' | 'email'>, words: readonly string[]): boolean {
  const known = userWords(user);
  return words.every((word) => known.some((other) => other.startsWith(word)));
}

function splitWords(text: string | null): string[] {
  if (text === null) return [];
  return foldText(text.slice(0, LOOKED_AT))
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.slice(0, WORD_LOOKED_AT));
}

/** A word from each of its parts on: "smith-o'brien" is found by "o'b" and by "brien" too. */
function tails(word: string): string[] {
  // Nearly all are of one part, and a first sync asks for thousands.
  return ONE_PART.test(word) ? [word] : [...word.matchAll(PARTS)].map(({ index }) => word.slice(index));
}

const ONE_PART = /^[a-z0-9]*$/;
const PARTS = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * A text of several lines as it is stored: one kind of line break, nothing blank around it. A form gives it back like
 * that, whatever kind the browser sends.
 */
export function tidyText(text: string): string {
  return text.replace(/\r\n?/g, '\n').trim();
}

/** Control characters, and those that turn the direction of what stands around them or are not seen at all. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Co}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/**
 * One line of foreign text as it is stored and shown: no line breaks, no characters that are not seen or that change how
 * their surroundings read, and `most` characters at most. Empty when nothing is left.
 */
export function tidyLine(text: string, most: number): string {
  // Nobody reads on: a text of megabytes must not cost the time of one.
  const start = text.slice(0, most * 16);
  const line = start.replace(/\s+/g, ' ').replace(UNSEEN, '').normalize('NFC').replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, letterBefore(line, most - 1)).trimEnd()}…`;
}

/** So far a letter with all its marks is looked for. */
const LONGEST_LETTER = 64;
const letters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Where the letter at a place begins: what is cut there is cut between letters. */
function letterBefore(line: string, at: number): number {
  const from = Math.max(0, at - LONGEST_LETTER);
  const begins = letters.segment(line.slice(from, at + LONGEST_LETTER)).containing(at - from)?.index ?? 0;
  if (begins > 0 || from === 0) return from + begins;
  return /[\udc00-\udfff]/.test(line[at] ?? '') ? at - 1 : at;
}

import { yieldToRequests } from './clock.ts';

/** An object read from JSON, with the items of one long array of it apart. */
export type LongJson<Item> = { rest: unknown; items: Item[] };

/** Text parsed at once, in characters: some 2 ms of work. */
const SLICE = 128 * 1024;

/**
 * Reads a JSON object whose field `key` is a long array, item by item, so that other requests get their turn and an item
 * lives no longer than `read` needs it; a short text is parsed at once. `rest` is the object with that field emptied. Null when the text is not that.
 */
export async function parseLongArray<Item>(
  text: string,
  key: string,
  read: (raw: unknown) => Item,
  slice = SLICE,
): Promise<LongJson<Item> | null> {
  try {
    if (text.length <= slice) return parseShort(text, key, read);
    const start = findArray(text, key);
    const items: Item[] = [];
    let pausedAt = start;
    let at = skipBlanks(text, start + 1);
    while (text[at] !== ']') {
      const end = skipValue(text, at);
      items.push(read(JSON.parse(text.slice(at, end))));
      at = skipBlanks(text, end);
      if (text[at] === ',') at = expectItem(text, at + 1);
      else if (text[at] !== ']') throw new SyntaxError(`Neither , nor ] at ${at}`);
      if (at - pausedAt > slice) {
        await yieldToRequests();
        pausedAt = at;
      }
    }
    const rest: unknown = JSON.parse(`${text.slice(0, start)}[${text.slice(at)}`);
    return { rest, items };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function parseShort<Item>(text: string, key: string, read: (raw: unknown) => Item): LongJson<Item> | null {
  const whole: unknown = JSON.parse(text);
  if (typeof whole !== 'object' || whole === null || !Object.hasOwn(whole, key)) return null;
  const items: unknown = Reflect.get(whole, key);
  return Array.isArray(items) ? { rest: { ...whole, [key]: [] }, items: items.map((item) => read(item)) } : null;
}

/** Where the array of the outer object's field begins. */
function findArray(text: string, key: string): number {
  let at = skipBlanks(text, 0);
  expect(text, at, '{');
  for (;;) {
    at = skipBlanks(text, at + 1);
    expect(text, at, '"');
    const end = skipString(text, at);
    const name: unknown = JSON.parse(text.slice(at, end));
    at = skipBlanks(text, end);
    expect(text, at, ':');
    at = skipBlanks(text, at + 1);
    if (name === key) {
      expect(text, at, '[');
      return at;
    }
    at = skipBlanks(text, skipValue(text, at));
    expect(text, at, ',');
  }
}

function expectItem(text: string, from: number): number {
  const at = skipBlanks(text, from);
  if (text[at] === ']') throw new SyntaxError(`No item after the comma before ${at}`);
  return at;
}

function expect(text: string, at: number, sign: string): void {
  if (text[at] !== sign) throw new SyntaxError(`No ${sign} at ${at}`);
}

const BACKSLASH = 0x5c;

/** The signs that matter for where a value ends; everything between them is left to JSON.parse to judge. */
const SIGN = /["{}[\],]/g;

/** The end of the value that begins at `at`: after its last bracket or quote, or before the sign that follows a scalar. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  for (let i = nextSign(text, at); i < text.length; ) {
    const sign = text[i] as string;
    const opens = sign === '{' || sign === '[';
    const closes = sign === '}' || sign === ']';
    if (depth === 0 && (closes || sign === ',')) return i;
    if (opens) depth++;
    if (closes) depth--;
    const end = sign === '"' ? skipString(text, i) : i + 1;
    if (depth === 0) return end;
    i = nextSign(text, end);
  }
  throw new SyntaxError(`The value at ${at} does not end`);
}

function nextSign(text: string, from: number): number {
  SIGN.lastIndex = from;
  return SIGN.test(text) ? SIGN.lastIndex - 1 : text.length;
}

function skipString(text: string, at: number): number {
  let end = at;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) throw new SyntaxError(`The string at ${at} does not end`);
  } while (isEscaped(text, end));
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (' \n\r\t'.includes(text[at] ?? 'x')) at++;
  return at;
}

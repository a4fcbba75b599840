/**
 * True when `target` is a plain URL on our own origin. Odd spellings (user info, backslashes, dot segments, encoded
 * slashes) are refused rather than interpreted: two parsers might read them differently.
 */
export function isOwnTarget(target: string, publicUrl: string): boolean {
  if (ODD_CHARACTERS.test(target) || !URL.canParse(target)) return false;
  const url = new URL(target);
  if (url.origin !== publicUrl || url.username !== '' || url.password !== '') return false;
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '';
  return !ODD_PATH.test(path);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const ODD_CHARACTERS = /[\s\\\u0000-\u001f\u007f]/;
const ODD_PATH = /\/\/|%2f|%5c|%00|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

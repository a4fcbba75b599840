const PART = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}$/;

/** A key as it came. Throws for one that is not ours to make: keys never hold foreign text, so a bad one is a bug. */
export function checkedKey(key: string): string {
  const parts = key.split('/');
  if (parts.length > 8 || parts.some((part) => !PART.test(part))) throw new Error('Not a key of a file store');
  return key;
}

/** A prefix that ends with `/`; the same as for keys, and never everything. */
export function checkedPrefix(prefix: string): string {
  if (!prefix.endsWith('/')) throw new Error('A prefix of a file store ends with /');
  checkedKey(prefix.slice(0, -1));
  return prefix;
}

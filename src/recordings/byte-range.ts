/** The bytes a request asks for, both ends included; `whole` for all of them, `none` when they lie outside (416). */
export type WantedBytes = { from: number; to: number } | 'whole' | 'none';

/**
 * Reads a Range header (RFC 9110, 14.2) for a file of `size` bytes. Single ranges and suffixes are taken; what is no range
 * of bytes, and several ranges, count as none asked for, as the RFC allows.
 */
export function wantedBytes(header: string | undefined, size: number): WantedBytes {
  const [, first, last] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole';
  if (first === '') return suffix(Number(last), size);
  const [from, to] = [Number(first), last === '' ? size - 1 : Number(last)];
  if (last !== '' && to < from) return 'whole';
  return from >= size ? 'none' : { from, to: Math.min(to, size - 1) };
}

function suffix(length: number, size: number): WantedBytes {
  return length === 0 || size === 0 ? 'none' : { from: Math.max(0, size - length), to: size - 1 };
}

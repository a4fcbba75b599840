/** One page of a list that is walked by cursor. */
export type PageRequest = {
  /** At most this many items. */
  limit: number;
  /** The `nextCursor` of the page before; opaque. One that cannot be read counts as none. */
  cursor?: string;
};

export type Page<Item> = { items: Item[]; nextCursor: string | null };

/** Puts the sort position of a page's last item into an opaque cursor. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position in a cursor, or null when it is not one of ours with `length` parts. */
export function decodeCursor(cursor: string | undefined, length: number): (string | number)[] | null {
  if (!cursor) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const good = Array.isArray(parsed) && parsed.length === length && parsed.every(isPart);
    return good ? (parsed as (string | number)[]) : null;
  } catch {
    return null;
  }
}

function isPart(part: unknown): boolean {
  return typeof part === 'string' || typeof part === 'number';
}

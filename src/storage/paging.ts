import { decodeCursor, encodeCursor, type Page, type PageRequest } from '../lib/page.ts';

type PartNames = { string: string; number: number };
type Position<Types extends readonly (keyof PartNames)[]> = { -readonly [K in keyof Types]: PartNames[Types[K]] };

/** The position a page starts behind; null for the first page and for a cursor that is not one of this list. */
export function positionOf<const Types extends readonly (keyof PartNames)[]>(
  page: PageRequest,
  types: Types,
): Position<Types> | null {
  const position = decodeCursor(page.cursor, types.length);
  return position?.every((part, i) => typeof part === types[i]) ? (position as Position<Types>) : null;
}

/** A page out of `limit + 1` rows; the one too many tells that there is a next page. */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  read: { item: (row: Row) => Item; position: (row: Row) => readonly (string | number)[] },
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(read.item), nextCursor: last === undefined ? null : encodeCursor(read.position(last)) };
}

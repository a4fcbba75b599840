/** A row as an array, for what launches read and write: an object by the names of its columns costs half as much again. */
export type Row = readonly (string | number | null)[];

/** SQLite has no booleans. */
export function toFlag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** A JSON column; only this adapter writes it, so its shape is known. */
export function fromJson<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}

import { createHash } from 'node:crypto';

/** The digest of records in the order in which they are added; the same from every engine. */
export type RecordDigest = { add(text: string): void; end(): string };

export function createRecordDigest(): RecordDigest {
  const hash = createHash('sha256');
  return {
    // With its length, so that no two records run together to two others.
    add: (text) => void hash.update(`${text.length} ${text}\n`),
    end: () => hash.digest('base64url'),
  };
}

/** A record as text: the same for the same values, in whatever order an engine gives back their names. */
export function recordText(record: object): string {
  return JSON.stringify(inOrder(record));
}

/** The names of the fields in which two records differ. */
export function differingFields(a: object, b: object): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => textOf(a, name) !== textOf(b, name)).toSorted();
}

function textOf(record: object, name: string): string | undefined {
  return JSON.stringify(inOrder(Reflect.get(record, name)));
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const ordered: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) ordered[name] = inOrder(Reflect.get(value, name));
  return ordered;
}

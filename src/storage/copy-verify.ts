import type { KindTotal, Progress } from './copy-records.ts';
import { slicesOf } from './copy-records.ts';
import { createRecordDigest, differingFields, recordText } from './record-digest.ts';
import { type CopySource, type CopyTarget, type Key, KIND_RULES, KINDS, type Kind } from './transfer.ts';

export type KindSum = KindTotal & { checksum: string };

/** Counts and checksums of what is to be copied, and one digest of it all, which no other source has. */
export async function surveySource(
  source: CopySource,
  progress: Progress,
): Promise<{ digest: string; kinds: KindSum[] }> {
  const kinds: KindSum[] = [];
  const all = createRecordDigest();
  for (const kind of KINDS) {
    const sum = await sumOf(kind, source, progress);
    all.add(`${kind} ${sum.records} ${sum.checksum}`);
    kinds.push(sum);
  }
  return { digest: all.end(), kinds };
}

async function sumOf<K extends Kind>(kind: K, source: CopySource, progress: Progress): Promise<KindSum> {
  const total = await source.kinds[kind].count();
  const digest = createRecordDigest();
  let done = 0;
  for await (const { records } of slicesOf(kind, source.kinds[kind])) {
    for (const record of records) digest.add(recordText(record));
    done += records.length;
    progress({ doing: 'read', kind, done, total });
  }
  return { kind, records: done, checksum: digest.end() };
}

type Sides = { source: CopySource; target: CopyTarget; progress: Progress };

/**
 * Compares what stands in the target with the source, record by record, and both with the checksums of before: says
 * where they differ first, or null. `exact`: the target may hold nothing else.
 */
export async function compareRecords(
  sides: Sides,
  { kinds, exact }: { kinds: readonly KindSum[]; exact: boolean },
): Promise<string | null> {
  for (const sum of kinds) {
    const difference = await compareKind(sum.kind, sum, { ...sides, exact });
    if (difference !== null) return difference;
  }
  return null;
}

async function compareKind<K extends Kind>(
  kind: K,
  { records: total, checksum }: KindSum,
  { source, target, progress, exact }: Sides & { exact: boolean },
): Promise<string | null> {
  const { keyOf } = KIND_RULES[kind];
  const digest = createRecordDigest();
  let done = 0;
  // In the order of the source, on both sides: engines sort compound keys each in their own way.
  for await (const { records } of slicesOf(kind, source.kinds[kind])) {
    const found = await target.kinds[kind].find(records.map(keyOf));
    const byKey = new Map(found.map((record) => [textOfKey(keyOf(record)), record]));
    for (const record of records) {
      const there = byKey.get(textOfKey(keyOf(record)));
      if (there === undefined) return `${named(kind, keyOf(record))} is missing`;
      const text = recordText(there);
      if (text !== recordText(record)) {
        return `${named(kind, keyOf(record))} is not the same in ${differingFields(record, there).join(', ')}`;
      }
      digest.add(text);
    }
    done += records.length;
    progress({ doing: 'compare', kind, done, total });
  }
  if (exact && (await target.kinds[kind].count()) !== total) return surplus(kind, { source, target });
  return digest.end() === checksum ? null : `${kind} have another checksum than when they were first read`;
}

/** What the target has and the source has not. */
async function surplus<K extends Kind>(kind: K, { source, target }: Omit<Sides, 'progress'>): Promise<string> {
  const { keyOf } = KIND_RULES[kind];
  for await (const { records } of slicesOf(kind, target.kinds[kind])) {
    const keys = records.map(keyOf);
    const known = new Set((await source.kinds[kind].find(keys)).map((record) => textOfKey(keyOf(record))));
    const other = keys.find((key) => !known.has(textOfKey(key)));
    if (other !== undefined) return `${named(kind, other)} is not in the source`;
  }
  return `the number of ${kind}`;
}

function named(kind: Kind, key: Key): string {
  return `${kind} ${JSON.stringify(key)}`;
}

function textOfKey(key: Key): string {
  return JSON.stringify(key);
}

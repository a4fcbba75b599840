import {
  type CopyMark,
  type CopySource,
  type CopyTarget,
  KIND_RULES,
  KINDS,
  type Kind,
  type Place,
  type RecordReader,
  type TransferRecords,
} from './transfer.ts';

/** Told after each slice; `total` is what there is of the kind. */
export type Progress = (step: { doing: 'read' | 'copy' | 'compare'; kind: Kind; done: number; total: number }) => void;

export type KindTotal = { kind: Kind; records: number };

type Sides = { source: CopySource; target: CopyTarget; progress: Progress };

/** Writes what is not written yet, slice by slice; the mark moves on after each. */
export async function copyRecords(
  sides: Sides,
  { mark, kinds }: { mark: CopyMark; kinds: readonly KindTotal[] },
): Promise<void> {
  const { position } = mark;
  if (position === null) return;
  const { kind: first, ...reached } = position;
  for (const kind of KINDS.slice(KINDS.indexOf(first))) {
    const total = kinds.find((each) => each.kind === kind)?.records ?? 0;
    await copyKind(kind, sides, { mark, total, ...(kind === first ? reached : { after: null, done: 0 }) });
  }
  await sides.target.writeMark({ ...mark, position: null });
}

async function copyKind<K extends Kind>(
  kind: K,
  { source, target, progress }: Sides,
  { mark, total, ...reached }: { mark: CopyMark; total: number; after: Place | null; done: number },
): Promise<void> {
  let { done } = reached;
  for await (const { records, last } of slicesOf(kind, source.kinds[kind], reached.after)) {
    await target.kinds[kind].write(records);
    done += records.length;
    await target.writeMark({ ...mark, position: { kind, after: last, done } });
    progress({ doing: 'copy', kind, done, total });
  }
}

/** The records behind a place, in the slices of their kind, each with the place of its last one. */
export async function* slicesOf<K extends Kind>(
  kind: K,
  reader: RecordReader<K>,
  from: Place | null = null,
): AsyncGenerator<{ records: TransferRecords[K][]; last: Place }> {
  for (let after = from; ; ) {
    const { records, last } = await reader.read(after, KIND_RULES[kind].slice);
    if (last === null) return;
    yield { records, last };
    after = last;
  }
}

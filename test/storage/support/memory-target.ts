import {
  type CopyMark,
  type CopyTarget,
  type Key,
  KIND_RULES,
  KINDS,
  type Kind,
  type RecordWriter,
  type TransferRecords,
} from '../../../src/storage/transfer.ts';

/** A target that keeps records in memory and can break down at any step, before it or after it was done. */
export type MemoryTarget = CopyTarget & {
  records: { [K in Kind]: Map<string, TransferRecords[K]> };
  /** The keys of each slice that was written, in order. */
  slices: string[];
  steps(): number;
  /** Breaks down at this step; `after`: when it has been done already. */
  breakAt(step: number, when: 'before' | 'after'): void;
};

export class BrokenDown extends Error {}

export function createMemoryTarget(): MemoryTarget {
  let mark: CopyMark | null = null;
  let taken = 0;
  let broken: { step: number; when: 'before' | 'after' } | null = null;
  const slices: string[] = [];
  const maps = new Map<Kind, Map<string, TransferRecords[Kind]>>(KINDS.map((kind) => [kind, new Map()]));

  async function step(work: () => void): Promise<void> {
    taken++;
    if (broken?.step === taken && broken.when === 'before') throw new BrokenDown();
    work();
    if (broken?.step === taken) throw new BrokenDown();
  }

  function writer<K extends Kind>(kind: K): RecordWriter<K> {
    const records = maps.get(kind) as unknown as Map<string, TransferRecords[K]>;
    const { keyOf } = KIND_RULES[kind];
    return {
      count: async () => records.size,
      async read(after, limit) {
        const keys = [...records.keys()].toSorted();
        const behind = keys.filter((key) => after === null || key > String(after[0])).slice(0, limit);
        const last = behind.at(-1);
        return { records: behind.flatMap((key) => records.get(key) ?? []), last: last === undefined ? null : [last] };
      },
      find: async (keys) => keys.flatMap((key) => records.get(textOf(key)) ?? []),
      write: (written) =>
        step(() => {
          slices.push(`${kind} ${written.map((record) => textOf(keyOf(record))).join()}`);
          for (const record of written) records.set(textOf(keyOf(record)), structuredClone(record));
        }),
      findRival: async () => null,
      removeAll: async () => records.clear(),
    };
  }

  return {
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, writer(kind)])) as unknown as CopyTarget['kinds'],
    records: Object.fromEntries(maps) as unknown as MemoryTarget['records'],
    readMark: async () => structuredClone(mark),
    writeMark: (next) =>
      step(() => {
        mark = structuredClone(next);
      }),
    settle: async () => {},
    isOutage: (error) => error instanceof BrokenDown,
    close: async () => {},
    slices,
    steps: () => taken,
    breakAt(at, when) {
      taken = 0;
      broken = { step: at, when };
    },
  };
}

function textOf(key: Key): string {
  return JSON.stringify(key);
}

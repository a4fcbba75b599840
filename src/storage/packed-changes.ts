import type { StoredChange } from '../channels/channel-store.ts';
import type { RosterEntry } from '../channels/membership.ts';
import type { MemberSummary, RosterChange, RosterChangeKind } from '../channels/sync-run.ts';

/** Some changes of a diff as engines store them: `changes` is JSON, the first of them has the number `firstNumber`. */
export type PackedChanges = { firstNumber: number; kinds: RosterChangeKind[]; changes: string };

/** Changes in one block, at most: what one read of a few changes has to parse. */
export const CHANGES_IN_BLOCK = 100;

/** Changes in blocks; a row for each would double what a first sync writes. */
export function packChanges(from: number, changes: readonly RosterChange[]): PackedChanges[] {
  const blocks: PackedChanges[] = [];
  for (let i = 0; i < changes.length; i += CHANGES_IN_BLOCK) {
    const block = changes.slice(i, i + CHANGES_IN_BLOCK);
    const kinds = [...new Set(block.map(({ kind }) => kind))];
    blocks.push({ firstNumber: from + i, kinds, changes: JSON.stringify(block.map(pack)) });
  }
  return blocks;
}

/** The changes of a block, numbered. */
export function unpackChanges({
  firstNumber,
  changes,
}: Pick<PackedChanges, 'firstNumber' | 'changes'>): StoredChange[] {
  return (JSON.parse(changes) as Packed[]).map(([kind, subject, entry, before, after], i) => ({
    number: firstNumber + i,
    kind,
    subject,
    entry: entry && unpackEntry(subject, entry),
    before: before && unpackSummary(before),
    after: unpackSummary(after),
  }));
}

type Packed = [RosterChangeKind, string, PackedEntry | null, PackedSummary | null, PackedSummary];
type PackedEntry = [string | null, string | null, RosterEntry['level'], string, boolean, boolean];
type PackedSummary = [
  MemberSummary['level'],
  MemberSummary['rosterLevel'],
  MemberSummary['override'],
  string | null,
  MemberSummary['inactiveReason'],
];

function pack({ kind, subject, entry, before, after }: RosterChange): Packed {
  return [kind, subject, entry && packEntry(entry), before && packSummary(before), packSummary(after)];
}

function packEntry({ person, level, roles, isTest, inactive }: RosterEntry): PackedEntry {
  return [person.name, person.email, level, roles, isTest, inactive];
}

function packSummary(summary: MemberSummary): PackedSummary {
  return [summary.level, summary.rosterLevel, summary.override, summary.name, summary.inactiveReason];
}

function unpackEntry(subject: string, [name, email, level, roles, isTest, inactive]: PackedEntry): RosterEntry {
  return { subject, person: { name, email }, level, roles, isTest, inactive };
}

function unpackSummary([level, rosterLevel, override, name, inactiveReason]: PackedSummary): MemberSummary {
  return { level, rosterLevel, override, name, inactiveReason };
}

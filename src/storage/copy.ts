import type { Clock } from '../lib/clock.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { copyRecords, type Progress, slicesOf } from './copy-records.ts';
import { compareRecords, surveySource } from './copy-verify.ts';
import { type CopyMark, type CopySource, type CopyTarget, KINDS, type Kind } from './transfer.ts';

/**
 * Why nothing was copied, or why the copy is not finished; `detail` says where.
 * `not-empty`: the target has records of its own. `other-copy`: it holds an unfinished copy of something else, or of the
 * same source before it was changed. `taken`: a record of the target's own has what one of the source's must have alone.
 * `differs`: what stands in the target is not what stands in the source. `source-changed`: somebody wrote to the source.
 */
export type CopyFailure = 'not-empty' | 'other-copy' | 'taken' | 'differs' | 'source-changed';

export type CopyReport = {
  /** When it was finished, if that was before. */
  finishedBefore: number | null;
  resumed: boolean;
  kinds: { kind: Kind; records: number; checksum: string }[];
};

export type CopyOptions = {
  /** Copies into a database that has records: those with the same keys are replaced, all others stay. */
  intoExisting: boolean;
  /** Begins an unfinished copy anew; what it has written into an empty database is removed first. */
  startOver: boolean;
};

export type CopyDeps = { source: CopySource; target: CopyTarget; clock: Clock; progress: Progress };

/**
 * Copies everything from one engine to another, and compares it. The mark in the target comes before the first record
 * and is finished after the last comparison, so whatever moment a crash chooses, the same call goes on there, writing
 * one slice again at most, and nobody serves from a part.
 */
export async function copyAll(deps: CopyDeps, options: CopyOptions): Promise<Result<CopyReport, CopyFailure>> {
  const { source, target, clock } = deps;
  const survey = await surveySource(source, deps.progress);
  const known = await target.readMark();
  if (known?.state === 'finished' && known.source === survey.digest) {
    return success({ finishedBefore: known.finishedAt, resumed: false, kinds: survey.kinds });
  }
  const chosen = await chooseMark(deps, { known, digest: survey.digest, options });
  if (!chosen.ok) return chosen;
  const resumed = known?.state === 'unfinished' && chosen.value === known;
  const mark = await begin(target, chosen.value);
  await copyRecords(deps, { mark, kinds: survey.kinds });
  const difference = await compareRecords(deps, { kinds: survey.kinds, exact: mark.into === 'empty' });
  if (difference !== null) return failure('differs', difference);
  if (source.endReading()) return failure('source-changed');
  await target.writeMark({ ...mark, state: 'finished', position: null, finishedAt: clock() });
  return success({ finishedBefore: null, resumed, kinds: survey.kinds });
}

type Found = { known: CopyMark | null; digest: string; options: CopyOptions };

const FIRST = KINDS[0] as Kind;

/** Where to go on, or to begin; nothing is written yet. */
async function chooseMark(deps: CopyDeps, { known, digest, options }: Found): Promise<Result<CopyMark, CopyFailure>> {
  const fresh = {
    state: 'unfinished' as const,
    source: digest,
    position: { kind: FIRST, after: null, done: 0 },
    finishedAt: null,
  };
  if (known?.state === 'unfinished') {
    if (options.startOver) return success({ ...fresh, into: known.into });
    return known.source === digest ? success(known) : failure('other-copy');
  }
  const occupied = await firstOccupied(deps.target);
  if (occupied === null) return success({ ...fresh, into: 'empty' });
  if (!options.intoExisting) return failure('not-empty', occupied);
  const taken = await firstTaken(deps);
  return taken === null ? success({ ...fresh, into: 'existing' }) : failure('taken', taken);
}

/**
 * Writes the mark. A copy that begins in a database which was empty finds nothing, or what an earlier attempt left: that
 * goes, also when the removal was interrupted, for the mark stands at the beginning until it is through.
 */
async function begin(target: CopyTarget, mark: CopyMark): Promise<CopyMark> {
  await target.writeMark(mark);
  const isBeginning = mark.position?.kind === FIRST && mark.position.after === null;
  if (isBeginning && mark.into === 'empty') for (const kind of KINDS) await target.kinds[kind].removeAll();
  if (mark.into === 'existing') await target.settle();
  return mark;
}

async function firstOccupied(target: CopyTarget): Promise<Kind | null> {
  for (const kind of KINDS) if ((await target.kinds[kind].read(null, 1)).last !== null) return kind;
  return null;
}

/** Looks for what cannot be written before anything is. */
async function firstTaken({ source, target }: CopyDeps): Promise<string | null> {
  for (const kind of KINDS) {
    const key = await firstTakenOf(kind, source, target);
    if (key !== null) return key;
  }
  return null;
}

async function firstTakenOf<K extends Kind>(kind: K, source: CopySource, target: CopyTarget): Promise<string | null> {
  for await (const { records } of slicesOf(kind, source.kinds[kind])) {
    const rival = await target.kinds[kind].findRival(records);
    if (rival !== null) return `${kind} ${JSON.stringify(rival)}`;
  }
  return null;
}

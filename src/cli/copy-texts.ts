import type { Failure } from '../lib/result.ts';
import type { CopyFailure } from '../storage/copy.ts';
import type { Progress } from '../storage/copy-records.ts';
import type { SourceFailure } from '../storage/sqlite/transfer.ts';

/** Why the database is not copied, and what to do. */
export function sourceFault(reason: SourceFailure, path: string): string {
  switch (reason) {
    case 'no-source':
      return `There is no file ${path}.`;
    case 'served':
      return `A server runs on ${path}, or another copy of it; stop it first. Nothing was changed.`;
    case 'not-a-database':
      return `${path} is not a database of Rostrum.`;
    case 'newer-schema':
      return `${path} was written by a newer version of Rostrum; copy it with that version.`;
    case 'older-schema':
      return `${path} has the layout of an older version; make a backup, run "rostrum doctor" with it, which brings it up to date, and copy it then.`;
    case 'not-writable':
      return `${path} cannot be opened; its folder has to be writable for the lock beside it, and it must not be being restored.`;
  }
}

/** What is wrong with a copy, and what to do. */
export function copyFault({ reason, detail }: Failure<CopyFailure | 'unreachable'>, place: string): string {
  const target = `MongoDB ${place}`;
  switch (reason) {
    case 'not-empty':
      return `${target} is not empty: it has ${detail}. Name another database; --into-existing copies into this one: what has the same ID is replaced, all else stays. Nothing was changed.`;
    case 'other-copy':
      return `${target} holds an unfinished copy of another database, or of this one before somebody worked on it again. --start-over removes what was copied and begins anew. Nothing was changed.`;
    case 'taken':
      return `${target} has another record in the place of ${detail}, so the two cannot be brought together. Nothing was changed.`;
    case 'differs':
      return `The copy is not the same as the source: ${detail}. No server starts on ${target}; see that nothing else writes there, and begin anew with --start-over.`;
    case 'source-changed':
      return 'Somebody wrote to the source while it was copied; end that, and begin anew with --start-over.';
    case 'unreachable':
      return `${target} is away. Run the same command again when it is back: it goes on where it stopped.`;
  }
}

const DOING = { read: 'reading', copy: 'copying', compare: 'comparing' };

/** Progress as lines: at the beginning of each kind, and for each tenth of it. */
export function createProgressLines(tell: (line: string) => void): Progress {
  let last = '';
  return ({ doing, kind, done, total }) => {
    const tenth = total === 0 ? 10 : Math.floor((done * 10) / total);
    const step = `${doing} ${kind} ${tenth}`;
    if (step === last) return;
    last = step;
    tell(`${DOING[doing]} ${kind}: ${done} of ${total}`);
  };
}

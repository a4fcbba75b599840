import type { OpenFailure } from './storage.ts';

/** A database as it may be shown: the path of a file, or hosts and name of a MongoDB. */
export type ShownDatabase = { engine: 'sqlite'; path: string } | { engine: 'mongo'; place: string };

/**
 * Why a database is not opened, and what to do, in one line that begins with its place. `detail` is shown where it is
 * made for people; no address with a password is in the line.
 */
export function openFault(
  { reason, detail }: { reason: OpenFailure; detail?: string },
  database: ShownDatabase,
): string {
  const line =
    database.engine === 'sqlite'
      ? `${database.path} ${ON_SQLITE[reason]}`
      : `MongoDB ${database.place} ${ON_MONGO[reason]}`;
  return reason === 'bad-address' && detail !== undefined ? `${line} (${detail})` : line;
}

/**
 * What `openFault` says of a database that failed once it was open, with the name or code of the error alone: texts of
 * drivers may show parts of an address.
 */
export function lostFault(error: unknown, database: ShownDatabase): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const name = typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown';
  return database.engine === 'sqlite'
    ? `${database.path} failed during the start (${name}); check the space left, the rights of file and folder, and that nothing else holds the file`
    : `MongoDB ${database.place} failed during the start (${name}); check that it runs, that a primary is elected, the space left, and the role of the user`;
}

const SHARED = {
  'newer-schema': 'was written by a newer version of Rostrum; start that version, or restore an older backup',
  unreachable: 'cannot be reached; check that it runs, and hosts, port, TLS and firewall of DATABASE_URL',
  'not-authorised':
    'refuses this user; check user and password in DATABASE_URL (?authSource=admin if the user was made there), and that its role is readWrite',
  'bad-address': 'cannot be reached as DATABASE_URL says; check its options',
  'copy-unfinished':
    'holds a copy of another database that is not finished; run the same "rostrum copy" again, it goes on where it stopped',
  'already-served':
    'is served by another process, and SQLite allows one: end that one, or set DATABASE_URL to a mongodb:// address to run several (the commands of "rostrum", all but restore, work beside a server)',
};

const ON_SQLITE: Record<OpenFailure, string> = {
  ...SHARED,
  'old-schema':
    'has the layout of an older version, whose server still runs on it; end that server, and the next start brings it up to date',
  'not-a-database': 'is not a database of Rostrum; set DATABASE_URL or DATA_DIR to another place',
  'not-writable':
    'cannot be opened for writing; check the folder, its rights, the space left, and that it is not being restored',
};

const ON_MONGO: Record<OpenFailure, string> = {
  ...SHARED,
  'old-schema':
    'has the layout of an older version that this one cannot bring up to date; start the version in between first, or restore a backup',
  'not-a-database': 'holds something else than Rostrum; name another database in DATABASE_URL, it is made at the start',
  'not-writable': 'cannot be written to; check that a primary is elected, the space left, and the role of the user',
};

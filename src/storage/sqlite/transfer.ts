import { existsSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { failure, type Result, success } from '../../lib/result.ts';
import type { CopySource, Key, Kind, Place, RecordReader } from '../transfer.ts';
import { HOLDERS } from './connection-rows.ts';
import type { Database } from './database.ts';
import { fileFault, messageOf } from './faults.ts';
import { createKeyStore } from './key-store.ts';
import { judgeDatabase, SCHEMA_VERSION } from './migrate.ts';
import { createServingLock, type ServingLock } from './serving-lock.ts';
import { type StoredRow, TABLES, type Table } from './transfer-tables.ts';

/** `served`: a server, or another copy, is at work on it. `older-schema`: it is to be brought up to date first. */
export type SourceFailure =
  | 'no-source'
  | 'served'
  | 'not-a-database'
  | 'newer-schema'
  | 'older-schema'
  | 'not-writable';

/** How long reading waits for somebody who holds the whole file, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Opens a database to copy it elsewhere, and changes nothing in it. As long as it is open no server can begin to serve
 * from it, and what is read is what stood there at one moment, whatever commands write meanwhile.
 */
export function openSqliteSource(path: string): Result<CopySource, SourceFailure> {
  if (!existsSync(path)) return failure('no-source');
  const serving = createServingLock(path);
  let db: Database | null = null;
  try {
    // Not opened as read-only: such a connection would leave the side files of the write-ahead log behind.
    db = new BetterSqlite3(path, { fileMustExist: true, timeout: PATIENCE });
    const refusal = judge(db);
    if (refusal === null && serving.claim()) return success(createSource(db, serving));
    db.close();
    serving.release();
    return failure(refusal ?? 'served');
  } catch (error) {
    db?.close();
    serving.release();
    const fault = fileFault(error);
    if (fault === null) throw error;
    return failure(fault, messageOf(error));
  }
}

function judge(db: Database): SourceFailure | null {
  const kind = judgeDatabase(db);
  if (kind === 'newer') return 'newer-schema';
  if (kind !== 'ours') return 'not-a-database';
  return Number(db.pragma('user_version', { simple: true })) < SCHEMA_VERSION ? 'older-schema' : null;
}

function createSource(db: Database, serving: ServingLock): CopySource {
  db.pragma('query_only = ON');
  const versionBefore = db.pragma('data_version', { simple: true });
  // The transaction begins with the first read: from here on other writers are not seen.
  db.exec('BEGIN');
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
  const readers = Object.keys(TABLES).map((kind) => [kind, createReader(db, kind as Kind)] as const);
  return {
    kinds: Object.fromEntries(readers) as unknown as CopySource['kinds'],
    keys: createKeyStore(db),
    endReading() {
      db.exec('COMMIT');
      return db.pragma('data_version', { simple: true }) !== versionBefore;
    },
    close() {
      db.close();
      serving.release();
    },
  };
}

function createReader<K extends Kind>(db: Database, kind: K): RecordReader<K> {
  const table: Table<K> = TABLES[kind];
  const { fields, key, place, behind } = statementParts(kind);
  const placed = `SELECT ${fields}, ${place} AS place FROM ${kind}`;
  const ordered = `ORDER BY ${key} LIMIT ?`;
  const first = db.prepare<unknown[], PlacedRow>(`${placed} ${ordered}`);
  const next = db.prepare<unknown[], PlacedRow>(`${placed} WHERE (${key}) > (${behind}) ${ordered}`);
  const one = db.prepare<unknown[], StoredRow>(
    `SELECT ${fields} FROM ${kind} WHERE (${key}) = (${table.key.map(() => '?')})`,
  );
  const count = db.prepare<[], number>(`SELECT count(*) FROM ${kind}`).pluck();
  return {
    count: async () => count.get() ?? 0,
    async read(after, limit) {
      const rows = after === null ? first.all(limit) : next.all(...after, limit);
      const last = rows.at(-1);
      return {
        records: rows.map(({ place: _, ...row }) => table.toRecord(row)),
        last: last ? (JSON.parse(last.place) as Place) : null,
      };
    },
    find: async (keys: readonly Key[]) => keys.flatMap((each) => one.all(...each)).map(table.toRecord),
  };
}

type PlacedRow = StoredRow & { place: string };

/**
 * The parts of statements that read a table; column names are the fields' in snake case. Where a row stands is told by
 * the bytes of its key: a text with half a pair of surrogates is read as another one, behind which other rows begin.
 */
export function statementParts(kind: Kind): { fields: string; key: string; place: string; behind: string } {
  const { columns, key } = TABLES[kind];
  const keys = key.map((field) => ({ column: columnOf(field), isNumber: NUMBERS.has(field) }));
  return {
    fields: columns.map((field) => `${columnOf(field)} AS "${field}"`).join(', '),
    key: keys.map(({ column }) => column).join(', '),
    place: `json_array(${keys.map(({ column, isNumber }) => (isNumber ? column : `hex(${column})`)).join(', ')})`,
    behind: keys.map(({ isNumber }) => (isNumber ? '?' : 'CAST(unhex(?) AS TEXT)')).join(', '),
  };
}

const NUMBERS = new Set(['firstNumber']);

function columnOf(field: string): string {
  return RENAMED[field] ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Words of SQL, and a field that is a table of its own. */
const RENAMED: Record<string, string> = { from: 'value_from', to: 'value_to', holders: HOLDERS };

import { atomic, type Database } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** "Rost" in ASCII; in the file's header, so that a file can be told from any other SQLite database. */
export const APPLICATION_ID = 0x526f7374;
export const SCHEMA_VERSION = MIGRATIONS.length;

/** What a database is to this program, read without touching it, and at one moment: another process may be making it. */
export function judgeDatabase(db: Database): 'ours' | 'empty' | 'foreign' | 'newer' {
  const read = db.transaction(() => ({
    applicationId: readPragma(db, 'application_id'),
    version: readPragma(db, 'user_version'),
    objects: countObjects(db),
  }));
  const { applicationId, version, objects } = read();
  if (applicationId === APPLICATION_ID) return version > SCHEMA_VERSION ? 'newer' : 'ours';
  return applicationId === 0 && version === 0 && objects === 0 ? 'empty' : 'foreign';
}

/** Brings the schema up to date, one transaction for each migration; two processes that start at once do not collide. */
export function migrate(db: Database): void {
  const step = atomic(db, () => {
    const version = readPragma(db, 'user_version');
    const migration = MIGRATIONS[version];
    if (migration === undefined) return false;
    db.exec(migration);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version + 1}`);
    return true;
  });
  while (step());
}

function readPragma(db: Database, name: string): number {
  return Number(db.pragma(name, { simple: true }));
}

function countObjects(db: Database): number {
  return db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
}

import { describe, expect, it } from 'vitest';
import { openStorage } from '../../src/storage/open.ts';
import { lostFault, openFault } from '../../src/storage/open-faults.ts';
import type { OpenFailure } from '../../src/storage/storage.ts';

const SQLITE = { engine: 'sqlite', path: '/srv/rostrum.sqlite' } as const;
const MONGO = { engine: 'mongo', place: 'db1,db2/rostrum' } as const;

describe('why a database is not opened', () => {
  it.each<[OpenFailure, RegExp]>([
    ['newer-schema', /newer version.*start that version/],
    ['old-schema', /older version.*end that server/],
    ['not-a-database', /not a database of Rostrum.*DATABASE_URL or DATA_DIR/],
    ['not-writable', /opened for writing.*rights.*space/],
    ['already-served', /served by another process.*mongodb:.*all but restore, work beside/],
  ])('is told for SQLite in one line: %s', (reason, text) => {
    const line = openFault({ reason }, SQLITE);
    expect(line).toMatch(text);
    expect(line).toMatch(/^\/srv\/rostrum\.sqlite [^\n]+$/);
  });

  it.each<[OpenFailure, RegExp]>([
    ['newer-schema', /newer version.*start that version/],
    ['old-schema', /older version.*start the version in between/],
    ['not-a-database', /something else.*DATABASE_URL/],
    ['not-writable', /primary.*space.*role/],
    ['unreachable', /cannot be reached.*port.*firewall/],
    ['not-authorised', /refuses this user.*authSource=admin.*readWrite/],
    ['bad-address', /DATABASE_URL.*options/],
  ])('is told for MongoDB in one line: %s', (reason, text) => {
    const line = openFault({ reason }, MONGO);
    expect(line).toMatch(text);
    expect(line).toMatch(/^MongoDB db1,db2\/rostrum [^\n]+$/);
  });

  it('has what the driver said of the options, and nothing else that it says', () => {
    expect(openFault({ reason: 'bad-address', detail: 'unknown options: x' }, MONGO)).toContain('(unknown options: x)');
    expect(openFault({ reason: 'unreachable', detail: 'user:secret@db' }, MONGO)).not.toContain('secret');
  });
});

describe('a database that fails once it is open', () => {
  it('is told in one line, with what the system calls it', () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    expect(lostFault(full, SQLITE)).toMatch(
      /^\/srv\/rostrum\.sqlite failed .*\(SQLITE_FULL\); check the space left[^\n]+$/,
    );
  });

  it('is told without what drivers write in their errors', () => {
    const gone = Object.assign(new Error('user:secret@db1'), { name: 'MongoServerSelectionError', code: 7 });
    const line = lostFault(gone, MONGO);
    expect(line).toMatch(/^MongoDB db1,db2\/rostrum failed .*\(MongoServerSelectionError\).*primary[^\n]+$/);
    expect(line).not.toContain('secret');
  });
});

describe('an address that the driver cannot use', () => {
  it.each([
    ['an option that does not exist', 'retryWrite=true', 'unknown options: retrywrite'],
    ['a value that does not fit', 'tls=secret', undefined],
    ['options that exclude each other', 'tls=true&ssl=false&appName=secret', undefined],
  ])('is an expected failure: %s', async (_what, options, detail) => {
    const opened = await openStorage({ engine: 'mongo', url: `mongodb://u:secret@127.0.0.1:1/rostrum?${options}` });
    expect(opened).toEqual({ ok: false, reason: 'bad-address', ...(detail ? { detail } : {}) });
  });
});

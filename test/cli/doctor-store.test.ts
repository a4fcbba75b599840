import { describe, expect, it } from 'vitest';
import { findings } from '../../src/cli/doctor-store.ts';
import type { StorageDescription } from '../../src/storage/storage.ts';

const MONGO = { engine: 'mongo', schema: 1, version: '8.0.4', topology: 'replica-set', clockAheadMs: 40 } as const;

describe('what doctor says of a MongoDB', () => {
  it('is its version, place and schema, its copies and its clock', () => {
    expect(findings(MONGO, 'db1,db2/rostrum')).toEqual([
      {
        name: 'store',
        status: 'ok',
        message: 'MongoDB 8.0.4, db1,db2/rostrum: it reads and writes, and its schema (1) is up to date',
      },
      { name: 'copies', status: 'ok', message: 'the database is a replica set' },
      { name: 'clock', status: 'ok', message: 'the clocks here and at the database agree' },
    ]);
  });

  it.each<[Partial<Extract<StorageDescription, { engine: 'mongo' }>>, string, string, RegExp]>([
    [{ topology: 'single' }, 'copies', 'warning', /without a replica set; nothing survives the loss of its disk/],
    [{ topology: 'sharded' }, 'copies', 'ok', /sharded/],
    [{ clockAheadMs: 2_000 }, 'clock', 'ok', /agree/],
    [{ clockAheadMs: 2_001 }, 'clock', 'warning', /the clock here is 2\.0 s behind that of the database/],
    [{ clockAheadMs: -7_300 }, 'clock', 'warning', /the clock here is 7\.3 s ahead of that of the database/],
    [{ clockAheadMs: null }, 'clock', 'warning', /does not tell its time/],
  ])('%j is the line %s as %s', (change, name, status, message) => {
    const line = findings({ ...MONGO, ...change }, 'db/rostrum').find((check) => check.name === name);
    expect(line).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

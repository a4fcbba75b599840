import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { logError } from '../../src/lib/log-error.ts';

const NAME = 'Ana Schmidt';

/** An error of a kind that is not at hand, with what it carries. */
function errorOf(name: string, message: string, more: object = {}): Error {
  const error = Object.assign(new Error(message), more);
  return Object.defineProperty(error, 'name', { value: name });
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function lineOf(error: unknown): { err: Record<string, unknown>; msg: string } {
  const lines: string[] = [];
  createLog('info', { write: (line: string) => lines.push(line) })
    .child({ jobId: 'j' })
    .error({ err: error }, 'it failed');
  return JSON.parse(lines.join(''));
}

describe('an error in the log', () => {
  it('has its kind, message, places, code, labels and causes', () => {
    const cause = errorOf('MongoNetworkError', 'connection 3 closed', { errorLabels: ['RetryableWriteError'] });
    const error = new TypeError('it broke off', { cause: errorOf('Error', 'in between', { code: 'EPIPE', cause }) });
    const { err } = lineOf(Object.assign(error, { code: 64, codeName: 'WriteConcernTimeout' }));
    expect(err).toMatchObject({
      ...{ type: 'TypeError', message: 'it broke off', code: 64, codeName: 'WriteConcernTimeout' },
      cause: {
        ...{ message: 'in between', code: 'EPIPE' },
        cause: { message: 'connection 3 closed', labels: ['RetryableWriteError'] },
      },
    });
    expect(err.stack).toMatch(/^TypeError: it broke off\n +at .*log-error\.test\.ts:\d+/);
  });

  it('has nothing else that it carries', () => {
    const carried = {
      writeErrors: [{ err: { op: { name: NAME } } }],
      keyValue: { name: NAME },
      ...{ result: { name: NAME }, body: NAME, code: { name: NAME }, codeName: NAME, errorLabels: [NAME] },
    };
    const line = lineOf(errorOf('MongoServerError', 'it failed', carried));
    expect(JSON.stringify(line)).not.toContain(NAME);
    expect(Object.keys(line.err).toSorted()).toEqual(['labels', 'message', 'stack', 'type']);
  });

  it.each([
    [
      'MongoServerError',
      `E11000 duplicate key error collection: r.users index: subject dup key: { name: "${NAME}}\n    at x" }`,
      'E11000 duplicate key error collection: r.users index: subject (left out)',
    ],
    ['Error', `E11000 in r.users dup key: { name: "${NAME}" }`, 'E11000 in r.users (left out)'],
    [
      'MongoServerError',
      `Cannot create field 'a' in element {name: "${NAME}"}`,
      "Cannot create field 'a' in element (left out)",
    ],
    ['CastError', `Cast to Number failed for value "${NAME}" (type string) at path "at"`, 'Cast to Number (left out)'],
  ])('of the kind %s leaves the values out of message and stack: %j', (name, message, told) => {
    const { err } = lineOf(errorOf(name, message));
    expect(err.message).toBe(told);
    expect(JSON.stringify(err)).not.toContain(NAME);
    expect(String(err.stack).split('\n')[0]).toBe(`Error: ${told}`);
    expect(err.stack).toMatch(/\n +at .*log-error\.test\.ts/);
  });

  it('of a parser or of SQLite shows nothing of what was parsed or stored', () => {
    const db = new BetterSqlite3(':memory:');
    db.exec(`CREATE TABLE people (name TEXT UNIQUE, age INTEGER CHECK (age > 0)) STRICT`);
    const insert = db.prepare('INSERT INTO people VALUES (?, ?)');
    insert.run(NAME, 1);
    const faults = [
      () => insert.run(NAME, 2),
      () => insert.run('Ben', -1),
      () => db.prepare('INSERT INTO people VALUES (1, ?)').run(NAME),
      () => db.exec(`SELECT "a" "${NAME}" "b" FROM`),
      () => JSON.parse(`{"a": ${NAME}}`),
      () => JSON.parse(`${NAME}`),
    ].map(thrownBy);
    for (const fault of faults) expect(JSON.stringify(lineOf(fault))).not.toContain('Ana');
    expect(lineOf(faults[0]).err).toMatchObject({
      ...{ type: 'SqliteError', code: 'SQLITE_CONSTRAINT_UNIQUE' },
      message: 'UNIQUE constraint failed: people.name',
    });
    db.close();
  });

  it('is short, however deep or round its causes are', () => {
    const round = new Error('round');
    round.cause = round;
    const many = new AggregateError(
      Array.from({ length: 50 }, () => new Error('one of many')),
      '',
    );
    expect(JSON.stringify(lineOf(round)).split('"round"').length).toBeLessThan(10);
    expect(lineOf(many).err.errors).toHaveLength(5);
  });

  it('may be no error at all', () => {
    expect([logError('a text'), logError({ name: NAME }), logError(null)]).toEqual([
      { type: 'string', message: 'a text' },
      { type: 'object', message: '' },
      { type: 'object', message: '' },
    ]);
  });
});

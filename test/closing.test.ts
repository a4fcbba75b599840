import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { closeInOrder, type Part } from '../src/closing.ts';

const LONG = 600_000;

let closed: string[] = [];
let logged: Record<string, unknown>[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });

beforeEach(() => {
  closed = [];
  logged = [];
});

function part(name: string, close: () => Promise<unknown> = async () => {}, withinMs = LONG): Part {
  return {
    name,
    async close() {
      await close();
      closed.push(name);
    },
    withinMs,
  };
}

const never = () => new Promise(() => {});

describe('closing the parts of a process', () => {
  it('closes one group after the other, and says nothing', async () => {
    let answered = () => {};
    const requests = () => new Promise<void>((resolve) => (answered = resolve));
    const work = async () => answered();
    await closeInOrder([[part('requests', requests), part('work', work)], [part('store')]], log);
    expect(closed.toSorted()).toEqual(['requests', 'store', 'work']);
    expect(closed.at(-1)).toBe('store');
    expect(logged).toEqual([]);
  });

  it('gives up what hangs, names it, and closes the rest', async () => {
    const closing = closeInOrder([[part('requests'), part('work', never, 1)], [part('store')]], log);
    await expect(closing).rejects.toThrow('not closed as it should be: work');
    expect(closed).toEqual(['requests', 'store']);
    expect(logged).toMatchObject([{ part: 'work', msg: expect.stringContaining('did not end in time') }]);
  });

  it('gives up what fails, with its error, and closes the rest', async () => {
    const fail = async () => {
      throw new Error('broken');
    };
    const closing = closeInOrder([[part('work', fail)], [part('engine', never, 1)], [part('store')]], log);
    await expect(closing).rejects.toThrow('not closed as it should be: work, engine');
    expect(closed).toEqual(['store']);
    expect(logged).toMatchObject([{ part: 'work', err: { message: 'broken' } }, { part: 'engine' }]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLongArray } from '../../src/lib/long-json.ts';

const parse = (text: string) => parseLongArray(text, 'members', (raw) => raw);
/** As if the text were a long one. */
const parseSliced = (text: string) => parseLongArray(text, 'members', (raw) => raw, 0);

describe('parseLongArray', () => {
  test('reads the same as JSON.parse, whatever is in the text and however it is indented', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 1, '\t', '\r\n '),
        async (members, before, after, indent) => {
          const { members: _a, ...first } = before;
          const { members: _b, ...last } = after;
          const text = JSON.stringify({ ...first, members, ...last }, null, indent);
          const { members: items, ...rest } = JSON.parse(text);
          const expected = { rest: { ...rest, members: [] }, items };
          expect(await parse(text)).toEqual(expected);
          expect(await parseSliced(text)).toEqual(expected);
        },
      ),
    );
  });

  test.each([
    '',
    'x',
    '[]',
    '"members"',
    'null',
    '{}',
    '{"other":[]}',
    '{"members":{}}',
    '{"members":null}',
    '{"members":[1,]}',
    '{"members":[,1]}',
    '{"members":[1 2]}',
    '{"members":[1',
    '{"members":["a]}',
    '{"members":[{"a":1]}',
    '{"members":[}',
    '{"members":[1}]',
    '{"members":[1]',
    '{"members":[1]}x',
    '{"members":[1],}',
    '{"members" [1]}',
    '{"a":1 "members":[1]}',
    '{"a":,"members":[1]}',
    '{"a":x,"members":[1]}',
    '{"nested":{"members":[1]}}',
    '<html>"members":[</html>',
  ])('refuses %s', async (text) => {
    expect(await parse(text)).toBeNull();
    expect(await parseSliced(text)).toBeNull();
  });

  test('keeps nothing of an item but what is read of it, and passes on what reading throws', async () => {
    const text = JSON.stringify({ members: [{ id: 1, more: 'x' }, { id: 2 }] });
    for (const slice of [0, 1000]) {
      const found = await parseLongArray(text, 'members', (raw) => (raw as { id: number }).id, slice);
      expect(found?.items).toEqual([1, 2]);
      const fail = () => {
        throw new TypeError('a bug');
      };
      await expect(parseLongArray(text, 'members', fail, slice)).rejects.toThrow('a bug');
    }
  });

  test('lets other work run while a long text is read', async () => {
    const text = JSON.stringify({ members: Array.from({ length: 20_000 }, (_, id) => ({ id, name: 'x'.repeat(50) })) });
    let turns = 0;
    let reading = true;
    const count = () => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    const found = await parse(text);
    reading = false;
    expect(found?.items).toHaveLength(20_000);
    expect(turns).toBeGreaterThanOrEqual(Math.floor(text.length / (128 * 1024 + 100)));
  });
});

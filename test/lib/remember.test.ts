import { expect, it } from 'vitest';
import { remember } from '../../src/lib/remember.ts';

it('remember asks once for each of the first texts, and each time for more', () => {
  const asked: string[] = [];
  const length = remember((text) => {
    asked.push(text);
    return text === '' ? undefined : text.length;
  }, 2);
  expect([length(''), length('ab'), length(''), length('ab')]).toEqual([undefined, 2, undefined, 2]);
  expect([length('abc'), length('abc')]).toEqual([3, 3]);
  expect(asked).toEqual(['', 'ab', 'abc', 'abc']);
});

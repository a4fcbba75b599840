import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createCallStorage } from '../../src/lti/ltijs/call-storage.ts';
import { noRequests } from '../../src/lti/ltijs/calls.ts';

it('carries each of two calls that overlap to its end, and none after them', async () => {
  const calls = createCallStorage();
  const [one, other] = [{ send: noRequests }, { send: noRequests }];
  const waiting = calls.run(one, async () => {
    for (let i = 0; i < 20; i++) await setImmediate();
    return calls.current();
  });
  const quick = await calls.run(other, async () => calls.current());
  expect(quick).toBe(other);
  expect(await waiting).toBe(one);
  expect(calls.current()).toBeUndefined();
  expect(await calls.run(other, async () => calls.current())).toBe(other);
});

it('gives the error of a call on, and carries the next', async () => {
  const calls = createCallStorage();
  const call = { send: noRequests };
  await expect(calls.run(call, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(await calls.run(call, async () => calls.current())).toBe(call);
});

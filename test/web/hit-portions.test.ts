import { describe, expect, it } from 'vitest';
import { countInPortions } from '../../src/web/hit-portions.ts';
import { memoryRateLimits } from './support.ts';

const NOW = 1_780_000_000_000;

describe('hits told to the store in portions', () => {
  function countingStore() {
    const store = memoryRateLimits();
    const told: number[] = [];
    const counting: typeof store = {
      ...store,
      countHit(key, now, windowMs, hits = 1) {
        told.push(hits);
        return store.countHit(key, now, windowMs, hits);
      },
    };
    return { store: counting, told };
  }

  async function hit(counter: ReturnType<typeof countInPortions>, times: number, now = NOW) {
    let last = { hits: 0, resetsAt: 0 };
    for (let i = 0; i < times; i++) last = await counter.countHit('k', now, 1000);
    return last;
  }

  it('are counted one by one, and written once for each portion', async () => {
    const { store, told } = countingStore();
    const counter = countInPortions(store, 10);
    expect(await hit(counter, 9)).toEqual({ hits: 9, resetsAt: NOW + 1000 });
    expect(told).toEqual([]);
    expect((await hit(counter, 26)).hits).toBe(35);
    expect(told).toEqual([10, 10, 10]);
  });

  it('hold across processes but for the portion of each', async () => {
    const { store } = countingStore();
    const [one, other] = [countInPortions(store, 10), countInPortions(store, 10)];
    await hit(one, 95);
    expect((await hit(other, 10)).hits).toBe(100);
    expect((await hit(one, 5)).hits).toBe(110);
  });

  it('begin anew with the next window', async () => {
    const { store } = countingStore();
    const counter = countInPortions(store, 10);
    await hit(counter, 15);
    expect(await hit(counter, 1, NOW + 1000)).toEqual({ hits: 1, resetsAt: NOW + 2000 });
  });

  it('can be forgotten', async () => {
    const { store } = countingStore();
    const counter = countInPortions(store, 10);
    await hit(counter, 12);
    await counter.forgetHit('k');
    expect((await hit(counter, 1)).hits).toBe(12);
    await counter.forgetHits('k');
    expect((await hit(counter, 1)).hits).toBe(1);
  });

  it('are told at once where a limit is small, and for more clients than are remembered', async () => {
    const small = countingStore();
    await hit(countInPortions(small.store, 1), 3);
    expect(small.told).toEqual([1, 1, 1]);
    const many = countingStore();
    const counter = countInPortions(many.store, 10);
    for (let i = 0; i < 10_000; i++) await counter.countHit(`client ${i}`, NOW, 1000);
    expect(many.told).toEqual([]);
    await hit(counter, 2);
    expect(many.told).toEqual([1, 1]);
    await hit(counter, 2, NOW + 1000);
    expect(many.told).toEqual([1, 1]);
  });
});

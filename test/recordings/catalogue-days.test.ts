import fc from 'fast-check';
import { expect, it } from 'vitest';
import { certainSpan, type Days, dayOf, daysBefore, newestDays } from '../../src/recordings/catalogue-days.ts';

const DAY = 86_400_000;
const times = fc.integer({ min: Date.parse('2012-01-01T00:00:00Z'), max: Date.parse('2040-12-31T23:59:59.999Z') });

function walk(now: number, months: number): Days[] {
  const all = [newestDays(now)];
  while (all.length <= months) all.push(daysBefore(all.at(-1)?.from ?? ''));
  return all;
}

it('reads up to tomorrow, as it is tomorrow already in some place', () => {
  expect(newestDays(Date.parse('2028-02-29T23:59:59.999Z'))).toEqual({ from: '2028-02-01', to: '2028-03-01' });
  expect(daysBefore('2028-02-01')).toEqual({ from: '2028-01-04', to: '2028-02-02' });
});

it('asks for no more than 30 days, and is certain of each moment of the past exactly once', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 30 }), (now, months) => {
      const all = walk(now, months);
      for (const { from, to } of all) expect((Date.parse(to) - Date.parse(from)) / DAY + 1).toBe(30);
      const spans = all.map(certainSpan);
      expect(spans[0]?.until).toBeGreaterThan(now);
      for (const [i, { until }] of spans.slice(1).entries()) expect(until).toBe(spans[i]?.from);
    }),
  );
});

it('is certain of what began only where every zone counts its day among those asked for', () => {
  fc.assert(
    fc.property(times, times, fc.integer({ min: -12, max: 14 }), (now, at, hours) => {
      const days = newestDays(now);
      const { from, until } = certainSpan(days);
      const day = dayOf(at + hours * 3_600_000);
      if (at >= from && at < until) expect(day >= days.from && day <= days.to).toBe(true);
    }),
  );
});

import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/lib/reader.ts';
import { readTexts } from '../../src/web/texts.ts';

const t = readTexts(new URL('../../locales/', import.meta.url)).forLocale('en');
const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
const reader = createReader({ t, locale: 'en-GB', timeZone: 'Asia/Tokyo', now: NOW });

describe('a reader', () => {
  it.each([
    [0, 'now'],
    [-50_000, '1 minute ago'],
    [-3 * 60_000, '3 minutes ago'],
    [-59.4 * 60_000, '59 minutes ago'],
    [-59.7 * 60_000, '1 hour ago'],
    [-23.4 * 3_600_000, '23 hours ago'],
    [-23.7 * 3_600_000, 'yesterday'],
    [-26 * 3_600_000, 'yesterday'],
    [-6.7 * 86_400_000, '16 Nov 2026, 04:12'],
    [2 * 3_600_000, 'in 2 hours'],
  ])('tells a moment %i ms away as "%s"', (ms, text) => {
    expect(reader.time(NOW + ms).text).toBe(text);
  });

  it('gives the exact time in the person’s zone', () => {
    const time = reader.time(NOW - 3 * 60_000);
    expect(time).toMatchObject({ iso: '2026-11-22T11:57:00.000Z', localise: false });
    expect(time.exact).toBe('22 Nov 2026, 20:57');
  });

  it('names UTC while the zone is not known, for the page to put right', () => {
    const time = createReader({ t, locale: 'en-GB', timeZone: null, now: NOW }).time(NOW - 30 * 86_400_000);
    expect(time).toMatchObject({ text: '23 Oct 2026, 12:00 UTC', exact: '23 Oct 2026, 12:00 UTC', localise: true });
  });

  it.each([
    [420, '0.4 secs'],
    [59_700, '1 min 0 secs'],
    [65_000, '1 min 5 secs'],
    [3_720_000, '1 hr 2 mins'],
  ])('tells %i ms as "%s"', (ms, text) => {
    expect(reader.duration(ms)).toBe(text);
  });
});

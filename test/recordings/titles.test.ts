import { describe, expect, it } from 'vitest';
import { tidyLine } from '../../src/lib/tidy-text.ts';
import { recordingTitle } from '../../src/recordings/titles.ts';

const EVENING = Date.parse('2026-11-22T23:30:00Z');

describe('the title of a recording', () => {
  it('has the date where the meeting was', () => {
    const title = (timeZone: string | null) => recordingTitle({ topic: 'Biology 101', startedAt: EVENING, timeZone });
    expect(title('Asia/Tokyo')).toBe('Biology 101, 23 Nov 2026');
    expect(title('America/New_York')).toBe('Biology 101, 22 Nov 2026');
    expect([title(null), title('No/Zone'), title('<b>')]).toEqual(Array(3).fill('Biology 101, 22 Nov 2026'));
  });

  it.each([
    ['', 'Recording'],
    ['\u202e \u0000\n\u200b', 'Recording'],
    ['Line\r\none\ttwo\u0007', 'Line one two'],
    ['\u202ecod.exe\u2066 \u2069notes', 'cod.exe notes'],
    ['生物学の講義', '生物学の講義'],
    ['مقدمة في الأحياء', 'مقدمة في الأحياء'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['👩‍🔬 Lab', '👩‍🔬 Lab'],
  ])('tidies the topic %j', (topic, tidy) => {
    expect(recordingTitle({ topic, startedAt: EVENING, timeZone: null })).toBe(`${tidy}, 22 Nov 2026`);
  });

  it('stays short, whatever the topic', () => {
    for (const topic of [
      'x'.repeat(10_000),
      `e${'\u0301'.repeat(10_000)}`,
      '👩‍🔬'.repeat(10_000),
      ' x'.repeat(10_000),
    ]) {
      const title = recordingTitle({ topic, startedAt: EVENING, timeZone: null });
      expect(title).toMatch(/…, 22 Nov 2026$/);
      expect(title.length).toBeLessThan(170);
    }
    expect(tidyLine('12345', 5)).toBe('12345');
    expect(tidyLine('123456', 5)).toBe('1234…');
  });
});

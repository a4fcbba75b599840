import { describe, expect, it } from 'vitest';
import { isWebVtt, parseCues, writeCues } from '../../src/recordings/transcript-cues.ts';

describe('a transcript', () => {
  it('is read as Zoom writes it, and as others do', () => {
    const vtt = [
      '\ufeffWEBVTT - made elsewhere',
      'STYLE\n::cue { background: url(https://evil.example/x) }',
      'NOTE a note',
      '1\n00:00:01.000 --> 00:00:04.500 position:10%\nAda Ferreira: Good morning,\neverybody.',
      '2\r\n00:05,2 --> 00:07,25\r\nWhat is 10:30 for? <b>Nothing</b> &amp; all',
      '3\n00:10:00.000 --> 00:09:00.000\nbackwards',
      '00:00:08.000 --> 00:00:09.000\n<v Ben Okafor>Yes: at noon.</v>\n00:00:09.000 --> 00:00:10.000\nNote: read chapter 3',
    ].join('\n\n');
    expect(isWebVtt(vtt)).toBe(true);
    expect(parseCues(vtt)).toEqual([
      { fromMs: 1_000, toMs: 4_500, speaker: 'Ada Ferreira', text: 'Good morning, everybody.' },
      { fromMs: 5_200, toMs: 7_250, speaker: null, text: 'What is 10:30 for? Nothing & all' },
      { fromMs: 8_000, toMs: 9_000, speaker: 'Ben Okafor', text: 'Yes: at noon.' },
      { fromMs: 9_000, toMs: 10_000, speaker: null, text: 'Note: read chapter 3' },
    ]);
  });

  it.each([
    ['田中 太郎: おはよう', '田中 太郎'],
    ['Ludwig van der Berg: Hallo', 'Ludwig van der Berg'],
    ["Zoë O'Neill (she/her): Hi", null],
    ['so the answer is: none', null],
    ['I said to him, wait: no', null],
    ['Wait. the thing is: no', null],
    ['https://example.org', null],
  ])('tells in %j who speaks', (said, speaker) => {
    const [cue] = parseCues(`WEBVTT\n\n00:01.000 --> 00:02.000\n${said}`);
    expect(cue?.speaker ?? null).toBe(speaker);
    if (speaker === null) expect(cue?.text).toBe(said);
  });

  it('is written anew, so that nothing of a hostile file is left but its words', () => {
    const hostile =
      'WEBVTT\n\n00:01.000 --> 00:02.000\nEve: <img src=x onerror=alert(1)>a --> b &lt;script&gt; \u202e\u0000x';
    const vtt = writeCues(parseCues(hostile));
    expect(vtt).toBe('WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Eve>a --&gt; b &lt;script&gt; x\n');
    expect(writeCues(parseCues(vtt))).toBe(vtt);
  });

  it('is read in time in proportion to its length', () => {
    const long = `WEBVTT\n\n${'00:01.000 --> 00:02.000\n'.repeat(2)}${'<'.repeat(200_000)}\n\n${'00:01'.repeat(50_000)}`;
    expect(parseCues(long).length).toBeLessThanOrEqual(1);
  });
});

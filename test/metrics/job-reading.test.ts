import { describe, expect, it } from 'vitest';
import { createJobReading } from '../../src/metrics/job-reading.ts';

describe('reading the jobs of a store that hangs', () => {
  it('gives up after a while, asks no second question meanwhile, and reads again once it answers', async () => {
    const now = { ms: 0 };
    const answers: ((jobs: []) => void)[] = [];
    const overview = () => new Promise<[]>((resolve) => void answers.push(resolve));
    const read = createJobReading({ overview, clock: () => now.ms, patienceMs: 5 });
    expect(await read()).toBeNull();
    now.ms += 60_000;
    expect(await read()).toBeNull();
    expect(answers).toHaveLength(1);
    answers[0]?.([]);
    await new Promise(setImmediate);
    now.ms += 60_000;
    const again = read();
    expect(answers).toHaveLength(2);
    answers[1]?.([]);
    expect(await again).toEqual([]);
  });
});

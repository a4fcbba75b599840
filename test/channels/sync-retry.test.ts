import { describe, expect, it } from 'vitest';
import { retryAt } from '../../src/channels/sync-retry.ts';
import type { SyncFailure, SyncTrigger } from '../../src/channels/sync-run.ts';
import { failure } from '../../src/lib/result.ts';

const MINUTE = 60_000;
const at = { now: 1_000_000, random: (bytes: number) => Buffer.alloc(bytes, 128) };

function pauseOf(trigger: SyncTrigger, tries: number, reason: SyncFailure): number | null {
  const again = retryAt({ trigger, tries }, failure(reason), at);
  return again === null ? null : again - at.now;
}

describe('a run that the LMS failed', () => {
  it.each(['throttled', 'unreachable', 'timeout', 'server-error'] as const)(
    'because of %s is tried three times more, at longer and longer pauses',
    (reason) => {
      const pauses = [0, 1, 2, 3].map((tries) => pauseOf('schedule', tries, reason));
      expect(pauses).toEqual([MINUTE, 5 * MINUTE, 20 * MINUTE, null]);
    },
  );

  it.each(['not-authorised', 'course-not-found', 'bad-answer', 'too-large', 'platform-inactive'] as const)(
    'because of %s is not tried again, for nothing would be different',
    (reason) => expect(pauseOf('launch', 0, reason)).toBeNull(),
  );

  it.each(['button', 'api', 'command'] as const)('is not tried again when somebody waits for it: %s', (trigger) => {
    expect(pauseOf(trigger, 0, 'timeout')).toBeNull();
  });

  it('is given the time that the LMS asked for, a day at most', () => {
    const pause = (retryAfterMs: number) => {
      const failed = { ...failure('throttled' as const), retryAfterMs };
      return (retryAt({ trigger: 'launch', tries: 0 }, failed, at) ?? 0) - at.now;
    };
    expect([pause(1_000), pause(60 * MINUTE), pause(999_999 * MINUTE)]).toEqual([
      MINUTE,
      60 * MINUTE,
      24 * 60 * MINUTE,
    ]);
  });

  it('comes back at another moment than those that failed with it', () => {
    const pauses = [0, 255].map((byte) => {
      const random = (bytes: number) => Buffer.alloc(bytes, byte);
      return (retryAt({ trigger: 'launch', tries: 0 }, failure('timeout'), { ...at, random }) ?? 0) - at.now;
    });
    expect(pauses[0]).toBe(45_000);
    expect(pauses[1]).toBeGreaterThan(74_000);
    expect(pauses[1]).toBeLessThanOrEqual(75_000);
  });
});

const LONGEST_MS = 24 * 60 * 60_000;
/** How long a daily limit is taken to last when Zoom does not say. */
const DAILY_UNTOLD_MS = 60 * 60_000;

/**
 * When Zoom wants to be asked again, in epoch milliseconds; null when it did not say. `Retry-After` is a number of seconds at
 * times and, on a daily limit, a date.
 */
export function readRetryAt(headers: Record<string, string>, now: number): number | null {
  const told = headers['retry-after']?.trim() ?? '';
  const at = /^\d+$/.test(told) ? now + Number(told) * 1000 : Date.parse(told);
  if (Number.isFinite(at) && at > now) return Math.min(at, now + LONGEST_MS);
  return /daily/i.test(headers['x-ratelimit-type'] ?? '') ? now + DAILY_UNTOLD_MS : null;
}

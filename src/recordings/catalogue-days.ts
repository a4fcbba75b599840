const DAY_MS = 86_400_000;

/** Days from one to another as Zoom asks for them: yyyy-mm-dd in UTC, both included. */
export type Days = { from: string; to: string };

/** Zoom gives a month at most, and may cut a longer one without a word. */
const MOST_DAYS = 30;

/** The newest recordings: those up to the day after today, which has begun somewhere. */
export function newestDays(now: number): Days {
  return daysUntil(now + DAY_MS);
}

/** The days before those that were read from a day on. They overlap: see `certainSpan`. */
export function daysBefore(day: string): Days {
  return daysUntil(Date.parse(day) + DAY_MS);
}

/**
 * The time of which a list of these days tells everything, in milliseconds (`from` included, `until` not). What began on the
 * first or the last day may be missing from it, should Zoom count the day in another zone than UTC; the days before or after
 * have it in their middle.
 */
export function certainSpan({ from, to }: Days): { from: number; until: number } {
  return { from: Date.parse(from) + DAY_MS, until: Date.parse(to) };
}

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function daysUntil(at: number): Days {
  return { from: dayOf(at - (MOST_DAYS - 1) * DAY_MS), to: dayOf(at) };
}

import type { ZoomCore } from '../state.ts';
import { dayOf } from './recording.ts';

/** Days of UTC, and the epoch milliseconds where they begin and end. */
export type Span = { from: string; to: string; start: number; end: number };

const DAY = 86_400_000;
const WIDEST_DAYS = 31;

/** The days that a list is asked for: today, if nothing is said. A wide range loses its older part. Null: no dates. */
export function readSpan(query: URLSearchParams, { clock, faults }: Pick<ZoomCore, 'clock' | 'faults'>): Span | null {
  const today = dayOf(clock.now());
  const from = readDay(query.get('from') ?? today);
  const to = readDay(query.get('to') ?? dayOf(clock.now() + DAY));
  if (from === null || to === null) return null;
  const oldest = to - WIDEST_DAYS * DAY;
  const start = faults.wideRanges === 'clipped' && from < oldest ? oldest : from;
  return { from: dayOf(start), to: dayOf(to), start, end: to + DAY };
}

function readDay(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const day = Date.parse(text);
  return Number.isNaN(day) ? null : day;
}

import { tidyLine } from '../lib/tidy-text.ts';
import { isTimeZone } from '../lib/time-zone.ts';

/** Letters of a topic that a title keeps. */
const LONGEST_TOPIC = 150;
const WITHOUT_TOPIC = 'Recording';

type Named = { topic: string; startedAt: number; timeZone: string | null };

/** "Biology 101, 22 Nov 2026": classes of one meeting have one topic, and the date, where they were held, tells them apart. */
export function recordingTitle({ topic, startedAt, timeZone }: Named): string {
  return `${tidyLine(topic, LONGEST_TOPIC) || WITHOUT_TOPIC}, ${dateOf(startedAt, timeZone)}`;
}

function dateOf(at: number, timeZone: string | null): string {
  const zone = timeZone !== null && isTimeZone(timeZone) ? timeZone : 'UTC';
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: zone }).format(at);
}

import type { ChannelId } from '../channels/channel.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import { BIN_MS } from './recording.ts';

/**
 * Where a recording may go by the links of its meeting. `nowhere`: no link is about that day. `one`: into its channel.
 * `several`: its owner has to choose, and nothing is done before.
 */
export type Destination =
  | { kind: 'nowhere' }
  | { kind: 'one'; link: MeetingLink }
  | { kind: 'several'; links: MeetingLink[] };

type Held = { number: string; startedAt: number; durationMs: number };

export function destinationOf(
  recording: Pick<Held, 'number' | 'startedAt'>,
  links: readonly MeetingLink[],
): Destination {
  const about = links.filter((link) => link.number === recording.number && covers(link, recording.startedAt));
  const [link, ...others] = about;
  if (!link) return { kind: 'nowhere' };
  return others.length > 0 ? { kind: 'several', links: about } : { kind: 'one', link };
}

/** The link by which a recording comes in without anybody asking for it, or null. */
export function linkThatBrings(recording: Held, links: readonly MeetingLink[], now: number): MeetingLink | null {
  const destination = destinationOf(recording, links);
  if (destination.kind !== 'one' || destination.link.mode !== 'automatic') return null;
  const endedBy = recording.startedAt + recording.durationMs + ROUNDED_MS;
  return endedBy >= beginningOf(destination.link, now) ? destination.link : null;
}

const DAY_MS = 86_400_000;
/** Zoom tells lengths in whole minutes. */
const ROUNDED_MS = 60_000;
/** How long after its making a link brings what is long past. */
const CATCHES_UP_MS = 7 * DAY_MS;

/**
 * What ended before then does not come in by itself (epoch milliseconds). Somebody who links a meeting that has been held for
 * years does not mean all of them; whoever sets a first day does. Later on nothing comes that is older than the bin keeps: a
 * recording that was deleted here is forgotten by then, and would come again.
 */
export function beginningOf({ from, createdAt }: Pick<MeetingLink, 'from' | 'createdAt'>, now: number): number {
  // The day may begin earlier than in UTC; whether it has begun is asked with its zone.
  const first = from === null ? createdAt : Date.parse(from) - DAY_MS;
  return now < createdAt + CATCHES_UP_MS ? first : Math.max(first, now - BIN_MS);
}

/** The channels, each once. */
export function channelsOf(destination: Destination): ChannelId[] {
  if (destination.kind === 'nowhere') return [];
  const links = destination.kind === 'one' ? [destination.link] : destination.links;
  return [...new Set(links.map(({ channelId }) => channelId))];
}

function covers({ from, until, timeZone }: MeetingLink, startedAt: number): boolean {
  if (from === null && until === null) return true;
  const day = dayIn(startedAt, timeZone);
  return (from === null || day >= from) && (until === null || day <= until);
}

/** The day in a zone as yyyy-mm-dd; in UTC when the zone is none. */
function dayIn(at: number, timeZone: string): string {
  const zone = isTimeZone(timeZone) ? timeZone : 'UTC';
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(at);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

import type { ChannelStore } from '../channels/channel-store.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import type { MeetingLinkStore } from '../zoom/zoom-store.ts';
import type { CatalogueEntry, CatalogueStore } from './catalogue-store.ts';
import { linksInUse } from './contributing.ts';
import { beginningOf, linkThatBrings } from './destination.ts';
import type { RecordingStore } from './recording-store.ts';

export type BringDeps = {
  channels: Pick<ChannelStore, 'findChannel'>;
  meetingLinks: Pick<MeetingLinkStore, 'linksOfConnection'>;
  catalogue: Pick<CatalogueStore, 'listEntries'>;
  recordings: Pick<RecordingStore, 'findByMeetings'>;
  /** Brings in what a link says comes by itself; whether its person still may is judged there. */
  importByLink: (link: MeetingLink, entry: CatalogueEntry) => Promise<void>;
  clock: Clock;
};

const DAY_MS = 86_400_000;
const AT_ONCE = 100;

/** Asks for what is in the catalogue, is not here, and comes in by itself: of new links, and of days that were changed, too. */
export async function bringByLinks(deps: BringDeps, connectionId: ConnectionId): Promise<void> {
  const links = await linksInUse(deps, connectionId);
  for (const number of new Set(links.filter(({ mode }) => mode === 'automatic').map((link) => link.number))) {
    const same = links.filter((link) => link.number === number);
    for await (const entries of entriesFor(deps, connectionId, same)) await bringEach(deps, entries, same);
  }
}

/** The entries of a meeting that are new enough for one of its links. */
async function* entriesFor(
  { catalogue, clock }: BringDeps,
  id: ConnectionId,
  links: readonly MeetingLink[],
): AsyncGenerator<CatalogueEntry[]> {
  const [first] = links;
  if (!first) return;
  // A meeting that was going on when it was linked began before.
  const from = Math.min(...links.map((link) => beginningOf(link, clock()))) - DAY_MS;
  let cursor: string | null = null;
  do {
    const at = { limit: AT_ONCE, ...(cursor === null ? {} : { cursor }) };
    const page = await catalogue.listEntries(id, { number: first.number, from }, at);
    yield page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

async function bringEach(
  { recordings, importByLink, clock }: BringDeps,
  entries: readonly CatalogueEntry[],
  links: readonly MeetingLink[],
): Promise<void> {
  const due = entries.flatMap((entry) => {
    const link = entry.media === 'none' ? null : linkThatBrings(entry, links, clock());
    return link ? [{ entry, link }] : [];
  });
  if (due.length === 0) return;
  const known = await recordings.findByMeetings(due.map(({ entry }) => entry.meetingUuid));
  const here = new Set(known.map(({ meetingUuid }) => meetingUuid));
  for (const { entry, link } of due) if (!here.has(entry.meetingUuid)) await importByLink(link, entry);
}

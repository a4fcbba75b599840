import type { Channel } from '../channels/channel.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Connection } from '../zoom/connection.ts';
import type { MeetingLinkStore } from '../zoom/zoom-store.ts';
import type { CatalogueEntry, CatalogueStore } from './catalogue-store.ts';
import { linksInUse } from './contributing.ts';
import { destinationOf } from './destination.ts';
import type { Recording } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';
import type { ImportAnswer, ImportRequest } from './request-import.ts';

export type BringChosenDeps = {
  catalogue: Pick<CatalogueStore, 'findEntries' | 'listEntries'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  meetingLinks: Pick<MeetingLinkStore, 'linksOfConnection'>;
  recordings: Pick<RecordingStore, 'findByMeetings'>;
  requestImports: (ask: ImportRequest) => Promise<ImportAnswer[]>;
};

export type Chosen = {
  entries: readonly CatalogueEntry[];
  /** Null: the person's own library. */
  channel: Channel | null;
  visibility: Recording['visibility'];
};

/** Asks for chosen recordings. What a link of their channel says of what to bring holds for those of its meeting. */
export async function bringChosen(
  deps: BringChosenDeps,
  person: { visitor: Pick<Visitor, 'userId' | 'platformId'>; connection: Connection },
  { entries, channel, visibility }: Chosen,
): Promise<ImportAnswer[]> {
  const { userId, platformId } = person.visitor;
  const inUse = await linksInUse(deps, person.connection.id);
  const links = inUse.filter(({ channelId }) => channelId === channel?.id);
  const answers: ImportAnswer[] = [];
  for (const entry of entries) {
    const destination = destinationOf(entry, links);
    const asked = await deps.requestImports({
      by: { userId, platformId },
      connectionId: person.connection.id,
      meetingUuids: [entry.meetingUuid],
      channelId: channel?.id ?? null,
      visibility,
      ...(destination.kind === 'one' ? { linkId: destination.link.id, bring: destination.link.bring } : {}),
    });
    answers.push(...asked);
  }
  return answers;
}

const PAGE = 100;
/** So many are asked for in one go at most; asking again goes on with those that are left. */
export const MOST_AT_ONCE = 500;

/** The recordings of a meeting that are not here yet, newest first. */
export async function notHereYet(
  { catalogue, recordings }: BringChosenDeps,
  { id }: Connection,
  number: string,
): Promise<CatalogueEntry[]> {
  const found: CatalogueEntry[] = [];
  let cursor: string | null = null;
  do {
    const at = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const page = await catalogue.listEntries(id, { number }, at);
    const known = await recordings.findByMeetings(page.items.map(({ meetingUuid }) => meetingUuid));
    const here = new Set(known.map(({ meetingUuid }) => meetingUuid));
    found.push(...page.items.filter(({ media, meetingUuid }) => media !== 'none' && !here.has(meetingUuid)));
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < MOST_AT_ONCE);
  return found.slice(0, MOST_AT_ONCE);
}

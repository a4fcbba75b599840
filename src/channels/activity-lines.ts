import { yieldToRequests } from '../lib/clock.ts';
import { type ActivityFacts, type ActivityLine, peopleIn } from './activity-page.ts';
import type { ChannelId, User, UserId } from './channel.ts';
import type { ActivityEvent, ActivityStore, MembershipStore } from './channel-store.ts';

export type ActivityLinesDeps = {
  activity: Pick<ActivityStore, 'listActivity'>;
  memberships: Pick<MembershipStore, 'findUsers'>;
};

const EVENTS_AT_ONCE = 50;
const LINES = 25;
/** A change of thousands of members is one line; to fold it, at most so many slices of events are walked. */
const MOST_SLICES = 60;

/** What one page of the list shows, from a cursor on: events, those of one change of many folded into one line. */
export async function readLines(
  deps: ActivityLinesDeps,
  channelId: ChannelId,
  from: string | null,
): Promise<ActivityFacts> {
  const { lines, nextCursor } = await foldEvents(deps, channelId, from);
  return { lines, nextCursor, people: await peopleOf(deps, lines) };
}

async function foldEvents(
  { activity }: ActivityLinesDeps,
  channelId: ChannelId,
  from: string | null,
): Promise<{ lines: ActivityLine[]; nextCursor: string | null }> {
  const lines: ActivityLine[] = [];
  const batches = new Map<string, ActivityLine>();
  let cursor = from;
  for (let slice = 0; slice < MOST_SLICES; slice++) {
    if (slice > 0) await yieldToRequests();
    const request = { limit: EVENTS_AT_ONCE, ...(cursor === null ? {} : { cursor }) };
    const page = await activity.listActivity(channelId, {}, request);
    for (const event of page.items) addEvent(lines, batches, event);
    cursor = page.nextCursor;
    const last = lines.at(-1);
    const insideOne = last?.event.batch !== null && last?.event.batch === page.items.at(-1)?.batch;
    if (cursor === null || (lines.length >= LINES && !insideOne)) return { lines, nextCursor: cursor };
  }
  const last = lines.at(-1);
  if (last) last.goesOn = last.event.batch !== null;
  return { lines, nextCursor: cursor };
}

function addEvent(lines: ActivityLine[], batches: Map<string, ActivityLine>, event: ActivityEvent): void {
  const known = event.batch === null ? undefined : batches.get(event.batch);
  if (known) {
    known.count += 1;
    known.sameTo &&= known.event.to === event.to;
    return;
  }
  const line: ActivityLine = { event, count: 1, sameTo: true, goesOn: false, undoable: false };
  lines.push(line);
  if (event.batch !== null) batches.set(event.batch, line);
}

async function peopleOf(
  { memberships }: ActivityLinesDeps,
  lines: readonly ActivityLine[],
): Promise<ReadonlyMap<UserId, User>> {
  const ids = new Set(lines.flatMap(({ event }) => peopleIn(event)));
  const users = ids.size === 0 ? [] : await memberships.findUsers([...ids]);
  return new Map(users.map((user) => [user.id, user]));
}

import type { Connection, mongo } from 'mongoose';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import { failure, success } from '../../lib/result.ts';
import type { MeetingLink, MeetingLinkId } from '../../zoom/meeting-link.ts';
import type { MeetingLinkStore } from '../../zoom/zoom-store.ts';
import { storable } from '../storable.ts';
import { decidedLink } from '../zoom-changes.ts';
import { isDuplicate, isOutage } from './faults.ts';
import { linkDocument, type MeetingLinkDocument, meetingLinkModel, toLink } from './meeting-link-documents.ts';
import { rowsOf } from './model.ts';
import { settlePending } from './pending-events.ts';
import { untilWritten } from './until-written.ts';

const OF_A_CHANNEL = 200;

type Rows = mongo.Collection<MeetingLinkDocument>;

export function createMeetingLinkStore(db: Connection): MeetingLinkStore {
  const rows = rowsOf(meetingLinkModel(db));

  /** It stands in the link already: when the engine fails now, or we die, `flushPending` does the rest later. */
  async function record(id: MeetingLinkId, event: ActivityEvent): Promise<void> {
    try {
      await settlePending(db, 'meeting_links', id, [event]);
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }

  async function find(id: MeetingLinkId): Promise<MeetingLink | null> {
    const found = await rows.findOne({ _id: id, gone: { $exists: false } });
    return found && toLink(found);
  }

  return {
    async addLink(given, note) {
      const link = storable({ ...given, version: 1 });
      try {
        await rows.insertOne({ ...linkDocument(link), pending: [note], pendingSince: note.at });
      } catch (error) {
        if (isDuplicate(error)) return failure('already-linked');
        throw error;
      }
      await record(link.id, note);
      return success(link);
    },
    findLink: find,
    ...linkLists(rows),
    changeLink: (id, at, decide, note) =>
      untilWritten(async () => {
        const current = await find(id);
        const decided = current && decidedLink(current, decide(current), at);
        if (!current || !decided) return { is: current };
        const event = note?.(current, decided.after) ?? null;
        if (!(await write(rows, current, { ...decided, event }))) return null;
        if (event) await record(id, event);
        return { is: decided.after };
      }),
  };
}

type Lists = Pick<MeetingLinkStore, 'linksOfChannel' | 'linksOfConnection' | 'linksOfUser' | 'countLinks'>;

/** A link that is gone has none of the fields that lists go by. */
function linkLists(rows: Rows): Lists {
  const oldestFirst = (where: mongo.Filter<MeetingLinkDocument>) => rows.find(where).sort({ createdAt: 1, _id: 1 });
  return {
    linksOfChannel: async (channelId) => (await oldestFirst({ channelId }).limit(OF_A_CHANNEL).toArray()).map(toLink),
    linksOfConnection: async (connectionId) => (await oldestFirst({ connectionId }).toArray()).map(toLink),
    linksOfUser: async (linkedBy) => (await oldestFirst({ linkedBy }).toArray()).map(toLink),
    countLinks: (channelId) => rows.countDocuments({ channelId }, { hint: 'of_channel' }),
  };
}

/** Writes what was decided, with its event; false, and nothing written, when another was quicker. */
async function write(
  rows: Rows,
  current: MeetingLink,
  { after, event }: { after: MeetingLink | null; event: ActivityEvent | null },
): Promise<boolean> {
  const as = { _id: current.id, version: current.version };
  const carried = event ? { $push: { pending: event }, $min: { pendingSince: event.at } } : {};
  if (after) {
    const { _id, ...fields } = linkDocument(after);
    return (await rows.updateOne(as, { $set: fields, ...carried })).matchedCount === 1;
  }
  if (!event) {
    const removed = await rows.deleteOne({ ...as, pendingSince: { $exists: false } });
    if (removed.deletedCount === 1) return true;
  }
  // With an event it stays until that is recorded; its number is free, and no list finds it.
  const { _id, ...fields } = linkDocument(current);
  const $unset = Object.fromEntries(Object.keys(fields).map((field) => [field, '' as const]));
  const where = event ? as : { ...as, pendingSince: { $exists: true } };
  return (await rows.updateOne(where, { $set: { gone: true }, $unset, ...carried })).matchedCount === 1;
}

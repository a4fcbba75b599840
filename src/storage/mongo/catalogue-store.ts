import type { Connection, mongo } from 'mongoose';
import { wellFormed } from '../../lib/fold.ts';
import type { PageRequest } from '../../lib/page.ts';
import type { CatalogueEntry, CatalogueFilter, CatalogueStore } from '../../recordings/catalogue-store.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import {
  type CatalogueDocument,
  catalogueId,
  catalogueModel,
  toCatalogueDocument,
  toEntry,
} from './catalogue-documents.ts';
import { againIfDuplicate, isDuplicate } from './faults.ts';
import { literalPattern } from './literal-pattern.ts';
import { rowsOf } from './model.ts';

type Rows = mongo.Collection<CatalogueDocument>;
type Filter = mongo.Filter<CatalogueDocument>;

/** How many meetings one chooses from. */
const NUMBERS_LISTED = 300;

export function createCatalogueStore(db: Connection): CatalogueStore {
  const rows = rowsOf(catalogueModel(db));
  return {
    putEntries: (entries) => putAll(rows, entries),
    async listEntries(connectionId, filter, page) {
      const wanted = { connectionId, ...matches(filter) };
      const index = filter.number === undefined ? 'listed' : 'of_number';
      const found = await rows
        .find({ $and: [wanted, behind(page)] })
        .sort({ startedAt: -1, meetingUuid: -1 })
        .limit(page.limit + 1)
        .hint(index)
        .toArray();
      const position = ({ startedAt, meetingUuid }: CatalogueDocument) => [startedAt, meetingUuid];
      const shown = toPage(found, page.limit, { item: toEntry, position });
      return { ...shown, total: await rows.countDocuments(wanted, { hint: index }) };
    },
    async findEntries(connectionId, meetingUuids) {
      const ids = meetingUuids.map((uuid) => catalogueId(connectionId, wellFormed(uuid)));
      return (await rows.find({ _id: { $in: ids }, connectionId }).toArray()).map(toEntry);
    },
    async listNumbers(connectionId) {
      const groups = rows.aggregate<{ _id: string; topic: string; recordings: number; newestAt: number }>([
        { $match: { connectionId } },
        { $sort: { startedAt: -1, meetingUuid: -1 } },
        {
          $group: {
            _id: '$number',
            topic: { $first: '$topic' },
            recordings: { $sum: 1 },
            newestAt: { $first: '$startedAt' },
          },
        },
        { $sort: { newestAt: -1, _id: 1 } },
        { $limit: NUMBERS_LISTED },
      ]);
      return (await groups.toArray()).map(({ _id: number, ...rest }) => ({ number, ...rest }));
    },
    async dropUnseen(connectionId, { from, until, seenBefore }) {
      await rows.deleteMany({ connectionId, startedAt: { $gte: from, $lt: until }, seenAt: { $lt: seenBefore } });
    },
    async removeEntries(connectionId) {
      await rows.deleteMany({ connectionId });
    },
  };
}

/**
 * Of two that tell of the same recording the one that saw it last is right, in whatever order they come. An upsert that
 * does not find what is older meets the newer one's key: it has nothing to say. The first time it may also have met
 * another who began at the same moment, so it is asked once more.
 */
async function putAll(rows: Rows, entries: readonly CatalogueEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const operations = entries.map(toCatalogueDocument).map(({ _id, connectionId, ...fields }) => ({
    updateOne: {
      filter: { _id, connectionId, seenAt: { $lte: fields.seenAt } },
      update: { $set: fields },
      upsert: true,
    },
  }));
  try {
    await againIfDuplicate(() => rows.bulkWrite(operations, { ordered: false }));
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

function matches({ number, q, from, until }: CatalogueFilter): Filter {
  const search = memberSearch(q);
  const began = { ...(from === undefined ? {} : { $gte: from }), ...(until === undefined ? {} : { $lt: until }) };
  return {
    ...(number === undefined ? {} : { number }),
    ...(from === undefined && until === undefined ? {} : { startedAt: began }),
    ...(search === null ? {} : { search: { $regex: literalPattern(search) } }),
  };
}

function behind(page: PageRequest): Filter {
  const [startedAt, uuid] = positionOf(page, ['number', 'string']) ?? [];
  if (startedAt === undefined || uuid === undefined) return {};
  return {
    startedAt: { $lte: startedAt },
    $or: [{ startedAt: { $lt: startedAt } }, { meetingUuid: { $lt: uuid } }],
  };
}

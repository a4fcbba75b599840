import type { Connection, mongo } from 'mongoose';
import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { MemberCounts, MemberFilter, MembershipStore } from '../../channels/channel-store.ts';
import type { Membership } from '../../channels/membership.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import type { PageRequest } from '../../lib/page.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { literalPattern } from './literal-pattern.ts';
import { membershipModel } from './membership-documents.ts';
import { type MembershipDocument, memberKey, toMember } from './membership-fields.ts';
import { rowsOf } from './model.ts';

type Rows = mongo.Collection<MembershipDocument>;
type Filter = mongo.Filter<MembershipDocument>;
type PassOver = (subject: string, mark: string | null) => boolean;

/** Whoever was removed has neither; an index tells that without the document. */
const STANDS = { active: { $in: [true, false] } };

export function createMemberLists(
  db: Connection,
): Pick<MembershipStore, 'listMembers' | 'allMembers' | 'countMembers'> {
  const rows = rowsOf(membershipModel(db));
  return {
    async listMembers(channelId, filter, page) {
      const wanted = { channelId, ...matches(filter) };
      const found = await rows
        .find({ ...wanted, ...behind(page) })
        .sort({ sortKey: 1, userId: 1 })
        .limit(page.limit + 1)
        .hint('listed')
        .toArray();
      const shown = toPage(found, page.limit, { item: toMember, position: ({ sortKey, userId }) => [sortKey, userId] });
      const index = 'search' in wanted ? 'listed' : 'counted';
      return { ...shown, total: await rows.countDocuments(wanted, { hint: index }) };
    },
    allMembers: (channelId, sliceSize, passOver) =>
      passOver ? membersLeft(rows, channelId, { size: sliceSize, passOver }) : slices(rows, channelId, sliceSize),
    async countMembers(channelId) {
      const groups = rows.aggregate<CountGroup>(
        [
          { $match: { channelId, ...STANDS, isTest: false } },
          {
            $group: { _id: { active: '$active', level: '$level', updateMethod: '$updateMethod' }, people: { $sum: 1 } },
          },
        ],
        { hint: 'counted' },
      );
      return sumUp(await groups.toArray());
    },
  };
}

function matches({ level, active, inactiveReason, updateMethod, q }: MemberFilter): Filter {
  const search = memberSearch(q);
  return {
    ...(active === undefined ? STANDS : { active }),
    ...(level === undefined ? {} : { level }),
    ...(inactiveReason === undefined ? {} : { inactiveReason }),
    ...(updateMethod === undefined ? {} : { updateMethod }),
    ...(search === null ? {} : { search: { $regex: literalPattern(search) } }),
  };
}

function behind(page: PageRequest): Filter {
  const position = positionOf(page, ['string', 'string']);
  if (!position) return {};
  const [sortKey, userId] = position;
  return { sortKey: { $gte: sortKey }, $or: [{ sortKey: { $gt: sortKey } }, { userId: { $gt: userId as UserId } }] };
}

async function* slices(rows: Rows, channelId: ChannelId, size: number): AsyncGenerator<Membership[]> {
  for (let after = '' as UserId, more = true; more; ) {
    const found = await rows
      .find({ channelId, userId: { $gt: after }, ...STANDS })
      .sort({ userId: 1 })
      .limit(size)
      .hint('keys')
      .toArray();
    if (found.length > 0) yield found.map(toMember);
    after = found.at(-1)?.userId ?? after;
    more = found.length === size;
  }
}

type Key = Pick<MembershipDocument, 'userId' | 'subject' | 'rosterMark'>;

async function* membersLeft(
  rows: Rows,
  channelId: ChannelId,
  { size, passOver }: { size: number; passOver: PassOver },
): AsyncGenerator<Membership[]> {
  for (let after = '' as UserId, more = true; more; ) {
    const keys = await rows
      .find({ channelId, userId: { $gt: after }, ...STANDS })
      .project<Key>({ _id: 0, userId: 1, subject: 1, rosterMark: 1 })
      .sort({ userId: 1 })
      .limit(size)
      .hint('keys')
      .toArray();
    const left = keys.filter(({ subject, rosterMark }) => !passOver(subject, rosterMark));
    yield left.length === 0 ? [] : await readAll(rows, channelId, left);
    after = keys.at(-1)?.userId ?? after;
    more = keys.length === size;
  }
}

async function readAll(rows: Rows, channelId: ChannelId, keys: Key[]): Promise<Membership[]> {
  const ids = keys.map(({ userId }) => memberKey(channelId, userId)._id);
  const found = await rows
    .find({ _id: { $in: ids }, channelId, ...STANDS })
    .sort({ userId: 1 })
    .toArray();
  return found.map(toMember);
}

type CountGroup = {
  _id: { active: boolean; level: PermissionLevel; updateMethod: Membership['updateMethod'] };
  people: number;
};

function sumUp(groups: CountGroup[]): MemberCounts {
  const active = { manager: 0, moderator: 0, contributor: 0, member: 0 };
  const counts: MemberCounts = { active, total: 0, inactive: 0, manual: 0 };
  for (const { _id: group, people } of groups) {
    if (!group.active) {
      counts.inactive += people;
      continue;
    }
    active[group.level] += people;
    counts.total += people;
    if (group.updateMethod === 'manual') counts.manual += people;
  }
  return counts;
}

import { newActivity, writeState } from '../channels/activity.ts';
import type { UserId } from '../channels/channel.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { MeetingState } from '../channels/meeting-activity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { type Failure, failure, type Result, success } from '../lib/result.ts';
import type { ConnectionId } from './connection.ts';
import type { MeetingLink, MeetingLinkId } from './meeting-link.ts';
import { allowedSettings, type LinkPerson, linkRights } from './meeting-links-policy.ts';
import { type LinkSettings, overlap, settingsOf } from './meeting-settings.ts';
import type { MeetingLinkStore } from './zoom-store.ts';

export type LinkChangeDeps = {
  meetingLinks: MeetingLinkStore;
  channels: Pick<ChannelStore, 'findChannel'>;
  clock: Clock;
  random: Random;
};

/** Links of the same meeting whose days fall into the days of another. */
export type Overlap = Failure<'overlap'> & { with: MeetingLink[] };

export type EditRequest = {
  who: LinkPerson;
  wanted: LinkSettings;
  /** What the form began with; whoever saved since is not overwritten. */
  was: LinkSettings;
  /** The links that the person was told of and does not mind. */
  seenOverlap: readonly string[];
};

/** Changes what a person may change of a link. */
export async function editLink(
  deps: LinkChangeDeps,
  link: MeetingLink,
  request: EditRequest,
): Promise<Result<{ changed: boolean }, 'not-allowed' | 'changed-meanwhile' | 'no-such-meeting-link'> | Overlap> {
  const { who, wanted, was } = request;
  const rights = linkRights(who, link);
  if (rights.edit === null) return failure('not-allowed');
  // What overlapped before was decided then.
  const others = (await overlappingLinks(deps, { ...link, ...wanted })).filter((other) => !overlap(other, link));
  if (others.some(({ id }) => !request.seenOverlap.includes(id))) return { ...failure('overlap'), with: others };
  let outcome: 'changed' | 'unchanged' | 'meanwhile' = 'unchanged';
  const after = await changeLink(deps, link.id, `user:${who.userId}`, (now) => {
    outcome = 'unchanged';
    if (!same(settingsOf(now), was) || now.linkedBy !== link.linkedBy) {
      outcome = 'meanwhile';
      return null;
    }
    const settings = allowedSettings(settingsOf(now), wanted, rights);
    if (same(settings, settingsOf(now))) return null;
    outcome = 'changed';
    return { ...now, ...settings };
  });
  if (!after) return failure('no-such-meeting-link');
  return outcome === ('meanwhile' as typeof outcome)
    ? failure('changed-meanwhile')
    : success({ changed: outcome === ('changed' as typeof outcome) });
}

/** Unties a meeting from its channel. What was imported stays. */
export async function removeLink(deps: LinkChangeDeps, link: MeetingLink, who: LinkPerson): Promise<void> {
  await deps.meetingLinks.changeLink(
    link.id,
    deps.clock(),
    () => 'remove',
    (before, after) => (after ? null : linkEvent(deps, `user:${who.userId}`, { before, after })),
  );
}

/**
 * When a connection ended (for one of its people, or for all): its links stay as ones that nobody verified, and what Zoom
 * told about them is forgotten.
 */
export async function unlinkConnection(
  deps: LinkChangeDeps,
  connectionId: ConnectionId,
  only: { userId: UserId } | null = null,
): Promise<void> {
  for (const link of await deps.meetingLinks.linksOfConnection(connectionId)) {
    if (only && link.linkedBy !== only.userId) continue;
    await unverifyLink(deps, link.id, connectionId);
  }
}

/** Makes a link of that connection one that nobody verified. What stands afterwards. */
export function unverifyLink(
  deps: Pick<LinkChangeDeps, 'meetingLinks' | 'clock' | 'random'>,
  id: MeetingLinkId,
  connectionId: ConnectionId,
): Promise<MeetingLink | null> {
  return changeLink(deps, id, 'system', (now) => (now.connectionId === connectionId ? unverified(now) : null));
}

function unverified(link: MeetingLink): MeetingLink {
  return {
    ...link,
    ...{ connectionId: null, topic: null, kind: 'unknown', times: [], checkedAt: null, inZoom: 'unknown', mode: 'ask' },
  };
}

/** Reads, decides, writes, and tells the activity list what people would want to know of it. */
export function changeLink(
  deps: Pick<LinkChangeDeps, 'meetingLinks' | 'clock' | 'random'>,
  id: MeetingLinkId,
  actor: string,
  decide: (now: MeetingLink) => MeetingLink | null,
): Promise<MeetingLink | null> {
  return deps.meetingLinks.changeLink(id, deps.clock(), decide, (before, after) =>
    after && same(stateOf(before), stateOf(after)) ? null : linkEvent(deps, actor, { before, after }),
  );
}

/** The event of a link that was made, changed or removed. */
export function linkEvent(
  deps: Pick<LinkChangeDeps, 'clock' | 'random'>,
  actor: string,
  { before, after }: { before: MeetingLink | null; after: MeetingLink | null },
) {
  const { platformId = null, channelId = null } = after ?? before ?? {};
  return newActivity(deps, {
    actor,
    action: before === null ? 'meeting.link' : after === null ? 'meeting.unlink' : 'meeting.change',
    ...{ platformId, channelId },
    from: writeState(before && stateOf(before)),
    to: writeState(after && stateOf(after)),
  });
}

function stateOf(link: MeetingLink): MeetingState {
  return { number: link.number, ...settingsOf(link), verified: link.connectionId !== null };
}

/** Links of the same account and number, in channels that are not deleted, into whose days the days of this one fall. */
export async function overlappingLinks(
  { meetingLinks, channels }: Pick<LinkChangeDeps, 'meetingLinks' | 'channels'>,
  link: Pick<MeetingLink, 'number' | 'connectionId' | 'from' | 'until'> & { id: MeetingLinkId | null },
): Promise<MeetingLink[]> {
  if (link.connectionId === null) return [];
  const others = (await meetingLinks.linksOfConnection(link.connectionId)).filter(
    (other) => other.id !== link.id && other.number === link.number && overlap(other, link),
  );
  const found = await Promise.all(others.map(({ channelId }) => channels.findChannel(channelId)));
  return others.filter((_other, i) => found[i]?.deletedAt === null);
}

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

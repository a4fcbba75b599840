import type { Channel, UserId } from '../channels/channel.ts';
import { newId } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Connection, ConnectionId } from './connection.ts';
import type { MeetingLink } from './meeting-link.ts';
import {
  changeLink,
  type LinkChangeDeps,
  linkEvent,
  type Overlap,
  overlappingLinks,
  unverifyLink,
} from './meeting-links.ts';
import { type LinkPerson, linkRights, mayLink } from './meeting-links-policy.ts';
import type { LinkSettings } from './meeting-settings.ts';
import { tellsOf } from './meeting-times.ts';
import { joinUrlOf } from './read-meeting-number.ts';
import type { ZoomApi, ZoomFault } from './zoom-api.ts';
import type { ConnectionStore } from './zoom-store.ts';

export type LinkMeetingDeps = LinkChangeDeps & {
  connections: Pick<ConnectionStore, 'findConnection' | 'findConnectionOf'>;
  /** Null when no Zoom app is set up. */
  api: ZoomApi | null;
  /** The meetings that a person has recordings of, as far as they are known here. */
  recordedMeetings: (connectionId: ConnectionId) => Promise<RecordedMeeting[]>;
};

export type RecordedMeeting = { number: string; topic: string; recordings: number; newestAt: number };

export const MOST_LINKS = 100;

/** A meeting that the person hosts: what its link will say of it. */
export type HostedMeeting = Pick<MeetingLink, 'topic' | 'kind' | 'times' | 'inZoom' | 'joinUrl'> & {
  connectionId: ConnectionId;
};

/**
 * Why a meeting cannot be linked as the person's own. `not-the-host`: somebody else hosts it. `not-found`: Zoom does not
 * know it as theirs, and there are no recordings of it either. `no-connection`: they have none that works.
 */
export type NotHosted = 'no-connection' | 'not-the-host' | Exclude<ZoomFault, 'forbidden'>;

export type LinkRequest = {
  who: LinkPerson & { channel: Channel };
  number: string;
  /** Where a pasted link said that people join, or null. */
  joinHost: string | null;
  settings: LinkSettings;
  timeZone: string;
  /** False: without asking Zoom, as one that members can join and nothing more. */
  verify: boolean;
  seenOverlap: readonly string[];
};

/** Ties a meeting to a channel. */
export async function linkMeeting(
  deps: LinkMeetingDeps,
  request: LinkRequest,
): Promise<Result<MeetingLink, NotHosted | 'not-allowed' | 'already-linked' | 'too-many'> | Overlap> {
  const { who, number, settings } = request;
  if (!mayLink(who)) return failure('not-allowed');
  if ((await deps.meetingLinks.countLinks(who.channel.id)) >= MOST_LINKS) return failure('too-many');
  const hosted = request.verify ? await hostedMeeting(deps, who, number) : null;
  if (hosted && !hosted.ok) return hosted;
  const link = newLink(deps, request, hosted?.value ?? null);
  const others = await overlappingLinks(deps, { ...link, ...settings, id: null });
  if (others.some(({ id }) => !request.seenOverlap.includes(id))) return { ...failure('overlap'), with: others };
  const event = linkEvent(deps, `user:${who.userId}`, { before: null, after: link });
  const added = await deps.meetingLinks.addLink(link, event);
  return added.ok ? success(await unlessLeft(deps, added.value)) : added;
}

/** Zoom takes seconds to answer; whoever disconnected meanwhile, before the link was written, left it behind unknowingly. */
async function unlessLeft(deps: LinkMeetingDeps, link: MeetingLink): Promise<MeetingLink> {
  const { id, connectionId, linkedBy } = link;
  if (connectionId === null) return link;
  const connection = await deps.connections.findConnection(connectionId);
  if (connection?.holders.includes(linkedBy)) return link;
  return (await unverifyLink(deps, id, connectionId)) ?? link;
}

function newLink(
  { clock, random }: LinkMeetingDeps,
  { who, number, joinHost, settings, timeZone }: LinkRequest,
  hosted: HostedMeeting | null,
): MeetingLink {
  const now = clock();
  return {
    id: newId(now, random),
    channelId: who.channel.id,
    platformId: who.channel.platformId,
    number,
    linkedBy: who.userId,
    connectionId: null,
    ...{ topic: null, kind: 'unknown', times: [], inZoom: 'unknown' },
    joinUrl: joinUrlOf(number, joinHost ?? undefined),
    ...settings,
    // Nothing comes in of a meeting that nobody here is known to host.
    mode: hosted ? settings.mode : 'ask',
    timeZone,
    checkedAt: hosted ? now : null,
    createdAt: now,
    updatedAt: now,
    version: 1,
    ...hosted,
  };
}

/** Makes a link that nobody verified the person's own, if they host the meeting; its recordings wait for them to choose. */
export async function verifyLink(
  deps: LinkMeetingDeps,
  link: MeetingLink,
  { who, seenOverlap }: { who: LinkPerson; seenOverlap: readonly string[] },
): Promise<Result<MeetingLink, NotHosted | 'not-allowed' | 'no-such-meeting-link'> | Overlap> {
  if (!linkRights(who, link).verify) return failure('not-allowed');
  const hosted = await hostedMeeting(deps, who, link.number);
  if (!hosted.ok) return hosted;
  const others = await overlappingLinks(deps, { ...link, connectionId: hosted.value.connectionId });
  if (others.some(({ id }) => !seenOverlap.includes(id))) return { ...failure('overlap'), with: others };
  const after = await changeLink(deps, link.id, `user:${who.userId}`, (now) => {
    if (now.connectionId !== null) return null;
    return { ...now, ...hosted.value, linkedBy: who.userId, mode: 'ask', checkedAt: deps.clock() };
  });
  if (!after) return failure('no-such-meeting-link');
  const verified = await unlessLeft(deps, after);
  return verified.connectionId === null ? failure('no-connection') : success(verified);
}

/** The connection of a person who may use it here, as long as it works. */
export async function liveConnection(
  { api, connections }: Pick<LinkMeetingDeps, 'api' | 'connections'>,
  who: { userId: UserId; grant: { launchOnly: boolean; isTest: boolean } },
): Promise<Connection | null> {
  if (!api || who.grant.launchOnly || who.grant.isTest) return null;
  const connection = await connections.findConnectionOf(who.userId);
  return connection?.state === 'live' ? connection : null;
}

/** Asks Zoom whether the person hosts a meeting. Expired ones that were recorded are theirs as well. */
export async function hostedMeeting(
  deps: LinkMeetingDeps,
  who: Parameters<typeof liveConnection>[1],
  number: string,
): Promise<Result<HostedMeeting, NotHosted>> {
  const connection = await liveConnection(deps, who);
  if (!connection || !deps.api) return failure('no-connection');
  const { id, profile } = connection;
  const isRoom = number === profile.personalRoom;
  const answer = await deps.api.meeting(id, number);
  const byZoom = answer.ok ? tellsOf(answer.value, deps.clock()) : null;
  const known = { joinUrl: joinUrlOf(number), connectionId: id };
  if (isRoom) {
    const room = byZoom ?? { topic: null, times: [], inZoom: 'unknown' as const };
    return success({ ...known, ...room, kind: 'personal-room' });
  }
  if (answer.ok && byZoom && answer.value.hostId === profile.zoomUserId) return success({ ...known, ...byZoom });
  if (answer.ok && answer.value.hostId !== null) return failure('not-the-host');
  const recorded = await findRecorded(deps, connection, number);
  if (recorded) {
    const inZoom = !answer.ok && answer.reason === 'not-found' ? 'gone' : 'unknown';
    return success({ ...known, topic: recorded.topic, kind: 'unknown', times: [], inZoom });
  }
  if (answer.ok) return failure('not-the-host');
  return answer.reason === 'forbidden' ? failure('not-the-host') : failure(answer.reason);
}

const DAY_MS = 86_400_000;
/** Zoom answers for a month at most at once. */
const MONTH_MS = 29 * DAY_MS;
const MONTHS_LOOKED_AT = 6;

/** The newest recording of a number: from what is known of the person's recordings, else asked month by month. */
async function findRecorded(
  { api, recordedMeetings, clock }: LinkMeetingDeps,
  { id, walk }: Connection,
  number: string,
): Promise<{ topic: string } | null> {
  const known = (await recordedMeetings(id)).find((meeting) => meeting.number === number);
  if (known || walk.complete || !api) return known ?? null;
  let to = clock() + DAY_MS;
  for (let month = 0; month < MONTHS_LOOKED_AT; month++) {
    const answer = await api.recordings(id, { from: dayOf(to - MONTH_MS), to: dayOf(to), number });
    if (!answer.ok) return null;
    const newest = answer.value.toSorted((a, b) => b.startedAt - a.startedAt)[0];
    if (newest) return newest;
    to -= MONTH_MS;
  }
  return null;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

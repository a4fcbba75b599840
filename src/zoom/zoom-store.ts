import type { ChannelId, UserId } from '../channels/channel.ts';
import type { ActivityEvent } from '../channels/channel-store.ts';
import type { Result } from '../lib/result.ts';
import type { Authorisation, Connection, ConnectionId, EndedConnection } from './connection.ts';
import type { MeetingLink, MeetingLinkId } from './meeting-link.ts';

/** What the Zoom domain asks of a store. Each verb is one whole business moment and atomic in every engine. */
export type ConnectionStore = {
  startAuthorisation(authorisation: Authorisation): Promise<void>;
  /** The authorisation of a state, once: for the first caller, if it is still valid at `now`; null for others. */
  takeAuthorisation(stateHash: string, now: number): Promise<Authorisation | null>;
  /** The newest one of a person that nobody came back from, not expired at `now`. */
  openAuthorisation(userId: UserId, now: number): Promise<Pick<Authorisation, 'startedAt' | 'validUntil'> | null>;
  /** Forgets what a person began and did not end, once they are connected. */
  forgetAuthorisations(userId: UserId): Promise<void>;
  /**
   * Connects a person. The connection of that Zoom user is renewed (`fresh` replaces grant, scopes, profile and state; its
   * ID, other holders, `walk` and `connectedAt` stay) or made from `fresh`, whose one holder is the person. A broken connection
   * that the person held of another Zoom user is left by them (and removed when nobody holds it any more); a live one of
   * another Zoom user is `other-account`, and nothing is written. What was kept of an ended connection is forgotten.
   * `reseal` makes `sealedTokens` for the ID under which it is written.
   */
  connect(
    fresh: Connection,
    reseal: (id: ConnectionId) => string,
  ): Promise<Result<{ connection: Connection; created: boolean }, 'other-account'>>;
  findConnection(id: ConnectionId): Promise<Connection | null>;
  findConnectionOf(userId: UserId): Promise<Connection | null>;
  findConnectionOfZoomUser(zoomUserId: string): Promise<Connection | null>;
  /**
   * Reads a connection, lets `decide` make its next state, and writes it, so that no other writer comes between; holders and
   * the Zoom user cannot be changed by it. The same state, or null, writes nothing. What stands afterwards, or null when there is none.
   */
  changeConnection(
    id: ConnectionId,
    at: number,
    decide: (current: Connection) => Connection | null,
  ): Promise<Connection | null>;
  /**
   * Ends it for the people of `ended` (all holders, or one of them), keeps for each of them only why and when, and removes
   * the connection when no holder is left. True when it was removed by this call. With `ifState`, nothing is written when it
   * is in another state.
   */
  endConnection(
    id: ConnectionId,
    ended: readonly EndedConnection[],
    only?: { ifState: Connection['state'] },
  ): Promise<boolean>;
  /** What is kept of the last connection of a person that ended for good. */
  findEnded(userId: UserId): Promise<EndedConnection | null>;
  /** Live ones that somebody asked a sweep for, or not swept since `sweptBefore`, asked ones first. */
  connectionsToSweep(due: { sweptBefore: number; limit: number }): Promise<ConnectionId[]>;
};

export type MeetingLinkStore = {
  /** `already-linked` when the channel has the number. The event is recorded with it. */
  addLink(link: MeetingLink, note: ActivityEvent): Promise<Result<MeetingLink, 'already-linked'>>;
  findLink(id: MeetingLinkId): Promise<MeetingLink | null>;
  /** Oldest first; at most 200. */
  linksOfChannel(channelId: ChannelId): Promise<MeetingLink[]>;
  /** All links of a connection, in channels deleted or not, oldest first. */
  linksOfConnection(connectionId: ConnectionId): Promise<MeetingLink[]>;
  linksOfUser(userId: UserId): Promise<MeetingLink[]>;
  countLinks(channelId: ChannelId): Promise<number>;
  /** As `changeConnection`; `'remove'` removes it. `number`, `channelId` cannot be changed. The event of `note` is recorded with what was written. */
  changeLink(
    id: MeetingLinkId,
    at: number,
    decide: (current: MeetingLink) => MeetingLink | 'remove' | null,
    note?: (before: MeetingLink, after: MeetingLink | null) => ActivityEvent | null,
  ): Promise<MeetingLink | null>;
};

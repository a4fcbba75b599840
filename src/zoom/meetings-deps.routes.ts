import type { RequestHandler } from 'express';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import type { Viewers } from '../web/viewer.ts';
import type { LinkMeetingDeps } from './link-meeting.ts';
import type { MeetingLink } from './meeting-link.ts';
import type { MeetingTimes } from './meeting-times.ts';
import type { ConnectionStore } from './zoom-store.ts';

export type MeetingRoutesDeps = LinkMeetingDeps & {
  viewers: Viewers;
  csrf: RequestHandler;
  channels: Pick<ChannelStore, 'findChannel' | 'contextsOfChannel'>;
  memberships: Pick<MembershipStore, 'findUsers'>;
  connections: Pick<ConnectionStore, 'findConnectionOf' | 'findConnection'>;
  /** Null when no Zoom app is set up. */
  times: MeetingTimes | null;
  /** What a link brings may be something else now. */
  onLinkChanged: (link: Pick<MeetingLink, 'connectionId'>) => Promise<void>;
  /** Where the Zoom for trying things is; null with the real one. */
  trial: string | null;
};

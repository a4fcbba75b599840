import { type ChannelLinks, type LinkQuery, linkAs } from '../channels/channel-links.ts';
import type { MeetingLinkId } from './meeting-link.ts';

/** The addresses of a channel's pages about meetings. */
export type MeetingPaths = {
  add(query?: LinkQuery): string;
  /** Where pasted text is posted to: it may hold passcodes, which no address should. */
  look: string;
  link(id: MeetingLinkId, query?: LinkQuery): string;
  verify(id: MeetingLinkId): string;
  remove(id: MeetingLinkId): string;
  /** The person's own Zoom account, and where they go on once it is connected. */
  account(back: string): string;
};

export function meetingPaths(links: ChannelLinks): MeetingPaths {
  const [root = ''] = links.meetings().split('?');
  const path = (below: string, query?: LinkQuery) => linkAs(links.as, `${root}${below}`, query);
  return {
    add: (query) => path('/add', query),
    look: path('/add/look'),
    link: (id, query) => path(`/${id}`, query),
    verify: (id) => path(`/${id}/verify`),
    remove: (id) => path(`/${id}/remove`),
    account: (back) => linkAs(links.as, '/zoom', { back }),
  };
}

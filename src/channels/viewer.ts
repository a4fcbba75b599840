import type { Channel, ChannelId, UserId } from './channel.ts';
import type { Standing } from './channel-policy.ts';
import type { Membership } from './membership.ts';

/** Who looks, as one launch told us. */
export type Visitor = {
  grant: {
    /** Stands in links, so that two launches in two tabs do not mix. */
    id: string;
    /** A platform administrator without a course role: manages for this launch, is not a member. */
    launchOnly: boolean;
    /** The channel of the launch's course, or null. */
    channelId: ChannelId | null;
    /** Given to the LMS's test student, who is nobody outside their course. */
    isTest: boolean;
    /** The LMS's family, for messages to its frame. */
    family: string;
    locale: string | null;
    timeZone: string | null;
  };
  userId: UserId;
  platformId: Channel['platformId'];
  /** The school of the launch; null when the LMS told none. */
  tenant: string | null;
  /** The origins whose pages may hold this one in a frame. */
  frameAncestors: string[];
};

/** Who looks at a channel, and what they may do there and now: `level` is null for people who are no members. */
export type Viewer = Visitor &
  Standing & {
    channel: Channel;
    /** Null for a platform administrator who is not in the course, and for people who look at an open channel. */
    membership: Membership | null;
  };

import type { Channel, UserId } from './channel.ts';
import type { Membership } from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

/** Who looks at a channel, as one launch let them in. */
export type Viewer = {
  grant: {
    /** Stands in links, so that two launches in two tabs do not mix. */
    id: string;
    /** A platform administrator without a course role: manages for this launch, is not a member. */
    launchOnly: boolean;
    /** The LMS's family, for messages to its frame. */
    family: string;
    locale: string | null;
    timeZone: string | null;
  };
  channel: Channel;
  /** Null for a platform administrator who is not in the course. */
  membership: Membership | null;
  /** What they may do here and now. */
  level: PermissionLevel;
  userId: UserId;
  /** The origins whose pages may hold this one in a frame. */
  frameAncestors: string[];
};

import { type ChannelRules, can, type Standing } from '../channels/channel-policy.ts';
import type { Viewer, Visitor } from '../channels/viewer.ts';
import type { Recording } from './recording.ts';

/** What can be done with one recording. */
export const RECORDING_RIGHTS = [
  'view',
  'edit',
  'publish',
  'move',
  'bin',
  'restore',
  'review',
  'seeViews',
  'steerImport',
] as const;

export type RecordingRight = (typeof RECORDING_RIGHTS)[number];

export type RecordingRights = Record<RecordingRight, boolean>;

/** Who asks, as a recording's rules look at it: a standing in its channel, and whether the recording is theirs. */
export type RecordingStanding = Standing & { owns: boolean };

/** What the rules look at in a recording. */
export type RecordingFacts = Pick<Recording, 'channelId' | 'visibility' | 'review' | 'deletedAt'> & {
  parts: readonly Pick<Recording['parts'][number], 'video'>[];
  import: Pick<Recording['import'], 'state'>;
};

/** What somebody is to a recording, from being let in to managing its channel. */
type Tie = 'viewer' | 'keeper' | 'contributor' | 'owner' | 'moderator' | 'manager';

type Rule = {
  needs: Tie;
  /** Whether the owner may do it with one that is in no channel. */
  inLibrary: boolean;
  inBin: boolean;
};

/**
 * The rule of each right. A `keeper` owns it or moderates its channel: what is somebody's own they may always see and take
 * away, and publish only for as long as they may contribute.
 */
const RULES: Record<RecordingRight, Rule> = {
  view: { needs: 'viewer', inLibrary: true, inBin: false },
  edit: { needs: 'contributor', inLibrary: true, inBin: false },
  publish: { needs: 'contributor', inLibrary: false, inBin: false },
  move: { needs: 'keeper', inLibrary: true, inBin: false },
  bin: { needs: 'keeper', inLibrary: true, inBin: false },
  restore: { needs: 'keeper', inLibrary: true, inBin: true },
  review: { needs: 'moderator', inLibrary: false, inBin: false },
  seeViews: { needs: 'manager', inLibrary: false, inBin: false },
  // It is their Zoom account that it comes from.
  steerImport: { needs: 'owner', inLibrary: true, inBin: false },
};

/**
 * What somebody may do with a recording; `channel` is the one it is in, or null for one in its owner's library. Where
 * nothing is allowed the recording does not exist for them.
 */
export function recordingRights(
  who: RecordingStanding,
  recording: RecordingFacts,
  channel: ChannelRules | null,
): RecordingRights {
  const ties = channel === null ? libraryTies(who) : channelTies(who, recording, channel);
  const allows = ({ needs, inLibrary, inBin }: Rule) =>
    ties.has(needs) && inBin === (recording.deletedAt !== null) && (channel !== null || inLibrary);
  const rights = RECORDING_RIGHTS.map((right) => [right, allows(RULES[right])] as const);
  const found = Object.fromEntries(rights) as RecordingRights;
  return { ...found, review: found.review && recording.review !== 'none' };
}

/** Whether everybody who may see the channel sees it: published, let in by a moderator where one must, and here, at least a video of it. */
export function isShown({ visibility, review, deletedAt, parts, import: { state } }: RecordingFacts): boolean {
  if (visibility !== 'published' || review !== 'none' || deletedAt !== null) return false;
  return state === 'done' || parts.some(({ video }) => video !== null);
}

/** How somebody who looks at a channel stands to a recording in it. Who looks as a student sees what students see, of their own too. */
export function standingOf(viewer: Viewer, recording: Pick<Recording, 'ownerId'>): RecordingStanding {
  return { ...viewer, owns: recording.ownerId === viewer.userId && !isPreview(viewer) };
}

/** How somebody stands to a recording that is in no channel. */
export function ownStanding({ userId }: Pick<Visitor, 'userId'>, { ownerId }: Pick<Recording, 'ownerId'>) {
  return { level: null, isOwner: false, isAdministrator: false, owns: ownerId === userId };
}

/** Whether the launch shows less than the membership would. */
export function isPreview({ membership, level, grant }: Viewer): boolean {
  return !grant.launchOnly && membership !== null && membership.level !== level;
}

function libraryTies({ owns }: RecordingStanding): ReadonlySet<Tie> {
  return new Set<Tie>(owns ? ['viewer', 'keeper', 'contributor', 'owner'] : []);
}

function channelTies(who: RecordingStanding, recording: RecordingFacts, channel: ChannelRules): ReadonlySet<Tie> {
  const ties = new Set<Tie>();
  if (!can(who, 'view-channel', channel)) return ties;
  const moderates = can(who, 'moderate', channel);
  if (moderates || who.owns) ties.add('viewer').add('keeper');
  const contributes = who.owns && can(who, 'contribute', channel);
  if (moderates || contributes) ties.add('contributor');
  if (contributes) ties.add('owner');
  if (moderates) ties.add('moderator');
  if (can(who, 'manage-members', channel)) ties.add('manager');
  if (isShown(recording)) ties.add('viewer');
  return ties;
}

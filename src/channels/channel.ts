import type { Id } from '../lib/ids.ts';

export type PlatformId = Id<'platform'>;
export type ChannelId = Id<'channel'>;
export type UserId = Id<'user'>;
export type SyncId = Id<'sync'>;

/** Who may see a channel: `open` and `restricted`, everyone of the platform; `private`, its members only. */
export type ChannelPrivacy = 'open' | 'restricted' | 'private';

/** Who may contribute: everyone who may see the channel, or contributors and above. */
export type ContributionPolicy = 'everyone' | 'contributors';

/** The course's space. One per context at first. */
export type Channel = {
  id: ChannelId;
  platformId: PlatformId;
  /** The organisation's ID; unique per platform. Null when the usual value (the context ID) was taken by another channel. */
  referenceId: string | null;
  /** The title the LMS gave at the last launch. */
  title: string;
  /** The course code the LMS gave, or null. */
  label: string | null;
  /** The name a manager gave; null while the LMS's title is followed. */
  givenName: string | null;
  description: string;
  tags: string[];
  privacy: ChannelPrivacy;
  contributionPolicy: ContributionPolicy;
  moderated: boolean;
  ownerId: UserId | null;
  deletedAt: number | null;
  createdAt: number;
  updatedAt: number;
  version: number;
};

/** A course of an LMS. Key: platform and context ID. */
export type CourseContext = {
  platformId: PlatformId;
  contextId: string;
  channelId: ChannelId;
  title: string;
  label: string | null;
  types: string[];
  /** Deployments this course was launched through; an attribute, never part of a key. */
  deploymentIds: string[];
  /** Where its roster is, as a verified launch of this very context said; null when none did. */
  rosterUrl: string | null;
  firstLaunchAt: number;
  lastLaunchAt: number;
};

/** A person of a platform, known by (platform, subject). */
export type User = {
  id: UserId;
  platformId: PlatformId;
  subject: string;
  name: string | null;
  email: string | null;
  createdAt: number;
  updatedAt: number;
};

/** The name people see: the one a manager gave, else the LMS's. */
export function channelName(channel: Pick<Channel, 'givenName' | 'title'>): string {
  return channel.givenName ?? channel.title;
}

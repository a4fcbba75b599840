import type { Id } from '../lib/ids.ts';
import type { DepartedOverrides } from './membership.ts';

export type PlatformId = Id<'platform'>;
export type ChannelId = Id<'channel'>;
export type UserId = Id<'user'>;
export type SyncId = Id<'sync'>;

/** Who may see a channel: `open` and `restricted`, everyone of the platform; `private`, its members only. */
export type ChannelPrivacy = 'open' | 'restricted' | 'private';

/** Who may contribute: everyone who may see the channel, or contributors and above. */
export type ContributionPolicy = 'everyone' | 'contributors';

/** How the channel follows its roster, where it differs from the site. */
export type ChannelSyncSettings = {
  /** False: no sync at launches or on schedule, only when somebody asks for one. */
  automatic: boolean;
  /** What happens to people with a level set by hand whom the roster drops; null: what the site says. */
  departedOverrides: DepartedOverrides | null;
  /** True: every sync that would take access away waits for a person, however few it is about. */
  askBeforeRemovals: boolean;
};

export const SYNC_AS_THE_SITE: ChannelSyncSettings = {
  automatic: true,
  departedOverrides: null,
  askBeforeRemovals: false,
};

/** How long a deleted channel can be restored, in milliseconds; then it and its memberships are gone. */
export const DELETED_KEPT_MS = 30 * 86_400_000;

/** The course's space. One per context at first. */
export type Channel = {
  id: ChannelId;
  platformId: PlatformId;
  /** Which of a platform's schools it is of: one Canvas key may serve many. Null where the LMS tells no such ID. */
  tenant: string | null;
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
  /** Always a manager, whom no roster demotes or drops; null while nobody was made one. */
  ownerId: UserId | null;
  sync: ChannelSyncSettings;
  /** When it was deleted; for 30 days (`DELETED_KEPT_MS`) it can be restored. */
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

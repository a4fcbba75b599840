import {
  type Channel,
  type ChannelId,
  type PlatformId,
  SYNC_AS_THE_SITE,
  type SyncId,
  type UserId,
} from '../../../src/channels/channel.ts';
import type { ActivityEvent, ChannelOpening } from '../../../src/channels/channel-store.ts';
import {
  emptyMembership,
  type Membership,
  type RosterEntry,
  withoutRosterEntry,
  withRosterEntry,
} from '../../../src/channels/membership.ts';
import { NO_COUNTS, type RosterChange, type SyncRun } from '../../../src/channels/sync-run.ts';
import type { Page, PageRequest } from '../../../src/lib/page.ts';
import type { Platform } from '../../../src/lti/platform.ts';
import type { Storage } from '../../../src/storage/storage.ts';

/** How a suite gets a fresh, empty storage. */
export type OpenStorage = () => Promise<{ storage: Storage; close: () => Promise<void> }>;

export const NOW = 1_780_000_000_000;
export const PLATFORM = 'platform-1' as PlatformId;

export const HOSTILE = [
  'a\u0000b',
  'lone \ud800 surrogate',
  "Robert'); DROP TABLE users;--",
  '%_\\*?[a-z]$.{"$gt":""}',
  '\u202eright to left\u202c שלום عَرَبِي',
  '😀👩‍🔬',
];

export function makeChannel(change: Partial<Channel> = {}): Channel {
  return {
    id: 'channel-1' as ChannelId,
    platformId: PLATFORM,
    tenant: null,
    referenceId: null,
    title: 'Botany 101',
    label: 'BOT101',
    givenName: null,
    description: '',
    tags: [],
    privacy: 'private',
    contributionPolicy: 'contributors',
    moderated: false,
    ownerId: null,
    sync: SYNC_AS_THE_SITE,
    deletedAt: null,
    createdAt: NOW,
    updatedAt: NOW,
    version: 1,
    ...change,
  };
}

/** A launch of context `name`, whose channel would get the ID `channel-<name>`. */
export function makeOpening(name: string, change: Partial<ChannelOpening> = {}): ChannelOpening {
  const opening = { title: 'Botany 101', label: 'BOT101', platformId: PLATFORM, contextId: name, at: NOW, ...change };
  const { title, label, platformId, at } = opening;
  const id = `channel-${name}` as ChannelId;
  return {
    deploymentId: 'deployment-1',
    types: ['http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering'],
    rosterUrl: `https://lms.example/${name}/roster`,
    fresh: makeChannel({ id, platformId, title, label, referenceId: name, createdAt: at, updatedAt: at }),
    ...opening,
  };
}

export async function openChannel(storage: Storage, name = '1'): Promise<Channel> {
  return (await storage.channels.openChannelForContext(makeOpening(name))).channel;
}

export function makeRun(id: string, change: Partial<SyncRun> = {}): SyncRun {
  return {
    id: id as SyncId,
    channelId: 'channel-1' as ChannelId,
    platformId: PLATFORM,
    state: 'queued',
    phase: null,
    trigger: 'button',
    requestedBy: null,
    pages: 0,
    members: 0,
    counts: NO_COUNTS,
    totalChanges: 0,
    appliedChanges: 0,
    reason: null,
    restarts: 0,
    decidedBy: null,
    tries: 0,
    notBefore: null,
    queuedAt: NOW,
    startedAt: null,
    finishedAt: null,
    ...change,
  };
}

export function makeEntry(subject: string, change: Partial<RosterEntry> = {}): RosterEntry {
  const person = { name: `Name of ${subject}`, email: `${subject}@school.example` };
  return { subject, person, level: 'member', roles: 'Learner', isTest: false, inactive: false, ...change };
}

/** The line of a diff that brings `entry` into the roster. */
export function makeAddition(entry: RosterEntry): RosterChange {
  const { level, person } = entry;
  const after = { level, rosterLevel: level, override: null, name: person.name, inactiveReason: null };
  return { kind: 'add', subject: entry.subject, entry, before: null, after };
}

export function makeDeparture(subject: string): RosterChange {
  const before = { level: 'member', rosterLevel: 'member', override: null, name: null, inactiveReason: null } as const;
  const after = { ...before, rosterLevel: null, inactiveReason: 'departed' } as const;
  return { kind: 'deactivate', subject, entry: null, before, after };
}

/** What applying a roster diff decides for one line. */
export function decideByRoster(
  current: Membership | null,
  change: RosterChange,
  key: { channelId: ChannelId; userId: UserId; subject: string },
): Membership | null {
  if (change.entry === null) return current && withoutRosterEntry(current, 'deactivate');
  return withRosterEntry(current ?? emptyMembership(key, 'roster', NOW), change.entry, 'deactivate');
}

/** Puts people into a channel as a roster of it would. */
export async function enterRoster(storage: Storage, channel: Channel, entries: RosterEntry[], at = NOW): Promise<void> {
  const { id: channelId, platformId } = channel;
  for (const entry of entries) {
    const { subject, person } = entry;
    const { id: userId } = await storage.memberships.upsertUser({ platformId, subject, person, at });
    await storage.memberships.changeMembership({ channelId, userId, at }, (current) =>
      withRosterEntry(current ?? emptyMembership({ channelId, userId, subject }, 'roster', NOW), entry, 'deactivate'),
    );
  }
}

export async function collect<Item>(slices: AsyncIterable<Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const slice of slices) items.push(...slice);
  return items;
}

export function makePlatform(id: string, change: Partial<Platform> = {}): Platform {
  return {
    id: id as PlatformId,
    name: 'Example University',
    issuer: 'https://lms.example',
    clientId: `client-${id}`,
    authUrl: 'https://lms.example/auth',
    tokenUrl: 'https://lms.example/token',
    tokenAudience: null,
    jwksUrl: 'https://lms.example/jwks',
    family: 'moodle',
    status: 'active',
    deployments: 'listed',
    deploymentIds: ['1'],
    serviceOrigins: [],
    roleLevels: {},
    keyId: `key-${id}`,
    createdAt: NOW,
    updatedAt: NOW,
    ...change,
  };
}

export function makeEvent(id: string, change: Partial<ActivityEvent> = {}): ActivityEvent {
  return {
    id,
    at: NOW,
    platformId: PLATFORM,
    channelId: 'channel-1' as ChannelId,
    actor: 'system',
    action: 'sync',
    subjectUserId: null,
    syncId: null,
    from: null,
    to: null,
    batch: null,
    ...change,
  };
}

/** Walks a list by its cursors to the end; the items of all pages. */
export async function walk<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  { limit }: { limit: number },
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await list(cursor === null ? { limit } : { limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}

/** `task` started `times` times at once. */
export function atOnce<Value>(times: number, task: (index: number) => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => task(index)));
}

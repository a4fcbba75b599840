import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import { pino } from 'pino';
import { apiRoutes } from '../../src/api/api.routes.ts';
import { API_SCOPES, type ApiScope } from '../../src/api/api-key-store.ts';
import type { Channel, PlatformId, SyncId, UserId } from '../../src/channels/channel.ts';
import { createManageMembers } from '../../src/channels/manage-members.ts';
import { emptyMembership, type Membership, type RosterEntry, withRosterEntry } from '../../src/channels/membership.ts';
import { NO_COUNTS, type RosterChange, type SyncRun } from '../../src/channels/sync-run.ts';
import { createSyncService } from '../../src/channels/sync-service.ts';
import { hashSecret, newId, newSecret, systemRandom } from '../../src/lib/ids.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { createRateLimits } from '../../src/web/rate-limit.ts';
import { createServer } from '../../src/web/server.ts';
import { makeChannel } from '../storage/support/builders.ts';

export type ApiFixture = {
  app: Express;
  /** Where time stands. */
  at: number;
  storage: Storage;
  platformId: PlatformId;
  /** A key of its own for each set of scopes. */
  keyFor(scopes: readonly ApiScope[]): Promise<string>;
  addChannel(contextId: string): Promise<Channel>;
  addMember(channel: Channel, entry: Partial<RosterEntry> & { subject: string }): Promise<Membership>;
  addHeldSync(channel: Channel, changes?: RosterChange[]): Promise<SyncRun>;
  close(): Promise<void>;
};

/** The API on the real server and a real SQLite file; time stands still at `at`. */
export async function startApi(options: { at?: number; limited?: boolean } = {}): Promise<ApiFixture> {
  const at = options.at ?? Date.parse('2026-03-01T10:00:00.000Z');
  const folder = mkdtempSync(join(tmpdir(), 'rostrum-api-'));
  const opened = openSqlite({ path: join(folder, 'rostrum.sqlite') });
  if (!opened.ok) throw new Error(opened.reason);
  const storage = opened.value;
  const clock = () => at;
  const random = systemRandom;
  const deps = { ...storage, clock, random };
  const platformId = await addPlatform(storage, at);
  const app = createServer({
    publicUrl: 'http://localhost:3000',
    trustProxy: false,
    logger: pino({ level: 'silent' }),
    frameAncestors: () => [],
    clock,
    random,
    production: false,
    routers: [
      apiRoutes({
        ...deps,
        manageMembers: createManageMembers(deps),
        syncService: createSyncService({ ...deps, queue: { enqueue() {} }, maxAgeMs: 3_600_000 }),
        ...(options.limited ? { limit: createRateLimits({ store: storage.rateLimits, clock }) } : {}),
      }),
    ],
  });
  return {
    app,
    at,
    storage,
    platformId,
    async keyFor(scopes) {
      const key = newSecret();
      const id = newId<'key'>(at);
      await storage.apiKeys.addApiKey({
        id,
        name: key,
        keyHash: hashSecret(key),
        scopes: API_SCOPES.filter((scope) => scopes.includes(scope)),
        createdAt: at,
        revokedAt: null,
      });
      return key;
    },
    addChannel: (contextId) => addChannel(storage, { platformId, contextId, at }),
    addMember: (channel, entry) => addMember(storage, channel, { ...entry, at }),
    addHeldSync: (channel, changes = []) => addHeldSync(storage, { channel, at, changes }),
    async close() {
      await storage.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function addPlatform({ platforms }: Storage, at: number): Promise<PlatformId> {
  const id: PlatformId = newId(at);
  await platforms.addPlatform({
    id,
    name: 'School',
    issuer: 'https://lms.example',
    clientId: 'c1',
    authUrl: 'https://lms.example/auth',
    tokenUrl: 'https://lms.example/token',
    tokenAudience: null,
    jwksUrl: 'https://lms.example/jwks',
    family: 'other',
    status: 'active',
    deployments: 'learn',
    deploymentIds: [],
    serviceOrigins: [],
    roleLevels: {},
    keyId: 'k1',
    createdAt: at,
    updatedAt: at,
  });
  return id;
}

async function addChannel(
  { channels }: Storage,
  { platformId, contextId, at }: { platformId: PlatformId; contextId: string; at: number },
): Promise<Channel> {
  const title = `Course ${contextId}`;
  const fresh = makeChannel({
    id: newId(at),
    platformId,
    referenceId: contextId,
    title,
    label: null,
    createdAt: at,
    updatedAt: at,
  });
  const course = { platformId, contextId, deploymentId: '1', title, label: null, types: [], rosterUrl: null };
  return (await channels.openChannelForContext({ ...course, at, fresh })).channel;
}

async function addMember(
  { memberships }: Storage,
  { id: channelId, platformId }: Channel,
  { at, ...given }: Partial<RosterEntry> & { subject: string; at: number },
): Promise<Membership> {
  const person = given.person ?? { name: `Name of ${given.subject}`, email: `${given.subject}@example.edu` };
  const user = await memberships.upsertUser({ platformId, subject: given.subject, person, at });
  const entry: RosterEntry = {
    level: 'member',
    roles: 'http://purl.imsglobal.org/vocab/lis/v2/membership#Learner',
    isTest: false,
    inactive: false,
    ...given,
    person,
  };
  const key: { channelId: Channel['id']; userId: UserId; at: number } = { channelId, userId: user.id, at };
  const added = await memberships.changeMembership(key, () =>
    withRosterEntry(
      emptyMembership({ channelId, userId: user.id, subject: given.subject }, 'roster', at),
      entry,
      'deactivate',
    ),
  );
  if (!added) throw new Error('The member was not added');
  return added;
}

async function addHeldSync(
  { syncs }: Storage,
  { channel, at, changes }: { channel: Channel; at: number; changes: RosterChange[] },
): Promise<SyncRun> {
  const { id: channelId, platformId } = channel;
  const id: SyncId = newId(at);
  const run: SyncRun = {
    id,
    channelId,
    platformId,
    state: 'queued',
    phase: null,
    trigger: 'schedule',
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
    queuedAt: at,
    startedAt: at,
    finishedAt: null,
  };
  await syncs.requestSync(run);
  await syncs.saveSyncChanges({ id, attempt: 0 }, 0, changes);
  const held: SyncRun = { ...run, state: 'held', reason: 'empty-roster', pages: 2, finishedAt: at };
  await syncs.saveSync(held);
  return held;
}

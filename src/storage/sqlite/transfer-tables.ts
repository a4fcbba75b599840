import { wellFormed } from '../../lib/fold.ts';
import type { Kind, TransferRecords } from '../transfer.ts';

export type StoredRow = Record<string, string | number | null>;

/** How the rows of a table become records: `columns` by their fields' names, and those of them that are its key. */
export type Table<K extends Kind> = {
  key: readonly string[];
  columns: readonly string[];
  toRecord(row: StoredRow): TransferRecords[K];
};

/** Every column that says something of its own; `test/storage/copy.test.ts` knows those that are made from others. */
export const TABLES: { readonly [K in Kind]: Table<K> } = {
  platforms: {
    key: ['id'],
    columns: names(`id name issuer clientId authUrl tokenUrl tokenAudience jwksUrl family status deployments
      deploymentIds serviceOrigins roleLevels keyId createdAt updatedAt`),
    toRecord({ roleLevels, ...row }) {
      const levels = Object.entries(JSON.parse(String(roleLevels)) as Record<string, string>);
      const pairs = levels.map(([role, level]) => [wellFormed(role), level]);
      return record({ ...row, ...lists(row, ['deploymentIds', 'serviceOrigins']), roleLevels: pairs });
    },
  },
  key_pairs: { key: ['keyId'], columns: names('keyId publicPem sealedPrivatePem createdAt'), toRecord: record },
  access_tokens: {
    key: ['issuer', 'clientId', 'scopes'],
    columns: names('issuer clientId scopes sealedToken createdAt'),
    toRecord: record,
  },
  api_keys: {
    key: ['id'],
    columns: names('id name keyHash scopes createdAt revokedAt'),
    toRecord: (row) => record({ ...row, ...lists(row, ['scopes']) }),
  },
  registration_invites: {
    key: ['id'],
    columns: names('id secretHash activates note createdAt expiresAt claimedUntil usedAt platformId'),
    toRecord: (row) => record({ ...row, ...flags(row, ['activates']) }),
  },
  logins: {
    key: ['stateHash'],
    columns: names(`stateHash nonce platformId issuer clientId deploymentId targetLinkUri loginHint messageHint
      storageTarget browserHash storageHash createdAt expiresAt`),
    toRecord: record,
  },
  channels: {
    key: ['id'],
    columns: names(`id platformId tenant referenceId title label givenName description tags privacy contributionPolicy
      moderated ownerId autoSync departedOverrides askBeforeRemovals deletedAt createdAt updatedAt version purging`),
    toRecord({ autoSync, departedOverrides, askBeforeRemovals, ...row }) {
      const sync = { automatic: autoSync === 1, departedOverrides, askBeforeRemovals: askBeforeRemovals === 1 };
      return record({ ...row, ...lists(row, ['tags']), ...flags(row, ['moderated', 'purging']), sync });
    },
  },
  contexts: {
    key: ['platformId', 'contextId'],
    columns: names(`platformId contextId channelId title label types deploymentIds rosterUrl firstLaunchAt
      lastLaunchAt`),
    toRecord: (row) => record({ ...row, ...lists(row, ['types', 'deploymentIds']) }),
  },
  users: {
    key: ['id'],
    columns: names('id platformId subject name email createdAt updatedAt'),
    toRecord: record,
  },
  memberships: {
    key: ['channelId', 'userId'],
    columns: names(`channelId userId subject name email isTest rosterLevel rosterRoles rosterInactive launchLevel
      launchRoles launchAt rosterRolesAtLaunch override addedBy inactiveReason level updateMethod active lastSeenAt
      createdAt updatedAt version`),
    toRecord: ({ name, email, ...row }) =>
      record({ ...row, person: { name, email }, ...flags(row, ['isTest', 'rosterInactive', 'active']) }),
  },
  connections: {
    key: ['id'],
    columns: names('id state end profile holders scopes apiUrl sealedTokens walk connectedAt updatedAt version'),
    toRecord: (row) => record({ ...row, ...lists(row, ['profile', 'holders', 'scopes', 'walk']) }),
  },
  ended_connections: { key: ['userId'], columns: names('userId end at'), toRecord: record },
  meeting_links: {
    key: ['id'],
    columns:
      names(`id channelId platformId number linkedBy connectionId name topic kind joinUrl from until timeZone mode
      bring visibility times checkedAt inZoom createdAt updatedAt version`),
    toRecord: (row) => record({ ...row, ...lists(row, ['bring', 'times']) }),
  },
  recordings: {
    key: ['id'],
    columns: names(`id platformId ownerId channelId formerChannelId meetingUuid meetingNumber linkId connectionId title
      titleGiven startedAt timeZone durationMs visibility review parts import deletedAt createdAt updatedAt version`),
    toRecord: (row) => record({ ...row, ...flags(row, ['titleGiven']), ...lists(row, ['parts', 'import']) }),
  },
  watching: {
    key: ['recordingId', 'userId'],
    columns: names('recordingId userId views part positionMs watchedMs firstAt lastAt'),
    toRecord: record,
  },
  catalogue: {
    key: ['connectionId', 'meetingUuid'],
    columns:
      names(`connectionId meetingUuid number topic startedAt timeZone durationMs bytes media hasTranscript hasChat
      processing deletesOn seenAt`),
    toRecord: (row) => record({ ...row, ...flags(row, ['hasTranscript', 'hasChat', 'processing']) }),
  },
  sync_runs: {
    key: ['id'],
    columns: names(`id channelId platformId state phase trigger requestedBy pages members counts totalChanges
      appliedChanges reason restarts decidedBy tries queuedAt notBefore startedAt finishedAt hasDiff`),
    toRecord: (row) => record({ ...row, ...lists(row, ['counts']), ...flags(row, ['hasDiff']) }),
  },
  sync_changes: {
    key: ['syncId', 'firstNumber'],
    columns: names('syncId firstNumber kinds changes'),
    toRecord: (row) => record({ ...row, kinds: String(row.kinds).split(',') }),
  },
  activity: {
    key: ['id'],
    columns: names('id at platformId channelId actor action subjectUserId syncId from to batch'),
    toRecord: record,
  },
  sessions: {
    key: ['idHash'],
    columns: names('idHash grants createdAt expiresAt'),
    toRecord: (row) => record({ ...row, ...lists(row, ['grants']) }),
  },
};

function names(text: string): string[] {
  return text.split(/\s+/);
}

/** The adapter alone writes these rows, so their shape is known. */
function record<Shape>(row: Record<string, unknown>): Shape {
  return row as Shape;
}

/** SQLite has no booleans. */
function flags(row: StoredRow, fields: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(fields.map((field) => [field, row[field] === 1]));
}

/** JSON columns. JSON can hold what no other column can, half a pair of surrogates: it is put right as elsewhere. */
function lists(row: StoredRow, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, JSON.parse(String(row[field]), storable)]));
}

function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? wellFormed(value) : value;
}

import type { PlatformId, SyncId } from '../../channels/channel.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import { isUnderWay } from '../../channels/sync-run.ts';
import { KIND_RULES, type Kind } from '../transfer.ts';
import { userWords } from '../user-words.ts';
import { type CatalogueDocument, toCatalogueDocument, toEntry } from './catalogue-documents.ts';
import { type ChannelDocument, newDocument, toChannel } from './channel-documents.ts';
import { type ConnectionDocument, connectionDocument, toConnection } from './connection-documents.ts';
import { type ContextDocument, contextKey, toContext } from './context-documents.ts';
import { type EndedDocument, endedDocument, toEnded } from './ended-connections.ts';
import { linkDocument, type MeetingLinkDocument, toLink } from './meeting-link-documents.ts';
import { type MembershipDocument, memberFields, memberKey, toMember } from './membership-fields.ts';
import type { PlatformDocument } from './platform-documents.ts';
import {
  newRecordingDocument,
  type RecordingDocument,
  toRecording,
  toWatching,
  type WatchingDocument,
  watchingId,
} from './recording-documents.ts';
import { blockId, type SyncChangesDocument, type SyncRunDocument, toRun } from './sync-documents.ts';
import { allParts, asJson, expiring, firstPart, fromPlain, plain, renamed, type Shape } from './transfer-shapes.ts';
import { toUser, type UserDocument } from './user-documents.ts';

export const SHAPES: { readonly [K in Kind]: Shape<K> } = {
  platforms: {
    idOf: firstPart,
    toDocument: ({ id: _id, roleLevels, ...platform }) =>
      plain<PlatformDocument>({
        _id,
        ...platform,
        roleLevels: roleLevels.map(([role, level]) => ({ role, level: level as PermissionLevel })),
      }),
    toRecord: (document) => {
      const { _id, roleLevels, ...platform } = document as unknown as PlatformDocument;
      const pairs = roleLevels.map(({ role, level }): [string, string] => [role, level]);
      return { id: _id as PlatformId, ...platform, roleLevels: pairs };
    },
    unique: ({ issuer, clientId }) => ({ issuer, clientId }),
  },
  key_pairs: renamed('keyId'),
  access_tokens: {
    idOf: asJson,
    toDocument: (token) => plain({ _id: asJson(KIND_RULES.access_tokens.keyOf(token)), ...token }),
    toRecord: ({ _id, ...token }) => fromPlain(token),
  },
  api_keys: { ...renamed('id'), unique: ({ keyHash }) => ({ keyHash }) },
  registration_invites: { ...expiring('id'), unique: ({ secretHash }) => ({ secretHash }) },
  logins: expiring('stateHash'),
  channels: {
    idOf: firstPart,
    toDocument({ purging, ...channel }) {
      const document = newDocument(channel);
      return plain<ChannelDocument>(purging ? { ...document, life: 'purging' } : document);
    },
    toRecord(document) {
      const stored = document as unknown as ChannelDocument;
      return { ...toChannel(stored), purging: stored.life === 'purging' };
    },
    unique: ({ referenceKey }) => (referenceKey === undefined ? null : { referenceKey }),
  },
  contexts: {
    idOf: asJson,
    // A course has its channel from its first launch on.
    toDocument: (context) => plain<ContextDocument>({ _id: contextKey(context), ...context, channelMade: true }),
    toRecord: (document) => toContext(document as unknown as ContextDocument),
  },
  users: {
    idOf: firstPart,
    toDocument: ({ id: _id, ...user }) => plain<UserDocument>({ _id, ...user, words: userWords(user) }),
    toRecord: (document) => toUser(document as unknown as UserDocument),
    shardKey: ['platformId', 'subject'],
    unique: ({ platformId, subject }) => ({ platformId, subject }),
  },
  memberships: {
    idOf: allParts,
    toDocument: (member) =>
      plain<MembershipDocument>({ ...memberKey(member.channelId, member.userId), ...memberFields(member) }),
    toRecord: (document) => toMember(document as unknown as MembershipDocument),
    shardKey: ['channelId', 'userId'],
  },
  connections: {
    idOf: firstPart,
    toDocument: (connection) => plain<ConnectionDocument>(connectionDocument(connection)),
    toRecord: (document) => toConnection(document as unknown as ConnectionDocument),
    unique(document) {
      const { profile, holders } = document as unknown as ConnectionDocument;
      return [{ 'profile.zoomUserId': profile.zoomUserId }, ...holders.map((userId) => ({ holders: userId }))];
    },
  },
  ended_connections: {
    idOf: firstPart,
    toDocument: (ended) => plain<EndedDocument>(endedDocument(ended)),
    toRecord: (document) => toEnded(document as unknown as EndedDocument),
  },
  meeting_links: {
    idOf: firstPart,
    toDocument: (link) => plain<MeetingLinkDocument>(linkDocument(link)),
    toRecord: (document) => toLink(document as unknown as MeetingLinkDocument),
    unique: ({ numberKey }) => ({ numberKey }),
  },
  recordings: {
    idOf: firstPart,
    toDocument: (recording) => plain<RecordingDocument>(newRecordingDocument(recording)),
    toRecord: (document) => toRecording(document as unknown as RecordingDocument),
    unique: ({ meetingUuid }) => ({ meetingUuid }),
  },
  watching: {
    idOf: allParts,
    toDocument: (watching) => plain<WatchingDocument>({ _id: watchingId(watching), ...watching }),
    toRecord: (document) => toWatching(document as unknown as WatchingDocument),
    shardKey: ['recordingId', 'userId'],
  },
  catalogue: {
    idOf: allParts,
    toDocument: (entry) => plain<CatalogueDocument>(toCatalogueDocument(entry)),
    toRecord: (document) => toEntry(document as unknown as CatalogueDocument),
    shardKey: ['connectionId'],
  },
  sync_runs: {
    idOf: firstPart,
    toDocument({ id: _id, hasDiff, ...run }) {
      const active = isUnderWay(run) ? { activeKey: run.channelId } : {};
      return plain<SyncRunDocument>({
        _id,
        ...run,
        ...active,
        ...(hasDiff ? { hasDiff: true as const, diffAttempt: 0 } : {}),
      });
    },
    toRecord(document) {
      const stored = document as unknown as SyncRunDocument;
      return { ...toRun(stored), hasDiff: stored.hasDiff === true };
    },
    unique: ({ activeKey }) => (activeKey === undefined ? null : { activeKey }),
  },
  sync_changes: {
    // Other engines keep the diff of one attempt alone.
    idOf: ([syncId, firstNumber]) => blockId(syncId as SyncId, 0, Number(firstNumber)),
    toDocument: (block) =>
      plain<SyncChangesDocument>({ _id: blockId(block.syncId, 0, block.firstNumber), attempt: 0, ...block }),
    toRecord(document) {
      const { syncId, firstNumber, kinds, changes } = document as unknown as SyncChangesDocument;
      return { syncId: syncId as SyncId, firstNumber, kinds, changes };
    },
    shardKey: ['syncId'],
  },
  activity: { ...renamed('id'), shardKey: ['channelId'] },
  sessions: {
    ...expiring('idHash'),
    toDocument: ({ idHash: _id, expiresAt, ...session }) =>
      plain({ _id, ...session, expireAt: new Date(expiresAt), version: 1 }),
    toRecord({ _id, expireAt, version, ...session }) {
      return fromPlain({ idHash: _id, ...session, expiresAt: (expireAt as Date).getTime() });
    },
  },
};

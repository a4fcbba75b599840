import type { mongo } from 'mongoose';
import type { PlatformId, SyncId } from '../../channels/channel.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import { isUnderWay } from '../../channels/sync-run.ts';
import { type Key, KIND_RULES, type Kind, type TransferRecords } from '../transfer.ts';
import { userWords } from '../user-words.ts';
import { type ChannelDocument, newDocument, toChannel } from './channel-documents.ts';
import { type ContextDocument, contextKey, toContext } from './context-documents.ts';
import { type MembershipDocument, memberFields, memberKey, toMember } from './membership-fields.ts';
import type { PlatformDocument } from './platform-documents.ts';
import { blockId, type SyncChangesDocument, type SyncRunDocument, toRun } from './sync-documents.ts';
import { toUser, type UserDocument } from './user-documents.ts';

/** Documents of any collection, as the driver gives and takes them. */
export type AnyDocument = { _id: string } & Record<string, unknown>;
export type AnyFilter = mongo.Filter<AnyDocument>;

/** How the records of a kind become documents, with all that the stores make of them, and back. */
export type Shape<K extends Kind> = {
  idOf(key: Key): string;
  toDocument(record: TransferRecords[K]): AnyDocument;
  toRecord(document: AnyDocument): TransferRecords[K];
  /** Fields of the shard key: a write names them, so that it goes to one shard. */
  shardKey?: readonly string[];
  /** What may be in one document only, if this one has it: a filter that finds it, whoever has it. */
  unique?(document: AnyDocument): AnyFilter | null;
};

type Fields = Record<string, unknown>;

const firstPart = (key: Key) => String(key[0]);
const allParts = (key: Key) => key.join('/');
const asJson = (key: Key) => JSON.stringify(key);

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

/** Records that are stored as they are, with their key as `_id`. */
function renamed<K extends Kind>(idField: string): Shape<K> {
  return {
    idOf: firstPart,
    toDocument: (record) => withId({ ...record }, idField),
    toRecord: ({ _id, ...fields }) => fromPlain({ [idField]: _id, ...fields }),
  };
}

/** The same with an end to come, which the server's own removal wants as a date. */
function expiring<K extends Kind>(idField: string): Shape<K> {
  return {
    idOf: firstPart,
    toDocument(record) {
      const { expiresAt, ...fields }: Fields = { ...record };
      return withId({ ...fields, expireAt: new Date(Number(expiresAt)) }, idField);
    },
    toRecord: ({ _id, expireAt, ...fields }) =>
      fromPlain({ [idField]: _id, ...fields, expiresAt: (expireAt as Date).getTime() }),
  };
}

function withId({ ...fields }: Fields, idField: string): AnyDocument {
  const _id = String(fields[idField]);
  delete fields[idField];
  return { _id, ...fields };
}

function plain<Doc extends { _id: string }>(document: Doc): AnyDocument {
  return document as unknown as AnyDocument;
}

function fromPlain<Record>(fields: Fields): Record {
  return fields as Record;
}

import type { ApiKey } from '../api/api-key-store.ts';
import type { Channel, CourseContext, SyncId, User } from '../channels/channel.ts';
import type { ActivityEvent } from '../channels/channel-store.ts';
import type { Membership } from '../channels/membership.ts';
import type { RosterChangeKind, SyncRun } from '../channels/sync-run.ts';
import type { KeyStore, Login, RegistrationInvite, StoredAccessToken } from '../lti/lti-store.ts';
import type { Platform } from '../lti/platform.ts';
import type { CatalogueEntry } from '../recordings/catalogue-store.ts';
import type { Recording, Watching } from '../recordings/recording.ts';
import type { Session } from '../web/session-store.ts';
import type { Connection, EndedConnection } from '../zoom/connection.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';

/**
 * What is moved from one engine to another, each kind of record in the one form that both engines read and write: the
 * domain's own, with what a store keeps beside it. What an engine makes of a record for its lists and indexes (sort keys,
 * searched texts, words, marks) is not in it: the engine that is written to makes that anew, as its stores do.
 *
 * Left behind are leases, counters of rate limits and authorisations at Zoom, which live for minutes, and jobs, which the
 * server asks for again: for each sync run and import that has no end yet, and by its schedules.
 */
export type TransferRecords = {
  platforms: Omit<Platform, 'roleLevels'> & { roleLevels: [role: string, level: string][] };
  /** The private halves and the tokens stay sealed: whoever goes on with the copy needs the same SECRET_KEY. */
  key_pairs: Parameters<KeyStore['saveKeyPair']>[0];
  access_tokens: StoredAccessToken;
  api_keys: ApiKey;
  registration_invites: RegistrationInvite & { claimedUntil: number | null };
  logins: Login;
  /** `purging`: its removal has begun, and for everybody it is gone already. */
  channels: Channel & { purging: boolean };
  contexts: CourseContext;
  users: User;
  memberships: Membership;
  /** Their tokens stay sealed, as private keys do. */
  connections: Connection;
  ended_connections: EndedConnection;
  meeting_links: MeetingLink;
  /** The files themselves are in the file store, which both servers use. */
  recordings: Recording;
  watching: Watching;
  catalogue: CatalogueEntry;
  /** `hasDiff`: its changes are kept, in `sync_changes`. */
  sync_runs: SyncRun & { hasDiff: boolean };
  /** A block of a diff; `changes` is the text that both engines store (packed-changes.ts), to the letter. */
  sync_changes: { syncId: SyncId; firstNumber: number; kinds: RosterChangeKind[]; changes: string };
  activity: ActivityEvent;
  sessions: Session;
};

export type Kind = keyof TransferRecords;

/** What tells a record from all others of its kind, part by part. */
export type Key = readonly (string | number)[];

type KindRules = {
  [K in Kind]: {
    keyOf(record: TransferRecords[K]): Key;
    /** How many are read and written at once: some hundred kilobytes. */
    slice: number;
  };
};

/** In the order in which they are copied: what others refer to comes first. */
export const KIND_RULES: KindRules = {
  platforms: { keyOf: ({ id }) => [id], slice: 100 },
  key_pairs: { keyOf: ({ keyId }) => [keyId], slice: 100 },
  access_tokens: { keyOf: ({ issuer, clientId, scopes }) => [issuer, clientId, scopes], slice: 100 },
  api_keys: { keyOf: ({ id }) => [id], slice: 500 },
  registration_invites: { keyOf: ({ id }) => [id], slice: 500 },
  logins: { keyOf: ({ stateHash }) => [stateHash], slice: 500 },
  channels: { keyOf: ({ id }) => [id], slice: 200 },
  contexts: { keyOf: ({ platformId, contextId }) => [platformId, contextId], slice: 500 },
  users: { keyOf: ({ id }) => [id], slice: 500 },
  memberships: { keyOf: ({ channelId, userId }) => [channelId, userId], slice: 500 },
  connections: { keyOf: ({ id }) => [id], slice: 200 },
  ended_connections: { keyOf: ({ userId }) => [userId], slice: 500 },
  meeting_links: { keyOf: ({ id }) => [id], slice: 200 },
  recordings: { keyOf: ({ id }) => [id], slice: 200 },
  watching: { keyOf: ({ recordingId, userId }) => [recordingId, userId], slice: 500 },
  catalogue: { keyOf: ({ connectionId, meetingUuid }) => [connectionId, meetingUuid], slice: 500 },
  sync_runs: { keyOf: ({ id }) => [id], slice: 500 },
  sync_changes: { keyOf: ({ syncId, firstNumber }) => [syncId, firstNumber], slice: 50 },
  activity: { keyOf: ({ id }) => [id], slice: 500 },
  sessions: { keyOf: ({ idHash }) => [idHash], slice: 200 },
};

export const KINDS = Object.keys(KIND_RULES) as Kind[];

/** Where reading stands: the engine's own, and nothing to anybody else. It can be kept as JSON. */
export type Place = readonly (string | number)[];

/** The records of one kind in an engine. */
export type RecordReader<K extends Kind> = {
  count(): Promise<number>;
  /**
   * At most `limit` records behind `after`, in an order of the engine's own that stays the same, and where the last of
   * them stands; null when there is none.
   */
  read(after: Place | null, limit: number): Promise<{ records: TransferRecords[K][]; last: Place | null }>;
  /** Those of the records that are there, in no order. */
  find(keys: readonly Key[]): Promise<TransferRecords[K][]>;
};

export type RecordWriter<K extends Kind> = RecordReader<K> & {
  /** Puts records in the place of those with the same keys, if any; the same ones twice are there once. */
  write(records: readonly TransferRecords[K][]): Promise<void>;
  /** The key of a record that cannot be written, as another one has what may be there once only (a registration, ...). */
  findRival(records: readonly TransferRecords[K][]): Promise<Key | null>;
  removeAll(): Promise<void>;
};

/** What is copied from: as it was at one moment, whoever writes to it meanwhile. */
export type CopySource = {
  kinds: { [K in Kind]: RecordReader<K> };
  /** For trying whether what is sealed opens. */
  keys: KeyStore;
  /** Lets go of that moment; true when somebody has written to the source since. */
  endReading(): boolean;
  close(): void;
};

/** How far a copy has come: `done` records of a kind, up to that place of the source. Null: all are written, and not compared yet. */
export type CopyPosition = { kind: Kind; after: Place | null; done: number } | null;

/** Stands in the target from before the first record on, and for good. */
export type CopyMark = {
  state: 'unfinished' | 'finished';
  /** Which source, as it was when the copy was begun: a digest of all its records. */
  source: string;
  /** Whether the target had records of its own, which stay. */
  into: 'empty' | 'existing';
  position: CopyPosition;
  finishedAt: number | null;
};

/** What is copied to. While its mark is unfinished, no server and no other command opens the database. */
export type CopyTarget = {
  kinds: { [K in Kind]: RecordWriter<K> };
  readMark(): Promise<CopyMark | null>;
  writeMark(mark: CopyMark): Promise<void>;
  /** Ends what a crash left half done in records that are there, before they are replaced. */
  settle(): Promise<void>;
  /** True for what is thrown when the engine cannot do its work at the moment. */
  isOutage(error: unknown): boolean;
  close(): Promise<void>;
};

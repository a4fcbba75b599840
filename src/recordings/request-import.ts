import type { ChannelId, PlatformId, UserId } from '../channels/channel.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import { isAtLeast } from '../channels/permission-level.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import { BRING_BY_DEFAULT, type Bring, type MeetingLinkId } from '../zoom/meeting-link.ts';
import type { CatalogueEntry, CatalogueStore } from './catalogue-store.ts';
import { callImport } from './import-job.ts';
import { importNote } from './import-note.ts';
import { queuedImport } from './import-state.ts';
import { BIN_MS, type Recording } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';
import { recordingTitle } from './titles.ts';

export type ImportRequest = {
  /** Whose the recordings will be: a holder of the connection, who may contribute to the channel. The caller has asked that. */
  by: { userId: UserId; platformId: PlatformId };
  connectionId: ConnectionId;
  /** Of the catalogue of the connection; others are passed over. */
  meetingUuids: readonly string[];
  /** Null: the person's own library. */
  channelId: ChannelId | null;
  linkId?: MeetingLinkId | null;
  bring?: Bring;
  /** `hidden` if not given. */
  visibility?: Recording['visibility'];
  /** Nobody pressed a button; a link brings what is new. */
  automatic?: boolean;
};

/**
 * `requested`: it is on its way now. `here`: it was brought before, or is on its way already, and stays where it is; the
 * recording says where. `other-owner`: it is here, and somebody else's. `unknown`: no recording of this Zoom account.
 */
export type ImportAnswer =
  | { meetingUuid: string; outcome: 'requested' | 'here'; recording: Recording }
  | { meetingUuid: string; outcome: 'other-owner' | 'unknown'; recording: null };

export type RequestImportDeps = {
  recordings: RecordingStore;
  catalogue: Pick<CatalogueStore, 'findEntries'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
  jobs: Pick<Jobs, 'request'>;
  clock: Clock;
  random: Random;
};

/**
 * Asks for recordings, one answer for each, in the order asked. A recording comes once, however often and from how many
 * tabs it is asked for; one whose import failed or was cancelled, or that is in the bin, is brought anew.
 */
export async function requestImports(deps: RequestImportDeps, ask: ImportRequest): Promise<ImportAnswer[]> {
  const uuids = [...new Set(ask.meetingUuids)];
  const entries = await deps.catalogue.findEntries(ask.connectionId, uuids);
  const byUuid = new Map(entries.map((entry) => [entry.meetingUuid, entry]));
  const review = await reviewOf(deps, ask);
  const answers: ImportAnswer[] = [];
  for (const meetingUuid of uuids) {
    const entry = byUuid.get(meetingUuid);
    answers.push(entry ? await requestOne(deps, ask, { entry, review }) : unknown(meetingUuid));
  }
  return answers;
}

type One = { entry: CatalogueEntry; review: Recording['review'] };

async function requestOne(deps: RequestImportDeps, ask: ImportRequest, one: One): Promise<ImportAnswer> {
  const { meetingUuid } = one.entry;
  const fresh = freshRecording(deps, ask, one);
  const added = await deps.recordings.addRecording(fresh, importNote(deps, fresh, actorOf(ask)));
  if (!added.created && added.recording.ownerId !== ask.by.userId)
    return { meetingUuid, outcome: 'other-owner', recording: null };
  const asked = added.created ? added.recording : await askAnew(deps, ask, { fresh, known: added.recording });
  if (asked === null) return { meetingUuid, outcome: 'here', recording: added.recording };
  await callImport(deps.jobs, asked.id);
  return { meetingUuid, outcome: 'requested', recording: asked };
}

/** Brings a known recording again, to where it is wanted now; null when it is here or on its way. */
async function askAnew(
  deps: RequestImportDeps,
  ask: ImportRequest,
  { fresh, known }: { fresh: Recording; known: Recording },
): Promise<Recording | null> {
  const { channelId, linkId, connectionId, visibility, review } = fresh;
  let isAnew = false;
  const written = await deps.recordings.changeRecording(
    known.id,
    fresh.createdAt,
    (current) => {
      const { state } = current.import;
      const isBinned = current.deletedAt !== null;
      // Whoever empties the bin may be at it.
      isAnew = isBinned
        ? fresh.createdAt < (current.deletedAt ?? 0) + BIN_MS
        : state === 'failed' || state === 'cancelled';
      if (!isAnew) return null;
      const place = { channelId, formerChannelId: null, linkId, connectionId, visibility, review, deletedAt: null };
      // What is whole in the bin comes out of it as it is.
      return {
        ...current,
        ...place,
        import: state === 'done' ? current.import : queuedImport(asking(ask, fresh.createdAt), current.import),
      };
    },
    (_before, after) => importNote(deps, after, actorOf(ask)),
  );
  return isAnew ? written : null;
}

function freshRecording({ clock, random }: RequestImportDeps, ask: ImportRequest, { entry, review }: One): Recording {
  const at = clock();
  const { meetingUuid, number, startedAt, timeZone, durationMs } = entry;
  return {
    id: newId(at, random),
    platformId: ask.by.platformId,
    ownerId: ask.by.userId,
    channelId: ask.channelId,
    formerChannelId: null,
    meetingUuid,
    meetingNumber: number,
    linkId: ask.linkId ?? null,
    connectionId: ask.connectionId,
    title: recordingTitle(entry),
    titleGiven: false,
    ...{ startedAt, timeZone, durationMs, review },
    visibility: ask.visibility ?? 'hidden',
    parts: [],
    import: queuedImport(asking(ask, at)),
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
    version: 1,
  };
}

function asking({ bring = BRING_BY_DEFAULT, automatic, by }: ImportRequest, at: number) {
  return { bring, requestedBy: automatic ? null : by.userId, at };
}

/** In a moderated channel what comes from others than its moderators waits for one. */
async function reviewOf(deps: RequestImportDeps, { channelId, by }: ImportRequest): Promise<Recording['review']> {
  const channel = channelId === null ? null : await deps.channels.findChannel(channelId);
  if (!channel?.moderated) return 'none';
  const membership = await deps.memberships.findMembership(channel.id, by.userId);
  return membership?.active && isAtLeast(membership.level, 'moderator') ? 'none' : 'waiting';
}

function actorOf({ automatic, by }: ImportRequest): string {
  return automatic ? 'system' : `user:${by.userId}`;
}

function unknown(meetingUuid: string): ImportAnswer {
  return { meetingUuid, outcome: 'unknown', recording: null };
}

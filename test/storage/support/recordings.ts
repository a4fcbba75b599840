import type { ChannelId, UserId } from '../../../src/channels/channel.ts';
import type { CatalogueEntry } from '../../../src/recordings/catalogue-store.ts';
import type {
  ImportState,
  Recording,
  RecordingId,
  RecordingPart,
  StoredFile,
} from '../../../src/recordings/recording.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import type { ConnectionId } from '../../../src/zoom/connection.ts';
import { BRING_BY_DEFAULT } from '../../../src/zoom/meeting-link.ts';
import { NOW, PLATFORM } from './builders.ts';

export const OWNER = 'user-1' as UserId;
export const CONNECTION = 'connection-1' as ConnectionId;

/** A recording of channel-1 that is here and that everybody sees. */
export function makeRecording(id: string, change: Partial<Recording> = {}): Recording {
  return {
    id: id as RecordingId,
    platformId: PLATFORM,
    ownerId: OWNER,
    channelId: 'channel-1' as ChannelId,
    formerChannelId: null,
    meetingUuid: `uuid-${id}==`,
    meetingNumber: '98765432109',
    linkId: null,
    connectionId: CONNECTION,
    title: 'Botany 101, 22 Nov 2026',
    titleGiven: false,
    startedAt: NOW,
    timeZone: 'Europe/Berlin',
    durationMs: 3_600_000,
    visibility: 'published',
    review: 'none',
    parts: [makePart()],
    import: makeImport(),
    deletedAt: null,
    createdAt: NOW,
    updatedAt: NOW,
    version: 1,
    ...change,
  };
}

export function makePart(change: Partial<RecordingPart> = {}): RecordingPart {
  return {
    startedAt: NOW,
    durationMs: 3_600_000,
    layout: 'shared_screen_with_speaker_view',
    video: makeFile('video', 'video/mp4'),
    transcript: null,
    chat: null,
    ...change,
  };
}

export function makeFile(name: string, contentType: string): StoredFile {
  return { sourceId: `source-${name}`, key: `recordings/${name}`, bytes: 5_000_000_000, contentType, savedAt: NOW };
}

export function makeImport(change: Partial<ImportState> = {}): ImportState {
  return {
    state: 'done',
    bring: BRING_BY_DEFAULT,
    requestedBy: OWNER,
    requestedAt: NOW,
    attempt: 1,
    filesDone: 1,
    filesTotal: 1,
    bytesDone: 5_000_000_000,
    bytesTotal: 5_000_000_000,
    fault: null,
    tries: 0,
    nextTryAt: null,
    notes: [],
    finishedAt: NOW,
    transcript: 'none',
    transcriptUntil: null,
    ...change,
  };
}

export function makeCatalogueEntry(uuid: string, change: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return {
    connectionId: CONNECTION,
    meetingUuid: uuid,
    number: '98765432109',
    topic: 'Botany 101',
    startedAt: NOW,
    timeZone: 'Europe/Berlin',
    durationMs: 3_600_000,
    bytes: 5_000_000_000,
    media: 'video',
    hasTranscript: true,
    hasChat: false,
    processing: false,
    deletesOn: '2027-01-31',
    seenAt: NOW,
    ...change,
  };
}

export async function addRecordings(storage: Storage, ...recordings: Recording[]): Promise<void> {
  for (const recording of recordings) await storage.recordings.addRecording(recording, null);
}

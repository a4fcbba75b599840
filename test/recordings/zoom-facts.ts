import type { UserId } from '../../src/channels/channel.ts';
import { newId } from '../../src/lib/ids.ts';
import type { CatalogueEntry } from '../../src/recordings/catalogue-store.ts';
import type { SandboxRecording } from '../../src/sandbox/zoom/recordings/store.ts';
import type { ZoomUser } from '../../src/sandbox/zoom/users.ts';
import type { Connection, ConnectionId } from '../../src/zoom/connection.ts';

/** A fresh connection of somebody of the sandbox's Zoom. */
export function connectionOf(
  { id: zoomUserId, accountId, pmi }: ZoomUser,
  { holder, scopes, at }: { holder: UserId; scopes: string[]; at: number },
): Connection {
  return {
    ...{ id: newId(at), state: 'live', end: null, holders: [holder], scopes, apiUrl: null, sealedTokens: null },
    profile: {
      ...{ zoomUserId, accountId, name: null, email: null, plan: 'licensed', personalRoom: pmi },
      ...{ timeZone: null, memberSince: at },
    },
    walk: { sweptAt: at, readFrom: null, complete: true, fault: null, asked: false },
    ...{ connectedAt: at, updatedAt: at, version: 1 },
  };
}

/** A recording of the sandbox's Zoom as a sweep would have found it. */
export function catalogueEntryOf(
  connectionId: ConnectionId,
  recording: SandboxRecording,
  seenAt: number,
): CatalogueEntry {
  const { uuid: meetingUuid, number, topic, startedAt, timezone: timeZone, durationMs } = recording;
  return {
    ...{ connectionId, meetingUuid, number, topic, startedAt, timeZone, durationMs, seenAt },
    ...{ bytes: 1, media: 'video', hasTranscript: true, hasChat: false, processing: false, deletesOn: null },
  };
}

import type { ConnectionId } from '../zoom/connection.ts';
import type { ZoomFile, ZoomRecording } from '../zoom/zoom-api.ts';
import type { CatalogueEntry } from './catalogue-store.ts';

/** What the catalogue keeps of a recording in Zoom. */
export function catalogueEntry(connectionId: ConnectionId, recording: ZoomRecording, seenAt: number): CatalogueEntry {
  const { files } = recording;
  return {
    connectionId,
    meetingUuid: recording.uuid,
    number: recording.number,
    topic: recording.topic,
    startedAt: recording.startedAt,
    timeZone: recording.timeZone,
    durationMs: recording.durationMs,
    bytes: recording.bytes,
    media: mediaOf(files),
    hasTranscript: files.some(({ type }) => type === 'TRANSCRIPT' || type === 'CC'),
    hasChat: files.some(({ type }) => type === 'CHAT'),
    processing: files.some(({ processing }) => processing),
    deletesOn: recording.deletesOn,
    seenAt,
  };
}

function mediaOf(files: readonly ZoomFile[]): CatalogueEntry['media'] {
  if (files.some(({ type }) => type === 'MP4')) return 'video';
  return files.some(({ type }) => type === 'M4A') ? 'audio' : 'none';
}

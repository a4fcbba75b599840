import type { ZoomUser } from '../users.ts';
import { type FileContent, plainContent } from './media/content.ts';
import { type Media, playedMs, usualVideoBytes } from './media/media.ts';
import { silentAudioBytes } from './media/mp4.ts';
import { captionsText, chatText, pollText, summaryText, timelineText, transcriptText } from './media/texts.ts';
import type { SandboxFile, SandboxRecording } from './recording.ts';

const STUDENT = 'Zoë O’Neill: guest';
const SMALLEST_JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);

/** What a file has in it; films and sounds are made at this moment. */
export function contentOf(recording: SandboxRecording, file: SandboxFile, media: Media, host: ZoomUser): FileContent {
  const ms = lengthOf(file);
  if (file.kind === 'video') {
    return media.video({ ms, variant: file.variant + file.segment, bytes: bytesOf(recording, file, media, host) });
  }
  if (file.kind === 'audio' || file.kind === 'participant') return media.audio(ms, file.bytes);
  if (file.kind === 'thumbnail') return plainContent(SMALLEST_JPEG);
  return plainContent(Buffer.from(textOf(recording, file, host)));
}

/** Its size, told without making a film. */
export function bytesOf(recording: SandboxRecording, file: SandboxFile, media: Media, host: ZoomUser): number {
  if (file.kind === 'video') return file.bytes ?? usualVideoBytes(lengthOf(file));
  if (file.bytes !== null) return file.bytes;
  if (file.kind === 'audio' || file.kind === 'participant') return silentAudioBytes(playedMs(lengthOf(file)));
  const key = JSON.stringify([file.kind, lengthOf(file), file.segment, host.firstName, host.lastName, recording.topic]);
  return media.size(key, () => contentOf(recording, file, media, host).bytes);
}

function textOf(recording: SandboxRecording, file: SandboxFile, host: ZoomUser): string {
  const speakers = { host: `${host.firstName} ${host.lastName}`, student: STUDENT };
  const ms = Math.max(lengthOf(file), 20_000);
  switch (file.kind) {
    case 'transcript':
      return transcriptText(ms, speakers, file.segment);
    case 'captions':
      return captionsText(ms);
    case 'chat':
      return chatText(ms, speakers);
    case 'timeline':
      return timelineText(ms, speakers);
    case 'poll':
      return pollText(speakers);
    case 'summary':
      return summaryText(recording.topic);
    default:
      return 'nobody knows this format';
  }
}

function lengthOf(file: SandboxFile): number {
  return file.endedAt - file.startedAt;
}

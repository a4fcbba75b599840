import type { Clock } from '../lib/clock.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { ZoomApi, ZoomCall } from '../zoom/zoom-api.ts';
import type { Picked } from './pick-files.ts';
import type { ImportState, Recording } from './recording.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Zoom makes transcripts in about the time the meeting took; sometimes a day later, sometimes never. */
const TRANSCRIPT_WITHIN_MS = 48 * HOUR;
const PAUSE = { first: 5 * MINUTE, longest: 6 * HOUR };

export type TranscriptOutlook = Pick<ImportState, 'transcript' | 'transcriptUntil' | 'nextTryAt'>;

/** Where the transcript of a recording stands once its other files are here, and when Zoom is asked again. */
export async function judgeTranscript(
  { api, clock }: { api: Pick<ZoomApi, 'transcript'>; clock: Clock },
  recording: Recording,
  { connectionId, picked, call }: { connectionId: ConnectionId; picked: Picked; call: ZoomCall },
): Promise<TranscriptOutlook> {
  if (!recording.import.bring.transcript) return settled('not-wanted');
  const isWhole = picked.segments.every((segment) => isBrought(recording, segment));
  if (picked.segments.length === 0 || isWhole) return outlookWithout(recording);
  const answer = await api.transcript(connectionId, recording.meetingUuid, call);
  const nothingMore = answer.ok ? answer.value === 'none' : answer.reason === 'not-connected';
  return nothingMore ? outlookWithout(recording) : outlookLater(recording, clock());
}

/** What it comes to when nothing more is to be had. */
export function outlookWithout(recording: Recording): TranscriptOutlook {
  return settled(recording.parts.some(({ transcript }) => transcript !== null) ? 'here' : 'none');
}

/** What it comes to when more may be had: waiting, at growing pauses, until the time for it is over. */
export function outlookLater(recording: Recording, now: number): TranscriptOutlook {
  const { transcriptUntil } = recording.import;
  const until = transcriptUntil ?? now + TRANSCRIPT_WITHIN_MS;
  if (now >= until) return outlookWithout(recording);
  const waited = TRANSCRIPT_WITHIN_MS - (until - now);
  const pause = Math.min(Math.max(waited / 2, PAUSE.first), PAUSE.longest);
  return { transcript: 'waiting', transcriptUntil: until, nextTryAt: Math.round(Math.min(now + pause, until)) };
}

/** The live captions of a segment do for the time being; Zoom's own transcript is better, should it come. */
function isBrought({ parts }: Recording, { startedAt, transcript }: Picked['segments'][number]): boolean {
  if (transcript?.type !== 'TRANSCRIPT') return false;
  return parts.some((part) => part.startedAt === startedAt && part.transcript?.sourceId === transcript.sourceId);
}

function settled(transcript: ImportState['transcript']): TranscriptOutlook {
  return { transcript, transcriptUntil: null, nextTryAt: null };
}

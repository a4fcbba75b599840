import { isDeepStrictEqual } from 'node:util';
import type { Recording } from '../recordings/recording.ts';
import { isShown } from '../recordings/recording-policy.ts';
import { titleSearchText } from './member-keys.ts';
import { storable } from './storable.ts';

/** What every engine makes of a recording for its lists. */
export type RecordingKeys = {
  binned: boolean;
  /** Whether anybody who may view its channel sees it. */
  shown: boolean;
  /** When its import was asked for, as long as that has no end. */
  unfinishedSince: number | null;
  search: string;
};

export function recordingKeys(recording: Recording): RecordingKeys {
  const { state, requestedAt } = recording.import;
  return {
    binned: recording.deletedAt !== null,
    shown: isShown(recording),
    unfinishedSince: state === 'queued' || state === 'running' ? requestedAt : null,
    search: titleSearchText(recording.title),
  };
}

/**
 * What is to be written when `next` was decided about `current`; null when it says nothing new. What tells a recording
 * from others stays.
 */
export function nextRecording(current: Recording, next: Recording | null, at: number): Recording | null {
  if (next === null) return null;
  const { id, meetingUuid, ownerId, updatedAt, version } = current;
  const written = storable({ ...next, id, meetingUuid, ownerId, updatedAt, version });
  return isDeepStrictEqual(written, current) ? null : { ...written, updatedAt: at, version: version + 1 };
}

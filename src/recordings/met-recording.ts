import type { Viewer, Visitor } from '../channels/viewer.ts';
import type { Recording } from './recording.ts';
import type { RecordingRights } from './recording-policy.ts';

/** A recording as somebody meets it: in its channel (`viewer`), or in their own library. */
export type MetRecording = {
  visitor: Visitor;
  viewer: Viewer | null;
  recording: Recording;
  rights: RecordingRights;
};

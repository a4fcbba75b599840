import type { ZoomFault } from '../zoom/zoom-api.ts';
import type { ImportFault, ImportState } from './recording.ts';

/** Why a step of an import did not work; `retryAt` (epoch milliseconds) when Zoom said until when it wants to be left alone. */
export type StepFailure = { fault: ImportFault; detail?: string; retryAt?: number };

type DownloadFault = ZoomFault | 'foreign-address' | 'blocked-address';

/** What a refusal means for whoever waits for the recording. */
const OF_RECORDING: Record<ZoomFault, ImportFault> = {
  'not-connected': 'not-connected',
  'scope-missing': 'scope-missing',
  'plan-missing': 'plan-missing',
  forbidden: 'not-the-host',
  'not-found': 'recording-gone',
  throttled: 'throttled',
  unreachable: 'zoom-unreachable',
  fault: 'zoom-fault',
};

/** Of a file of a recording that could be read a moment ago. */
const OF_DOWNLOAD: Record<DownloadFault, ImportFault> = {
  ...OF_RECORDING,
  'plan-missing': 'download-disabled',
  forbidden: 'download-disabled',
  'foreign-address': 'foreign-address',
  'blocked-address': 'blocked-address',
};

export function recordingFault(reason: ZoomFault): ImportFault {
  return OF_RECORDING[reason];
}

export function downloadFault(reason: DownloadFault): ImportFault {
  return OF_DOWNLOAD[reason];
}

/** Faults that may be over a little later. */
const PASSING: ReadonlySet<ImportFault> = new Set([
  'throttled',
  'zoom-unreachable',
  'zoom-fault',
  'truncated',
  'empty-file',
  'no-space',
  'server-fault',
]);

export function isPassing(fault: ImportFault): boolean {
  return PASSING.has(fault);
}

const MINUTE = 60_000;
/** Pauses before an import is tried again by itself, in milliseconds. */
const PAUSES = [MINUTE, 5 * MINUTE, 20 * MINUTE];
/** A time that Zoom tells is kept to, but for one that makes no sense. */
const LONGEST_PAUSE = 24 * 60 * MINUTE;

/** When an import that failed goes on by itself, or null when it has failed for good. */
export function nextTryAfter(failure: StepFailure, { tries }: Pick<ImportState, 'tries'>, now: number): number | null {
  if (!isPassing(failure.fault)) return null;
  // A busy Zoom is no fault of the recording: what it asks for is not counted.
  if (failure.retryAt !== undefined) return Math.min(Math.max(failure.retryAt, now + 1_000), now + LONGEST_PAUSE);
  const pause = PAUSES[tries];
  return pause === undefined ? null : now + pause;
}

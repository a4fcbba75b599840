import type { Logger } from 'pino';
import type { Failure, Success } from '../lib/result.ts';
import type { PlatformId } from './channel.ts';
import type { SyncFailure } from './sync-run.ts';

/** One person of a roster as the LMS gave them, text already plain. */
export type RosterMember = {
  subject: string;
  roles: string[];
  name: string | null;
  email: string | null;
  inactive: boolean;
};

/**
 * Where rosters come from: pages of members, then whether the walk was complete. A caller that sees a failure has seen
 * nothing: a failed or partial walk changes nothing.
 */
export type RosterSource = (request: {
  platformId: PlatformId;
  contextId: string;
  rosterUrl: string;
  signal: AbortSignal;
  /** Where calls to the LMS are logged: that of the run, with its IDs. */
  log?: Logger | undefined;
}) => AsyncGenerator<RosterMember[], Success<{ pages: number }> | RosterFailure>;

/** Why a roster was not read; `retryAfterMs`: for how long the LMS asked to be left alone. */
export type RosterFailure = Failure<SyncFailure> & { retryAfterMs?: number | null };

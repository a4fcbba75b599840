import { newActivity, writeState } from '../channels/activity.ts';
import type { ChannelId, UserId } from '../channels/channel.ts';
import type { ActivityEvent, ActivityStore } from '../channels/channel-store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { BIN_MS, type Recording } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

export type ChangeRecordingDeps = {
  recordings: Pick<RecordingStore, 'changeRecording'>;
  activity: Pick<ActivityStore, 'recordActivity'>;
  clock: Clock;
  random: Random;
};

/** A change of one recording, by somebody whose right to it was asked of `recording` as it stood. */
export type RecordingChange = { recording: Recording; by: UserId };

export type ChangedRecording = Result<Recording, 'changed-meanwhile'>;

type Step = { action: string; next: (current: Recording) => Recording | null };

export function renameRecording(deps: ChangeRecordingDeps, change: RecordingChange, title: string) {
  const next = (current: Recording) => ({ ...current, title, titleGiven: true });
  return apply(deps, change, { action: 'recording.rename', next });
}

export function publishRecording(
  deps: ChangeRecordingDeps,
  change: RecordingChange,
  visibility: Recording['visibility'],
) {
  const action = visibility === 'published' ? 'recording.publish' : 'recording.unpublish';
  return apply(deps, change, { action, next: (current) => ({ ...current, visibility }) });
}

/** A moderator's answer about a recording that waits, or another one than before. */
export function reviewRecording(deps: ChangeRecordingDeps, change: RecordingChange, review: 'none' | 'refused') {
  const action = review === 'none' ? 'recording.approve' : 'recording.refuse';
  return apply(deps, change, { action, next: (current) => ({ ...current, review }) });
}

/** Moves it to another channel, where it may have to wait for a moderator, or to its owner's library. */
export async function moveRecording(
  deps: ChangeRecordingDeps,
  change: RecordingChange,
  to: { channelId: ChannelId | null; waits: boolean },
): Promise<ChangedRecording> {
  const { channelId } = to;
  const review = to.waits ? ('waiting' as const) : ('none' as const);
  const next = (current: Recording) => ({ ...current, channelId, formerChannelId: null, review });
  const moved = await apply(deps, change, { action: 'recording.move', next });
  if (moved.ok && channelId !== null && channelId !== change.recording.channelId) {
    const event = { ...about(change.recording, change), action: 'recording.arrive', channelId };
    await deps.activity.recordActivity(newActivity(deps, { ...event, to: stateOf(moved.value) }));
  }
  return moved;
}

export function binRecording(deps: ChangeRecordingDeps, change: RecordingChange) {
  const deletedAt = deps.clock();
  return apply(deps, change, { action: 'recording.bin', next: (current) => ({ ...current, deletedAt }) });
}

/** Takes it out of the bin, to where it was or to its owner's library; `changed-meanwhile` also when its days are over. */
export function restoreRecording(deps: ChangeRecordingDeps, change: RecordingChange, to: ChannelId | null) {
  const next = (current: Recording) => {
    if (current.deletedAt === null || deps.clock() >= current.deletedAt + BIN_MS) return null;
    return { ...current, deletedAt: null, channelId: to };
  };
  return apply(deps, change, { action: 'recording.restore', next });
}

/** The rights were asked where it was then: one that was moved, binned or restored meanwhile is left as it is. */
async function apply(deps: ChangeRecordingDeps, change: RecordingChange, step: Step): Promise<ChangedRecording> {
  const { recording } = change;
  let isOvertaken = false;
  const stands = await deps.recordings.changeRecording(
    recording.id,
    deps.clock(),
    (current) => {
      const isSame = current.channelId === recording.channelId && current.deletedAt === recording.deletedAt;
      const next = isSame ? step.next(current) : null;
      isOvertaken = next === null;
      return next;
    },
    (before, after) => noteOf(deps, change, { before, after, action: step.action }),
  );
  return stands && !isOvertaken ? success(stands) : failure('changed-meanwhile');
}

function noteOf(
  deps: ChangeRecordingDeps,
  change: RecordingChange,
  { before, after, action }: { before: Recording; after: Recording; action: string },
): ActivityEvent {
  const channelId = before.channelId ?? after.channelId;
  return newActivity(deps, {
    ...{ ...about(before, change), action, channelId },
    ...{ from: stateOf(before), to: stateOf(after) },
  });
}

function about({ platformId, ownerId }: Recording, { by }: RecordingChange) {
  return { actor: `user:${by}`, platformId, subjectUserId: ownerId };
}

function stateOf({ id, title, visibility, channelId }: Recording): string | null {
  return writeState({ recordingId: id, title, visibility, channelId });
}

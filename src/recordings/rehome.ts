import { newActivity, writeState } from '../channels/activity.ts';
import type { Channel, ChannelId } from '../channels/channel.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import type { JobKind, Jobs } from '../jobs/jobs.ts';
import { type Clock, yieldToRequests } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { Page } from '../lib/page.ts';
import type { Recording } from './recording.ts';
import type { RecordingFilter, RecordingStore } from './recording-store.ts';

export type RehomeDeps = {
  channels: Pick<ChannelStore, 'findChannel'>;
  recordings: Pick<RecordingStore, 'listRecordings' | 'changeRecording'>;
  clock: Clock;
  random: Random;
};

/** `to`: where the person who deleted the channel sent its recordings; null: each to its owner's library. */
export type RehomeData = { channelId: ChannelId; to: ChannelId | null; by: string };

const NAME = 'rehome-recordings';
const SLICE = 50;

/**
 * Takes recordings out of a deleted channel, and brings those that are still homeless back when it stands again. What is
 * done goes by how the channel stands at that moment, so it may be repeated, and a restored channel never loses to an
 * earlier deletion that was still under way.
 */
export function createRehome(deps: RehomeDeps): JobKind<RehomeData> {
  return {
    name: NAME,
    atOnce: 2,
    lockMs: 60_000,
    retryAfter: [1_000, 10_000, 60_000, 600_000],
    async run(data, { signal }) {
      while (await moveSlice(deps, data)) {
        if (signal.aborted) throw signal.reason;
        await yieldToRequests();
      }
      return null;
    },
  };
}

/** Asks for it after a channel was deleted or restored; `at` tells one time from another. */
export async function askToRehome(jobs: Pick<Jobs, 'request'>, data: RehomeData, at: number): Promise<void> {
  await jobs.request({ name: NAME }, `${data.channelId}:${at}`, data);
}

/** True when there may be more to move. */
async function moveSlice(deps: RehomeDeps, data: RehomeData): Promise<boolean> {
  const { channelId } = data;
  const channel = await deps.channels.findChannel(channelId);
  const isGone = channel === null || channel.deletedAt !== null;
  const target = isGone ? await targetOf(deps, data) : null;
  const from: RecordingFilter = isGone ? { channelId } : { formerChannelId: channelId };
  const kept = await deps.recordings.listRecordings(from, { limit: SLICE });
  const binned = await deps.recordings.listRecordings({ ...from, bin: true }, { limit: SLICE });
  const found = [...kept.items, ...binned.items];
  for (const { id } of found) {
    await deps.recordings.changeRecording(
      id,
      deps.clock(),
      (current) => (isGone ? sentAway(current, channelId, target) : broughtBack(current, channelId)),
      (before, after) => noteOf(deps, data, before, after),
    );
  }
  return found.length > 0;
}

async function targetOf({ channels }: RehomeDeps, { to }: RehomeData): Promise<Channel | null> {
  const target = to === null ? null : await channels.findChannel(to);
  return target && target.deletedAt === null ? target : null;
}

function sentAway(current: Recording, from: ChannelId, target: Channel | null): Recording | null {
  if (current.channelId !== from) return null;
  return target
    ? { ...current, channelId: target.id, formerChannelId: null }
    : { ...current, channelId: null, formerChannelId: from };
}

/** One that found another home meanwhile stays there, and is remembered here no more. */
function broughtBack(current: Recording, to: ChannelId): Recording | null {
  if (current.formerChannelId !== to) return null;
  return { ...current, channelId: current.channelId ?? to, formerChannelId: null };
}

function noteOf(deps: RehomeDeps, { by }: RehomeData, before: Recording, after: Recording) {
  const { platformId, ownerId, title, visibility } = after;
  const state = (one: Recording) => writeState({ recordingId: one.id, title, visibility, channelId: one.channelId });
  return newActivity(deps, {
    ...{ actor: by, action: 'recording.move', platformId, subjectUserId: ownerId },
    ...{ channelId: before.channelId ?? after.channelId, from: state(before), to: state(after) },
  });
}

export const STRAYS_EVERY_MS = 60 * 60 * 1000;
const CHANNELS_AT_ONCE = 100;

/** Finds recordings that are still in deleted channels: whoever deleted one may have died before asking, or an import came late. */
export function createStraysRound(
  deps: Pick<RehomeDeps, 'recordings'> & { channels: Pick<ChannelStore, 'listChannels'>; jobs: Pick<Jobs, 'request'> },
): JobKind<object> {
  return {
    name: 'rehome-strays',
    atOnce: 1,
    lockMs: 60_000,
    retryAfter: [],
    async run(_data, { signal }) {
      let cursor: string | null = null;
      do {
        const request = { limit: CHANNELS_AT_ONCE, ...(cursor === null ? {} : { cursor }) };
        const page: Page<Channel> = await deps.channels.listChannels({ deleted: true }, request);
        for (const channel of page.items) await askForStrays(deps, channel);
        cursor = page.nextCursor;
        await yieldToRequests();
      } while (cursor !== null && !signal.aborted);
      return null;
    },
  };
}

async function askForStrays(
  { recordings, jobs }: { recordings: Pick<RecordingStore, 'listRecordings'>; jobs: Pick<Jobs, 'request'> },
  { id, version }: Channel,
): Promise<void> {
  if ((await countIn(recordings, id)) === 0) return;
  await askToRehome(jobs, { channelId: id, to: null, by: 'system' }, version);
}

/** All recordings of a channel, those in the bin too. */
export async function countIn(
  recordings: Pick<RecordingStore, 'listRecordings'>,
  channelId: ChannelId,
): Promise<number> {
  const kept = await recordings.listRecordings({ channelId }, { limit: 1 });
  const binned = await recordings.listRecordings({ channelId, bin: true }, { limit: 1 });
  return kept.total + binned.total;
}

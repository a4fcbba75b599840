import type { ChannelId } from '../channels/channel.ts';
import { type LinkQuery, linkAs } from '../channels/channel-links.ts';
import type { Recording } from './recording.ts';

/** What a recording's pages are called, and where its forms post to. */
const STEPS = [
  'edit',
  'rename',
  'publish',
  'unpublish',
  'approve',
  'refuse',
  'move',
  'bin',
  'restore',
  'views',
  'watching',
  'retry-import',
  'cancel-import',
] as const;

export type RecordingStep = (typeof STEPS)[number];

/** The addresses of one recording for one grant: below its channel, or in its owner's library. */
export type RecordingLinks = {
  watch(query?: LinkQuery): string;
  step(step: RecordingStep, query?: LinkQuery): string;
};

export function recordingLinks({ id, channelId }: Pick<Recording, 'id' | 'channelId'>, as: string): RecordingLinks {
  const root = channelId === null ? `/recordings/${id}` : `/channels/${channelId}/recordings/${id}`;
  return {
    watch: (query) => linkAs(as, root, query),
    step: (step, query) => linkAs(as, `${root}/${step}`, query),
  };
}

/** The addresses of a person's own recordings for one grant. */
export function myRecordingsLinks(as: string) {
  return {
    library: (query?: LinkQuery) => linkAs(as, '/recordings', query),
    bin: (query?: LinkQuery) => linkAs(as, '/recordings/bin', query),
    catalogue: (query?: LinkQuery) => linkAs(as, '/zoom/recordings', query),
  };
}

/** The bin of a channel, for its moderators. */
export function channelBinLink(channelId: ChannelId, as: string): string {
  return linkAs(as, `/channels/${channelId}/recordings/bin`);
}

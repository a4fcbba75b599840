import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import type { Recording, RecordingId } from '../../src/recordings/recording.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { atOnce, type Filled } from './fill.ts';
import { product } from './product.ts';

export type ManyRecordings = { channelId: ChannelId; count: number };

/** So many are watched, by so many people each. */
const WATCHED = { recordings: 500, people: 20 };
const OWNERS = 5;
const HOUR = 3_600_000;
const TOPICS = ['Biology 101', 'Organic chemistry', 'Modern history', 'Statistics for everyone', 'Law of contracts'];

/** So many recordings in a channel, of several people, one in ten still hidden; the first ones were watched. */
export async function fillRecordings({ storage, platforms }: Filled, given: ManyRecordings): Promise<void> {
  const { newId } = await product<typeof import('../../src/lib/ids.ts')>('lib/ids');
  const { queuedImport } =
    await product<typeof import('../../src/recordings/import-state.ts')>('recordings/import-state');
  const { BRING_BY_DEFAULT: bring } =
    await product<typeof import('../../src/zoom/meeting-link.ts')>('zoom/meeting-link');
  const { channelId, count } = given;
  const platformId = platforms[0]?.id;
  if (!platformId) throw new Error('no platform');
  const people = (name: string, howMany: number) =>
    Promise.all(
      Array.from({ length: howMany }, async (_, i) => {
        const person = { name: `${name} ${i}`, email: null };
        const user = { platformId, subject: `${name}-${i}`, person, at: Date.now() };
        return (await storage.memberships.upsertUser(user)).id;
      }),
    );
  const owners = await people('owner', OWNERS);
  const viewers = await people('viewer', WATCHED.people);
  const now = Date.now();
  await atOnce(count, async (i) => {
    const startedAt = now - (i + 1) * HOUR;
    const id: RecordingId = newId<'recording'>(startedAt);
    const queued = queuedImport({ bring, requestedBy: null, at: startedAt });
    const recording: Recording = {
      ...{ id, platformId, ownerId: owners[i % OWNERS] as UserId, channelId, formerChannelId: null },
      ...{ meetingUuid: `filled-${channelId}-${i}`, meetingNumber: '84512345678', linkId: null, connectionId: null },
      ...{ title: `${TOPICS[i % TOPICS.length]}, lecture ${i}`, titleGiven: false },
      ...{ startedAt, timeZone: 'Europe/Lisbon', durationMs: HOUR },
      ...{ visibility: i % 10 === 3 ? 'hidden' : 'published', review: 'none', parts: [partOf(id, startedAt)] },
      import: { ...queued, state: 'done', filesDone: 2, filesTotal: 2, finishedAt: startedAt, transcript: 'here' },
      ...{ deletedAt: null, createdAt: startedAt, updatedAt: startedAt, version: 1 },
    };
    await storage.recordings.addRecording(recording, null);
    if (i < WATCHED.recordings) await watch(storage, id, viewers);
  });
}

function partOf(id: RecordingId, startedAt: number): Recording['parts'][number] {
  const file = (extension: string, contentType: string, bytes: number) => {
    const key = `recordings/${id}/${startedAt}.${extension}`;
    return { sourceId: `${id}-${extension}`, key, bytes, contentType, savedAt: startedAt };
  };
  return {
    ...{ startedAt, durationMs: HOUR, layout: 'shared_screen_with_speaker_view', chat: null },
    video: file('mp4', 'video/mp4', 200_000_000),
    transcript: file('vtt', 'text/vtt; charset=utf-8', 60_000),
  };
}

async function watch({ recordings }: Storage, recordingId: RecordingId, viewers: readonly UserId[]): Promise<void> {
  const place = { begins: true, part: 0, positionMs: 60_000, watchedMs: 60_000, at: Date.now() };
  for (const userId of viewers) await recordings.addWatching({ recordingId, userId, ...place });
}

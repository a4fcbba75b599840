import type { ChannelId, UserId } from '../../../src/channels/channel.ts';
import type { RecordingId } from '../../../src/recordings/recording.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import type { MeetingLinkId } from '../../../src/zoom/meeting-link.ts';
import { makeEvent, NOW, walk } from './builders.ts';
import { CONNECTION, makeCatalogueEntry, makeFile, makeImport, makePart, makeRecording, OWNER } from './recordings.ts';

const CHANNEL = 'channel-one' as ChannelId;
const IDS = ['here', 'coming', 'hidden', 'own', 'binned'] as RecordingId[];

/** Recordings in every state, what was watched of them, and a catalogue; texts are hard to keep. */
export async function fillRecordings({ recordings, catalogue }: Storage, text: string): Promise<void> {
  const whole = makePart({
    layout: text,
    transcript: makeFile('transcript', 'text/vtt'),
    chat: makeFile('chat', text),
  });
  const coming = makeImport({ state: 'running', fault: 'throttled', transcript: 'waiting', transcriptUntil: NOW + 9 });
  const made = [
    makeRecording('here', { channelId: CHANNEL, title: text, titleGiven: true, parts: [whole, makePart()] }),
    makeRecording('coming', { channelId: CHANNEL, parts: [], import: coming, linkId: 'l1' as MeetingLinkId }),
    makeRecording('hidden', { channelId: CHANNEL, visibility: 'hidden', review: 'waiting', startedAt: NOW + 1 }),
    makeRecording('own', { channelId: null, formerChannelId: CHANNEL, connectionId: null, meetingUuid: text }),
    makeRecording('binned', { channelId: CHANNEL, deletedAt: NOW, timeZone: null }),
  ];
  for (const each of made) {
    await recordings.addRecording(each, makeEvent(`imported-${each.id}`, { channelId: CHANNEL }));
  }
  await recordings.changeRecording('hidden' as RecordingId, NOW + 5, (current) => ({
    ...current,
    title: `New ${text}`,
  }));
  for (const userId of ['ada', 'ben'] as UserId[]) {
    const step = { userId, begins: true, part: 1, positionMs: 5_000, watchedMs: 7_000, at: NOW };
    await recordings.addWatching({ ...step, recordingId: 'here' as RecordingId });
    await recordings.addWatching({ ...step, recordingId: 'own' as RecordingId, begins: false, at: NOW + 1 });
  }
  const nothing = { media: 'none', processing: true, hasTranscript: false, hasChat: true, deletesOn: null } as const;
  await catalogue.putEntries([
    makeCatalogueEntry(text, { topic: text, timeZone: text }),
    makeCatalogueEntry('a/b==', { ...nothing, number: '123456789', startedAt: NOW + 1, seenAt: NOW + 3 }),
  ]);
}

/** All that the verbs of the stores tell of it. */
export async function lookAtRecordings({ recordings, catalogue }: Storage): Promise<unknown> {
  const filters = [
    { channelId: CHANNEL },
    { channelId: CHANNEL, bin: true as const },
    { channelId: CHANNEL, visible: { orOwner: null } },
    { channelId: CHANNEL, q: 'LONE' },
    { libraryOf: OWNER },
    { binOf: OWNER },
    { formerChannelId: CHANNEL },
  ];
  return {
    each: await Promise.all(IDS.map((id) => recordings.findRecording(id))),
    lists: await Promise.all(filters.map((filter) => recordings.listRecordings(filter, { limit: 50 }))),
    paged: await walk((page) => recordings.listRecordings({ channelId: CHANNEL }, page), { limit: 2 }),
    unfinished: await recordings.unfinishedImports(9),
    ofConnection: await recordings.recordingsOfConnection(CONNECTION, { limit: 9 }),
    binned: await recordings.binnedBefore(NOW + 1, 9),
    watching: await Promise.all(IDS.map((id) => recordings.listWatching(id, { limit: 9 }))),
    counts: [...(await recordings.countWatching(IDS))].toSorted(),
    catalogue: await catalogue.listEntries(CONNECTION, {}, { limit: 9 }),
    found: await catalogue.listEntries(CONNECTION, { q: 'lone' }, { limit: 9 }),
    numbers: await catalogue.listNumbers(CONNECTION),
  };
}

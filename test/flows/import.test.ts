import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ChannelId, PlatformId } from '../../src/channels/channel.ts';
import { sleep, systemClock } from '../../src/lib/clock.ts';
import { cancelImport } from '../../src/recordings/cancel-import.ts';
import type { Recording, RecordingId } from '../../src/recordings/recording.ts';
import { fileKeysOf } from '../../src/recordings/remove-import-files.ts';
import { parseCues } from '../../src/recordings/transcript-cues.ts';
import { until } from '../jobs/support/engines.ts';
import { readAll } from '../recordings/files/file-store-suite.ts';
import { type ImportBench, startImportBench } from '../recordings/import-bench.ts';
import { catalogueEntryOf } from '../recordings/zoom-facts.ts';
import { enterRoster, makeEntry, NOW, openChannel } from '../storage/support/builders.ts';

const HOUR = 3_600_000;

let bench: ImportBench;
beforeAll(async () => {
  bench = await startImportBench();
});
beforeEach(() => bench.fresh());
afterAll(() => bench.close());

const downloads = () => bench.zoom.requests.log.filter(({ host }) => host === 'files');
const shape = ({ parts }: Recording) =>
  parts.map(({ video, transcript, chat }) => [video, transcript, chat].map((file) => file !== null));
const filesOf = (id: RecordingId) => bench.filesHere().filter((path) => path.includes(id));
const TWO_SEGMENTS = [
  { afterMs: 0, durationMs: 300_000 },
  { afterMs: 420_000, durationMs: 180_000 },
];

it('brings the best layout of each segment in order, the transcript written anew, and no chat unless asked', async () => {
  const uuid = await bench.record({
    segments: [
      { afterMs: 0, durationMs: 6_000 },
      { afterMs: 60_000, durationMs: 300_000 },
      { afterMs: 420_000, durationMs: 180_000 },
    ],
    layouts: ['shared_screen', 'active_speaker', 'shared_screen_with_speaker_view', null],
    extras: ['chat', 'timeline', 'captions', 'unknown'],
    startedAt: Date.parse('2026-10-12T23:30:00Z'),
  });
  const recording = await bench.bring(uuid);
  expect(recording.import).toMatchObject({
    state: 'done',
    fault: null,
    transcript: 'here',
    filesDone: 4,
    filesTotal: 4,
  });
  expect(recording.import.bytesDone).toBe(recording.import.bytesTotal);
  expect(recording.import.notes).toEqual(['false-start']);
  expect(recording.parts.map(({ layout }) => layout)).toEqual(Array(2).fill('shared_screen_with_speaker_view'));
  expect(recording.parts.map(({ startedAt }) => startedAt - recording.startedAt)).toEqual([60_000, 420_000]);
  expect(shape(recording)).toEqual([
    [true, true, false],
    [true, true, false],
  ]);
  // In Lisbon the day had ended already.
  expect(recording.title).toBe('Biology 101, 13 Oct 2026');
  const [first] = recording.parts;
  const video = await readAll(bench.imports.files, first!.video!.key);
  expect([video.length, video.toString('latin1', 4, 8)]).toEqual([first!.video!.bytes, 'ftyp']);
  const vtt = (await readAll(bench.imports.files, first!.transcript!.key)).toString();
  expect(vtt).toMatch(/^WEBVTT\n\n00:/);
  expect(parseCues(vtt).filter(({ speaker }) => speaker !== null).length).toBeGreaterThan(0);
  expect(bench.filesHere().filter((path) => path.includes(recording.id))).toHaveLength(4);
});

it('makes one import of many requests at once, and never brings a file twice', async () => {
  const uuid = await bench.record({ extras: ['chat'] });
  const bring = { video: true, transcript: true, chat: true };
  const asked = await Promise.all(Array.from({ length: 6 }, () => bench.request([uuid, uuid], { bring })));
  const ids = new Set(asked.flat().map(({ recording }) => recording?.id));
  expect(asked.flat().filter(({ outcome }) => outcome === 'requested')).toHaveLength(1);
  expect(ids.size).toBe(1);
  const recording = await bench.settled([...ids][0] as RecordingId);
  expect(shape(recording)).toEqual([[true, true, true]]);
  expect(downloads()).toHaveLength(3);
  expect(await bench.request([uuid])).toMatchObject([{ outcome: 'here', recording: { id: recording.id } }]);
  expect(downloads()).toHaveLength(3);
});

it('brings nothing that is no recording of the account, or that another person has', async () => {
  const uuid = await bench.record();
  expect(await bench.request(['bm9uZQ==', uuid])).toMatchObject([{ outcome: 'unknown' }, { outcome: 'requested' }]);
  bench.owner = 'another-person' as typeof bench.owner;
  expect(await bench.request([uuid])).toEqual([{ meetingUuid: uuid, outcome: 'other-owner', recording: null }]);
});

it('brings a transcript that comes later, at once when Zoom hints at it, and tells when none will come', async () => {
  const uuid = await bench.record({ transcript: 'late' });
  const recording = await bench.bring(uuid);
  expect(recording.import).toMatchObject({ state: 'done', transcript: 'waiting' });
  expect(recording.import.nextTryAt).toBe(bench.zoom.clock.now() + 300_000);
  bench.zoom.recordings.addTranscript(uuid);
  const { transcriptHint } = bench.imports;
  await transcriptHint(uuid);
  await until(async () => expect((await bench.find(recording.id)).import.transcript).toBe('here'));
  expect(shape(await bench.find(recording.id))).toEqual([[true, true, false]]);

  const never = await bench.record({ transcript: 'never' });
  expect((await bench.bring(never)).import).toMatchObject({ state: 'done', transcript: 'none', nextTryAt: null });
});

it('gives up a transcript after two days of growing pauses', async () => {
  let recording = await bench.bring(await bench.record({ transcript: 'late' }));
  const begun = bench.zoom.clock.now();
  const pauses: number[] = [];
  while (recording.import.transcript === 'waiting') {
    const pause = (recording.import.nextTryAt ?? 0) - bench.zoom.clock.now();
    pauses.push(pause);
    bench.zoom.clock.advance(pause);
    recording = await bench.wake(recording.id);
  }
  expect(recording.import).toMatchObject({ state: 'done', transcript: 'none', nextTryAt: null });
  expect(bench.zoom.clock.now() - begun).toBe(48 * HOUR);
  expect(pauses.slice(0, -1)).toEqual(pauses.slice(0, -1).toSorted((a, b) => a - b));
  expect(pauses.length).toBeLessThan(20);
}, 120_000);

it('waits for a recording that Zoom still makes', async () => {
  const recording = await bench.bring(await bench.record({ processingMs: HOUR }));
  expect(recording.import).toMatchObject({ state: 'queued', fault: 'still-processing', tries: 0 });
  bench.zoom.clock.advance(HOUR);
  const after = await bench.wake(recording.id);
  expect(after.import).toMatchObject({ state: 'done', fault: null, nextTryAt: null });
});

it('is cancelled while it runs: nothing is left of it, and it can be asked for again', async () => {
  bench.zoom.faults.bytesPerSecond = 20_000;
  const uuid = await bench.record({ bytes: 2_000_000 });
  const [asked] = await bench.request([uuid]);
  const { id } = asked!.recording!;
  await until(async () => expect((await bench.find(id)).import.bytesDone).toBeGreaterThan(0));
  expect((await bench.imports.cancelImport(id))?.import).toMatchObject({ state: 'cancelled', nextTryAt: null });
  expect(await bench.imports.cancelImport(id)).toBe(null);
  await until(() => expect(bench.filesHere().filter((path) => path.includes(id))).toEqual([]));
  expect((await bench.find(id)).parts).toEqual([]);

  bench.zoom.faults.reset();
  await bench.imports.retryImport({ recordingId: id, by: bench.owner });
  await until(async () => expect((await bench.find(id)).import).toMatchObject({ state: 'done', attempt: 3 }));
  expect(await bench.imports.retryImport({ recordingId: id, by: bench.owner })).toBe(null);
});

it('leaves no file of a cancelled import behind when the process dies in the midst of it, and keeps those of the next one', async () => {
  bench.zoom.faults.bytesPerSecond = 100_000;
  const [asked] = await bench.request([
    await bench.record({ bytes: 200_000, segments: TWO_SEGMENTS, transcript: 'never' }),
  ]);
  const { id } = asked!.recording!;
  await until(async () => expect((await bench.find(id)).parts).toHaveLength(1));
  const [early] = fileKeysOf(await bench.find(id));
  const { jobs, storage } = bench;
  const dying = { request: jobs.request, cancel: () => Promise.reject(new Error('killed')) };
  const deps = { ...storage, jobs: dying, clock: () => bench.zoom.clock.now(), jobClock: systemClock };
  await expect(cancelImport(deps, id)).rejects.toThrow('killed');
  expect(await bench.find(id)).toMatchObject({ parts: [], import: { state: 'cancelled' } });

  bench.zoom.faults.reset();
  await bench.imports.retryImport({ recordingId: id, by: bench.owner });
  await until(async () => expect((await bench.find(id)).import).toMatchObject({ state: 'done', attempt: 3 }));
  const now = fileKeysOf(await bench.find(id));
  expect(now).toHaveLength(2);
  expect(now).not.toContain(early);
  await until(() => expect(filesOf(id).toSorted()).toEqual(now.toSorted()));
});

it('ends the imports of an account that was left, forgets them, and keeps what is here', async () => {
  const here = await bench.bring(await bench.record({ transcript: 'late' }));
  bench.zoom.faults.bytesPerSecond = 20_000;
  const [asked] = await bench.request([await bench.record({ bytes: 2_000_000 })]);
  const { id } = asked!.recording!;
  await until(async () => expect((await bench.find(id)).import.state).toBe('running'));
  await bench.imports.endImportsOf(bench.connectionId, null);
  expect(await bench.storage.recordings.findRecording(id)).toBe(null);
  await until(() => expect(filesOf(id)).toEqual([]));
  expect(await bench.find(here.id)).toMatchObject({
    connectionId: null,
    import: { state: 'done', transcript: 'none' },
  });
  expect(shape(await bench.find(here.id))).toEqual([[true, false, false]]);
});

it('gives way to the other holder of an account with what never came, once its owner left', async () => {
  const uuid = await bench.record();
  bench.zoom.faults.api = { kind: 'meeting-gone', on: '/recordings' };
  const { id, ownerId } = await bench.bring(uuid);
  bench.zoom.faults.reset();
  bench.owner = 'another-person' as typeof bench.owner;
  await bench.connect('ada', { holders: [bench.owner] });
  expect(await bench.request([uuid])).toMatchObject([{ outcome: 'other-owner' }]);
  await bench.imports.endImportsOf(bench.connectionId, bench.owner);
  expect((await bench.find(id)).deletedAt).toBe(null);
  await bench.imports.endImportsOf(bench.connectionId, ownerId);
  expect(await bench.bring(uuid)).toMatchObject({ ownerId: bench.owner, import: { state: 'done', fault: null } });
});

it('goes on with a failed import by the connection that its owner made anew', async () => {
  const uuid = await bench.record({ segments: TWO_SEGMENTS });
  const { id } = await bench.bring(uuid);
  const { recordings, connections, catalogue } = bench.storage;
  // As if Zoom had refused the second video.
  await recordings.changeRecording(id, bench.zoom.clock.now(), (current) => ({
    ...current,
    parts: current.parts.slice(0, 1),
    import: { ...current.import, state: 'failed', fault: 'truncated' },
  }));
  const ended = { userId: bench.owner, end: 'disconnected', at: bench.zoom.clock.now() } as const;
  await connections.endConnection(bench.connectionId, [ended]);
  await bench.imports.endImportsOf(bench.connectionId, null);
  expect(await bench.find(id)).toMatchObject({ connectionId: null, import: { state: 'failed' } });

  const anew = await bench.connect('ada', { holders: [bench.owner] });
  await catalogue.putEntries([catalogueEntryOf(anew, bench.zoom.recordings.get(uuid)!, bench.zoom.clock.now())]);
  await bench.imports.retryImport({ recordingId: id, by: bench.owner });
  const after = await bench.settled(id);
  expect(after).toMatchObject({ connectionId: anew, import: { state: 'done', fault: null } });
  expect(after.parts).toHaveLength(2);
});

it('puts a recording whose channel was deleted meanwhile into its owner’s library', async () => {
  const channelId = 'a-channel-that-is-gone' as ChannelId;
  const by = { userId: bench.owner, platformId: 'p' as PlatformId };
  const recording = await bench.bring(await bench.record(), { channelId, by, visibility: 'published' });
  expect(recording).toMatchObject({ channelId: null, formerChannelId: channelId, import: { state: 'done' } });
});

it('brings nothing by a connection that its owner left and somebody else holds', async () => {
  bench.owner = 'somebody-who-left' as typeof bench.owner;
  const recording = await bench.bring(await bench.record());
  expect(recording).toMatchObject({ parts: [], import: { state: 'failed', fault: 'not-connected' } });
  expect(downloads()).toEqual([]);
});

it('publishes nothing into a channel whose contributors its owner is no more one of, and keeps what was there', async () => {
  const { storage } = bench;
  const channel = await openChannel(storage, 'with-people');
  const { id: channelId, platformId } = channel;
  await enterRoster(storage, channel, [makeEntry('ada', { level: 'manager' })]);
  const { person } = makeEntry('ada');
  const ada = await storage.memberships.upsertUser({ platformId, subject: 'ada', person, at: NOW });
  bench.owner = ada.id;
  await bench.connect('ada', { holders: [ada.id] });
  const into = { channelId, by: { userId: ada.id, platformId }, visibility: 'published' as const };
  const early = await bench.bring(await bench.record(), into);
  expect(early).toMatchObject({ channelId, import: { state: 'done' } });

  await enterRoster(storage, channel, [makeEntry('ada', { level: 'manager', inactive: true })]);
  const late = await bench.bring(await bench.record(), into);
  expect(late).toMatchObject({ channelId: null, formerChannelId: null, import: { state: 'done' } });
  expect((await bench.find(early.id)).channelId).toBe(channelId);
});

it('brings a recording in the bin back without loading it again', async () => {
  const uuid = await bench.record();
  const { id } = await bench.bring(uuid);
  await bench.storage.recordings.changeRecording(id, 1, (current) => ({
    ...current,
    deletedAt: bench.zoom.clock.now(),
  }));
  const before = downloads().length;
  expect(await bench.request([uuid])).toMatchObject([{ outcome: 'requested', recording: { id, deletedAt: null } }]);
  await sleep(200);
  expect([downloads().length, (await bench.find(id)).import.state]).toEqual([before, 'done']);
});

it('does two imports of an account at a time, and all of many in the end', async () => {
  bench.zoom.faults.bytesPerSecond = 300_000;
  const uuids: string[] = [];
  for (let i = 0; i < 9; i++) uuids.push(await bench.record({ bytes: 150_000, transcript: 'never' }));
  const ids = (await bench.request(uuids)).map(({ recording }) => recording!.id);
  let most = 0;
  await until(async () => {
    const states = await Promise.all(ids.map(async (id) => (await bench.find(id)).import.state));
    most = Math.max(most, states.filter((state) => state === 'running').length);
    expect(states.every((state) => state === 'done')).toBe(true);
  });
  expect(most).toBe(2);
});

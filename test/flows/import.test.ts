import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ChannelId, PlatformId } from '../../src/channels/channel.ts';
import { sleep } from '../../src/lib/clock.ts';
import type { Recording, RecordingId } from '../../src/recordings/recording.ts';
import { parseCues } from '../../src/recordings/transcript-cues.ts';
import { until } from '../jobs/support/engines.ts';
import { readAll } from '../recordings/files/file-store-suite.ts';
import { type ImportBench, startImportBench } from '../recordings/import-bench.ts';

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

it('ends the imports of an account that was left, and keeps what is here', async () => {
  const here = await bench.bring(await bench.record({ transcript: 'late' }));
  bench.zoom.faults.bytesPerSecond = 20_000;
  const [asked] = await bench.request([await bench.record({ bytes: 2_000_000 })]);
  const { id } = asked!.recording!;
  await until(async () => expect((await bench.find(id)).import.state).toBe('running'));
  await bench.imports.endImportsOf(bench.connectionId, null);
  expect(await bench.find(id)).toMatchObject({
    connectionId: null,
    import: { state: 'cancelled', fault: 'not-connected' },
  });
  expect(await bench.find(here.id)).toMatchObject({
    connectionId: null,
    import: { state: 'done', transcript: 'none' },
  });
  expect(shape(await bench.find(here.id))).toEqual([[true, false, false]]);
});

it('puts a recording whose channel was deleted meanwhile into its owner’s library', async () => {
  const channelId = 'a-channel-that-is-gone' as ChannelId;
  const by = { userId: bench.owner, platformId: 'p' as PlatformId };
  const recording = await bench.bring(await bench.record(), { channelId, by, visibility: 'published' });
  expect(recording).toMatchObject({ channelId: null, formerChannelId: channelId, import: { state: 'done' } });
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

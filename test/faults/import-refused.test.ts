import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportFault } from '../../src/recordings/recording.ts';
import { IMPORT_FAULTS, IMPORT_NOTES } from '../../src/recordings/recording.ts';
import type { ApiFault, DownloadFault } from '../../src/sandbox/zoom/faults.ts';
import { type ImportBench, startImportBench } from '../recordings/import-bench.ts';

let bench: ImportBench;
beforeAll(async () => {
  bench = await startImportBench();
});
beforeEach(() => bench.fresh());
afterAll(() => bench.close());

/** Nothing of a recording is in the file store, under whatever name. */
function expectNothingStored(id: string): void {
  expect(bench.filesHere().filter((path) => path.includes(id))).toEqual([]);
}

it('has a sentence for every fault and every note', () => {
  const { recordings } = JSON.parse(readFileSync('locales/en.json', 'utf8'));
  for (const fault of IMPORT_FAULTS) expect(recordings.faults[fault], fault).toMatch(/\.$/);
  for (const note of IMPORT_NOTES) expect(recordings.notes[note], note).toMatch(/\.$/);
});

describe('a download that is not what it should be', () => {
  it.each<[DownloadFault, ImportFault, boolean]>([
    ['html-200', 'download-disabled', false],
    ['json-200', 'download-disabled', false],
    ['foreign-redirect', 'zoom-unreachable', true],
    ['private-redirect', 'blocked-address', false],
    ['metadata-redirect', 'blocked-address', false],
    ['truncated', 'truncated', true],
    ['length-wrong', 'truncated', true],
    ['empty', 'empty-file', true],
    ['stall', 'truncated', true],
    ['unavailable', 'zoom-fault', true],
  ])('(%s) is refused as %s, and nothing of it is stored', async (kind, fault, passes) => {
    bench.zoom.faults.download = { kind };
    const recording = await bench.bring(await bench.record());
    expect(recording.import).toMatchObject({ state: passes ? 'queued' : 'failed', fault });
    expectNothingStored(recording.id);
    if (!passes) return;
    // The pauses are minutes; once Zoom works again so does the import.
    expect(recording.import.nextTryAt).toBe(bench.zoom.clock.now() + 60_000);
    bench.zoom.faults.reset();
    bench.zoom.clock.advance(60_000);
    expect((await bench.wake(recording.id)).import).toMatchObject({
      state: 'done',
      fault: null,
      tries: 0,
      nextTryAt: null,
    });
  });

  it('(endless) is stopped a little above the size that Zoom told', async () => {
    bench.zoom.faults.download = { kind: 'endless' };
    const recording = await bench.bring(await bench.record({ bytes: 300_000 }));
    expect(recording.import).toMatchObject({ state: 'failed', fault: 'too-large' });
    expectNothingStored(recording.id);
  });

  it('(size-wrong) comes with a note when it is a little off', async () => {
    bench.zoom.faults.download = { kind: 'size-wrong' };
    const { import: state } = await bench.bring(await bench.record());
    const told = state.state === 'done' ? state.notes.includes('size-differs') : state.fault === 'truncated';
    expect(told).toBe(true);
  });

  it('is tried three times more, and then it has failed until somebody asks again', async () => {
    bench.zoom.faults.download = { kind: 'truncated' };
    let recording = await bench.bring(await bench.record());
    const pauses: number[] = [];
    while (recording.import.state === 'queued') {
      const pause = (recording.import.nextTryAt ?? 0) - bench.zoom.clock.now();
      pauses.push(pause / 60_000);
      bench.zoom.clock.advance(pause);
      recording = await bench.wake(recording.id);
    }
    expect(pauses).toEqual([1, 5, 20]);
    expect(recording.import).toMatchObject({ state: 'failed', fault: 'truncated' });
    bench.zoom.faults.reset();
    await bench.imports.retryImport({ recordingId: recording.id, by: bench.owner });
    expect((await bench.settled(recording.id)).import).toMatchObject({ state: 'done', attempt: 2 });
  });
});

describe('a Zoom that refuses', () => {
  it.each<[ApiFault, ImportFault, 'failed' | 'queued']>([
    ['plan', 'plan-missing', 'failed'],
    ['admin-200', 'plan-missing', 'failed'],
    ['not-allowed', 'not-the-host', 'failed'],
    ['meeting-gone', 'recording-gone', 'failed'],
    ['daily', 'throttled', 'queued'],
    ['html-502', 'zoom-fault', 'queued'],
    ['cut', 'zoom-unreachable', 'queued'],
  ])('(%s) makes the import %s', async (kind, fault, state) => {
    bench.zoom.faults.api = { kind, on: '/recordings' };
    const recording = await bench.bring(await bench.record());
    expect(recording.import).toMatchObject({ state, fault });
    expect(recording.import.nextTryAt === null).toBe(state === 'failed');
    expectNothingStored(recording.id);
  });

  it('is not asked for somebody else’s recording, nor for one that is gone', async () => {
    const foreign = await bench.bring(await bench.record({ host: 'ben' }));
    expect(foreign.import.state).toBe('failed');
    expect(['not-the-host', 'recording-gone']).toContain(foreign.import.fault);
    const uuid = await bench.record();
    bench.zoom.recordings.trash(uuid);
    expect((await bench.bring(uuid)).import).toMatchObject({ state: 'failed', fault: 'recording-gone' });
    const quiet = await bench.bring(await bench.record({ layouts: [], audio: false, participantAudio: 2 }));
    expect(quiet.import).toMatchObject({ state: 'failed', fault: 'nothing-to-bring' });
    const sound = await bench.bring(await bench.record({ layouts: [] }));
    expect(sound.import).toMatchObject({ state: 'done', notes: ['audio-only'] });
  });

  it('says when the grant is gone or too small', async () => {
    const uuid = await bench.record();
    bench.zoom.oauth.revoke('ada');
    expect((await bench.bring(uuid)).import).toMatchObject({ state: 'failed', fault: 'not-connected' });
  });
});

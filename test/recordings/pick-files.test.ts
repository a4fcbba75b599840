import { describe, expect, it } from 'vitest';
import { pickFiles } from '../../src/recordings/pick-files.ts';
import type { Bring } from '../../src/zoom/meeting-link.ts';
import type { ZoomFile, ZoomRecording } from '../../src/zoom/zoom-api.ts';

const T = Date.parse('2026-11-22T09:00:00Z');
const MINUTE = 60_000;
const ALL: Bring = { video: true, transcript: true, chat: true };

let count = 0;
function file(type: string, layout: string | null = null, change: Partial<ZoomFile> = {}): ZoomFile {
  return {
    ...{ sourceId: `file-${count++}`, type, layout, extension: type, bytes: 1000, processing: false },
    ...{ startedAt: T, endedAt: T + 30 * MINUTE, downloadUrl: 'https://zoom.us/rec/download/x' },
    ...change,
  };
}

function pick(files: ZoomFile[], bring = ALL) {
  const recording: ZoomRecording = {
    ...{ uuid: 'u', number: '1', hostId: 'h', topic: 't', startedAt: T, timeZone: null, durationMs: 30 * MINUTE },
    ...{ bytes: 1, deletesOn: null, files },
  };
  return pickFiles(recording, bring);
}

const layoutOf = (files: ZoomFile[]) => pick(files).segments.map(({ layout }) => layout);

describe('the files to bring', () => {
  it('are one video a segment, by the order of what a lecture needs', () => {
    const order = [
      'shared_screen_with_speaker_view',
      'Shared_Screen_With_Speaker_View(CC)',
      'active_speaker',
      'shared_screen_with_gallery_view',
      'gallery_view',
      'shared_screen',
      'production_studio',
      'sign_interpretation',
    ];
    const found: (string | null)[] = [];
    for (let left = order.toReversed(); left.length > 0; left = left.slice(0, -1)) {
      found.push(...layoutOf([file('M4A', 'audio_only'), ...left.map((layout) => file('MP4', layout))]));
    }
    expect(found).toEqual(order);
    expect(layoutOf([file('M4A', 'audio_only')])).toEqual(['audio_only']);
    expect(layoutOf([file('M4A', 'audio_only'), file('MP4', null)])).toEqual([null]);
  });

  it('are none where there is nothing of the whole meeting', () => {
    const files = ['CHAT', 'TIMELINE', 'HOLOGRAM', 'TB'].map((type) => file(type));
    expect(
      pick([...files, file('M4A', 'audio_only_each_participant'), file('M4A', 'audio_interpretation')]).segments,
    ).toEqual([]);
  });

  it('are in the order of the meeting, with what belongs to each segment', () => {
    const [one, two] = [
      { startedAt: T, endedAt: T + 10 * MINUTE },
      { startedAt: T + 15 * MINUTE, endedAt: T + 30 * MINUTE },
    ];
    const { segments } = pick([
      file('MP4', 'gallery_view', two),
      file('CHAT', null, { ...two, startedAt: T + 16 * MINUTE }),
      file('TRANSCRIPT', null, one),
      file('MP4', 'shared_screen', { ...one, startedAt: T + 1_000 }),
      file('MP4', 'active_speaker', one),
      file('CC', null, { startedAt: T, endedAt: null }),
      file('CC', null, { startedAt: T + 15 * MINUTE, endedAt: null }),
    ]);
    expect(segments.map(({ layout, transcript, chat }) => [layout, transcript?.type, chat?.type])).toEqual([
      ['active_speaker', 'TRANSCRIPT', undefined],
      ['gallery_view', 'CC', 'CHAT'],
    ]);
    expect(segments.map(({ durationMs }) => durationMs / MINUTE)).toEqual([10, 15]);
  });

  it('leave out false starts, unless there is nothing else', () => {
    const short = { startedAt: T - 60_000, endedAt: T - 51_000 };
    const picked = pick([
      file('MP4', 'active_speaker', short),
      file('TRANSCRIPT', null, short),
      file('MP4', 'active_speaker'),
    ]);
    expect([picked.falseStarts, picked.segments.map(({ startedAt }) => startedAt)]).toEqual([1, [T]]);
    expect(picked.segments[0]?.transcript).toBe(null);
    const alone = pick([file('MP4', 'active_speaker', short)]);
    expect([alone.falseStarts, alone.segments.length]).toEqual([0, 1]);
  });

  it('are only those that were asked for, and only when Zoom has made them', () => {
    const files = [file('MP4', 'active_speaker'), file('TRANSCRIPT'), file('CHAT')];
    const [only] = pick(files, { video: false, transcript: true, chat: false }).segments;
    expect([only?.video, only?.transcript?.type, only?.chat]).toEqual([null, 'TRANSCRIPT', null]);
    const making = pick([
      file('MP4', 'shared_screen_with_speaker_view', { processing: true }),
      file('MP4', 'gallery_view'),
    ]);
    expect([making.processing, making.segments[0]?.layout]).toEqual([true, 'gallery_view']);
    expect(pick([file('TB', null, { processing: true }), ...files]).processing).toBe(false);
  });
});

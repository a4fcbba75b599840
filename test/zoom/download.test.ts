import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DownloadFault } from '../../src/sandbox/zoom/faults.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { ConnectionId } from '../../src/zoom/connection.ts';
import { isOfZoom } from '../../src/zoom/zoom-hosts.ts';
import { startServer } from '../support/http-server.ts';
import { NOON, startZoomBench, type ZoomBench } from './support.ts';

let bench: ZoomBench;
let id: ConnectionId;
let film: { url: string; bytes: number | null };
beforeAll(async () => {
  bench = await startZoomBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.reset();
  id = await bench.connect('ada');
  film = await filmOf('ada');
});

async function filmOf(host: string): Promise<typeof film> {
  const startedAt = NOON - (host === 'ada' ? 1 : 2) * 86_400_000;
  const { uuid } = bench.zoom.recordings.add({ host, number: SEEDED_MEETINGS.review, startedAt, quiet: true });
  const answer = await bench.api.recording(host === 'ada' ? id : await bench.connect(host), uuid);
  const file = answer.ok ? answer.value.files.find(({ type }) => type === 'MP4') : null;
  return { url: file?.downloadUrl ?? '', bytes: file?.bytes ?? null };
}

test('brings the bytes, whose number is told, and the token to the first host alone', async () => {
  bench.zoom.faults.cdnRefusesToken = true;
  const answer = await bench.api.download(id, film);
  if (!answer.ok) throw new Error(answer.reason);
  let bytes = 0;
  for await (const chunk of answer.value.body) bytes += (chunk as Buffer).length;
  expect(answer.value).toMatchObject({ contentType: 'video/mp4', bytes: film.bytes });
  expect(bytes).toBe(film.bytes);
  const asked = bench.zoom.requests.log.filter(({ path }) => /rec\/download|cmr/.test(path));
  expect(asked.map(({ host, authorization }) => [host, authorization])).toEqual([
    ['zoom', 'bearer'],
    ['files', 'none'],
  ]);
});

test.each<[DownloadFault, string]>([
  ['html-200', 'forbidden'],
  ['json-200', 'plan-missing'],
  ['not-found', 'not-found'],
  ['unavailable', 'fault'],
  ['expired', 'forbidden'],
  ['private-redirect', 'blocked-address'],
  ['metadata-redirect', 'blocked-address'],
  ['foreign-redirect', 'unreachable'],
  ['redirect-loop', 'fault'],
  ['unauthorized', 'fault'],
])('that is %s is %s, and the connection lives', async (kind, reason) => {
  bench.zoom.faults.download = { kind };
  expect(await bench.api.download(id, film)).toMatchObject({ ok: false, reason });
  expect(bench.ended).toEqual([]);
  expect((await bench.storage.connections.findConnection(id))?.state).toBe('live');
});

test('that is refused for its token once is asked with another', async () => {
  bench.zoom.faults.download = { kind: 'unauthorized', times: 1 };
  const answer = await bench.api.download(id, film);
  expect(answer).toMatchObject({ ok: true, value: { bytes: film.bytes } });
  if (answer.ok) answer.value.body.destroy();
});

test("of somebody else's is forbidden", async () => {
  const foreign = await filmOf('ben');
  expect(await bench.api.download(id, foreign)).toMatchObject({ ok: false, reason: 'forbidden' });
});

test('of a grant that is dead notes how it died', async () => {
  bench.zoom.oauth.revoke('ada');
  expect(await bench.api.download(id, film)).toMatchObject({ ok: false, reason: 'not-connected' });
  expect(bench.ended).toEqual([{ id, end: 'removed-in-zoom' }]);
});

test('that stands still fails in the body, and one that is aborted ends', async () => {
  bench.zoom.faults.download = { kind: 'stall', times: 1 };
  const stalled = await bench.api.download(id, film);
  if (!stalled.ok) throw new Error(stalled.reason);
  await expect(stalled.value.body.toArray()).rejects.toThrow();
  const abort = new AbortController();
  bench.zoom.faults.bytesPerSecond = 100;
  const slow = await bench.api.download(id, film, { signal: abort.signal });
  if (!slow.ok) throw new Error(slow.reason);
  const reading = slow.value.body.toArray();
  abort.abort();
  await expect(reading).rejects.toThrow();
});

test('that begins elsewhere is refused before anything is sent', async () => {
  const thief = await startServer((_req, res) => void res.end('got it'));
  for (const url of [thief.url, 'https://zoom.us/rec/download/x', 'https://zoom.us.evil.example/x', 'nonsense', '']) {
    expect(await bench.api.download(id, { url })).toMatchObject({ ok: false, reason: 'foreign-address' });
  }
  expect(thief.hits).toEqual([]);
  await thief.close();
});

test.each([
  ['https://zoom.us/rec/download/x', true],
  ['https://us06web.zoom.us/rec/download/x', true],
  ['https://api.zoom.us/v2', true],
  ['http://zoom.us/x', false],
  ['https://zoom.us:8443/x', false],
  ['https://zoom.us.evil.example/x', false],
  ['https://evilzoom.us/x', false],
  ['https://zoom.us@evil.example/x', false],
  ['https://a:b@zoom.us/x', false],
  ['https://127.0.0.1/x', false],
])('%s is of Zoom: %s', (url, expected) => {
  expect(isOfZoom(new URL(url), 'https://api.zoom.us/v2')).toBe(expected);
});

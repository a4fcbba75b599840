import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DOWNLOAD_FAULTS, type DownloadFault } from '../../src/sandbox/zoom/faults.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import { openContent } from '../../src/sandbox/zoom/recordings/media/content.ts';
import { createMedia } from '../../src/sandbox/zoom/recordings/media/media.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import { findChromium } from '../support/browser.ts';
import { openBrowser } from '../support/page.ts';
import { type Bench, startBench } from './support.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Wednesday at noon. */
const NOON = Date.parse('2026-10-14T12:00:00Z');

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, of which each test reads another part
type Json = any;
type Row = Record<string, Json>;

let bench: Bench;
let zoom: SandboxZoom;
let token: string;

beforeAll(async () => {
  bench = await startBench({ clock: () => NOON });
  zoom = bench.sandbox.zoom;
});
afterAll(() => bench.close());
beforeEach(() => {
  zoom.reset();
  token = zoom.oauth.issue('ada').access;
});

async function call(path: string, { method = 'GET', as = token } = {}): Promise<{ status: number; body: Json }> {
  const answer = await fetch(`${zoom.base}/v2${path}`, { method, headers: { Authorization: `Bearer ${as}` } });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

async function list(query: string): Promise<Row[]> {
  const { status, body } = await call(`/users/me/recordings?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.meetings;
}

const one = (uuid: string) => call(`/meetings/${encodeURIComponent(encodeURIComponent(uuid))}/recordings`);

const add = (recording: Partial<Parameters<SandboxZoom['recordings']['add']>[0]> = {}) =>
  zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.review, startedAt: NOON - 2 * HOUR, ...recording });

describe("the list of a person's recordings", () => {
  it('shows eight months of seeded recordings, the same after a restart', async () => {
    const before = zoom.recordings.list('ada').map(({ uuid }) => uuid);
    expect(before.length).toBeGreaterThan(50);
    const second = await startBench({ clock: () => NOON + 3 * HOUR });
    const again = second.sandbox.zoom.recordings.list('ada').map(({ uuid }) => uuid);
    await second.close();
    expect(again).toEqual(before);
    const rows = await list('from=2026-09-14&to=2026-10-14&page_size=300');
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.every(({ type }) => typeof type === 'string')).toBe(true);
    expect(new Set(rows.map(({ host_id }) => host_id))).toEqual(new Set([zoom.user('ada').id]));
  });

  it('is that of today when no dates are given, by days of UTC, and clips a wide range without a word', async () => {
    zoom.recordings.clear();
    const today = add({ startedAt: Date.parse('2026-10-14T00:00:00Z') });
    const yesterday = add({ startedAt: Date.parse('2026-10-13T23:59:59Z') });
    const old = add({ startedAt: NOON - 60 * DAY });
    const uuids = async (query: string) => (await list(query)).map(({ uuid }) => uuid);
    expect(await uuids('')).toEqual([today.uuid]);
    expect(await uuids('from=2026-10-13&to=2026-10-13')).toEqual([yesterday.uuid]);
    expect(await uuids('from=2026-08-01&to=2026-10-14')).toEqual([today.uuid, yesterday.uuid]);
    zoom.faults.wideRanges = 'served';
    expect(await uuids('from=2026-08-01&to=2026-10-14')).toEqual([today.uuid, yesterday.uuid, old.uuid]);
    expect(await call('/users/me/recordings?from=10/14/2026')).toMatchObject({ status: 400, body: { code: 300 } });
  });

  it('comes in pages whose tokens run out, filtered by number where asked', async () => {
    zoom.recordings.clear();
    for (let hour = 0; hour < 5; hour++) add({ startedAt: NOON - hour * HOUR, durationMs: HOUR / 2 });
    const other = add({ number: SEEDED_MEETINGS.lecture });
    const first = await call('/users/me/recordings?page_size=4');
    expect(first.body).toMatchObject({ page_count: 2, total_records: 6, meetings: { length: 4 } });
    const next = `/users/me/recordings?page_size=4&next_page_token=${first.body.next_page_token}`;
    expect((await call(next)).body).toMatchObject({ next_page_token: '', meetings: { length: 2 } });
    zoom.clock.advance(16 * MINUTE);
    expect(await call(next)).toMatchObject({ status: 400, body: { code: 300 } });
    const filtered = await list(`meeting_id=${SEEDED_MEETINGS.lecture}`);
    expect(filtered.map(({ uuid }) => uuid)).toEqual([other.uuid]);
  });

  it('has every kind of file with the gaps that Zoom leaves', async () => {
    zoom.recordings.clear();
    add({
      segments: 2,
      layouts: ['shared_screen_with_speaker_view', null],
      extras: ['captions', 'chat', 'timeline', 'poll', 'summary', 'thumbnail', 'unknown'],
      participantAudio: 1,
      autoDeleteOn: '2026-12-01',
    });
    const [row] = (await list('')) as [Row];
    expect(row).toMatchObject({ id: 82345678901, auto_delete_date: '2026-12-01', recording_count: 24 });
    expect(row.password).toBeUndefined();
    expect(row.participant_audio_files).toBeUndefined();
    const types = row.recording_files.map(({ file_type }: Row) => file_type);
    expect(types.slice(0, 11).sort()).toEqual(
      ['CC', 'CHAT', 'CSV', 'HOLOGRAM', 'M4A', 'MP4', 'MP4', 'SUMMARY', 'TB', 'TIMELINE', 'TRANSCRIPT'].sort(),
    );
    expect(new Set(row.recording_files.map(({ recording_start }: Row) => recording_start)).size).toBe(2);
    const bare = row.recording_files.filter(({ file_type }: Row) => ['CC', 'TIMELINE'].includes(file_type));
    expect(bare.flatMap((file: Row) => [file.id, file.file_size, file.status])).toEqual(Array(12).fill(undefined));
    expect(row.recording_files[1]).toMatchObject({ file_type: 'MP4', recording_type: null });
    const shown = (await one(row.uuid)).body;
    expect(shown.participant_audio_files).toHaveLength(2);
    expect(shown.password).toBe('Zx7!<q&"');
  });

  it('keeps the trash for 30 days, and puts there what the settings delete', async () => {
    zoom.recordings.clear();
    const { uuid } = add({ autoDeleteOn: '2026-10-20' });
    zoom.clock.advance(8 * DAY);
    token = zoom.oauth.issue('ada').access;
    expect(await list('from=2026-10-01&to=2026-10-30')).toEqual([]);
    expect((await list('trash=true')).map((row) => row.uuid)).toEqual([uuid]);
    expect((await one(uuid)).status).toBe(404);
    zoom.clock.advance(30 * DAY);
    token = zoom.oauth.issue('ada').access;
    expect(await list('trash=true')).toEqual([]);
  });
});

describe('one recording', () => {
  it.each(['/leadingSlash0123456789==', 'double//slash+0123456789==', 'one/slash+and+plus012345=='])(
    'is found by the UUID %s encoded twice',
    async (uuid) => {
      add({ uuid });
      expect((await one(uuid)).body).toMatchObject({ uuid });
      const onceEncoded = await call(`/meetings/${encodeURIComponent(uuid)}/recordings`);
      const mustBeTwice = uuid.startsWith('/') || uuid.includes('//');
      expect(onceEncoded.status).toBe(mustBeTwice ? 404 : 200);
    },
  );

  it('is the newest instance when asked or deleted by number', async () => {
    const older = add({ startedAt: NOON - 2 * DAY });
    const newer = add({ startedAt: NOON - DAY });
    const byNumber = () => call(`/meetings/${SEEDED_MEETINGS.review}/recordings`);
    expect((await byNumber()).body.uuid).toBe(newer.uuid);
    const gone = await call(`/meetings/${SEEDED_MEETINGS.review}/recordings?action=trash`, { method: 'DELETE' });
    expect(gone.status).toBe(204);
    expect(zoom.recordings.get(newer.uuid)?.trashedAt).toBe(NOON);
    expect((await byNumber()).body.uuid).toBe(older.uuid);
  });

  it('is refused without the scope, to strangers, and where there is none', async () => {
    const { uuid } = add();
    const ben = zoom.oauth.issue('ben').access;
    const path = `/meetings/${encodeURIComponent(encodeURIComponent(uuid))}/recordings`;
    expect(await call(path, { as: ben })).toMatchObject({ status: 404, body: { code: 3301 } });
    expect(await call('/meetings/99999999999/recordings')).toMatchObject({ status: 404, body: { code: 3001 } });
    token = zoom.oauth.issue('ada', ['cloud_recording:read:list_recording_files']).access;
    const refused = await call(path, { method: 'DELETE' });
    expect(refused).toMatchObject({ status: 400, body: { code: 4711 } });
    expect(refused.body.message).toContain('cloud_recording:delete:meeting_recording');
    expect((await call(path)).status).toBe(200);
    const carl = zoom.oauth.issue('carl').access;
    expect(await call('/users/me/recordings', { as: carl })).toMatchObject({ status: 400, body: { code: 200 } });
  });

  it('is processed for a while, and its transcript comes with it, later, or never', async () => {
    const uuids = (['with', 'late', 'never'] as const).map((transcript, at) =>
      add({ transcript, startedAt: NOON - (at + 1) * HOUR, processingMs: 10 * MINUTE, transcriptAfterMs: 20 * MINUTE }),
    );
    const state = async () =>
      Promise.all(
        uuids.map(async ({ uuid }) => {
          const { body } = await call(`/meetings/${encodeURIComponent(encodeURIComponent(uuid))}/transcript`);
          return body.can_download ? 'ready' : body.download_restriction_reason;
        }),
      );
    const video = async () => (await one(uuids[0]!.uuid)).body.recording_files[0];
    expect(await state()).toEqual(['NOT_READY', 'NOT_READY', 'NO_TRANSCRIPT_DATA']);
    expect(await video()).toMatchObject({ status: 'processing', recording_end: '' });
    zoom.clock.advance(10 * MINUTE);
    expect(await state()).toEqual(['ready', 'NOT_READY', 'NO_TRANSCRIPT_DATA']);
    expect(await video()).toMatchObject({ status: 'completed', file_size: expect.any(Number) });
    zoom.recordings.addTranscript(uuids[1]!.uuid);
    zoom.recordings.addTranscript(uuids[2]!.uuid);
    expect(await state()).toEqual(['ready', 'ready', 'ready']);
  });
});

describe('a download', () => {
  type Loaded = { status: number; type: string; bytes: Buffer; hops: string[]; broken: boolean };

  /** Follows redirects by hand; the token goes to the first host alone. */
  async function load(url: string, headers: Record<string, string> = {}, as = token): Promise<Loaded> {
    const hops: string[] = [];
    let at = url;
    let answer = await fetch(at, { redirect: 'manual', headers: { Authorization: `Bearer ${as}` } });
    while (answer.status === 302 && hops.length < 3) {
      at = answer.headers.get('location') ?? '';
      hops.push(at);
      if (!at.startsWith('http://127.0.0.1')) break;
      answer = await fetch(at, { redirect: 'manual', headers });
    }
    const chunks: Uint8Array[] = [];
    let broken = false;
    try {
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
    } catch {
      broken = true;
    }
    const type = answer.headers.get('content-type') ?? '';
    return { status: answer.status, type, bytes: Buffer.concat(chunks), hops, broken };
  }

  async function videoOf(uuid: string): Promise<Row> {
    return (await one(uuid)).body.recording_files[0];
  }

  it('leads to the second host, which gives as many bytes as were told, and a part where ranges are honoured', async () => {
    const { uuid } = add({ bytes: 3_000_000 });
    const video = await videoOf(uuid);
    const whole = await load(video.download_url);
    expect(whole).toMatchObject({ status: 200, type: 'video/mp4', bytes: { length: 3_000_000 } });
    expect(video.file_size).toBe(3_000_000);
    expect(new URL(whole.hops[0]!).origin).not.toBe(new URL(zoom.base).origin);
    expect(whole.bytes.subarray(4, 8).toString()).toBe('ftyp');
    zoom.faults.ranges = true;
    const part = await load(video.download_url, { Range: 'bytes=100-199' });
    expect(part.status).toBe(206);
    expect(part.bytes.equals(whole.bytes.subarray(100, 200))).toBe(true);
    expect(zoom.requests.log.filter(({ host }) => host === 'files').map(({ status }) => status)).toEqual([200, 206]);
  });

  it('gives every file with the size that the list tells', async () => {
    const { uuid } = add({ extras: ['chat', 'poll', 'summary', 'thumbnail', 'unknown'], participantAudio: 1 });
    const { recording_files: files, participant_audio_files: voices } = (await one(uuid)).body;
    for (const file of [...files, ...voices]) {
      expect((await load(file.download_url)).bytes.length, file.file_type).toBe(file.file_size);
    }
    const text = (await load(files.at(-1).download_url)).bytes.toString();
    expect(text).toMatch(/^WEBVTT\r\n\r\n1\r\n00:00:00\.000 --> 00:00:07\.000\r\nAda Ferreira: Good morning/);
  });

  it('takes the token of the host or one made for the recording, in the header alone', async () => {
    const { uuid } = add({ bytes: 100_000 });
    const url = (await videoOf(uuid)).download_url;
    const path = `/meetings/${encodeURIComponent(encodeURIComponent(uuid))}/recordings`;
    const { body } = await call(`${path}?include_fields=download_access_token&ttl=60`);
    expect((await load(url, {}, body.download_access_token)).bytes).toHaveLength(100_000);
    const withoutHeader = await fetch(`${url}?access_token=${token}`, { redirect: 'manual' });
    expect([withoutHeader.status, await withoutHeader.json()]).toEqual([401, expect.objectContaining({ code: 124 })]);
    const stranger = await load(url, {}, zoom.oauth.issue('ben').access);
    expect(stranger.status).toBe(200);
    expect(stranger.bytes.toString()).toContain('Only the host can download');
    const [hop] = (await load(url)).hops as [string];
    expect((await fetch(hop, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(400);
    zoom.clock.advance(11 * MINUTE);
    expect((await fetch(hop)).status).toBe(403);
    expect((await load(url, {}, body.download_access_token)).status).toBe(401);
  });

  it('is dead at its old address where each listing gives a new one', async () => {
    zoom.faults.staleUrls = true;
    const { uuid } = add({ bytes: 1000 });
    const [before, after] = [await videoOf(uuid), await videoOf(uuid)];
    expect(before.id).toBe(after.id);
    expect((await load(before.download_url)).status).toBe(404);
    expect((await load(after.download_url)).bytes).toHaveLength(1000);
  });

  const SIZE = 500_000;
  const has = (part: Partial<Loaded>) => (loaded: Loaded) => expect(loaded).toMatchObject(part);
  const goesTo = (start: string) => (loaded: Loaded) => expect(loaded.hops.at(-1)).toMatch(new RegExp(`^${start}`));
  const FAILURES: Record<Exclude<DownloadFault, 'endless' | 'stall' | 'slow'>, (loaded: Loaded) => void> = {
    unauthorized: has({ status: 401 }),
    'html-200': has({ status: 200, type: 'text/html;charset=UTF-8' }),
    'json-200': ({ bytes }) => expect(JSON.parse(bytes.toString())).toMatchObject({ code: 200 }),
    truncated: ({ broken, bytes }) => expect([broken, bytes.length]).toEqual([false, SIZE * 0.6]),
    'length-wrong': has({ broken: true }),
    'size-wrong': ({ bytes }) => expect(bytes).toHaveLength(SIZE),
    expired: has({ status: 403 }),
    'not-found': has({ status: 404 }),
    unavailable: has({ status: 503 }),
    empty: ({ status, bytes }) => expect([status, bytes.length]).toEqual([200, 0]),
    'foreign-redirect': goesTo('https://recordings.invalid/'),
    'private-redirect': goesTo('http://10.0.0.1/'),
    'metadata-redirect': goesTo('http://169.254.169.254/'),
    'redirect-loop': ({ hops }) => expect(new Set(hops).size).toBe(1),
  };

  it.each(Object.entries(FAILURES))('fails as %s', async (kind, check) => {
    zoom.faults.download = { kind: kind as DownloadFault };
    const { uuid } = add({ bytes: SIZE });
    const video = await videoOf(uuid);
    expect(video.file_size === SIZE).toBe(kind !== 'size-wrong');
    check(await load(video.download_url));
  });

  it('goes on for ever, stands still, or trickles', async () => {
    const { uuid } = add({ bytes: SIZE });
    const { download_url: url } = await videoOf(uuid);
    const readSome = async (kind: DownloadFault, wanted: number) => {
      zoom.faults.download = { kind, times: 1 };
      const hop = await fetch(url, { redirect: 'manual', headers: { Authorization: `Bearer ${token}` } });
      const stop = new AbortController();
      const answer = await fetch(hop.headers.get('location')!, { signal: stop.signal });
      let bytes = 0;
      for await (const chunk of answer.body!) {
        bytes += chunk.length;
        if (bytes >= wanted) break;
      }
      stop.abort();
      return bytes;
    };
    expect(await readSome('endless', SIZE * 3)).toBeGreaterThanOrEqual(SIZE * 3);
    expect(await readSome('stall', 1024)).toBe(1024);
    expect(await readSome('slow', 200)).toBeLessThan(1024);
    expect(new Set(DOWNLOAD_FAULTS)).toEqual(new Set([...Object.keys(FAILURES), 'endless', 'stall', 'slow']));
  });

  it('streams gigabytes without keeping them', async () => {
    const gigabyte = 1024 ** 3;
    const { uuid } = add({ bytes: 5 * gigabyte });
    const { download_url: url, file_size: told } = await videoOf(uuid);
    expect(told).toBe(5 * gigabyte);
    const hop = await fetch(url, { redirect: 'manual', headers: { Authorization: `Bearer ${token}` } });
    const before = process.memoryUsage().rss;
    const answer = await fetch(hop.headers.get('location')!);
    expect(Number(answer.headers.get('content-length'))).toBe(told);
    let bytes = 0;
    for await (const chunk of answer.body!) {
      bytes += chunk.length;
      if (bytes > 300_000_000) break;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
  });
});

describe('a film of the sandbox', () => {
  const browserPath = findChromium();
  let browser: Browser;
  beforeAll(async () => {
    if (browserPath !== null) browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  it.skipIf(browserPath === null)('plays in a browser while its padding is still on the way', async () => {
    const media = createMedia();
    const film = media.video({ ms: 2 * MINUTE, variant: 0, bytes: 50_000_000 });
    const server = createServer((req, res) => {
      if (req.url === '/') return res.setHeader('Content-Type', 'text/html').end('<video src="/film" muted></video>');
      res.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': film.bytes });
      // The rest of the padding never comes.
      openContent(film, 0, 1_000_000).pipe(res, { end: false });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const played = await page.evaluate(async () => {
      const { document } = globalThis as unknown as { document: { querySelector(of: string): Json } };
      const video = document.querySelector('video');
      await video.play();
      await new Promise((resolve) =>
        video.addEventListener('timeupdate', () => video.currentTime > 0.2 && resolve(null)),
      );
      return { length: video.duration, width: video.videoWidth, ready: video.readyState, at: video.currentTime };
    });
    expect(played).toMatchObject({ length: 120, width: 320 });
    expect(played.ready).toBeGreaterThanOrEqual(3);
    expect(played.at).toBeGreaterThan(0.2);
    await page.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('takes little room, and as much as it is told to', () => {
    const media = createMedia();
    for (const bytes of [0, 1, 1000, 100_000, 600_007, 5 * 1024 ** 3]) {
      const { head, bytes: told } = media.video({ ms: 50 * MINUTE, variant: 1, bytes });
      expect(told).toBe(bytes);
      expect(head.length).toBeLessThanOrEqual(Math.min(bytes, 1_000_000));
    }
  });
});

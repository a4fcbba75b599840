import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import { createMediaLinks } from '../../src/recordings/media-links.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import { readTranscript } from '../../src/recordings/transcript.ts';
import { cookieHeader } from '../support/attacker.ts';
import { filesOf, seedRecording, userIn } from '../support/recordings.ts';
import { withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let id: ChannelId;
let teacher: Visitor;
let student: Visitor;
let recording: Recording;
let bytes: Buffer;

beforeAll(async () => {
  tool = await startTool();
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  teacher = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
  student = await launchAs(tool, canvas, { courseId, personId: cast.student });
  id = channelIn(teacher.url);
  await tool.settled();
  const channel = await tool.storage.channels.findChannel(id);
  if (!channel) throw new Error('no channel');
  const ownerId = await userIn(tool, id, cast.instructor);
  recording = await seedRecording(tool, { channelId: id, ownerId, platformId: channel.platformId });
  const stream = await filesOf(tool).read(recording.parts[0]?.video?.key ?? '');
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  bytes = Buffer.concat(chunks);
});

afterAll(() => tool.close());

/** The address of the video as the watch page of somebody tells it. */
async function addressFor(visitor: Visitor): Promise<string> {
  await visitor.get(withAs(visitor, `/channels/${id}/recordings/${recording.id}`));
  return /<video[^>]* src="([^"#]+)/.exec(visitor.html)?.[1] ?? '';
}

function ask(
  visitor: Visitor,
  address: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  return fetch(new URL(address, tool.url), { method, headers: { cookie: cookieHeader(visitor), ...headers } });
}

async function change(next: Partial<Recording>): Promise<void> {
  await tool.storage.recordings.changeRecording(recording.id, Date.now(), (current) => ({ ...current, ...next }));
}

describe('the bytes of a video', () => {
  it('come whole and in every range a player asks for', async () => {
    const address = await addressFor(student);
    const size = bytes.length;
    const whole = await ask(student, address);
    expect(whole.status).toBe(200);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      ...{ 'content-type': 'video/mp4', 'accept-ranges': 'bytes', 'x-content-type-options': 'nosniff' },
      ...{ 'cache-control': 'private, no-cache', 'content-disposition': 'inline; filename="recording-part-1.mp4"' },
    });
    const etag = whole.headers.get('etag') ?? '';
    const cases: [Record<string, string>, number, [number, number] | null][] = [
      [{ range: 'bytes=0-' }, 206, [0, size - 1]],
      [{ range: 'bytes=10-19' }, 206, [10, 19]],
      [{ range: 'bytes=-5' }, 206, [size - 5, size - 1]],
      [{ range: `bytes=5-${size * 9}` }, 206, [5, size - 1]],
      [{ range: 'bytes=1-2', 'if-range': etag }, 206, [1, 2]],
      [{ range: 'bytes=1-2', 'if-range': '"another"' }, 200, [0, size - 1]],
      [{ range: 'bytes=0-1,5-6' }, 200, [0, size - 1]],
      [{ range: 'bytes=9-1' }, 200, [0, size - 1]],
      [{ range: 'lines=1-2' }, 200, [0, size - 1]],
      [{ range: `bytes=${size}-` }, 416, null],
      [{ range: 'bytes=-0' }, 416, null],
      [{ 'if-none-match': etag }, 304, null],
    ];
    for (const [headers, status, part] of cases) {
      const answer = await ask(student, address, headers);
      expect([headers, answer.status]).toEqual([headers, status]);
      const got = Buffer.from(await answer.arrayBuffer());
      expect(got.equals(part ? bytes.subarray(part[0], part[1] + 1) : Buffer.alloc(0))).toBe(true);
      const told =
        status === 206 && part ? `bytes ${part[0]}-${part[1]}/${size}` : status === 416 ? `bytes */${size}` : null;
      expect(answer.headers.get('content-range')).toBe(told);
    }
    const head = await ask(student, address, { range: 'bytes=0-9' }, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([206, '10', '']);
  });

  it('are for the one they were made for, and for nobody who changed the address', async () => {
    const address = await addressFor(teacher);
    expect((await ask(student, address)).status).toBe(403);
    expect((await ask(tool.visitor(), address)).status).toBe(403);
    const [payload = '', signature = ''] = address.replace('/media/', '').split('.');
    const said = Buffer.from(payload, 'base64url').toString();
    const forged = Buffer.from(said.replace('"video"', '"chat"')).toString('base64url');
    for (const token of [
      `${forged}.${signature}`,
      `${payload}.${signature.slice(1)}`,
      payload,
      '.',
      `${payload}.${signature}.x`,
    ]) {
      expect((await ask(teacher, `/media/${token}`)).status).toBe(404);
    }
  });

  it('end with the right to see it, at once', async () => {
    const address = await addressFor(student);
    for (const next of [{ visibility: 'hidden' }, { review: 'waiting' }, { deletedAt: Date.now() }] as const) {
      await change(next);
      expect((await ask(student, address)).status).toBe(404);
      await change({ visibility: 'published', review: 'none', deletedAt: null });
    }
    const { cast } = tool.sandbox.canvas.course('small');
    const key = { channelId: id, userId: await userIn(tool, id, cast.student), at: Date.now() };
    const set = (active: boolean) =>
      tool.storage.memberships.changeMembership(
        key,
        (one) => one && { ...one, active, inactiveReason: active ? null : 'by-hand' },
      );
    await set(false);
    expect((await ask(student, address)).status).toBe(403);
    await set(true);
    expect((await ask(student, address)).status).toBe(200);
  });

  it('are not sent on to somebody who left', async () => {
    const leaving = new AbortController();
    const address = await addressFor(student);
    const answer = await fetch(new URL(address, tool.url), {
      headers: { cookie: cookieHeader(student) },
      signal: leaving.signal,
    });
    leaving.abort();
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect((await ask(student, address, { range: 'bytes=0-0' })).status).toBe(206);
    expect(tool.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});

describe('addresses of media', () => {
  it('are over after six hours', () => {
    let now = 1_000;
    const links = createMediaLinks({ secretKey: 'a secret of some length', clock: () => now });
    const pass = {
      recordingId: recording.id,
      part: 0,
      kind: 'video',
      userId: recording.ownerId,
      grantId: 'grant',
    } as const;
    const token = links.url(pass).replace('/media/', '');
    expect(links.read(token)).toEqual({ ok: true, value: pass });
    now += 6 * 3_600_000;
    expect(links.read(token)).toEqual({ ok: false, reason: 'over' });
    const other = createMediaLinks({ secretKey: 'another secret of some length', clock: () => 0 });
    expect(other.read(token)).toEqual({ ok: false, reason: 'forged' });
  });
});

describe('a transcript', () => {
  it('is read as lines of one speaker, each named where they begin', () => {
    const cue = (from: number, text: string) => `00:00:0${from}.000 --> 00:00:0${from + 1}.000\n${text}\n`;
    const vtt = `WEBVTT\n\n${[cue(1, 'Ada: One'), cue(2, 'Ada: and two.'), cue(3, 'Ben: Three'), cue(4, 'Ada: x'.padEnd(190, 'y')), cue(5, 'Ada: z')].join('\n')}`;
    expect(readTranscript(vtt).map(({ at, speaker, text }) => [at, speaker, text.slice(0, 12)])).toEqual([
      [1000, 'Ada', 'One and two.'],
      [3000, 'Ben', 'Three'],
      [4000, 'Ada', 'xyyyyyyyyyyy'],
      [5000, null, 'z'],
    ]);
  });
});

import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import { type Bench, startBench } from './support.ts';

const SECRET = 'the secret of the webhooks';
const MINUTE = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, of which each test reads another part
type Json = any;
type Got = { raw: string; body: Json; timestamp: string; signature: string };

let bench: Bench;
let zoom: SandboxZoom;
let tool: Server;
let got: Got[] = [];
let status = 204;
let secret = SECRET;

beforeAll(async () => {
  tool = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const body: Json = JSON.parse(raw);
    got.push({ raw, body, timestamp: header(req.headers, 'timestamp'), signature: header(req.headers, 'signature') });
    if (body.event !== 'endpoint.url_validation') return res.writeHead(status).end();
    const { plainToken } = body.payload;
    res.end(JSON.stringify({ plainToken, encryptedToken: hmac(secret, plainToken) }));
  });
  await new Promise<void>((resolve) => tool.listen(0, '127.0.0.1', resolve));
  const webhookUrl = `http://127.0.0.1:${(tool.address() as AddressInfo).port}/zoom/webhooks`;
  bench = await startBench({ zoomApp: { webhookUrl, webhookSecret: SECRET } });
  zoom = bench.sandbox.zoom;
});
afterAll(async () => {
  await bench.close();
  tool.closeAllConnections();
  await new Promise((resolve) => tool.close(resolve));
});
beforeEach(() => {
  zoom.reset();
  zoom.oauth.issue('ada');
  [got, status, secret] = [[], 204, SECRET];
});

function header(headers: Record<string, unknown>, name: 'timestamp' | 'signature'): string {
  return String(headers[name === 'timestamp' ? 'x-zm-request-timestamp' : 'x-zm-signature'] ?? '');
}

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');
const signatureOf = ({ timestamp, raw }: Got) => `v0=${hmac(SECRET, `v0:${timestamp}:${raw}`)}`;
const events = () => got.map(({ body }) => body.event);
const add = (more: object = {}) => zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.lecture, ...more });

describe("webhooks of the sandbox's Zoom", () => {
  it('validate the address by a secret that both know', async () => {
    expect(await zoom.webhooks.validate()).toBe(true);
    secret = 'another';
    expect(await zoom.webhooks.validate()).toBe(false);
  });

  it('are signed over the bytes of the body, in seconds or milliseconds, rightly or not', async () => {
    add({ topic: 'Einführung: 細胞 🎓', transcript: 'never' });
    await zoom.webhooks.deliver();
    expect(got[0]!.body.payload.object.topic).toBe('Einführung: 細胞 🎓');
    expect(got[0]!.signature).toBe(signatureOf(got[0]!));
    expect(got[0]!.timestamp).toMatch(/^\d{10}$/);
    zoom.faults.timestamps = 'milliseconds';
    await zoom.webhooks.send({ event: 'recording.started', payload: {} });
    expect(got[1]!.timestamp).toMatch(/^\d{13}$/);
    expect(got[1]!.signature).toBe(signatureOf(got[1]!));
    zoom.faults.signature = 'wrong';
    await zoom.webhooks.send({ event: 'recording.started', payload: {} });
    expect(got[2]!.signature).toMatch(/^v0=[0-9a-f]{64}$/);
    expect(got[2]!.signature).not.toBe(signatureOf(got[2]!));
    zoom.faults.signature = 'missing';
    await zoom.webhooks.send({ event: 'recording.started', payload: {} });
    expect(got[3]!.signature).toBe('');
  });

  it('tell of a recording when it is ready, and of its transcript after it or before', async () => {
    const { uuid } = add({ processingMs: 5 * MINUTE });
    await zoom.webhooks.deliver();
    expect(got).toEqual([]);
    zoom.clock.advance(5 * MINUTE);
    await zoom.webhooks.deliver();
    expect(events()).toEqual(['recording.completed', 'recording.transcript_completed']);
    const [completed, transcript] = got as [Got, Got];
    const { object } = completed.body.payload;
    expect(object).toMatchObject({ uuid, id: Number(SEEDED_MEETINGS.lecture), type: 8, host_id: zoom.user('ada').id });
    expect(transcript.body.payload.object.recording_files).toMatchObject([{ file_type: 'TRANSCRIPT' }]);
    const [{ download_url: url }] = object.recording_files;
    const headers = { Authorization: `Bearer ${completed.body.download_token}` };
    expect((await fetch(url, { headers, redirect: 'manual' })).status).toBe(302);

    zoom.faults.reordered = true;
    add({ startedAt: zoom.clock.now() - 2 * 3_600_000 });
    await zoom.webhooks.deliver();
    expect(events().slice(2)).toEqual(['recording.transcript_completed', 'recording.completed']);
  });

  it('tell of a late transcript, of a new name, of the trash and of the end', async () => {
    const { uuid } = add({ transcript: 'late' });
    zoom.recordings.addTranscript(uuid);
    zoom.recordings.rename(uuid, 'Guest lecture');
    zoom.recordings.trash(uuid);
    zoom.recordings.recover(uuid);
    zoom.recordings.remove(uuid);
    await zoom.webhooks.deliver();
    const names = ['completed', 'transcript_completed', 'renamed', 'trashed', 'recovered', 'deleted'];
    expect(events()).toEqual(names.map((name) => `recording.${name}`));
    expect(got[2]!.body.payload).toMatchObject({ object: { uuid, topic: 'Guest lecture' }, old_object: { uuid } });
    expect(got[3]!.body.payload).toMatchObject({ operator: 'ada@campus.example', object: { uuid } });
    expect(got[3]!.body.payload.object.recording_files.length).toBeGreaterThan(1);
    expect(got.map(({ body }) => 'download_token' in body)).toEqual([true, true, false, true, true, false]);
  });

  it('tell of meetings: what changed of one, that one is no more, and the number as text when one ended', async () => {
    zoom.webhooks.meetingUpdated(SEEDED_MEETINGS.lecture, { topic: 'Biology 102' });
    zoom.webhooks.meetingEnded(SEEDED_MEETINGS.lecture);
    zoom.webhooks.meetingDeleted(SEEDED_MEETINGS.review);
    await zoom.webhooks.deliver();
    const [updated, ended, deleted] = got.map(({ body }) => body.payload);
    const id = Number(SEEDED_MEETINGS.lecture);
    const uuid = zoom.meetings.get(SEEDED_MEETINGS.lecture)!.uuid;
    expect(updated.object).toEqual({ uuid, id, topic: 'Biology 102' });
    expect(updated.old_object).toEqual({ uuid, id, topic: 'Biology 101: weekly lecture' });
    expect(ended.object.id).toBe(SEEDED_MEETINGS.lecture);
    expect(deleted.object.id).toBe(Number(SEEDED_MEETINGS.review));
    expect(zoom.meetings.get(SEEDED_MEETINGS.review)).toBeUndefined();
  });

  it('are sent to nobody who did not add the app, and not at all when silent', async () => {
    zoom.recordings.add({ host: 'ben', number: SEEDED_MEETINGS.seminar });
    zoom.faults.silent = true;
    add();
    await zoom.webhooks.deliver();
    expect(got).toEqual([]);
  });

  it('come again after 5, 20 and 60 minutes when the tool fails, never when it refuses, and twice where told to', async () => {
    status = 500;
    add({ transcript: 'never' });
    for (const minutes of [0, 5, 20, 60, 500]) {
      zoom.clock.advance(minutes * MINUTE);
      await zoom.webhooks.deliver();
    }
    expect(zoom.webhooks.sent.map((one) => [one.attempt, one.status])).toEqual([
      [1, 500],
      [2, 500],
      [3, 500],
      [4, 500],
    ]);
    expect(new Set(got.map(({ raw }) => raw)).size).toBe(1);

    status = 403;
    zoom.faults.duplicated = true;
    add({ transcript: 'never', startedAt: zoom.clock.now() });
    zoom.clock.advance(500 * MINUTE);
    await zoom.webhooks.deliver();
    expect(got).toHaveLength(6);
    expect(got[4]!.raw).toBe(got[5]!.raw);
  });

  it('say that somebody removed the app, in two shapes', async () => {
    const { id, accountId } = zoom.user('ada');
    zoom.oauth.revoke('ada');
    await zoom.webhooks.deliver();
    await zoom.webhooks.deauthorized('ada', 'older');
    const [present, older] = got.map(({ body }) => body);
    expect(present).toMatchObject({ event: 'app_deauthorized', event_ts: expect.any(Number) });
    expect(present.payload).toMatchObject({ user_id: id, account_id: accountId, client_id: zoom.app.clientId });
    expect(older.event_ts).toBeUndefined();
    expect(older.payload).toMatchObject({ user_id: id, event_ts: expect.any(String), user_data_retention: 'false' });
  });
});

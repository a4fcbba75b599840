import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import type { ConnectionId } from '../../src/zoom/connection.ts';
import { isFromZoom } from '../../src/zoom/webhook-signature.ts';
import { launchAs, startTool, type Tool } from '../support/tool.ts';
import { connectZoom } from '../support/zoom-account.ts';

const MINUTE = 60_000;
const SOON = { timeout: 10_000, interval: 50 };

let tool: Tool;
let zoom: SandboxZoom;
let connectionId: ConnectionId;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 20 } });
  zoom = tool.sandbox.zoom;
  const { id: courseId, cast } = tool.sandbox.canvas.course('small');
  const teacher = await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.instructor });
  await connectZoom(teacher, 'ada');
  connectionId = (await found())?.id as ConnectionId;
  await swept();
});

afterAll(() => tool.close());

beforeEach(() => {
  zoom.faults.reset();
  zoom.clock.reset();
});

const found = () => tool.storage.connections.findConnectionOfZoomUser(zoom.user('ada').id);
/** All that Zoom has was read, and nothing is asked for. */
const swept = () =>
  vi.waitFor(async () => expect((await found())?.walk).toMatchObject({ asked: false, complete: true }), SOON);
const isListed = async (uuid: string) =>
  (await tool.storage.catalogue.findEntries(connectionId, [uuid])).map(({ topic }) => topic);

function sign(body: string | Buffer, timestamp = String(Math.floor(Date.now() / 1000)), secret = secretOfTool()) {
  const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
  return { 'x-zm-request-timestamp': timestamp, 'x-zm-signature': `v0=${mac}` };
}

function secretOfTool(): string {
  return tool.secrets.zoom?.webhooks[0] ?? '';
}

async function post(body: string | Buffer, headers: Record<string, string> = sign(body)): Promise<number> {
  const { status } = await fetch(`${tool.url}/zoom/webhooks`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers,
  });
  return status;
}

const event = (payload: object, name = 'recording.completed') => JSON.stringify({ event: name, event_ts: 1, payload });
const ofAda = (more: object = {}) => event({ object: { host_id: zoom.user('ada').id, ...more } });

describe('webhooks of Zoom', () => {
  it('answer its question whether this address knows the secret, when the question is signed', async () => {
    expect(await zoom.webhooks.validate()).toBe(true);
    zoom.faults.signature = 'wrong';
    expect(await zoom.webhooks.validate()).toBe(false);
  });

  it.each(['seconds', 'milliseconds'] as const)('bring what is new at once, stamped in %s', async (timestamps) => {
    await swept();
    zoom.faults.timestamps = timestamps;
    zoom.faults.duplicated = true;
    const topic = `Élodie’s “Biologie” – 生物 🎓 ${timestamps}`;
    const { uuid } = zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.lecture, topic });
    await zoom.webhooks.deliver();
    const sent = zoom.webhooks.sent.filter(({ body }) => body.includes(topic));
    expect(sent.map(({ status }) => status)).toEqual(Array(sent.length).fill(204));
    expect(sent.length).toBeGreaterThan(1);
    await expect.poll(() => isListed(uuid), SOON).toEqual([topic]);
  });

  it('are taken over the bytes that came, by any of the secrets, within five minutes', () => {
    const now = 1_800_000_000_000;
    const body = Buffer.from('{ "topic":\t"Gr\\u00fc\u00dfe 🎓", "n": 1.0 }\n');
    const at = String(now / 1000);
    const check = (headers: ReturnType<typeof sign>, bytes = body, secrets = ['new', 'old']) =>
      isFromZoom(
        { body: bytes, signature: headers['x-zm-signature'], timestamp: headers['x-zm-request-timestamp'] },
        secrets,
        now,
      );
    expect(check(sign(body, at, 'new'))).toBe(true);
    expect(check(sign(body, at, 'old'))).toBe(true);
    expect(check(sign(body, at, 'older'))).toBe(false);
    expect(check(sign(body, at, ''), body, ['new'])).toBe(false);
    expect(check(sign(body, at, 'new'), Buffer.from(JSON.stringify(JSON.parse(body.toString()))))).toBe(false);
    for (const unit of [1, 1000]) {
      const stamp = (ms: number) => String(((now + ms) / 1000) * unit);
      expect([-5, 5].map((minutes) => check(sign(body, stamp(minutes * MINUTE), 'new')))).toEqual([true, true]);
      expect([-6, 6].map((minutes) => check(sign(body, stamp(minutes * MINUTE), 'new')))).toEqual([false, false]);
    }
  });

  it('are refused when they are forged, old, or signed for something else, and nothing comes of them', async () => {
    await swept();
    const body = ofAda({ uuid: 'abc==' });
    const good = sign(body);
    const old = String(Math.floor((Date.now() - 6 * MINUTE) / 1000));
    const { 'x-zm-signature': signature } = good;
    const forged: Record<string, string>[] = [
      {},
      { 'x-zm-signature': signature },
      { ...good, 'x-zm-signature': signature.toUpperCase() },
      { ...good, 'x-zm-signature': signature.slice(0, -1) },
      { ...good, 'x-zm-signature': 'v0=' },
      { ...good, 'x-zm-request-timestamp': `${good['x-zm-request-timestamp']}0` },
      { ...good, 'x-zm-request-timestamp': 'NaN' },
      sign(body, old),
      sign(body, undefined, 'guess'),
      sign(`${body} `),
    ];
    const logged = tool.logged.length;
    for (const headers of forged) expect(await post(body, headers)).toBe(401);
    const told = tool.logged.slice(logged).map(({ msg }) => msg);
    expect(told.filter((line) => line === 'a webhook was refused')).toHaveLength(forged.length);
    expect(told).not.toContain('a webhook');
  });

  it('of a shape that makes no sense are refused, and of a kind that means nothing here taken', async () => {
    const { id } = zoom.user('ada');
    const senseless = ['', '[]', '7', '{"event":7}', ofAda().slice(0, -9), event({}, 'endpoint.url_validation')];
    for (const body of [...senseless, event({ user_id: 7 }, 'app_deauthorized'), Buffer.from([0xff, 0xfe, 0x7b])]) {
      expect(await post(body)).toBe(400);
    }
    const strange = ['{"event":"x","payload":7}', event({ object: { host_id: id } }, 'user.updated')];
    const incomplete = [event({ object: { uuid: 'no host' } }), event({ object: { host_id: id } }, 'meeting.ended')];
    for (const body of [...strange, ...incomplete, ofAda({ uuid: 7, id: 'x', meetings: 'none' })]) {
      expect(await post(body)).toBe(204);
    }
    expect(await post(ofAda({ topic: 'x'.repeat(1_048_577) }))).toBe(413);
  });

  it('about people who did not connect are taken, and nothing comes of them', async () => {
    zoom.requests.reset();
    expect(await post(event({ object: { host_id: 'nobody', uuid: 'abc==' } }))).toBe(204);
    expect(await post(event({ user_id: 'nobody', client_id: 'rostrum-trial' }, 'app_deauthorized'))).toBe(204);
    const { id: user_id } = zoom.user('ada');
    expect(await post(event({ user_id, client_id: 'another app' }, 'app_deauthorized'))).toBe(204);
    expect(zoom.requests.count('GET /v2/users/me?')).toBe(0);
    expect((await found())?.state).toBe('live');
  });

  it('start no work that waits already, however often the same is told', async () => {
    const body = ofAda({ uuid: 'abc==' });
    expect(new Set(await Promise.all(Array.from({ length: 12 }, () => post(body))))).toEqual(new Set([204]));
    const sweeps = (await tool.app.jobs.overview()).filter(({ name }) => name.startsWith('sweep-zoom'));
    for (const { name, waiting, running } of sweeps) expect([name, waiting + running <= 1]).toEqual([name, true]);
    await swept();
  });

  it('are told again when there was a fault here', async () => {
    await swept();
    const { connections } = tool.storage;
    const { findConnectionOfZoomUser } = connections;
    connections.findConnectionOfZoomUser = async () => {
      throw new Error('the disk is gone');
    };
    const topic = 'Told again';
    const { uuid } = zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.lecture, topic });
    await zoom.webhooks.deliver();
    const statuses = () => zoom.webhooks.sent.filter(({ body }) => body.includes(topic)).map(({ status }) => status);
    expect(statuses()[0]).toBe(500);
    connections.findConnectionOfZoomUser = findConnectionOfZoomUser;
    zoom.clock.advance(5 * MINUTE);
    await zoom.webhooks.deliver();
    expect(statuses().at(-1)).toBe(204);
    await expect.poll(() => isListed(uuid), SOON).toEqual([topic]);
  });
});

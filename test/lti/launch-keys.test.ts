import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newKey, platformFor, type SigningKey, startKeyServer, startTool, type Tool } from './launch-support.ts';

const MINUTE = 60_000;

let tool: Tool;
let key: SigningKey;
let server: Awaited<ReturnType<typeof startKeyServer>>;
let platform: ReturnType<typeof platformFor>;

beforeAll(async () => {
  key = await newKey('one');
});
beforeEach(async () => {
  tool = await startTool();
  server = await startKeyServer([key]);
  platform = platformFor(server.url);
});
afterEach(async () => {
  await tool.stop();
  await server.stop();
});

const find = (kid: string) => tool.keySets.findKey(platform, kid, 'RS256');
const unavailable = () => {
  server.answer = (res) => void res.writeHead(503).end();
};

describe('key sets', () => {
  it('are fetched once for many launches, and each key is imported once', async () => {
    const [first, second] = [await find('one'), await find('one')];
    expect(first).toMatchObject({ ok: true });
    expect(second.ok && first.ok && second.value === first.value).toBe(true);
    expect(server.hits).toBe(1);
  });

  it('are fetched once by launches that come at the same time', async () => {
    const found = await Promise.all(Array.from({ length: 8 }, () => find('one')));
    expect(found.every((result) => result.ok)).toBe(true);
    expect(server.hits).toBe(1);
  });

  it('follow a rotation at once, with one request for all who wait', async () => {
    await find('one');
    server.keys = [key, await newKey('two')];
    const found = await Promise.all(Array.from({ length: 6 }, () => find('two')));
    expect(found.every((result) => result.ok)).toBe(true);
    expect(server.hits).toBe(2);
  });

  it('are not fetched again for every unknown key ID', async () => {
    for (let i = 0; i < 20; i++) expect(await find(`unknown-${i}`)).toMatchObject({ reason: 'unknown-key' });
    expect(server.hits).toBe(2);
    tool.time.now += 30_000;
    await find('unknown');
    expect(server.hits).toBe(3);
  });

  it('drop a key that the LMS took back', async () => {
    await find('one');
    server.keys = [];
    tool.time.now += 10 * MINUTE;
    expect(await find('one')).toMatchObject({ reason: 'unknown-key' });
  });

  it('serve for a day while the LMS does not answer, with a request every 30 seconds at most', async () => {
    await find('one');
    unavailable();
    tool.time.now += 11 * MINUTE;
    for (let i = 0; i < 5; i++) expect(await find('one')).toMatchObject({ ok: true });
    expect(server.hits).toBe(2);
    tool.time.now += 23 * 60 * MINUTE;
    expect(await find('one')).toMatchObject({ ok: true });
    tool.time.now += 60 * MINUTE;
    expect(await find('one')).toMatchObject({ ok: false, reason: 'keys-unreachable' });
    server.answer = null;
    expect(await find('one')).toMatchObject({ ok: true });
  });

  it('are given up after a while when the LMS takes the request and stays silent', async () => {
    server.answer = () => {};
    expect(await find('one')).toMatchObject({ reason: 'keys-unreachable', detail: 'timeout' });
    server.answer = null;
    expect(await find('one')).toMatchObject({ ok: true });
  });

  it.each([['<html>'], ['{}'], ['{"keys":7}'], ['null'], ['']])('are not taken from %j', async (body) => {
    server.answer = (res) => void res.end(body);
    expect(await find('one')).toMatchObject({ reason: 'keys-unreachable' });
  });

  it('are not taken from a redirect', async () => {
    const other = await startKeyServer([key]);
    server.answer = (res) => void res.writeHead(302, { location: other.url }).end();
    expect(await find('one')).toMatchObject({ reason: 'keys-unreachable' });
    expect(other.hits).toBe(0);
    await other.stop();
  });

  it('leave out single keys that are odd, symmetric, for encryption or of another kind', async () => {
    const { n, e } = key.jwk;
    const odd = [
      null,
      7,
      { kty: 'oct', kid: 'oct', k: 'AAAA' },
      { kty: 'RSA', n, e },
      { kty: 'RSA', kid: 'enc', use: 'enc', n, e },
      { kty: 'RSA', kid: 'ps', alg: 'PS256', n, e },
      { kty: 'RSA', kid: 'empty' },
      { kty: 'EC', kid: 'curve', crv: 'secp256k1', x: 'AA', y: 'AA' },
    ];
    server.answer = (res) => void res.end(JSON.stringify({ keys: [...odd, key.jwk] }));
    expect(await find('one')).toMatchObject({ ok: true });
    for (const kid of ['oct', 'enc', 'ps', 'empty', 'curve']) {
      expect(await find(kid)).toMatchObject({ reason: 'unknown-key' });
    }
  });

  it('start anew when the JWKS URL of the registration changes', async () => {
    await find('one');
    const moved = await startKeyServer([await newKey('moved')]);
    const changed = { ...platform, jwksUrl: moved.url };
    expect(await tool.keySets.findKey(changed, 'one', 'RS256')).toMatchObject({ reason: 'unknown-key' });
    expect(await tool.keySets.findKey(changed, 'moved', 'RS256')).toMatchObject({ ok: true });
    await moved.stop();
  });
});

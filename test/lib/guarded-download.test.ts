import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Resolver } from '../../src/lib/address-guard.ts';
import { createGuardedDownload, discard, type GuardedDownloadOptions } from '../../src/lib/guarded-download.ts';
import { startServer } from '../support/http-server.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

function client(options: Partial<GuardedDownloadOptions> = {}) {
  const download = createGuardedDownload({ allowLoopbackHttp: true, userAgent: 'Rostrum test', ...options });
  closing.push(download);
  return (url: string, more: { headersFor?: (url: URL) => Record<string, string>; signal?: AbortSignal } = {}) =>
    download({ url, headersFor: () => ({}), ...more });
}

async function server(answer: Parameters<typeof startServer>[0]) {
  const started = await startServer(answer);
  closing.push(started);
  return started;
}

const redirect = (res: ServerResponse, location: string, status = 302) =>
  void res.writeHead(status, { location }).end();

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += chunk;
  return text;
}

test('follows redirects, relative ones too, and sends to each host what is meant for it', async () => {
  const tokens: (string | undefined)[] = [];
  const cdn = await server((req, res) => {
    tokens.push(req.headers.authorization);
    res.end('film');
  });
  const first = await server((req, res) => {
    tokens.push(req.headers.authorization);
    redirect(res, req.url === '/a' ? '/b' : `${cdn.url}/film.mp4?Signature=x`, req.url === '/a' ? 307 : 302);
  });
  const headersFor = (url: URL): Record<string, string> =>
    url.origin === first.url ? { authorization: 'Bearer secret' } : {};
  const answer = await client()(`${first.url}/a`, { headersFor });
  if (!answer.ok) throw new Error(answer.reason);
  expect(answer.value.url.pathname).toBe('/film.mp4');
  expect(await textOf(answer.value.body)).toBe('film');
  expect(tokens).toEqual(['Bearer secret', 'Bearer secret', undefined]);
});

test('gives any status but a redirect, with its headers', async () => {
  const { url } = await server(
    (_req, res) => void res.writeHead(403, { 'Content-Type': 'text/html', 'Content-Length': 2 }).end('no'),
  );
  const answer = await client()(url);
  if (!answer.ok) throw new Error(answer.reason);
  expect(answer.value).toMatchObject({ status: 403, headers: { 'content-type': 'text/html', 'content-length': '2' } });
  discard(answer.value.body);
});

describe('a redirect', () => {
  test.each([
    ['http://10.0.0.1/film.mp4', 'blocked-address'],
    ['http://169.254.169.254/latest/meta-data/', 'blocked-address'],
    ['https://192.168.1.1/', 'blocked-address'],
    ['http://[fd00::1]/', 'blocked-address'],
    ['file:///etc/passwd', 'bad-url'],
    ['https://user:secret@example.com/', 'bad-url'],
    ['http://[', 'bad-redirect'],
    ['', 'bad-redirect'],
  ])('to "%s" is %s', async (location, reason) => {
    const { url } = await server((_req, res) => redirect(res, location));
    expect(await client()(url)).toMatchObject({ ok: false, reason });
  });

  test('to a name inside is blocked where the connection is made', async () => {
    const { port } = await server((_req, res) => redirect(res, 'https://cdn.example/film.mp4'));
    const resolve: Resolver = (host, done) =>
      done(null, [{ address: host === 'cdn.example' ? '10.0.0.7' : '127.0.0.1', family: 4 }]);
    const answer = await client({ resolve })(`http://zoom.example:${port}/`);
    expect(answer).toMatchObject({ ok: false, reason: 'blocked-address' });
  });

  test('is followed five times at most', async () => {
    const { url, hits } = await server((req, res) => redirect(res, `/${Number(req.url?.slice(1)) + 1}`));
    expect(await client()(`${url}/0`)).toMatchObject({ ok: false, reason: 'bad-redirect' });
    expect(hits).toEqual(['/0', '/1', '/2', '/3', '/4', '/5']);
  });

  test('to plain http is refused in production', async () => {
    expect(await client({ allowLoopbackHttp: false })('http://127.0.0.1:1/')).toMatchObject({ reason: 'bad-url' });
  });
});

test('takes no more from the network than is read', async () => {
  let sent = 0;
  const chunk = Buffer.alloc(256 * 1024, 1);
  const { url } = await server(async (_req, res) => {
    const closed = once(res, 'close');
    while (!res.destroyed) {
      sent += chunk.length;
      // Until the other side reads on, or goes away.
      if (!res.write(chunk)) await Promise.race([once(res, 'drain'), closed]);
    }
  });
  const answer = await client()(url);
  if (!answer.ok) throw new Error(answer.reason);
  let before = -1;
  // What the system's buffers hold goes out; then it stands still.
  while (sent !== before) {
    before = sent;
    for (let i = 0; i < 200; i++) await turn();
  }
  expect(answer.value.body.readableLength).toBeLessThan(1024 * 1024);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  discard(answer.value.body);
});

describe('an answer that does not come', () => {
  test('is given up when nothing was heard for a while, before or amid the body', async () => {
    const { url } = await server((req, res) => {
      if (req.url === '/body') res.writeHead(200, { 'content-length': 100 }).write('a part');
    });
    const download = client({ idleMs: 200 });
    expect(await download(`${url}/head`)).toMatchObject({ ok: false, reason: 'timeout' });
    const answer = await download(`${url}/body`);
    if (!answer.ok) throw new Error(answer.reason);
    await expect(textOf(answer.value.body)).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  });

  test('is unreachable when the connection is refused, and fails in the body when it is cut', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    expect(await client()(gone.url)).toMatchObject({ ok: false, reason: 'unreachable' });
    const { url } = await server((_req, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('a part', () => res.destroy());
    });
    const answer = await client()(url);
    if (!answer.ok) throw new Error(answer.reason);
    await expect(textOf(answer.value.body)).rejects.toThrow();
  });

  test('ends when the caller aborts, before and amid the body', async () => {
    const { url } = await server((_req, res) => void res.writeHead(200, { 'content-length': 100 }).write('a part'));
    expect(await client()(url, { signal: AbortSignal.abort() })).toMatchObject({ ok: false, reason: 'aborted' });
    const abort = new AbortController();
    const answer = await client()(url, { signal: abort.signal });
    if (!answer.ok) throw new Error(answer.reason);
    const reading = textOf(answer.value.body);
    abort.abort();
    await expect(reading).rejects.toThrow();
  });
});

import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuardedHttp, type GuardedHttpOptions, type Resolver } from '../../src/lib/guarded-http.ts';
import { startServer } from '../support/http-server.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

function client(options: Partial<GuardedHttpOptions> = {}) {
  const http = createGuardedHttp({ allowLoopbackHttp: false, userAgent: 'Rostrum test', ...options });
  closing.push(http);
  return http;
}

async function server(answer: Parameters<typeof startServer>[0]) {
  const started = await startServer(answer);
  closing.push(started);
  return started;
}

const BAD_URLS = [
  'not a url',
  '',
  'http://example.com/',
  'http://127.0.0.1/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'unix:/var/run/docker.sock',
  'http://unix:/var/run/docker.sock:/info',
  'javascript:alert(1)',
  'data:text/plain,x',
  'gopher://127.0.0.1:11211/_stats',
  'https://user:secret@example.com/',
  'https://user@example.com/',
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://①②⑦.0.0.1/',
  'https://10.0.0.1/',
  'https://172.16.5.4/',
  'https://192.168.0.1/',
  'https://100.100.100.200/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[fe80::1]/',
  'https://[fd00:ec2::254]/',
  'https://localhost/',
];

describe('in production', () => {
  test.each(BAD_URLS)('refuses %s', async (url) => {
    const result = await client()({ url });
    expect(result).toMatchObject({ ok: false });
    expect(['bad-url', 'blocked-address']).toContain(result.ok || result.reason);
  });

  test('refuses a name that is at a private address, even beside a public one', async () => {
    const resolve: Resolver = (_host, done) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.5', family: 4 },
      ]);
    const result = await client({ resolve })({ url: 'https://inside.example/' });
    expect(result).toMatchObject({ ok: false, reason: 'blocked-address' });
  });

  test('never asks a second time for a name that turns private after the check (rebinding)', async () => {
    const answers = ['10.0.0.5', '93.184.216.34'];
    let asked = 0;
    const resolve: Resolver = (_host, done) => done(null, [{ address: answers[asked++] ?? '127.0.0.1', family: 4 }]);
    const result = await client({ resolve })({ url: 'https://rebinding.example/' });
    expect(result).toMatchObject({ ok: false, reason: 'blocked-address' });
    expect(asked).toBe(1);
  });

  test('takes a name that does not resolve for unreachable', async () => {
    const resolve: Resolver = (host, done) => done(new Error(`ENOTFOUND ${host}`), []);
    const result = await client({ resolve })({ url: 'https://nowhere.example/' });
    expect(result).toMatchObject({ ok: false, reason: 'unreachable' });
  });
});

describe('in development', () => {
  const dev = { allowLoopbackHttp: true };

  test('reaches this machine over http and names itself', async () => {
    const { url } = await server((req, res) => {
      res.setHeader('X-Agent', req.headers['user-agent'] ?? '');
      res.end(`${req.method} ${req.text}`);
    });
    const result = await client(dev)({ url: `${url}/x`, method: 'POST', body: 'a=1' });
    expect(result).toMatchObject({ ok: true, value: { status: 200, body: 'POST a=1' } });
    expect(result.ok && result.value.headers['x-agent']).toBe('Rostrum test');
  });

  test.each(['http://10.0.0.1/', 'http://169.254.169.254/', 'http://[fe80::1]/', 'https://10.0.0.1/'])(
    'still refuses %s',
    async (url) => {
      expect(await client(dev)({ url })).toMatchObject({ ok: false, reason: 'blocked-address' });
    },
  );

  test('speaks plain http to no name that leads elsewhere', async () => {
    const resolve: Resolver = (_host, done) => done(null, [{ address: '93.184.216.34', family: 4 }]);
    const result = await client({ ...dev, resolve })({ url: 'http://localhost/' });
    expect(result).toMatchObject({ ok: false, reason: 'blocked-address' });
  });

  test('uses the address that was checked, though the name leads elsewhere a moment later', async () => {
    const { port, hits } = await server((_req, res) => void res.end('here'));
    let asked = 0;
    const resolve: Resolver = (_host, done) =>
      done(null, [{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.5', family: 4 }]);
    const result = await client({ ...dev, resolve })({ url: `http://lms.example:${port}/` });
    expect(result).toMatchObject({ ok: true, value: { body: 'here' } });
    expect([asked, hits.length]).toEqual([1, 1]);
  });

  test('does not follow a redirect, so that a token stays where it was sent', async () => {
    const other = await server((_req, res) => void res.end('stolen'));
    const { url } = await server((_req, res) => {
      res.writeHead(302, { location: `${other.url}/steal` }).end();
    });
    const result = await client(dev)({ url, headers: { authorization: 'Bearer secret' } });
    expect(result).toMatchObject({ ok: true, value: { status: 302 } });
    expect(other.hits).toEqual([]);
  });

  test('gives header names in lower case and joins repeated headers', async () => {
    const { url } = await server((_req, res) => {
      res.setHeader('Link', ['<a>; rel="next"', '<b>; rel="last"']);
      res.end();
    });
    const result = await client(dev)({ url });
    expect(result.ok && result.value.headers.link).toBe('<a>; rel="next", <b>; rel="last"');
  });

  test('decodes gzip and brotli', async () => {
    const { url } = await server((req, res) => {
      const brotli = req.url === '/br';
      res.setHeader('content-encoding', brotli ? 'br' : 'gzip');
      res.end(brotli ? brotliCompressSync('späť') : gzipSync('späť'));
    });
    for (const path of ['/br', '/gzip']) {
      expect(await client(dev)({ url: url + path })).toMatchObject({ ok: true, value: { body: 'späť' } });
    }
  });

  test('drops a byte order mark', async () => {
    const { url } = await server((_req, res) => void res.end('\ufeff{}'));
    expect(await client(dev)({ url })).toMatchObject({ ok: true, value: { body: '{}' } });
  });

  test('stops at the size limit while the answer still streams', async () => {
    const { url } = await server((_req, res) => {
      const send = () => {
        if (!res.destroyed) res.write('x'.repeat(10_000), () => setImmediate(send));
      };
      send();
    });
    const result = await client(dev)({ url, maxBytes: 50_000 });
    expect(result).toMatchObject({ ok: false, reason: 'too-large' });
  });

  test('counts what comes out of decompression (a zip bomb)', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const { url } = await server((_req, res) => {
      res.setHeader('content-encoding', 'gzip');
      res.end(bomb);
    });
    expect(bomb.length).toBeLessThan(50_000);
    expect(await client(dev)({ url })).toMatchObject({ ok: false, reason: 'too-large' });
  });

  test('has one deadline from the start to the last byte, however busy the answer drips', async () => {
    const { url } = await server((_req, res) => {
      const drip = setInterval(() => res.write('.'), 20);
      res.on('close', () => clearInterval(drip));
    });
    expect(await client(dev)({ url, timeoutMs: 200 })).toMatchObject({ ok: false, reason: 'timeout' });
  });

  test('gives up on a server that never answers', async () => {
    const { url } = await server(() => {});
    expect(await client({ ...dev, timeoutMs: 150 })({ url })).toMatchObject({ ok: false, reason: 'timeout' });
  });

  test('ends when the caller aborts, before and during the exchange', async () => {
    const abort = new AbortController();
    const { url } = await server(() => abort.abort());
    expect(await client(dev)({ url, signal: abort.signal })).toMatchObject({ ok: false, reason: 'aborted' });
    expect(await client(dev)({ url, signal: AbortSignal.abort() })).toMatchObject({ ok: false, reason: 'aborted' });
  });

  test('takes a refused connection, a cut one and a broken encoding for unreachable', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    const { url } = await server((req, res) => {
      if (req.url === '/cut') return void req.socket.destroy();
      res.setHeader('content-encoding', req.url === '/odd' ? 'zstd' : 'gzip');
      res.end('this is not gzip');
    });
    for (const target of [gone.url, `${url}/cut`, `${url}/broken`, `${url}/odd`]) {
      expect(await client(dev)({ url: target })).toMatchObject({ ok: false, reason: 'unreachable' });
    }
  });
});

test('networks that an operator named are reached, and no others', async () => {
  const { port } = await server((_req, res) => void res.end('plain'));
  const url = `https://127.0.0.1:${port}/`;
  expect(await client()({ url })).toMatchObject({ ok: false, reason: 'blocked-address' });
  expect(await client({ networks: ['10.2.0.0/16'] })({ url })).toMatchObject({ ok: false, reason: 'blocked-address' });
  // Let through, and refused by the handshake: the server there speaks no TLS.
  expect(await client({ networks: ['127.0.0.0/8'] })({ url })).toMatchObject({ ok: false, reason: 'unreachable' });
});

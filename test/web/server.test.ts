import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../src/web/render.ts';
import { contextOf, useLocale } from '../../src/web/request-context.ts';
import { testServer } from './support.ts';

const PAGE = { title: 'T', body: 'B', next: 'N', id: 'I' };

describe('the web server', () => {
  it('answers an unknown path with a page that repeats nothing of the request', async () => {
    const { app, logged } = testServer();
    const res = await request(app).get('/no/%3Cscript%3Esecret-word?token=secret-word').set('Cookie', 'a=secret-word');
    expect(res.status).toBe(404);
    expect(res.type).toBe('text/html');
    expect(res.text).not.toContain('secret-word');
    const line = logged().find((entry) => entry.msg === 'request');
    expect(line).toMatchObject({ method: 'GET', status: 404, path: '/no/%3Cscript%3Esecret-word' });
    expect(res.text).toContain(line?.requestId);
  });

  it('logs no query, body, cookie or address', async () => {
    const { app, logged } = testServer((router) => router.post('/form', (_req, res) => void res.send('ok')));
    await request(app)
      .post('/form?q=hidden-query')
      .set('Cookie', '__Host-rostrum-session=hidden-cookie')
      .set('Authorization', 'Bearer hidden-token')
      .type('form')
      .send({ field: 'hidden-body' });
    const log = JSON.stringify(logged());
    expect(log).toContain('/form');
    expect(log).not.toContain('hidden');
    expect(log).not.toContain('127.0.0.1');
  });

  it('gives API paths a problem document', async () => {
    const { app } = testServer();
    const res = await request(app).get('/api/v1/nothing');
    expect(res.status).toBe(404);
    expect(res.headers['content-type']).toMatch(/^application\/problem\+json/);
    const body = JSON.parse(res.text);
    expect(body).toMatchObject({ type: 'urn:rostrum:problem:not-found', status: 404, title: expect.any(String) });
    expect(body.instance).toBe(`urn:rostrum:request:${body.id}`);
  });

  it.each([
    ['a path that is not UTF-8', 'get', '/things/%E0%A4%A', undefined, undefined, 400],
    ['JSON that is cut off', 'post', '/things/1', 'application/json', '{"a":', 400],
    [
      'a form that is too large',
      'post',
      '/things/1',
      'application/x-www-form-urlencoded',
      `a=${'b'.repeat(270_000)}`,
      413,
    ],
    ['a form of too many fields', 'post', '/things/1', 'application/x-www-form-urlencoded', 'a=1&'.repeat(300), 413],
    ['an unknown charset', 'post', '/things/1', 'application/json; charset=klingon', '{}', 415],
  ] as const)('refuses %s', async (_name, method, path, type, body, status) => {
    const { app } = testServer((router) => router.all('/things/:id', (_req, res) => void res.send('ok')));
    const call = request(app)[method](path);
    const res = type ? await call.set('Content-Type', type).send(body) : await call;
    expect(res.status).toBe(status);
    expect(res.text).toMatch(/[0-9a-hjkmnp-tv-z]{26}/);
  });

  it.each(['propfind', 'trace', 'options'] as const)('answers %s with a 4xx', async (method) => {
    const { app } = testServer();
    const res = await request(app)[method]('/channels/x');
    expect(res.status).toBeGreaterThanOrEqual(400);
    expect(res.status).toBeLessThan(500);
  });

  it('tells the ID of a fault, logs the error under it, and shows no trace', async () => {
    const { app, logged } = testServer((router) =>
      router.get('/bug', () => {
        throw new Error('database password is 1234');
      }),
    );
    const res = await request(app).get('/bug');
    expect(res.status).toBe(500);
    expect(res.text).not.toContain('1234');
    const line = logged().find((entry) => entry.msg === 'unexpected error');
    expect(JSON.stringify(line)).toContain('database password');
    expect(res.text).toContain(line?.requestId);
  });

  it('gives each page a policy of its own, framed by the registered platforms', async () => {
    const { app } = testServer((router) =>
      router.get('/page', (req, res) => renderPage(req, res, 'problem', PAGE, { formAction: ['https://lms.test'] })),
    );
    const [first, second] = [await request(app).get('/page'), await request(app).get('/page')];
    const policy = String(first.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/=]+'/);
    expect(policy).toContain("form-action 'self' https://lms.test");
    expect(policy).toContain("frame-ancestors 'self' https://canvas.test");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toBe(second.headers['content-security-policy']);
    expect(first.headers['x-frame-options']).toBeUndefined();
    expect(first.headers['cache-control']).toBe('no-store');
    expect(first.headers['x-content-type-options']).toBe('nosniff');
    expect(first.headers['x-powered-by']).toBeUndefined();
  });

  it('asks for https on later visits in production only', async () => {
    const here = await request(testServer().app).get('/');
    const there = await request(testServer(() => {}, { production: true }).app).get('/');
    expect(here.headers['strict-transport-security']).toBeUndefined();
    expect(there.headers['strict-transport-security']).toContain('max-age=');
  });

  it('lets browsers keep an asset for ever under its own hash only', async () => {
    const { app } = testServer((router) => router.get('/page', (req, res) => renderPage(req, res, 'problem', PAGE)));
    const page = await request(app).get('/page');
    const url = /href="(\/assets\/css\/rostrum\.css\?v=[^"]+)"/.exec(page.text)?.[1] ?? '';
    const kept = await request(app).get(url);
    expect(kept.headers['cache-control']).toContain('immutable');
    const asked = await request(app).get('/assets/css/rostrum.css?v=other');
    expect(asked.headers['cache-control']).toBe('no-cache');
    const vendored = await request(app).get('/assets/vendor/htmx.min.js');
    expect(vendored.status).toBe(200);
    expect((await request(app).get('/assets/%2e%2e/package.json')).status).toBe(404);
    expect((await request(app).get('/assets/%00')).status).toBeLessThan(500);
  });

  it.each([
    ['a folder', '/assets/css?v=x'],
    ['a file outside', '/assets//etc/hostname?v=x'],
    ['a device that never ends', '/assets//dev/zero?v=x'],
    ['another host', '/assets///host/share?v=x'],
    ['a file inside a file', '/assets/css/rostrum.css/x?v=x'],
    ['a name too long for one', `/assets/${'a'.repeat(300)}?v=x`],
  ])('looks at no file but its own when asked for %s', async (_name, path) => {
    const { app } = testServer();
    const server = app.listen(0);
    const { port } = server.address() as AddressInfo;
    // Not by a client that tidies paths up.
    const status = await new Promise((resolve, reject) => {
      get({ port, path }, (res) => resolve(res.resume().statusCode)).on('error', reject);
    });
    server.close();
    expect(status).toBe(404);
  });

  it('speaks the language and zone that a launch told, and ignores what is none', async () => {
    const { app } = testServer((router) =>
      router.get('/zone', (req, res) => {
        useLocale(req, { locale: 'not a tag!', timeZone: 'Mars/Base' });
        const before = { ...contextOf(req) };
        useLocale(req, { locale: 'pt-BR', timeZone: 'America/Sao_Paulo' });
        const after = contextOf(req);
        res.json([before.locale, before.timeZone, after.locale, after.timeZone, after.t('page.skip')]);
      }),
    );
    const res = await request(app).get('/zone');
    expect(res.body).toEqual(['en', null, 'pt-BR', 'America/Sao_Paulo', 'Skip to the content']);
  });
});

import { createServer as createHttpServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Express, Router } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/lib/ids.ts';
import { metricsRoutes } from '../../src/metrics/metrics.routes.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { streamEvents } from '../../src/web/event-stream.ts';
import { createServer } from '../../src/web/server.ts';
import { readSamples, sampleOf } from './support.ts';

const TOKEN = 'a-token-of-the-operator';

let metrics: Metrics;
/** What the open event stream of a test says next. */
let nextEvent: () => Promise<{ event: string; data: object; last: boolean } | null>;

beforeEach(() => {
  metrics = createMetrics({ version: '0', clock: Date.now });
});

/** A real server that counts, with a few routes of the kinds there are. */
function serverWith(token: string | null): Express {
  const pages = Router();
  pages.get('/channels/:id', (_req, res) => void res.send('a channel'));
  pages.all(['/lti/login', '/lti/register'], (_req, res) => void res.status(429).end());
  pages.get('/broken', () => {
    throw new Error('a fault');
  });
  pages.get('/channels/:id/events', (req, res) =>
    streamEvents(req, res, { next: () => nextEvent(), everyMs: 1, forMs: 60_000, stopping: null }),
  );
  pages.use('/api/v1', (_req, res) => void res.status(404).json({}));
  return createServer({
    publicUrl: 'https://rostrum.test',
    trustProxy: false,
    logger: pino({ level: 'silent' }),
    routers: [pages, metricsRoutes({ metrics, token })],
    frameAncestors: () => [],
    watch: metrics,
    clock: Date.now,
    random: systemRandom,
    production: false,
  });
}

const read = (app: Express, token = TOKEN) => request(app).get('/metrics').set('Authorization', `Bearer ${token}`);

describe('GET /metrics', () => {
  it('is not there while no token is configured', async () => {
    expect((await read(serverWith(null))).status).toBe(404);
  });

  it('refuses a wrong token, another scheme and none at all, and tells nothing', async () => {
    const app = serverWith(TOKEN);
    const refused = [
      await read(app, `${TOKEN}x`),
      await read(app, TOKEN.slice(1)),
      await request(app).get('/metrics'),
      await request(app).get('/metrics').set('Authorization', `Basic ${TOKEN}`),
      await request(app).get(`/metrics?token=${TOKEN}`),
    ];
    for (const answer of refused) {
      expect(answer.status).toBe(401);
      expect(answer.get('WWW-Authenticate')).toContain('Bearer');
      expect(answer.text).not.toContain('rostrum_');
    }
  });

  it('answers with everything in the text format, not to be kept', async () => {
    const answer = await read(serverWith(TOKEN));
    expect(answer.status).toBe(200);
    expect(answer.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.get('Cache-Control')).toBe('no-store');
    expect(readSamples(answer.text).length).toBeGreaterThan(50);
  });
});

describe('requests', () => {
  it('are counted under the route that answered, whatever the path says', async () => {
    const app = serverWith(TOKEN);
    for (const id of ['one', 'two', 'three']) await request(app).get(`/channels/${id}?as=somebody`);
    await request(app).post('/lti/login');
    await request(app).get('/broken');
    const { text } = await read(app);
    const count = (labels: Record<string, string>) => sampleOf(text, 'rostrum_http_requests_total', labels);
    expect(count({ method: 'GET', route: '/channels/:id', status: '2xx' })).toBe(3);
    expect(count({ method: 'POST', route: '/lti/login', status: '4xx' })).toBe(1);
    expect(count({ route: '/broken', status: '5xx' })).toBe(1);
    expect(sampleOf(text, 'rostrum_http_request_duration_seconds_count', { route: '/channels/:id' })).toBe(3);
  });

  it('that nothing answers share one name, so that a stranger cannot make new ones', async () => {
    const app = serverWith(TOKEN);
    for (let i = 0; i < 20; i++) {
      await request(app).get(`/nowhere/${i}`);
      await request(app).get(`/api/v1/${i}/x`);
      await request(app).get(`/assets/${i}.css`);
    }
    const { text } = await read(app);
    const routes = new Set(readSamples(text).flatMap(({ labels }) => labels.route ?? []));
    expect(routes).toEqual(new Set(['none', '/api/v1/*']));
    expect(sampleOf(text, 'rostrum_http_requests_total', { route: 'none', status: '4xx' })).toBe(40);
  });
});

describe('event streams', () => {
  let server: Server;
  let url: string;
  beforeEach(async () => {
    server = createHttpServer(serverWith(TOKEN));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('are counted while somebody looks on, and do not count as slow requests', async () => {
    nextEvent = async () => ({ event: 'progress', data: {}, last: false });
    const looking = get(`${url}/channels/one/events`);
    await new Promise<void>((resolve) => looking.once('response', (res) => res.once('data', () => resolve())));
    expect(sampleOf(await metrics.text(), 'rostrum_event_streams')).toBe(1);
    looking.destroy();
    await until(async () => sampleOf(await metrics.text(), 'rostrum_event_streams') === 0);
    await until(async () => requestsOf(await metrics.text(), '/channels/:id/events') === 1);
    const slow = { route: '/channels/:id/events' };
    expect(sampleOf(await metrics.text(), 'rostrum_http_request_duration_seconds_count', slow)).toBeUndefined();
  });

  it('that break off are not counted for ever', async () => {
    nextEvent = () => Promise.reject(new Error('the store is away'));
    await fetch(`${url}/channels/one/events`).then((answer) => answer.text().catch(() => ''));
    await until(async () => requestsOf(await metrics.text(), '/channels/:id/events') === 1);
    expect(sampleOf(await metrics.text(), 'rostrum_event_streams')).toBe(0);
  });
});

const requestsOf = (text: string, route: string) => sampleOf(text, 'rostrum_http_requests_total', { route });

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}

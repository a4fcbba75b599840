import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createRateLimits } from '../../src/web/rate-limit.ts';
import { memoryRateLimits, testServer } from './support.ts';

describe('rate limits', () => {
  function serve() {
    const limit = createRateLimits({ store: memoryRateLimits(), clock: Date.now });
    const key = (req: { get(name: string): string | undefined }) => req.get('x-who') ?? 'nobody';
    return testServer((router) => {
      router.get('/a', limit({ name: 'a', max: 2, windowMs: 60_000, key }), (_req, res) => void res.send('ok'));
      router.get('/b', limit({ name: 'b', max: 2, windowMs: 60_000 }), (_req, res) => void res.send('ok'));
      router.get('/api/c', limit({ name: 'c', max: 0, windowMs: 60_000 }), (_req, res) => void res.send('ok'));
    }).app;
  }

  it('let the allowed number through, then answer 429 with the time to wait', async () => {
    const app = serve();
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await request(app).get('/a')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await request(app).get('/a');
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.text).toContain('Too many attempts');
  });

  it('count each key and each limit apart', async () => {
    const app = serve();
    for (let i = 0; i < 3; i++) await request(app).get('/a').set('x-who', 'one');
    expect((await request(app).get('/a').set('x-who', 'two')).status).toBe(200);
    expect((await request(app).get('/b')).status).toBe(200);
  });

  it('give API clients a problem document', async () => {
    const res = await request(serve()).get('/api/c');
    expect(res.status).toBe(429);
    expect(res.headers['content-type']).toContain('application/problem+json');
  });
});

import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { healthRoutes } from '../../src/web/health.routes.ts';
import { testServer } from './support.ts';

function serverThat(ready: () => Promise<void>, readyWithinMs?: number) {
  const limit = readyWithinMs === undefined ? {} : { readyWithinMs };
  return testServer((router) => router.use(healthRoutes({ ready, ...limit })));
}

describe('/readyz', () => {
  it('is 200 when the database answers', async () => {
    const { app } = serverThat(async () => {});
    const res = await request(app).get('/readyz');
    expect([res.status, res.body, res.headers['cache-control']]).toEqual([200, { status: 'ready' }, 'no-store']);
  });

  it('is 503 when the database fails', async () => {
    const { app, logged } = serverThat(() => Promise.reject(new Error('no primary')));
    expect((await request(app).get('/readyz')).status).toBe(503);
    expect(logged().find(({ msg }) => msg === 'not ready')).toMatchObject({ err: { message: 'no primary' } });
  });

  it('is 503 when the database says nothing, or fails when nobody waits any more, and /healthz is 200', async () => {
    let fail = () => {};
    const hanging = new Promise<void>((_, reject) => {
      fail = () => reject(new Error('cut off at last'));
    });
    const { app, logged } = serverThat(() => hanging, 20);
    const res = await request(app).get('/readyz');
    expect([res.status, res.body]).toEqual([503, { status: 'not ready' }]);
    expect(logged().find(({ msg }) => msg === 'not ready')).toMatchObject({
      err: { message: 'no answer from the database within 20 ms' },
    });
    fail();
    expect((await request(app).get('/healthz')).status).toBe(200);
  });
});

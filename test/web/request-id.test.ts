import { Router } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/lib/ids.ts';
import { contextOf } from '../../src/web/request-context.ts';
import { createServer, type ServerDeps } from '../../src/web/server.ts';

function serverBehind(trustProxy: ServerDeps['trustProxy']) {
  const lines: Record<string, unknown>[] = [];
  const router = Router();
  router.get('/work', (req, res) => {
    contextOf(req).log.info('a line of the work');
    res.json({ id: contextOf(req).id });
  });
  const app = createServer({
    publicUrl: 'https://rostrum.test',
    trustProxy,
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    routers: [router],
    frameAncestors: () => [],
    clock: Date.now,
    random: systemRandom,
    production: false,
  });
  return { app, lines };
}

async function idGiven(trustProxy: ServerDeps['trustProxy'], id: string): Promise<string> {
  const { app } = serverBehind(trustProxy);
  const answer = await request(app).get('/work').set('X-Request-Id', id);
  return String(answer.body.id);
}

const GOOD = '7d3b0f1c9a5e4c66b1d7a2e0f4c8d9aa';

describe('the ID of a request', () => {
  it('stands in every line of its log, and another request has another', async () => {
    const { app, lines } = serverBehind(false);
    const [one, other] = [await request(app).get('/work'), await request(app).get('/work')];
    expect(one.body.id).not.toBe(other.body.id);
    for (const { body } of [one, other]) {
      const own = lines.filter(({ requestId }) => requestId === body.id).map(({ msg }) => msg);
      expect(own).toEqual(['a line of the work', 'request']);
    }
    expect(lines).toHaveLength(4);
  });

  it.each([
    ['one proxy in front', 1],
    ['the address of the proxy', ['127.0.0.0/8', '::1', '::ffff:127.0.0.1']],
  ])('is that of the proxy when the proxy is trusted: %s', async (_name, trustProxy) => {
    expect(await idGiven(trustProxy, GOOD)).toBe(GOOD);
  });

  it.each([
    ['no proxy', false],
    ['a proxy somewhere else', ['10.1.2.3']],
  ])('is made here when nobody who is trusted gave it: %s', async (_name, trustProxy) => {
    expect(await idGiven(trustProxy, GOOD)).not.toBe(GOOD);
  });

  it.each([
    ['too short', 'abc'],
    ['too long', 'a'.repeat(65)],
    ['with blanks', 'aaaa bbbb cccc'],
    ['with markup', '<b>aaaaaaaa</b>'],
    ['with what a log or a shell may take for its own', 'aaaaaaaa"};`x`'],
    ['two of them', `${GOOD}, ${GOOD}`],
  ])('is made here when the one that came is not short and plain: %s', async (_name, id) => {
    expect(await idGiven(1, id)).toMatch(/^[\w-]{8,64}$/);
    expect(await idGiven(1, id)).not.toContain(id);
  });
});

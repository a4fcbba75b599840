import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createGuardedHttp, type GuardedHttp } from '../../src/lib/guarded-http.ts';
import type { HttpRequest } from '../../src/lib/http-client.ts';
import { type LmsCall, watchLmsCalls } from '../../src/lti/lms-calls.ts';
import { startServer, type TestServer } from '../support/http-server.ts';

let http: GuardedHttp;
let lms: TestServer;
let answer: (res: ServerResponse) => void;
let calls: LmsCall[];
let lines: Record<string, unknown>[];

beforeAll(async () => {
  http = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'test' });
  lms = await startServer((_req, res) => answer(res));
});
afterAll(async () => {
  await http.close();
  await lms.close();
});
beforeEach(() => {
  calls = [];
  lines = [];
});

const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });

function call(request: Partial<HttpRequest> = {}) {
  const watched = watchLmsCalls(http, { log, onCall: (ended) => calls.push(ended) });
  return watched({ url: `${lms.url}/secret-path?token=secret`, purpose: 'token', ...request });
}

const answerWith =
  (status: number, body = '', headers: Record<string, string> = {}) =>
  (res: ServerResponse) =>
    void res.writeHead(status, headers).end(body);

it.each([
  ['2xx', answerWith(201)],
  ['3xx', answerWith(302)],
  ['4xx', answerWith(404)],
  ['4xx', answerWith(403)],
  ['5xx', answerWith(503)],
  ['throttled', answerWith(429)],
  // As Canvas says it.
  ['throttled', answerWith(403, '403 Forbidden (Rate Limit Exceeded)\n')],
  ['throttled', answerWith(403, '', { 'x-rate-limit-remaining': '0.0' })],
  ['unreachable', (res: ServerResponse) => void res.destroy()],
])('counts a call as %s (%#) and hands its answer on', async (outcome, how) => {
  answer = how;
  const given = await call();
  expect(given.ok).toBe(outcome !== 'unreachable');
  expect(calls).toEqual([{ purpose: 'token', outcome, ms: expect.any(Number) }]);
  expect(lines).toHaveLength(1);
});

it('counts a call that takes too long, and one that was broken off, as what they are', async () => {
  answer = () => {};
  await call({ timeoutMs: 20 });
  await call({ signal: AbortSignal.abort() });
  expect(calls.map(({ outcome }) => outcome)).toEqual(['timeout', 'aborted']);
});

it('writes a line in the log of whoever needed the call, louder when it failed, without address or answer', async () => {
  answer = answerWith(200, 'secret');
  await call({ log: log.child({ requestId: 'request-1' }) });
  answer = answerWith(500, 'secret');
  await call({ log: log.child({ jobId: 'job-1', syncId: 'sync-1' }), purpose: 'roster page' });
  await call();
  const { debug, warn } = pino.levels.values;
  expect(lines).toMatchObject([
    { level: debug, requestId: 'request-1', purpose: 'token', outcome: '2xx', status: 200 },
    { level: warn, jobId: 'job-1', syncId: 'sync-1', purpose: 'roster page', outcome: '5xx', status: 500 },
    { level: warn, purpose: 'token', outcome: '5xx' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});

it('sends nothing of what it notes', async () => {
  let sent = '';
  answer = (res) => {
    sent = JSON.stringify([res.req.headers, res.req.url, res.req.method]);
    res.end();
  };
  await call({ purpose: 'roster-page-marker', log: log.child({ requestId: 'request-marker' }) });
  expect(sent).toContain('secret-path');
  expect(sent).not.toContain('marker');
});

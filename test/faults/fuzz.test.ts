import { randomInt } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { API_ROUTES, type ApiRoute } from '../../src/api/routes-table.ts';
import { hashSecret, newSecret } from '../../src/lib/ids.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { beginLogin, cookieHeader, opensChannel, postLaunch } from '../support/attacker.ts';
import { bend, bendJson, type Dice, diceFor, type FuzzRequest, type Template } from '../support/fuzz.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

// FUZZ_REQUESTS: how many; FUZZ_SEED: the run to repeat.
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 4_000);
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
const AT_ONCE = 16;
const LOGINS = 40;
// What the limit for one address lets through.
const MOST_LAUNCHES = 600;

let tool: Tool;
let templates: Template[];
const rejections: unknown[] = [];
const keepRejection = (reason: unknown) => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', keepRejection);
  // Behind a proxy, so that each request has an address of its own and no rate limit hides the rest.
  tool = await startTool({ sandbox: { bigCourseSize: 40 }, env: { TRUST_PROXY: 'on' } });
  templates = await makeTemplates();
});

afterAll(async () => {
  await tool.close();
  process.off('unhandledRejection', keepRejection);
});

describe('the tool under random and bent requests', () => {
  it(`stays up, answers none with a fault of its own, and repeats nothing (${REQUESTS} requests, FUZZ_SEED=${SEED})`, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const delay = monitorEventLoopDelay({ resolution: 20 });
    const statuses = new Map<number, number>();
    const faults: string[] = [];
    const heaps: number[] = [];
    delay.enable();
    let next = 0;
    async function work(): Promise<void> {
      for (let number = next++; number < REQUESTS && faults.length < 10; number = next++) {
        const dice = diceFor(SEED, number);
        const marker = `mark${number}er`;
        const sent = bend(dice, dice.pick(templates), marker);
        sent.headers['x-forwarded-for'] ??= `10.${dice.roll(256)}.${dice.roll(256)}.${dice.roll(256)}`;
        const answer = await send(sent, agent);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        const fault = faultOf(sent, answer, marker);
        if (fault) faults.push(`#${number} ${fault}: ${tell(sent)} -> ${answer.status} ${answer.text.slice(0, 300)}`);
        if (number % 500 === 499) {
          faults.push(...loggedFaults());
          heaps.push(heapUsed());
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    delay.disable();
    agent.destroy();
    faults.push(...loggedFaults());

    expect(faults, `repeat with FUZZ_SEED=${SEED}`).toEqual([]);
    expect(rejections).toEqual([]);
    // The first slices fill caches.
    const growth = (heaps.at(-1) ?? 0) - (heaps[Math.floor(heaps.length / 4)] ?? 0);
    expect(growth).toBeLessThan(64 * 1024 * 1024);
    expect(delay.max / 1e6).toBeLessThan(5_000);
    // Most of all it must have reached what it is meant for.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 50);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(REQUESTS / 50);
    await expectAlive();
  }, 600_000);

  it(`takes tokens with bent claims, well signed, or refuses them (FUZZ_SEED=${SEED})`, async () => {
    const { canvas, moodle } = tool.sandbox;
    const opened: boolean[] = [];
    for (let number = 0; number < Math.min(REQUESTS / 20, MOST_LAUNCHES); number++) {
      const dice = diceFor(SEED, -number);
      const lms = dice.pick([canvas, moodle]);
      const { id: courseId, cast } = lms.course('small');
      const { visitor, state, nonce } = await beginLogin(tool, lms, { courseId, personId: cast.student });
      const claims = bendClaims(dice, lms.buildClaims({ courseId, personId: cast.student, nonce }));
      const answer = await postLaunch(tool, visitor, { state, id_token: lms.signIdToken(claims) });
      const what = `#${number}, repeat with FUZZ_SEED=${SEED}: ${JSON.stringify(claims).slice(0, 2_000)}`;
      expect(answer.status, what).toBeLessThan(500);
      opened.push(opensChannel(answer));
      if (!opensChannel(answer)) continue;
      const page = await launchedPage(visitor, answer.cookies, answer.location ?? '');
      expect(page, what).toBe(200);
    }
    expect(loggedFaults()).toEqual([]);
    expect(rejections).toEqual([]);
    expect(new Set(opened)).toEqual(new Set([true, false]));
    await expectAlive();
  }, 600_000);

  it('stays up when what it is sent is hardly HTTP, or ends too soon', async () => {
    const port = Number(new URL(tool.url).port);
    const head = `POST /lti/launch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
    const pieces = [
      '\0\0\0\0',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET http://evil.example/lti/login HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      'GET //evil.example/%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET * HTTP/1.1\r\nHost: x\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /\x01\x02 HTTP/1.1\r\nHost: x\r\n\r\n',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(20_000)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nHost: x\r\nCookie: a\0b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
      `${head}Content-Length: 100\r\n\r\nid_token=`,
      `${head}Content-Length: -1\r\n\r\n`,
      `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nstate`,
      `${head}Expect: something\r\nContent-Length: 0\r\n\r\n`,
      `${head}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`,
    ];
    const halves = pieces.map((piece) => piece.slice(0, piece.length / 2));
    await Promise.all([...pieces, ...halves].map((piece) => sendBytes(port, piece)));
    expect(loggedFaults()).toEqual([]);
    expect(rejections).toEqual([]);
    await expectAlive();
  });

  it('takes no body over its limit, however it is packed', async () => {
    for (const path of ['/lti/login', '/lti/launch', '/channels/x/sync', '/api/v1/channels', '/nothing']) {
      for (const type of ['application/x-www-form-urlencoded', 'application/json']) {
        const body = Buffer.alloc(300_000, 'a');
        const answer = await send({ method: 'POST', path, headers: { 'content-type': type }, body });
        expect([path, type, answer.status]).toEqual([path, type, 413]);
      }
    }
  });
});

/** What the tool's own pages, LMSs and API clients send, with good sessions, tokens and keys. */
async function makeTemplates(): Promise<Template[]> {
  const { canvas, moodle } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  const manager = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
  const student = await launchAs(tool, canvas, { courseId, personId: cast.student });
  await tool.settled();
  const channelId = channelIn(manager.url);
  const syncId = (await tool.lastRun(channelId)).id;
  const [member] = await membersOf(tool, channelId);
  const key = newSecret();
  const made = { createdAt: Date.now(), revokedAt: null };
  await tool.storage.apiKeys.addApiKey({
    id: 'fuzz',
    name: 'fuzz',
    keyHash: hashSecret(key),
    scopes: [...API_SCOPES],
    ...made,
  });

  const origin = { origin: tool.url, 'sec-fetch-site': 'same-origin' };
  const cookie = cookieHeader(manager);
  const fields = { _csrf: csrfTokenOf({ headers: { cookie } } as Request) ?? '' };
  const as = new URL(manager.url).searchParams.get('as') ?? '';
  const root = `/channels/${channelId}`;
  const pages: Template[] = [
    { method: 'GET', path: root, query: { as, notice: 'sync-asked' } },
    {
      method: 'GET',
      path: `${root}/members`,
      query: { as, q: 'a', level: 'member', status: 'active', method: 'manual', cursor: '' },
    },
    { method: 'GET', path: `${root}/syncs/${syncId}`, query: { as, kind: 'add', from: '0' } },
    { method: 'GET', path: `${root}/syncs/${syncId}/events`, query: { as } },
    { method: 'POST', path: `${root}/sync`, headers: origin, fields },
    { method: 'POST', path: `${root}/syncs/${syncId}/apply`, headers: origin, fields },
    { method: 'POST', path: `${root}/syncs/${syncId}/discard`, headers: origin, fields },
  ];
  const withSession = (one: Template, value: string): Template => ({
    ...one,
    headers: { ...one.headers, cookie: value },
  });
  const open: Template[] = [
    ...['/', '/healthz', '/readyz', '/lti/keys', '/lti/config/canvas.json', '/lti/icon.svg', '/api/v1/openapi.json'],
    ...[
      '/assets/css/rostrum.css',
      '/assets/vendor/htmx.min.js',
      '/lti/launch',
      '/lti/login',
      '/lti/register',
      '/nothing',
    ],
  ].map((path) => ({ method: 'GET', path, query: path.startsWith('/assets') ? { v: 'x' } : {} }));
  return [
    ...open,
    ...pages.map((page) => withSession(page, cookie)),
    ...pages.map((page) => withSession(page, cookie)),
    ...pages.map((page) => withSession(page, cookieHeader(student))),
    ...pages,
    ...(await loginTemplates(canvas)),
    ...(await loginTemplates(moodle)),
    { method: 'POST', path: '/lti/handover', headers: origin, fields: { code: newSecret() } },
    {
      method: 'POST',
      path: '/lti/register',
      headers: origin,
      fields: { invite: 'x', openid_configuration: tool.sandbox.url, digest: 'x' },
    },
    { method: 'GET', path: '/lti/register', query: { invite: 'x', openid_configuration: tool.sandbox.url } },
    ...Object.values<ApiRoute>(API_ROUTES).flatMap((route) =>
      apiTemplates(route, { key, ids: { channelId, syncId, userId: member?.userId ?? '' } }),
    ),
  ];
}

async function loginTemplates(lms: Tool['sandbox']['canvas']): Promise<Template[]> {
  const { id: courseId, cast } = lms.course('small');
  const who = { courseId, personId: cast.student };
  const login = { ...lms.loginForm(who), lti_storage_target: '_parent' };
  const launches: Template[] = [];
  for (let i = 0; i < LOGINS; i++) {
    const { visitor, state, idToken } = await beginLogin(tool, lms, who);
    const headers = { cookie: cookieHeader(visitor) };
    launches.push({ method: 'POST', path: '/lti/launch', headers, fields: { state, id_token: idToken } });
    if (i % 8 === 0) {
      launches.push(
        {
          method: 'POST',
          path: '/lti/launch',
          headers,
          fields: { state, error: 'login_required', error_description: 'x' },
        },
        { method: 'GET', path: '/lti/login/continue', headers, query: { state } },
        { method: 'GET', path: '/lti/login/continue', query: { state } },
        { method: 'GET', path: '/lti/login/again', query: { state } },
        { method: 'POST', path: '/lti/login', fields: login },
        { method: 'GET', path: '/lti/login', query: login },
      );
    }
  }
  return launches;
}

function apiTemplates(route: ApiRoute, given: { key: string; ids: Record<string, string> }): Template[] {
  const path = `/api/v1${route.path.replace(/\{(\w+)\}/g, (_all, name: string) => given.ids[name] ?? 'x')}`;
  const method = route.method.toUpperCase();
  const query = method === 'GET' ? Object.fromEntries(Object.keys(route.query.shape).map((name) => [name, '1'])) : {};
  const json = route.body
    ? { json: path.includes('/members/') ? { level: 'member', override: true } : { description: 'x', tags: ['x'] } }
    : {};
  const one: Template = { method, path, query, ...json };
  const keyed = { ...one, headers: { authorization: `Bearer ${given.key}` } };
  return [keyed, keyed, { ...keyed, query: {} }, one];
}

/** One to three claims, or members of them, are something else. */
function bendClaims(dice: Dice, claims: Record<string, unknown>): Record<string, unknown> {
  const bent = { ...claims };
  for (let i = dice.roll(3); i >= 0; i--) {
    const name = dice.pick(Object.keys(claims).filter((one) => one !== 'nonce'));
    bent[name] = bendJson(claims[name], dice, 'marker');
  }
  return bent;
}

async function launchedPage(visitor: Visitor, cookies: string[], location: string): Promise<number> {
  for (const [name = '', value = ''] of cookies.map((line) => line.split(/[=;]/))) visitor.cookies().set(name, value);
  return (await visitor.get(tool.url + location)).status;
}

type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

function send({ method, path, headers, body }: FuzzRequest, agent?: Agent): Promise<Answer> {
  const { hostname, port } = new URL(tool.url);
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ status: 0, headers: {}, text: error.message });
    // Node's client would leave the length out for some methods, and the body would be read as another request.
    const sized = body === null ? headers : { ...headers, 'content-length': `${body.length}` };
    const options = {
      host: hostname,
      port,
      method,
      path,
      headers: sized,
      timeout: 20_000,
      ...(agent ? { agent } : {}),
    };
    const asked = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() }),
      );
      res.on('error', failed);
    });
    asked.on('error', failed);
    asked.on('timeout', () => asked.destroy(new Error('no answer for 20 s')));
    asked.end(body ?? undefined);
  });
}

/** What is wrong with an answer, or null. */
function faultOf(sent: FuzzRequest, answer: Answer, marker: string): string | null {
  const { status, text, headers } = answer;
  // The tool may close the connection while a body that is too large still comes.
  if (status === 0) return /ECONNRESET|EPIPE/.test(text) && (sent.body?.length ?? 0) > 200_000 ? null : 'no answer';
  if (status >= 500) return 'a fault of the tool';
  if (/\bat \S+ \(|node_modules|SQLITE_|\.ts:\d+/.test(text) && status >= 400) return 'a trace';
  if (headers['x-injected'] !== undefined) return 'an injected header';
  return text.includes(marker) && !mayRepeat(sent, answer) ? 'an echo' : null;
}

/** The search of a list, the settings a key's owner has just written, and the hints that go back to the LMS. */
function mayRepeat({ path, method }: FuzzRequest, { status, headers }: Answer): boolean {
  if (/\/members\/?\?/i.test(path) && status === 200) return true;
  if (method === 'PATCH' && status === 200) return true;
  const { canvas, moodle } = tool.sandbox;
  const ways = [canvas, moodle].map(({ registration }) => registration.authUrl);
  return status === 302 && ways.some((url) => headers.location?.startsWith(`${url}?`));
}

/** Errors in the log since the last look; what was logged is forgotten, for memory is watched here. */
function loggedFaults(): string[] {
  const lines = tool.logged.splice(0);
  const errors = lines.filter((line) => Number(line.level) >= 50 && !String(line.reason).startsWith('platform-'));
  return errors.slice(0, 3).map((line) => `logged: ${JSON.stringify(line).slice(0, 1_000)}`);
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function tell({ method, path, headers, body }: FuzzRequest): string {
  const { cookie, authorization, ...shown } = headers;
  return `${method} ${path.slice(0, 300)} ${JSON.stringify(shown).slice(0, 500)} ${body?.subarray(0, 300).toString() ?? ''}`;
}

/** Writes bytes, waits a moment for what comes, and hangs up. */
function sendBytes(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, 'localhost', () => socket.write(Buffer.from(bytes, 'latin1')));
    const end = () => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (chunk) => {
      text += chunk;
      end();
    });
    socket.on('error', end);
    socket.on('close', end);
    setTimeout(end, 150);
  });
}

async function expectAlive(): Promise<void> {
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  expect((await fetch(`${tool.url}/readyz`)).status).toBe(200);
  expect((await launchAs(tool, canvas, { courseId, personId: cast.instructor })).status).toBe(200);
}

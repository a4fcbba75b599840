import { randomInt } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginLogin, opensChannel, postLaunch } from '../support/attacker.ts';
import { bend, bendJson, type Dice, diceFor, type FuzzRequest, type Template } from '../support/fuzz.ts';
import { makeTemplates, routesWithout } from '../support/fuzz-templates.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

// FUZZ_REQUESTS: how many; FUZZ_SEED: the run to repeat.
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? (ON_MONGO ? 1_000 : 2_500));
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
const AT_ONCE = 16;
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
  templates = await makeTemplates(tool);
});

afterAll(async () => {
  await tool.close();
  process.off('unhandledRejection', keepRejection);
});

describe('the tool under random and bent requests', () => {
  it('is asked for everything it has: no page, form or operation is left out', () => {
    expect(routesWithout(templates, tool.app.handler)).toEqual([]);
    const some = templates.filter(({ path }) => !path.endsWith('/settings'));
    const left = ['GET /channels/:id/settings', 'POST /channels/:id/settings'];
    expect(routesWithout(some, tool.app.handler)).toEqual(left);
  });

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
  if (!text.includes(marker)) return null;
  // What a form or a search holds comes back as text, in a page of ours; JSON is read as nothing else.
  if (/^text\/html/.test(headers['content-type'] ?? '') && text.includes(`<b>${marker}`)) return 'markup';
  return mayRepeat(sent, answer) ? null : 'an echo';
}

/** Where people or keys see what they typed: searches, forms that come back, places in a list, what was just written. */
function mayRepeat({ path, method }: FuzzRequest, { status, headers }: Answer): boolean {
  const [place = ''] = path.split('?');
  const ofChannel = /^\/channels(\/[^/]+\/(members|people|settings|pass-on|meetings|recordings)(\/.*)?)?\/?$/i;
  const ofOnesOwn = /^\/(zoom\/)?recordings(\/.*)?$/i;
  if (ofChannel.test(place) || ofOnesOwn.test(place)) return [200, 409, 422].includes(status);
  if (/^\/api\/v1\//i.test(place) && ['PATCH', 'PUT'].includes(method)) return status === 200 || status === 201;
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

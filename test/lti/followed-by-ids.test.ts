import type { Express } from 'express';
import { type Logger, pino } from 'pino';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGuardedHttp, type GuardedHttp } from '../../src/lib/guarded-http.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { createKeySets } from '../../src/lti/jwks.ts';
import { launchRoutes } from '../../src/lti/launch.routes.ts';
import { createLaunches } from '../../src/lti/launch.ts';
import { createHandovers } from '../../src/lti/launch-handover.ts';
import { watchLmsCalls } from '../../src/lti/lms-calls.ts';
import { createLtiEngine } from '../../src/lti/ltijs/engine.ts';
import { createLaunchOpener } from '../../src/lti/open-launch-routes.ts';
import type { LaunchOutcome } from '../../src/lti/open-refusals.ts';
import { createRosterReader } from '../../src/lti/roster.ts';
import { createServer } from '../../src/web/server.ts';
import { createSessions, LOGIN_COOKIE } from '../../src/web/session.ts';
import {
  goodClaims,
  LTI,
  loginParams,
  newKey,
  PUBLIC_URL,
  platformFor,
  requestOf,
  type SigningKey,
  sign,
  startKeyServer,
  startTool,
  type Tool,
} from './launch-support.ts';
import { createWorld } from './support/world.ts';

type Line = Record<string, unknown>;

const lines: Line[] = [];
const log: Logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
const said = (msg: string) => lines.filter((line) => line.msg === msg);

beforeEach(() => {
  lines.length = 0;
});

describe('a launch', () => {
  let tool: Tool;
  let app: Express;
  let key: SigningKey;
  let keyServer: Awaited<ReturnType<typeof startKeyServer>>;
  let http: GuardedHttp;
  let outcomes: LaunchOutcome[];

  beforeEach(async () => {
    tool = await startTool();
    key = await newKey('key-1');
    keyServer = await startKeyServer([key]);
    http = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'test' });
    outcomes = [];
    await tool.storage.platforms.addPlatform(platformFor(keyServer.url));
    app = serverOf(tool);
  });
  afterEach(async () => {
    await http.close();
    await tool.stop();
    await keyServer.stop();
  });

  /** The road from a login to a channel, with real parts; a sync is noted as asked for and not done. */
  function serverOf({ storage, clock, logins }: Tool): Express {
    const onLaunch = (outcome: LaunchOutcome) => void outcomes.push(outcome);
    const shared = { clock, random: systemRandom };
    const sessions = createSessions({ store: storage.sessions, ...shared });
    const handovers = createHandovers({ store: storage.sessions, ...shared });
    const keySets = createKeySets({ http: watchLmsCalls(http, { log }), clock, log });
    const launches = createLaunches({ ...storage, keySets, clock, publicUrl: PUBLIC_URL });
    const syncService = { requestIfStale: async () => undefined as never };
    const opener = createLaunchOpener({ ...storage, ...shared, syncService, sessions, handovers, onLaunch });
    return createServer({
      publicUrl: PUBLIC_URL,
      trustProxy: false,
      logger: log,
      routers: [launchRoutes({ logins, launches, handovers, sessions, publicUrl: PUBLIC_URL, onLaunch, ...opener })],
      frameAncestors: () => [],
      ...shared,
      production: false,
    });
  }

  const cookie = `${LOGIN_COOKIE}=${'c'.repeat(43)}`;
  const post = (path: string, form: object) => request(app).post(path).type('form').set('Cookie', cookie).send(form);

  async function launchWith(change: Record<string, unknown> = {}, by = key) {
    const { state, nonce } = requestOf(String((await post('/lti/login', loginParams())).get('Location')));
    lines.length = 0;
    return post('/lti/launch', { state, id_token: await sign(goodClaims(tool, nonce ?? '', change), by) });
  }

  it('writes one ID into all its lines, the call for the key set included, and the channel that its sync names', async () => {
    expect((await launchWith()).status).toBe(303);
    const { requestId } = said('launch verified')[0]!;
    expect(requestId).toEqual(expect.any(String));
    for (const line of lines) expect(line).toMatchObject({ requestId });
    expect(said('call to the LMS')).toMatchObject([{ purpose: 'key set', outcome: '2xx', requestId }]);
    expect(said('channel opened')).toMatchObject([{ requestId, channelId: expect.any(String) }]);
    expect(outcomes).toEqual(['ok']);
  });

  it('whose key set cannot be read says so under its ID', async () => {
    keyServer.answer = (res) => void res.writeHead(503).end();
    expect((await launchWith()).status).toBe(502);
    const { requestId } = said('request')[0]!;
    expect(said('key set not read')).toMatchObject([{ requestId, failure: 'status 503' }]);
    expect(said('call to the LMS')).toMatchObject([{ requestId, outcome: '5xx' }]);
    expect(outcomes).toEqual(['keys-unreachable']);
  });

  it('is told of by what became of it, once, wherever it ended', async () => {
    await launchWith({}, await newKey('key-2'));
    await launchWith({ [`${LTI}message_type`]: 'LtiSubmissionReviewRequest' });
    await launchWith({ [`${LTI}context`]: undefined, [`${LTI}roles`]: [], sub: undefined });
    await post('/lti/login', { ...loginParams(), client_id: 'somebody-else' });
    await post('/lti/launch', { state: 'x' });
    expect(outcomes).toEqual([
      'bad-signature',
      'unsupported-message',
      'not-a-course',
      'unknown-registration',
      'bad-launch-request',
    ]);
  });

  it('that a fault of ours ended is told of as such', async () => {
    const { state, nonce } = requestOf(String((await post('/lti/login', loginParams())).get('Location')));
    const token = await sign(goodClaims(tool, nonce ?? ''), key);
    tool.storage.channels.enterByLaunch = () => Promise.reject(new Error('a fault'));
    app = serverOf(tool);
    expect((await post('/lti/launch', { state, id_token: token })).status).toBe(500);
    expect(outcomes).toEqual(['error']);
  });
});

describe('the walk of a roster', () => {
  it('writes the IDs of its run into the lines of every call, the one for a token included', async () => {
    const world = await createWorld();
    try {
      const http = watchLmsCalls(world.http, { log });
      const engine = await createLtiEngine({
        ...world,
        ...world.storage,
        http,
        secret: 'unused',
        publicUrl: PUBLIC_URL,
      });
      world.lms.on('/roster', (_req, res) => void res.end(JSON.stringify({ context: { id: '2' }, members: [] })));
      const platform = await world.addPlatform();
      const read = createRosterReader({ engine, ...world.storage, sleep: async () => {}, jitter: () => 0.5 });
      const ids = { jobId: 'job-1', job: 'sync-rosters', syncId: 'sync-1', channelId: 'channel-1' };
      const pages = read({
        platformId: platform.id,
        contextId: '2',
        rosterUrl: `${world.lms.url}/roster`,
        signal: new AbortController().signal,
        log: log.child(ids),
      });
      while (!(await pages.next()).done);
      await engine.close();
      expect(said('call to the LMS')).toMatchObject([
        { purpose: 'token', outcome: '2xx', ...ids },
        { purpose: 'roster page', outcome: '2xx', ...ids },
      ]);
    } finally {
      await world.close();
    }
  });
});

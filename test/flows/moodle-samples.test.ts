import { readdirSync, readFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformId } from '../../src/channels/channel.ts';
import { startServer, type TestServer } from '../support/http-server.ts';
import { channelIn, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

/**
 * The whole road with what a real Moodle 4.5 sent: its logins, its id_tokens (signed anew, for they have expired), its
 * token answers and its rosters, byte for byte but for host names.
 */
const FOLDER = new URL('../fixtures/moodle-4.5/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const LAUNCHES = FILES.filter((name) => name.startsWith('launch-'));
const NRPS_TYPE = 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json';
const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';
const NRPS = 'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice';

type Answer = { status: number; type: string; body: string; link?: string };
type Launch = {
  login_initiation: { params: Record<string, string> };
  id_token_header: { kid: string };
  id_token_claims: Record<string, unknown> & { sub: string; aud: string };
};

let tool: Tool;
let moodle: TestServer;
let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
/** What Moodle answers for a roster, by path and query; set by each test. */
let rosterAnswer: (url: string, accept: string) => Answer;
let tokenAnswer: Answer;
const accepts: string[] = [];

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: '509cad4e25ab408a12b3', alg: 'RS256', use: 'sig' };
  moodle = await startServer((req, res) => {
    const send = ({ status, type, body, link }: Answer) => {
      res.writeHead(status, { 'content-type': type, ...(link ? { link } : {}) }).end(body);
    };
    if (req.url?.startsWith('/mod/lti/certs.php')) {
      return send({ status: 200, type: 'application/json', body: JSON.stringify({ keys: [jwk] }) });
    }
    if (req.url?.startsWith('/mod/lti/token.php')) return send(tokenAnswer);
    if (req.url?.includes('/services.php/')) accepts.push(req.headers.accept ?? '');
    send(rosterAnswer(req.url ?? '', req.headers.accept ?? ''));
  });
  tool = await startTool();
  for (const name of LAUNCHES) await register(read<Launch>(name).login_initiation.params);
});

afterAll(async () => {
  await tool.close();
  await moodle.close();
});

function read<Content>(name: string): Content {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
    .replaceAll('http://127.0.0.1:8090', moodle.url)
    .replaceAll(/http:\/\/(127\.0\.0\.1|localhost):390\d\/launch/g, `${tool.url}/lti/launch`);
  return JSON.parse(text) as Content;
}

async function register(params: Record<string, string>): Promise<void> {
  await tool.app.engine.registerPlatform({
    name: 'Moodle 4.5',
    issuer: moodle.url,
    clientId: params.client_id!,
    authUrl: `${moodle.url}/mod/lti/auth.php`,
    tokenUrl: `${moodle.url}/mod/lti/token.php`,
    tokenAudience: null,
    jwksUrl: `${moodle.url}/mod/lti/certs.php`,
    family: 'moodle',
    status: 'active',
    deployments: 'listed',
    deploymentIds: [params.lti_deployment_id!],
    serviceOrigins: [],
    roleLevels: {},
  });
}

/** Plays a recorded launch: its login, the answer Moodle would give, the page of the tool. */
async function replay(name: string, claims: Record<string, unknown> = {}): Promise<Visitor> {
  const launch = read<Launch>(name);
  const visitor = tool.visitor();
  rosterAnswer ??= () => roster('nrps-LTI30-full.json');
  await visitor.post(`${tool.url}/lti/login`, launch.login_initiation.params);
  const sent = new URL(visitor.trail.at(-1)!);
  expect(sent.origin).toBe(moodle.url);
  expect(sent.searchParams.get('lti_message_hint')).toBe(launch.login_initiation.params.lti_message_hint);
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({
    ...launch.id_token_claims,
    ...claims,
    nonce: sent.searchParams.get('nonce'),
    iat: now,
    exp: now + 60,
  })
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: launch.id_token_header.kid })
    .sign(key);
  const fields = { id_token: token, state: sent.searchParams.get('state')! };
  return visitor.post(`${tool.url}/lti/launch`, fields, { origin: moodle.url });
}

function roster(name: string): Answer {
  const { json } = read<{ json: unknown }>(name);
  return { status: 200, type: `${NRPS_TYPE}; charset=utf-8`, body: JSON.stringify(json) };
}

async function syncedMembers(visitor: Visitor) {
  const channelId = channelIn(visitor.url);
  await tool.settled();
  await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
  await tool.settled();
  const run = await tool.lastRun(channelId);
  const members = new Map((await membersOf(tool, channelId)).map((member) => [member.subject, member]));
  return { run, members };
}

/** Launches into a course of its own, so that one roster does not follow another. */
function launchInto(course: string): Promise<Visitor> {
  const service = {
    context_memberships_url: `${moodle.url}/mod/lti/services.php/CourseSection/2/bindings/1/memberships`,
    service_versions: ['1.0', '2.0'],
  };
  return replay('launch-LTI30-teacher1.json', {
    [`${LTI}context`]: { id: course, title: course, type: ['CourseSection'] },
    [NRPS]: service,
  });
}

function asCourse(answer: Answer, course: string): Answer {
  const container = JSON.parse(answer.body) as { context?: object };
  return { ...answer, body: JSON.stringify({ ...container, context: { id: course } }) };
}

describe('launches that a real Moodle sent', () => {
  beforeAll(() => {
    const { text } = read<{ text: string }>('token-response.json');
    tokenAnswer = { status: 200, type: 'text/html; charset=utf-8', body: text };
    rosterAnswer = () => roster('nrps-LTI30-full.json');
  });

  it.each(LAUNCHES)('%s ends on the channel at the level of its roles', async (name) => {
    const { id_token_claims: claims } = read<Launch>(name);
    const visitor = await replay(name);
    expect(visitor.status).toBe(200);
    const roles = claims[`${LTI}roles`] as string[];
    const level = roles.some((role) => role.endsWith('membership#Instructor')) ? 'Manager' : 'Member';
    expect(visitor.text()).toContain(`Your role here: ${level}`);
    const [platform] = (await tool.storage.platforms.listPlatforms()).filter(({ clientId }) => clientId === claims.aud);
    const context = await tool.storage.channels.findContext(platform?.id as PlatformId, '2');
    expect(context).toMatchObject({ title: 'Small course (30) – Übungen & Diskussion', label: 'LTI30' });
    await tool.settled();
    const member = (await membersOf(tool, channelIn(visitor.url))).find((one) => one.subject === claims.sub);
    // Moodle gives its administrators the Instructor role everywhere: looking in does not make them members.
    if (name.includes('admin')) expect(member).toBeUndefined();
    else expect(member).toMatchObject({ active: true, launchRoles: [...roles].sort().join(' ') });
    expect(JSON.stringify(tool.logged)).not.toMatch(/sesskey|example\.invalid/);
  });
});

describe('rosters that a real Moodle sent', () => {
  it('fill a course of 30, with its suspended account, its tutor and its names as people write them', async () => {
    rosterAnswer = () => roster('nrps-LTI30-full.json');
    const tutor = await replay('launch-LTI30-tutor1.json');
    const { run, members } = await syncedMembers(tutor);
    expect(run).toMatchObject({ state: 'applied', members: 30, pages: 1 });
    expect(members.get('5')).toMatchObject({ level: 'manager', rosterLevel: 'member', launchLevel: 'manager' });
    const names = [...members.values()].map((member) => member.person.name ?? '');
    expect(names.some((name) => name.includes("O'Brien & Söhne") || name.includes('O’Brien & Söhne'))).toBe(true);
    expect(names.join()).not.toMatch(/&(amp|lt|gt|#0?39);/);
    expect(new Set(accepts)).toEqual(new Set([NRPS_TYPE]));
  });

  it.each([
    ['nrps-LTI1000-full.json', 1000],
    ['nrps-LTI30-rlid.json', 30],
    ['nrps-LTI30-names-not-shared.json', 30],
  ])('%s becomes %i members', async (name, size) => {
    rosterAnswer = () => asCourse(roster(name), name);
    const { run, members } = await syncedMembers(await launchInto(name));
    expect(run).toMatchObject({ state: 'applied', members: size });
    expect([...members.values()].filter((member) => member.rosterLevel !== null)).toHaveLength(size);
  });

  it('take an enrolled administrator and a manager as managers', async () => {
    const people = read<unknown[]>('nrps-admin-and-manager-enrolled.json');
    rosterAnswer = () => ({
      status: 200,
      type: NRPS_TYPE,
      body: JSON.stringify({ context: { id: 'admins' }, members: people }),
    });
    const { members } = await syncedMembers(await launchInto('admins'));
    expect(members.get('2')).toMatchObject({ rosterLevel: 'manager' });
    expect(members.get('6')).toMatchObject({ rosterLevel: 'manager' });
  });

  it.each(['?limit=10', '?limit=7', '?limit=29'])('are walked in the pages Moodle gave for %s', async (query) => {
    type Paged = Record<
      string,
      { pages: { url: string; link: string | null; user_ids: string[] }[]; distinct: number }
    >;
    const paged = read<Paged>('nrps-paging.json')[query]!;
    const course = `paged${query}`;
    rosterAnswer = (url) => {
      const page = paged.pages.find((one) => one.url === `${moodle.url}${url}`) ?? paged.pages[0]!;
      const members = page.user_ids.map((id) => ({ user_id: id, roles: ['Learner'], status: 'Active' }));
      const body = JSON.stringify({ context: { id: course }, members });
      return { status: 200, type: NRPS_TYPE, body, ...(page.link ? { link: page.link } : {}) };
    };
    const { run, members } = await syncedMembers(await launchInto(course));
    expect(run).toMatchObject({ state: 'applied', pages: paged.pages.length });
    expect([...members.values()].filter((member) => member.rosterLevel !== null)).toHaveLength(paged.distinct);
  });

  it('in the old format are refused, not read as empty', async () => {
    rosterAnswer = () => roster('nrps-LTI30-v1-jsonld.json');
    const { run } = await syncedMembers(await launchInto('old-format'));
    expect(run).toMatchObject({ state: 'failed', reason: 'bad-answer' });
  });

  it('that are refused fail the sync with what the status means', async () => {
    const errors = read<Record<string, { status: number; statusText: string }>>('nrps-errors.json');
    const reasons: Record<string, string> = {
      'bad token': 'not-authorised',
      'other deployment': 'not-authorised',
      'unknown course': 'course-not-found',
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const { status, statusText } = errors[name]!;
      const body = JSON.stringify({ status, reason: statusText, request: {} });
      rosterAnswer = () => ({ status, type: 'application/json; charset=utf-8', body });
      expect((await syncedMembers(await launchInto(name))).run).toMatchObject({ state: 'failed', reason });
    }
  });

  it('asked for with an Accept header that Moodle answers', () => {
    type Variants = Record<string, { accept: string; status: number }>;
    const taken = Object.values(read<Variants>('nrps-accept-variants.json')).filter(({ status }) => status === 200);
    const plain = read<{ accept: string }>('nrps-LTI30-full.json').accept;
    expect([...taken.map(({ accept }) => accept), plain]).toContain(accepts[0]);
  });
});

describe('token answers that a real Moodle sent', () => {
  it('that refuse fail the sync, whatever their shape, and change nothing', async () => {
    type Variants = Record<string, { status: number; content_type: string; body: string }>;
    const refusals = Object.entries(read<Variants>('token-variants.json')).filter(([, { status }]) => status !== 200);
    expect(refusals.length).toBeGreaterThan(5);
    rosterAnswer = () => roster('nrps-LTI30-full.json');
    const visitor = await replay('launch-LTI30-teacher1.json');
    await tool.settled();
    const platform = (await tool.storage.platforms.findPlatformByClient(moodle.url, 'HETXwrOHXlTv2MR'))!;
    for (const [name, { status, content_type: type, body }] of refusals) {
      tokenAnswer = { status, type, body };
      await tool.app.engine.dropAccessToken(platform);
      const { run } = await syncedMembers(visitor);
      const reason = name === 'scope not granted' ? 'scope-not-granted' : 'token-refused';
      expect([name, run.state, run.reason]).toEqual([name, 'failed', reason]);
    }
  });
});

describe('the samples', () => {
  it('are all replayed by tests', () => {
    const elsewhere = ['dynamic-registration.json'];
    const here = readFileSync(new URL('./moodle-samples.test.ts', import.meta.url), 'utf8');
    for (const name of FILES.filter((file) => !LAUNCHES.includes(file) && !elsewhere.includes(file))) {
      expect(here, `${name} is used`).toContain(name);
    }
  });
});

import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { Pool } from 'undici';
import { Browser, type Exchange } from './support/browser.ts';
import { type Child, startChild } from './support/child.ts';
import type { LaunchTarget, Lms } from './support/launch-types.ts';
import { median, readableMs } from './support/numbers.ts';
import type { Row } from './support/table.ts';

export type LaunchSizes = { repetitions: number; warmUp: number; launches: number };

const PARALLEL = 32;
/** Tokens are signed between two batches, outside the measured time, and are still fresh when they are posted. */
const BATCH = 200;
/** Enough that no limit of requests per address is reached. */
const CLIENT_ADDRESSES = 50;
const PUBLIC_URL = 'https://tool.example';

type Contender = {
  name: 'rostrum' | 'rostrumKnown' | 'rostrumPage' | 'stock' | 'jose';
  server: string;
  /** Whether the page a launch ends on is asked for; in stock ltijs that is where its handler runs at all. */
  withPage: boolean;
  /** Whether everybody has launched before, so that the tool need not try out whether the browser keeps cookies. */
  knownBrowsers: boolean;
};

const CONTENDERS: Contender[] = [
  { name: 'rostrum', server: 'rostrum', withPage: false, knownBrowsers: false },
  { name: 'rostrumKnown', server: 'rostrum', withPage: false, knownBrowsers: true },
  { name: 'rostrumPage', server: 'rostrum', withPage: true, knownBrowsers: false },
  { name: 'stock', server: 'stock-ltijs', withPage: true, knownBrowsers: false },
  { name: 'jose', server: 'bare-jose', withPage: false, knownBrowsers: false },
];

type Measured = { cpuMs: number; perSecond: number };

/** What a launch costs the server, beside stock ltijs and beside the least it could cost. */
export async function measureLaunches(sizes: LaunchSizes): Promise<Row[]> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keySet = startChild('key-set');
  const platformUrl = await keySet.ask<string>('start', { ...publicKey.export({ format: 'jwk' }), ...KEY });
  const lms = lmsAt(platformUrl);
  const results = new Map<Contender['name'], Measured[]>();
  try {
    for (let i = 0; i < sizes.repetitions; i++) {
      for (const contender of CONTENDERS) {
        const measured = await measureOnce(contender, { lms, privateKey, sizes });
        console.error(`launch ${contender.name}: ${measured.cpuMs.toFixed(2)} ms, ${measured.perSecond.toFixed(0)}/s`);
        results.set(contender.name, [...(results.get(contender.name) ?? []), measured]);
      }
    }
  } finally {
    await keySet.stop();
  }
  return rowsOf(results);
}

const KEY = { kid: 'measurement', alg: 'RS256', use: 'sig' };
const DEPLOYMENT = '1:measurement';

function lmsAt(url: string): Lms {
  return {
    issuer: url,
    clientId: '10000000000042',
    deploymentId: DEPLOYMENT,
    authUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    jwksUrl: `${url}/jwks`,
  };
}

type Means = { lms: Lms; privateKey: KeyObject; sizes: LaunchSizes };

async function measureOnce(contender: Contender, means: Means): Promise<Measured> {
  const { lms, sizes } = means;
  const server = startChild(contender.server);
  try {
    const platform = { ...lms, deploymentIds: [lms.deploymentId] };
    const given = contender.server === 'rostrum' ? { port: 0, publicUrl: PUBLIC_URL, platform } : lms;
    const target = await server.ask<LaunchTarget>('start', given);
    const pool = new Pool(target.origin, { connections: PARALLEL, pipelining: 1 });
    const run = { ...means, contender, target, pool, server };
    const known = peopleFrom(0, sizes.warmUp, pool);
    await launchAll(run, known);
    const people = contender.knownBrowsers
      ? Array.from({ length: sizes.launches }, (_, i) => known[i % known.length] as Person)
      : peopleFrom(sizes.warmUp, sizes.launches, pool);
    const { cpu, wall } = await launchAll(run, people);
    await pool.close();
    return { cpuMs: cpu / people.length, perSecond: (people.length / wall) * 1000 };
  } finally {
    await server.stop();
  }
}

type Person = { subject: string; browser: Browser };
type Run = Means & { contender: Contender; target: LaunchTarget; pool: Pool; server: Child };

function peopleFrom(first: number, count: number, pool: Pool): Person[] {
  return Array.from({ length: count }, (_, i) => ({
    subject: `person-${first + i}`,
    browser: new Browser(pool, `192.0.2.${1 + (i % CLIENT_ADDRESSES)}`),
  }));
}

async function launchAll(run: Run, people: readonly Person[]): Promise<{ cpu: number; wall: number }> {
  const spent = { cpu: 0, wall: 0 };
  for (let from = 0; from < people.length; from += BATCH) {
    const batch = people.slice(from, from + BATCH);
    const logins = await timed(run, spent, batch, (person) => logIn(run, person));
    const forms = logins.map((login, i) => launchForm(run, login, batch[i] as Person));
    await timed(run, spent, batch, (person, i) => launch(run, person, forms[i] as Form));
  }
  return spent;
}

async function timed<Value>(
  { server }: Run,
  spent: { cpu: number; wall: number },
  people: readonly Person[],
  work: (person: Person, index: number) => Promise<Value>,
): Promise<Value[]> {
  const cpuBefore = await server.ask<number>('cpu');
  const begun = performance.now();
  const values: Value[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let i = next++; i < people.length; i = next++) values[i] = await work(people[i] as Person, i);
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  spent.wall += performance.now() - begun;
  spent.cpu += (await server.ask<number>('cpu')) - cpuBefore;
  return values;
}

type Login = { state: string; nonce: string };
type Form = { state: string; id_token: string };

/** From the LMS's first request to the redirect back to the LMS. */
async function logIn({ lms, target }: Run, { browser, subject }: Person): Promise<Login> {
  let answer = await browser.post(target.loginPath, {
    iss: lms.issuer,
    login_hint: subject,
    target_link_uri: target.targetLinkUri,
    client_id: lms.clientId,
    lti_deployment_id: lms.deploymentId,
    lti_message_hint: `hint of ${subject}`,
  });
  while (answer.location?.startsWith('/')) answer = await browser.get(answer.location);
  if (!answer.location?.startsWith(lms.authUrl)) throw new Error(`no login: ${describe(answer)}`);
  const query = new URL(answer.location).searchParams;
  return { state: query.get('state') ?? '', nonce: query.get('nonce') ?? '' };
}

async function launch({ target, contender }: Run, { browser }: Person, form: Form): Promise<void> {
  const answer = await browser.post(target.launchPath, form);
  if (answer.status >= 400 || answer.location === null) throw new Error(`no launch: ${describe(answer)}`);
  if (!contender.withPage) return;
  const page = await browser.get(answer.location);
  if (page.status !== 200) throw new Error(`no page: ${describe(page)}`);
}

function describe({ status, location, body }: Exchange): string {
  return `${status} ${location ?? ''} ${body.slice(0, 500)}`;
}

const LTI = 'https://purl.imsglobal.org/spec/lti/claim/';

function launchForm({ lms, target, privateKey }: Run, login: Login, { subject }: Person): Form {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: lms.issuer,
    aud: lms.clientId,
    azp: lms.clientId,
    sub: subject,
    iat: now,
    exp: now + 3600,
    nonce: login.nonce,
    jti: randomUUID(),
    name: `Person ${subject}`,
    given_name: 'Person',
    family_name: subject,
    email: `${subject}@campus.example`,
    locale: 'en-GB',
    [`${LTI}message_type`]: 'LtiResourceLinkRequest',
    [`${LTI}version`]: '1.3.0',
    [`${LTI}deployment_id`]: lms.deploymentId,
    [`${LTI}target_link_uri`]: target.targetLinkUri,
    [`${LTI}resource_link`]: { id: 'link-1', title: 'Statistics' },
    [`${LTI}context`]: {
      id: 'course-1',
      label: 'STAT-200',
      title: 'Statistics for everyone',
      type: ['http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering'],
    },
    [`${LTI}roles`]: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
    [`${LTI}custom`]: { time_zone: 'Europe/London' },
    [`${LTI}launch_presentation`]: { document_target: 'iframe', locale: 'en-GB' },
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode({ typ: 'JWT', alg: KEY.alg, kid: KEY.kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url');
  return { state: login.state, id_token: `${input}.${signature}` };
}

const CPU_GOAL_MS = 2.5;
const RATE_GOAL = 3;

function rowsOf(results: ReadonlyMap<Contender['name'], Measured[]>): Row[] {
  const cpu = (name: Contender['name']) => median((results.get(name) ?? []).map(({ cpuMs }) => cpuMs));
  const rate = (name: Contender['name']) => median((results.get(name) ?? []).map(({ perSecond }) => perSecond));
  const perSecond = (name: Contender['name']) => `${rate(name).toFixed(0)} /s`;
  const beside = (name: Contender['name']) =>
    `${(cpu('stock') / cpu(name)).toFixed(1)}x less than stock, ${(cpu(name) / cpu('jose')).toFixed(1)}x bare jose`;
  const cpuRow = (what: string, name: Contender['name']): Row => ({
    what: `Server CPU of ${what}`,
    measured: readableMs(cpu(name)),
    goal: `at most ${CPU_GOAL_MS} ms`,
    ratio: beside(name),
    ok: cpu(name) <= CPU_GOAL_MS,
  });
  const rateRow = (what: string, name: Contender['name']): Row => ({
    what: `Rate of ${what}`,
    measured: perSecond(name),
    goal: `at least ${RATE_GOAL}x stock ltijs`,
    ratio: `${(rate(name) / rate('stock')).toFixed(1)}x`,
    ok: rate(name) >= RATE_GOAL * rate('stock'),
  });
  return [
    cpuRow('a launch, new browser', 'rostrum'),
    cpuRow('a launch, known browser', 'rostrumKnown'),
    { ...cpuRow('a launch and its page', 'rostrumPage'), goal: '' },
    rateRow('launches, new browser', 'rostrum'),
    rateRow('launches with their page', 'rostrumPage'),
    {
      what: 'Stock ltijs, a launch',
      measured: `${readableMs(cpu('stock'))}, ${perSecond('stock')}`,
    },
    { what: 'Bare jose on Express, a launch', measured: `${readableMs(cpu('jose'))}, ${perSecond('jose')}` },
  ].map(informOnly);
}

/** A line without a goal is neither good nor bad. */
function informOnly(row: Row): Row {
  const { ok: _ok, ...rest } = row;
  return row.goal ? row : rest;
}

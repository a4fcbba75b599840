import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRosterIndex } from '../../src/channels/roster-index.ts';
import type { RosterMember } from '../../src/channels/roster-source.ts';
import type { NewPlatform } from '../../src/lti/ltijs/calls.ts';
import { createRosterReader, type RosterReaderDeps } from '../../src/lti/roster.ts';
import { startServer } from '../support/http-server.ts';
import { createWorld, tokenAnswer, type World } from './support/world.ts';

const NRPS = 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json';

let world: World;
let waits: number[];
beforeEach(async () => {
  world = await createWorld();
  waits = [];
});
afterEach(() => world.close());

type Walk = Partial<NewPlatform> & {
  contextId?: string;
  path?: string;
  signal?: AbortSignal;
  limits?: RosterReaderDeps['limits'];
  sleep?: RosterReaderDeps['sleep'];
  onPage?: () => void;
};

async function walk(options: Walk = {}) {
  const { contextId = '2', path = '/roster', signal, limits, sleep, onPage, ...platformChange } = options;
  const platform = await world.addPlatform(platformChange);
  const read = createRosterReader({
    ...world,
    ...world.storage,
    sleep: sleep ?? (async (ms) => void waits.push(ms)),
    jitter: () => 0.5,
    limits: limits ?? {},
  });
  const rosterUrl = URL.canParse(path) ? path : world.lms.url + path;
  const pages = read({
    platformId: platform.id,
    contextId,
    rosterUrl,
    signal: signal ?? new AbortController().signal,
  });
  const seen: RosterMember[][] = [];
  for (;;) {
    const next = await pages.next();
    if (next.done) return { result: next.value, pages: seen, members: seen.flat(), platform };
    seen.push(next.value);
    onPage?.();
  }
}

const container = (members: unknown[], contextId: unknown = '2') =>
  JSON.stringify({ id: 'x', context: { id: contextId }, members });

const learner = (id: unknown, more: object = {}) => ({ user_id: id, roles: ['Learner'], status: 'Active', ...more });

/** Answers `/roster?page=N` with page N of these, linked like Canvas does. */
function serve(pages: unknown[][], link = (n: number) => `<${world.lms.url}/roster?page=${n}>; rel="next"`) {
  world.lms.on('/roster', (req, res) => {
    const page = Number(new URL(req.url ?? '', 'http://x').searchParams.get('page') ?? 1);
    if (page < pages.length) res.setHeader('Link', link(page + 1));
    res.end(container(pages[page - 1] ?? []));
  });
}

function sample(name: string) {
  return JSON.parse(readFileSync(`test/fixtures/moodle-4.5/nrps-${name}.json`, 'utf8'));
}

/** Answers `/roster` as a stock Moodle answered. */
function serveSample(name: string) {
  const { status, headers, json } = sample(name);
  world.lms.on('/roster', (_req, res) => {
    res.writeHead(status, { 'content-type': headers['content-type'] }).end(JSON.stringify(json));
  });
  return json;
}

describe('what a stock Moodle 4.5 sends', () => {
  test('is read whole from one answer, asked for by the one media type it takes and without a limit', async () => {
    const { members } = serveSample('LTI30-full');
    let headers: Record<string, unknown> = {};
    const { url, status, headers: sent, json } = sample('LTI30-full');
    expect(url).not.toContain('limit');
    world.lms.on('/roster', (req, res) => {
      headers = req.headers;
      res.writeHead(status, sent).end(JSON.stringify(json));
    });
    const walked = await walk();
    expect(walked.result).toEqual({ ok: true, value: { pages: 1 } });
    expect(walked.members).toHaveLength(members.length);
    expect(headers).toMatchObject({ accept: NRPS, authorization: 'Bearer token-1' });
    expect(world.lms.hits.filter((hit) => hit.startsWith('/roster'))).toEqual(['/roster']);
    expect(walked.members[0]).toEqual({
      subject: '5010',
      roles: ['Learner'],
      name: 'Sid Account-Suspended',
      email: 'sitesuspended1@example.invalid',
      inactive: false,
    });
  });

  test('has names escaped for HTML, which are read as people write them', async () => {
    const { members } = serveSample('LTI30-full');
    const escaped = members.filter((member: { name: string }) => member.name.includes('&'));
    expect(escaped.length).toBeGreaterThan(0);
    const walked = await walk();
    expect(walked.members.filter((member) => /&(amp|lt|gt|quot|#\d+);/.test(member.name ?? ''))).toEqual([]);
    expect(walked.members.map((member) => member.name)).toEqual(
      expect.arrayContaining(["Conan O'Brien & Söhne", 'A < B C > D']),
    );
  });

  test('is 1,000 people in one answer', async () => {
    const { members } = serveSample('LTI1000-full');
    const walked = await walk({ contextId: '3' });
    expect(walked.members).toHaveLength(members.length);
    expect(new Set(walked.members.map((member) => member.subject)).size).toBe(members.length);
  });

  test('may withhold names and e-mails', async () => {
    const { members } = serveSample('LTI30-names-not-shared');
    const walked = await walk();
    expect(walked.members).toHaveLength(members.length);
    expect(walked.members.every((member) => member.name === null && member.email === null)).toBe(true);
  });

  test('may carry messages of a link, which change nothing', async () => {
    const { members } = serveSample('LTI30-rlid');
    expect((await walk({ path: '/roster?rlid=1' })).members).toHaveLength(members.length);
    expect(world.lms.hits).toContain('/roster?rlid=1');
  });

  test('in the old JSON-LD form is refused, not taken for an empty roster', async () => {
    serveSample('LTI30-v1-jsonld');
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'bad-answer' });
  });

  test('lists administrators with a role from no vocabulary, kept as it is', async () => {
    serve([sample('admin-and-manager-enrolled')]);
    const walked = await walk();
    expect(walked.members.find((member) => member.subject === '2')?.roles).toEqual([
      'Instructor',
      'http://purl.imsglobal.org/vocab/lis/v2/person#Administrator',
    ]);
  });

  test('pages by its next links when it pages', async () => {
    const paging = sample('paging')['?limit=10'];
    const pages: { url: string; link: string | null; user_ids: string[] }[] = paging.pages;
    const here = (url: string) => url.replace('http://127.0.0.1:8090', world.lms.url);
    const path = new URL(paging.start).pathname;
    world.lms.on(path, (req, res) => {
      const page = pages.find(({ url }) => new URL(url).search === new URL(req.url ?? '', 'http://x').search);
      if (page?.link) res.setHeader('Link', here(page.link));
      res.end(container(page?.user_ids.map((id) => learner(id)) ?? []));
    });
    const walked = await walk({ path: here(paging.start) });
    expect(walked.result).toEqual({ ok: true, value: { pages: pages.length } });
    expect(walked.members).toHaveLength(paging.total);
  });

  test.each([
    ['bad token', 'not-authorised'],
    ['unknown course', 'course-not-found'],
    ['other deployment', 'not-authorised'],
  ])('as an error (%s) ends the walk', async (name, reason) => {
    const error = sample('errors')[name];
    world.lms.on('/roster', (_req, res) => void res.writeHead(error.status, error.headers).end('{"status":1}'));
    expect((await walk()).result).toMatchObject({ ok: false, reason });
    expect(waits).toEqual([]);
  });

  test.each(['json', 'v2,json', 'v2;q'])('as its refusal of a media type (%s) is no empty roster', async (name) => {
    const { status } = sample('accept-variants')[name];
    world.lms.on('/roster', (_req, res) => void res.writeHead(status).end('{}'));
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'bad-answer' });
  });
});

describe('members', () => {
  async function read(members: unknown[], change: Partial<NewPlatform> = {}) {
    serve([members]);
    return (await walk(change)).members;
  }

  test('without a user ID are left out, numbers become text', async () => {
    const members = await read([learner(17), learner(undefined), learner(''), learner(null), 'x', null, learner('a')]);
    expect(members.map((member) => member.subject)).toEqual(['17', 'a']);
  });

  test('who are Deleted are left out, who are Inactive are marked', async () => {
    const members = await read([
      learner('a', { status: 'Inactive' }),
      learner('b', { status: 'Deleted' }),
      learner('c', { status: 'http://purl.imsglobal.org/vocab/lis/v2/status#Inactive' }),
      learner('d', { status: undefined }),
    ]);
    expect(members.map(({ subject, inactive }) => [subject, inactive])).toEqual([
      ['a', true],
      ['c', true],
      ['d', false],
    ]);
  });

  test('are named by what there is', async () => {
    const members = await read([
      learner('a', { name: ' Ada Lovelace ' }),
      learner('b', { given_name: 'Ada', family_name: 'Lovelace' }),
      learner('c', { family_name: 'Lovelace', name: '' }),
      learner('d', { name: 5, email: '' }),
    ]);
    expect(members.map((member) => member.name)).toEqual(['Ada Lovelace', 'Ada Lovelace', 'Lovelace', null]);
    expect(members[3]?.email).toBeNull();
  });

  test('of another LMS than Moodle keep an ampersand as they have it', async () => {
    const members = await read([learner('a', { name: 'A &amp; B' })], { family: 'canvas' });
    expect(members[0]?.name).toBe('A &amp; B');
  });

  test('have each role once; what is no role is dropped', async () => {
    const members = await read([{ user_id: 'a', roles: ['Learner', 'Learner', 7, 'Mentor'] }, { user_id: 'b' }]);
    expect(members.map((member) => member.roles)).toEqual([['Learner', 'Mentor'], []]);
  });

  test('listed on two pages are united by the index that keeps them', async () => {
    serve([[learner('a')], [{ user_id: 'a', roles: ['Instructor'] }, learner('b')]]);
    const index = createRosterIndex();
    for (const page of (await walk()).pages) index.add(page, { contextTypes: [], roleLevels: {} });
    expect(index.entries.get('a')).toMatchObject({ roles: 'Instructor Learner', level: 'manager' });
    expect(index.entries.size).toBe(2);
  });
});

describe('next links', () => {
  test.each([
    [
      'with all of Canvas’s relations',
      (url: string) => `<${url}?page=1>; rel="current",<${url}?page=2>; rel="next",<${url}?page=9>; rel="last"`,
    ],
    ['relative', () => '</roster?page=2>; rel="next"'],
    ['without quotes', (url: string) => `<${url}?page=2>; rel=next`],
    ['with several relations and parameters', (url: string) => `<${url}?page=2>; title="a, b; c"; rel="last next"`],
    ['with commas and a long query', (url: string) => `<${url}?page=2&ids=1,2,3&pad=${'x'.repeat(4000)}>; rel="next"`],
    ['with repeated rel parameters in the address', (url: string) => `<${url}?page=2&rel=a&rel=b>; rel="next"`],
  ])('%s are followed', async (_what, link) => {
    serve([[learner('a')], [learner('b')]], () => link(`${world.lms.url}/roster`));
    const walked = await walk();
    expect(walked.result).toEqual({ ok: true, value: { pages: 2 } });
    expect(walked.members.map((member) => member.subject)).toEqual(['a', 'b']);
  });

  test('keep their case', async () => {
    serve([[learner('a')], []], () => `<${world.lms.url}/roster?page=2&Cursor=AbCdEf>; rel="Next"`);
    await walk();
    expect(world.lms.hits).toContain('/roster?page=2&Cursor=AbCdEf');
  });

  test('to another origin end the walk, and the token never goes there', async () => {
    const thief = await startServer((_req, res) => void res.end(container([learner('x')])));
    serve([[learner('a')], [learner('b')]], () => `<${thief.url}/roster?page=2>; rel="next"`);
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'foreign-link' });
    expect(thief.hits).toEqual([]);
    await thief.close();
  });

  test('that are no address at all end the walk: it is not complete', async () => {
    serve([[learner('a')], [learner('b')]], () => '<http://>; rel="next"');
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'foreign-link' });
  });

  test('in a circle end the walk', async () => {
    serve([[learner('a')], [learner('b')], []], () => `<${world.lms.url}/roster?page=2>; rel="next"`);
    const walked = await walk();
    expect(walked.result).toMatchObject({ ok: false, reason: 'page-loop' });
    expect(world.lms.count('/roster')).toBe(2);
  });

  test('without an end stop at the page limit', async () => {
    let page = 1;
    world.lms.on('/roster', (_req, res) => {
      page += 1;
      res.setHeader('Link', `<${world.lms.url}/roster?page=${page}>; rel="next"`).end(container([learner(page)]));
    });
    expect((await walk({ limits: { pages: 7 } })).result).toMatchObject({ ok: false, reason: 'too-many-pages' });
    expect(world.lms.count('/roster')).toBe(7);
  });

  test('stay on hosts of instructure.com for a school on hosted Canvas, whose tokens go nowhere else', async () => {
    for (const [rosterUrl, reason] of [
      ['https://school.instructure.com.evil.example/x', 'foreign-link'],
      ['https://evilinstructure.com/x', 'foreign-link'],
      ['http://school.instructure.com/x', 'foreign-link'],
      ['https://user@school.instructure.com/x', 'foreign-link'],
      // Allowed, so that the request is made; it fails as this client knows no way there.
      ['https://school.instructure.com/x', 'unreachable'],
    ] as const) {
      const hosted = { issuer: 'https://canvas.instructure.com', family: 'canvas', clientId: rosterUrl } as const;
      const { result } = await walk({ ...hosted, path: rosterUrl, limits: { retries: 0, pageTimeoutMs: 2_000 } });
      const reasons = reason === 'unreachable' ? ['unreachable', 'timeout'] : [reason];
      expect(reasons, rosterUrl).toContain(result.ok || result.reason);
    }
  });

  test('may lead to origins that verified launches recorded', async () => {
    const school = await startServer((_req, res) => void res.end(container([learner('x')])));
    const { result } = await walk({ path: `${school.url}/roster`, serviceOrigins: [school.url] });
    expect(result).toEqual({ ok: true, value: { pages: 1 } });
    await school.close();
  });
});

describe('an answer', () => {
  test.each([
    ['for another course', container([learner('a')], '3'), 'other-context'],
    ['without a context', JSON.stringify({ members: [] }), 'bad-answer'],
    ['without members', JSON.stringify({ context: { id: '2' } }), 'bad-answer'],
    ['that is no JSON', '<html>Log in</html>', 'bad-answer'],
    ['cut off', container([learner('a')]).slice(0, -5), 'bad-answer'],
  ])('%s ends the walk', async (_what, body, reason) => {
    world.lms.on('/roster', (_req, res) => void res.end(body));
    expect((await walk()).result).toMatchObject({ ok: false, reason });
  });

  test('may give the context ID as a number', async () => {
    world.lms.on('/roster', (_req, res) => void res.end(container([learner('a')], 2)));
    expect((await walk()).members).toHaveLength(1);
  });

  test('over the byte or the member limit ends the walk', async () => {
    serve([Array.from({ length: 50 }, (_, n) => learner(`user-${n}`))]);
    expect((await walk({ limits: { pageBytes: 500 } })).result).toMatchObject({ ok: false, reason: 'too-large' });
    const limited = await walk({ clientId: 'c2', limits: { members: 49 } });
    expect(limited.result).toMatchObject({ ok: false, reason: 'too-large' });
    expect(limited.pages).toEqual([]);
  });

  test('that never ends is given up', async () => {
    world.lms.on('/roster', () => {});
    const { result } = await walk({ limits: { pageTimeoutMs: 100, retries: 1 } });
    expect(result).toMatchObject({ ok: false, reason: 'timeout' });
    expect(world.lms.count('/roster')).toBe(2);
  });
});

describe('an LMS that is busy or ill', () => {
  /** Fails so often on `/roster`, then answers. */
  function failFirst(times: number, status: number, headers: Record<string, string> = {}, body = '') {
    let failed = 0;
    world.lms.on('/roster', (req, res) => {
      if (failed++ >= times) return void res.end(container([learner('a')]));
      if (status === 0) return void req.socket.destroy();
      res.writeHead(status, headers).end(body);
    });
  }

  test.each([
    ['429', 429, {}, ''],
    ["Canvas's 403", 403, { 'content-type': 'text/plain' }, '403 Forbidden (Rate Limit Exceeded)'],
    ['403 with nothing left of the quota', 403, { 'x-rate-limit-remaining': '0.0' }, ''],
  ])('is waited for, longer each time, when it says so by %s', async (_what, status, headers, body) => {
    failFirst(3, status, headers, body);
    expect((await walk()).result).toMatchObject({ ok: true });
    expect(waits).toEqual([2_000, 4_000, 8_000]);
  });

  test('is waited for as long as it asks, in seconds or by a date', async () => {
    failFirst(1, 429, { 'retry-after': '120' });
    await walk();
    failFirst(1, 429, { 'retry-after': new Date(world.time.now + 30_000).toUTCString() });
    await walk({ clientId: 'c2' });
    expect(waits).toEqual([120_000, 30_000]);
  });

  test('is left alone when it asks for more than five minutes', async () => {
    failFirst(1, 429, { 'retry-after': '301' });
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'throttled' });
    expect(waits).toEqual([]);
  });

  test('is left alone when the walk has waited long enough in all', async () => {
    failFirst(1_000, 429);
    expect((await walk({ limits: { waitBudgetMs: 60_000 } })).result).toMatchObject({ ok: false, reason: 'throttled' });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
  });

  test.each([500, 502, 503, 0])('is asked again twice after a fault (%i)', async (status) => {
    failFirst(2, status);
    expect((await walk()).result).toMatchObject({ ok: true });
    expect(waits).toEqual([2_000, 4_000]);
    failFirst(3, status);
    const reason = status === 0 ? 'unreachable' : 'server-error';
    expect((await walk({ clientId: 'c2' })).result).toMatchObject({ ok: false, reason });
  });

  test('is asked once more with a new token after a 401, and then not again', async () => {
    let tokens = 0;
    world.lms.on('/token', (_req, res) => void res.end(JSON.stringify(tokenAnswer(`token-${++tokens}`))));
    world.lms.on('/roster', (req, res) => {
      if (req.headers.authorization !== 'Bearer token-2') return void res.writeHead(401).end();
      res.end(container([learner('a')]));
    });
    expect((await walk()).result).toMatchObject({ ok: true });
    world.lms.on('/roster', (_req, res) => void res.writeHead(401).end());
    const before = world.lms.count('/roster');
    expect((await walk({ clientId: 'c2' })).result).toMatchObject({ ok: false, reason: 'not-authorised' });
    expect(world.lms.count('/roster') - before).toBe(2);
  });

  test('that forbids is not asked again', async () => {
    failFirst(1, 403, {}, 'Forbidden');
    expect((await walk()).result).toMatchObject({ ok: false, reason: 'not-authorised' });
    expect(waits).toEqual([]);
  });

  test('is waited for when it refuses tokens for the moment', async () => {
    let asked = 0;
    world.lms.on('/token', (_req, res) => {
      if (asked++ === 0) return void res.writeHead(503).end();
      res.end(JSON.stringify(tokenAnswer('t')));
    });
    serve([[learner('a')]]);
    expect((await walk()).result).toMatchObject({ ok: true });
    expect(waits).toEqual([2_000]);
  });
});

describe('a walk', () => {
  test('ends when its signal aborts: between pages, in a request and in a pause', async () => {
    const between = new AbortController();
    serve([[learner('a')], [learner('b')]]);
    const first = await walk({ signal: between.signal, onPage: () => between.abort() });
    expect(first.result).toMatchObject({ ok: false, reason: 'interrupted' });

    const during = new AbortController();
    world.lms.on('/roster', () => during.abort());
    const second = await walk({ clientId: 'c2', signal: during.signal });
    expect(second.result).toMatchObject({ ok: false, reason: 'interrupted' });

    const pausing = new AbortController();
    world.lms.on('/roster', (_req, res) => void res.writeHead(503).end());
    const third = await walk({
      clientId: 'c3',
      signal: pausing.signal,
      sleep: async () => {
        pausing.abort();
        throw pausing.signal.reason;
      },
    });
    expect(third.result).toMatchObject({ ok: false, reason: 'interrupted' });
  });

  test('does not begin for a platform that is not active', async () => {
    expect((await walk({ status: 'pending' })).result).toMatchObject({ ok: false, reason: 'platform-inactive' });
    expect(world.lms.hits).toEqual([]);
  });

  test('lets other work run while a large answer is read', async () => {
    serve([Array.from({ length: 5_000 }, (_, n) => learner(`user-${n}`, { name: `Name ${n}` }))]);
    expect((await walk()).members).toHaveLength(5_000);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxCourse, SandboxLms } from '../../src/sandbox/sandbox.ts';
import { authorizationUrl, type Bench, fetchRoster, launch, startBench, takeToken, walkRoster } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe.each(['canvas', 'moodle'] as const)('the faults of the %s sandbox', (family) => {
  let lms: SandboxLms;
  let big: SandboxCourse;
  let url: string;
  let token: string;

  beforeAll(async () => {
    lms = bench.sandbox[family];
    big = lms.course('big');
    url = lms.rosterUrl(big.id);
    if (family === 'moodle') url += '?limit=50';
    token = await takeToken(lms, bench.tool);
  });
  beforeEach(() => {
    lms.faults.reset();
    lms.requests.reset();
    for (const course of lms.courses) lms.roster.reset(course.id);
  });

  it('answer an error as often as they were told', async () => {
    lms.faults.status = { code: 503, times: 2 };
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push((await fetchRoster(url, token)).status);
    expect(statuses).toEqual([503, 503, 200]);
  });

  it('can be set for one course', async () => {
    lms.faults.courses[lms.course('small').id] = { status: { code: 500, times: 1 } };
    expect((await fetchRoster(url, token)).status).toBe(200);
    expect((await fetchRoster(lms.rosterUrl(lms.course('small').id), token)).status).toBe(500);
  });

  it('throttle in the three ways', async () => {
    lms.faults.throttle = { kind: 'canvas-403', times: 1 };
    const old = await fetchRoster(url, token);
    expect([old.status, String(old.body).trim()]).toEqual([403, '403 Forbidden (Rate Limit Exceeded)']);
    expect(old.headers.get('content-type')).toContain('text/plain');
    lms.faults.throttle = { kind: '429', times: 1 };
    expect((await fetchRoster(url, token)).headers.get('retry-after')).toBeNull();
    lms.faults.throttle = { kind: '429-retry-after', times: 1, retryAfterSeconds: 7 };
    const last = await fetchRoster(url, token);
    expect([last.status, last.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('cut the connection in the middle of a page', async () => {
    lms.faults.cutPage = 2;
    const first = await fetchRoster(url, token);
    await expect(fetchRoster(first.next ?? '', token)).rejects.toThrow();
  });

  it('send half a body', async () => {
    lms.faults.badJson = true;
    await expect(fetchRoster(url, token)).rejects.toThrow(SyntaxError);
  });

  it('lead the last page back to the first', async () => {
    lms.faults.pageLoop = true;
    const pages = [];
    for (let next = url, page = 0; page < 4; page++) {
      const roster = await fetchRoster(next, token);
      pages.push(roster.body.members[0]?.user_id);
      next = roster.next ?? '';
    }
    expect(pages[3]).toBe(pages[0]);
  });

  it('go on without end', async () => {
    lms.faults.endless = true;
    let next: string | null = url;
    for (let page = 0; page < 8; page++) {
      const roster = await fetchRoster(next ?? '', token);
      expect(roster.body.members.length).toBeGreaterThan(0);
      next = roster.next;
    }
    expect(next).not.toBeNull();
  });

  it('lead to another origin and count the tokens that are brought there', async () => {
    lms.faults.foreignNext = true;
    const { next } = await fetchRoster(url, token);
    expect(new URL(next ?? '').origin).not.toBe(bench.sandbox.url);
    await fetchRoster(next ?? '', token);
    expect(lms.requests).toMatchObject({ foreign: 1, foreignWithToken: 1 });
  });

  it('empty the roster, shrink it, or swap its course', async () => {
    lms.faults.emptyRoster = true;
    expect(await walkRoster(url, token)).toEqual([]);
    lms.faults.reset();
    lms.faults.shrunk = 0.4;
    expect(await walkRoster(url, token)).toHaveLength(72);
    lms.faults.reset();
    lms.faults.otherContext = true;
    expect((await fetchRoster(url, token)).body.context.id).toBe(lms.course('small').contextId);
  });

  it('break keys and tokens', async () => {
    lms.faults.jwksDown = true;
    lms.faults.tokenDown = true;
    expect((await fetch(lms.registration.jwksUrl)).status).toBe(503);
    expect((await fetch(lms.registration.tokenUrl, { method: 'POST' })).status).toBe(503);
  });

  it('sign with a new key after a rotation and keep the old one published, unless told to forget it', async () => {
    const kids = async () =>
      ((await (await fetch(lms.registration.jwksUrl)).json()) as { keys: { kid: string }[] }).keys.map(
        (key) => key.kid,
      );
    const before = await kids();
    lms.rotateKeys();
    const after = await kids();
    expect(after.slice(0, 1)).toEqual(before.slice(-1));
    expect(after).toHaveLength(2);
    lms.rotateKeys(true);
    expect(await kids()).toHaveLength(1);
  });

  it('name a deployment nobody registered, or stamp early', () => {
    const { id, cast } = lms.course('small');
    const claim = 'https://purl.imsglobal.org/spec/lti/claim/deployment_id';
    lms.faults.unknownDeployment = true;
    const launched = launch(lms, { courseId: id, personId: cast.student });
    expect(lms.registration.deploymentIds).not.toContain(launched[claim]);
    lms.faults.reset();
    lms.faults.earlyIatMs = 290_000;
    const early = launch(lms, { courseId: id, personId: cast.student });
    expect(Date.now() / 1000 - Number(early.iat)).toBeGreaterThanOrEqual(290);
  });

  it('answer the tool with any error', () => {
    const { id, cast } = lms.course('small');
    lms.faults.launchError = { error: 'access_denied', description: 'No' };
    const url = authorizationUrl(lms, lms.loginForm({ courseId: id, personId: cast.student }));
    expect(lms.answerAuthorization(url)).toMatchObject({
      fields: { error: 'access_denied', error_description: 'No', state: 'the-state' },
    });
  });

  // Last: the token is gone afterwards.
  it('drop the token with a 401', async () => {
    lms.faults.unauthorized = 1;
    expect((await fetchRoster(url, token)).status).toBe(401);
    expect((await fetchRoster(url, token)).status).toBe(401);
    expect((await fetchRoster(url, await takeToken(lms, bench.tool))).status).toBe(200);
  });
});

describe('the roster control', () => {
  it('gives the same people after a restart', async () => {
    const other = await startBench();
    const ids = (lms: SandboxLms) => [...lms.course('big').enrolments.keys()];
    expect(ids(other.sandbox.canvas)).toEqual(ids(bench.sandbox.canvas));
    expect(ids(other.sandbox.moodle)).toEqual(ids(bench.sandbox.moodle));
    await other.close();
  });

  it('adds, changes, removes, shrinks and restores', () => {
    const { canvas } = bench.sandbox;
    const small = canvas.course('small');
    const person = canvas.roster.add(small.id, { role: 'assistant', person: { givenName: 'New' } });
    canvas.roster.setRole(small.id, person.id, 'student');
    canvas.roster.rename(person.id, { familyName: 'Name' });
    expect(small.enrolments.get(person.id)).toMatchObject({ roles: ['student'], person: { familyName: 'Name' } });
    canvas.roster.remove(small.id, person.id);
    expect(canvas.findPerson(person.id)).not.toBeNull();
    canvas.roster.add(small.id, { personId: person.id });
    expect(canvas.roster.shrink(small.id, 0.5)).toBe(15);
    canvas.roster.reset(small.id);
    expect(small.enrolments.size).toBe(33);
    expect(() => canvas.roster.setRole(small.id, person.id, 'manager')).toThrow('No role');
    expect(() => canvas.roster.remove('999', person.id)).toThrow('No course');
  });
});

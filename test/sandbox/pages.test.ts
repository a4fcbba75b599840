import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONTENT_ITEMS, LTI } from '../../src/sandbox/claim-names.ts';
import { authorizationUrl, type Bench, claimsOf, startBench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});
beforeEach(() => {
  for (const lms of [bench.sandbox.canvas, bench.sandbox.moodle]) {
    lms.faults.reset();
    for (const course of lms.courses) lms.roster.reset(course.id);
  }
});
afterAll(() => bench.close());

async function page(path: string): Promise<string> {
  const response = await fetch(bench.sandbox.url + path);
  expect(response.status).toBe(200);
  return response.text();
}

function submit(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams(fields);
  return fetch(bench.sandbox.url + path, { method: 'POST', body, redirect: 'manual', headers });
}

describe('the pages of the sandbox', () => {
  it('begin with both platforms and three people to be in each course', async () => {
    const text = await page('/');
    expect(text.match(/class="button (primary|plain)"/g)).toHaveLength(12);
    expect(text).toContain('Change the roster');
    expect(text).not.toMatch(/(src|href)="https?:\/\/(?!127\.0\.0\.1|localhost)/);
  });

  it.each(['/canvas/courses/101', '/moodle/course/view.php?id=2'])('show the tool in a frame: %s', async (path) => {
    const text = await page(path);
    const src = /class="tool"[^>]* src="([^"]+)"/.exec(text)?.[1]?.replaceAll('&#38;', '&') ?? '';
    expect(await page(src)).toContain(`action="${bench.tool.origin}/lti/login"`);
  });

  it('escape names in every place', async () => {
    const text = await page('/canvas/sandbox/roster?course=101');
    expect(text).toContain('&#60;b&#62;Bo&#60;/b&#62;');
    expect(text).not.toContain('<b>Bo</b>');
  });

  it('send people away who may not open the course', async () => {
    const { cast } = bench.sandbox.moodle.course('small');
    const response = await fetch(`${bench.sandbox.url}/moodle/sandbox/launch?course=2&as=${cast.inactive}`);
    expect(response.status).toBe(403);
  });

  it.each(['/canvas/courses/999', '/moodle/course/view.php?id=', '/moodle/sandbox/roster?course=%00', '/nowhere'])(
    'answer 404 to %s',
    async (path) => {
      expect((await fetch(bench.sandbox.url + path)).status).toBe(404);
    },
  );

  it('survive garbage', async () => {
    const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":' };
    expect((await fetch(`${bench.sandbox.url}/canvas/api/lti/registrations`, json)).status).toBe(400);
    expect((await fetch(`${bench.sandbox.url}/canvas/api/lti/courses/%E0%A4%A/names_and_roles`)).status).toBe(400);
    expect((await fetch(`${bench.sandbox.url}/moodle/mod/lti/token.php`, { method: 'POST' })).status).toBe(400);
  });

  it('change the roster by plain forms and say what comes next', async () => {
    const path = '/canvas/sandbox/roster?course=101';
    const small = bench.sandbox.canvas.course('small');
    expect((await submit(path, { action: 'add' })).status).toBe(303);
    expect(await page(path)).toContain('The next sync finds 31 people.');
    await submit(path, { action: 'shrink' });
    expect(await page(path)).toContain('The next sync finds 19 people.');
    await submit(path, { action: 'empty' });
    expect(await page(path)).toContain('The next sync finds nobody');
    await submit(path, { action: 'reset' });
    await submit(path, { action: 'role', person: small.cast.student, value: 'assistant' });
    expect(small.enrolments.get(small.cast.student)?.roles).toEqual(['assistant']);
    await submit(path, { action: 'remove', person: small.cast.student });
    expect(small.enrolments.has(small.cast.student)).toBe(false);
    expect((await submit(path, { action: 'remove', person: small.cast.student })).status).toBe(400);
  });

  it('switch failures on and off for one course', async () => {
    const path = '/moodle/sandbox/roster?course=2';
    const { faults } = bench.sandbox.moodle;
    await submit(path, { action: 'failures', calls: 'error', content: 'off', launch: 'login', privacy: 'anonymous' });
    expect(faults.courses['2']).toEqual({ status: { code: 503, times: 3 }, loginRequired: true, privacy: 'anonymous' });
    expect(await page(path)).toContain('<option value="error" selected>');
    await submit(path, { action: 'failures', calls: 'off', launch: 'off', privacy: 'off' });
    expect(faults.courses['2']).toEqual({});
  });

  it('take no orders from other sites', async () => {
    const path = '/canvas/sandbox/roster?course=101';
    expect((await submit(path, { action: 'shrink' }, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await submit(path, { action: 'shrink' }, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect(bench.sandbox.canvas.course('small').enrolments.size).toBe(33);
  });

  it('open the tool’s registration in a frame and confirm it afterwards', async () => {
    const url = `${bench.tool.origin}/lti/register`;
    const response = await submit('/moodle/sandbox/registration', { action: 'start', url });
    expect(await response.text()).toContain('openid_configuration=');
    const bad = await submit('/moodle/sandbox/registration', { action: 'start', url: 'javascript:alert(1)' });
    expect(await bad.text()).toContain('That is not a web address.');
  });

  it('keep what deep linking brings, when the tool signed it', async () => {
    const { canvas } = bench.sandbox;
    const { clientId, issuer, deploymentIds } = canvas.registration;
    const claims = {
      [`${LTI}message_type`]: 'LtiDeepLinkingResponse',
      [`${LTI}deployment_id`]: deploymentIds[0],
      [CONTENT_ITEMS]: [{ type: 'ltiResourceLink', title: 'A recording' }],
    };
    const sign = (audience: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: bench.tool.kid })
        .setIssuer(clientId)
        .setAudience(audience)
        .setExpirationTime('5m')
        .sign(bench.tool.key);
    await submit('/canvas/courses/101/deep_linking_response', { JWT: await sign(issuer) });
    expect(canvas.deepLinks.at(-1)).toMatchObject({ problem: null, items: [{ title: 'A recording' }] });
    await submit('/canvas/courses/101/deep_linking_response', { JWT: await sign('elsewhere') });
    expect(canvas.deepLinks.at(-1)?.problem).toContain('audience');
  });
});

describe('the control routes of the sandbox', () => {
  function steer(path: string, method: string, body?: unknown): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    const init = { method, ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }) };
    return fetch(`${bench.sandbox.url}/control${path}`, init);
  }

  it('tell the state and set switches', async () => {
    const state = (await (await steer('/canvas', 'GET')).json()) as { courses: { key: string; listed: number }[] };
    expect(state.courses.map(({ key, listed }) => [key, listed])).toEqual([
      ['small', 30],
      ['big', 120],
    ]);
    await steer('/canvas/faults', 'PATCH', { slowMs: 5, courses: { 101: { emptyRoster: true } } });
    expect(bench.sandbox.canvas.faults).toMatchObject({ slowMs: 5, courses: { 101: { emptyRoster: true } } });
    expect((await steer('/canvas/faults', 'PATCH', { noSuch: 1 })).status).toBe(400);
  });

  it('change rosters and put everything back', async () => {
    const added = (await (await steer('/moodle/roster', 'POST', { action: 'add', course: '2' })).json()) as {
      id: string;
    };
    expect(bench.sandbox.moodle.course('small').enrolments.has(added.id)).toBe(true);
    expect(
      (await steer('/moodle/roster', 'POST', { action: 'role', course: '2', person: added.id, role: 'x' })).status,
    ).toBe(400);
    await steer('/moodle/reset', 'POST');
    expect(bench.sandbox.moodle.course('small').enrolments.size).toBe(33);
  });
});

describe('the ways to open the tool from a course page', () => {
  it.each([
    ['/canvas', '101', 'content', 'LtiDeepLinkingRequest', undefined],
    ['/canvas', '101', 'visitor', 'LtiResourceLinkRequest', 'sub'],
    ['/moodle', '2', 'content', 'LtiDeepLinkingRequest', undefined],
  ])('%s/%s %s', async (family, course, variant, messageType, missing) => {
    const lms = bench.sandbox[family.slice(1) as 'canvas' | 'moodle'];
    const personId = lms.course('small').cast.instructor;
    const text = await page(`${family}/sandbox/launch?course=${course}&as=${personId}&variant=${variant}`);
    const inputs = [...text.matchAll(/name="([^"]+)" value="([^"]*)"/g)];
    const form = Object.fromEntries(inputs.map(([, name, value]) => [name, decodeHtml(value ?? '')]));
    const answer = lms.answerAuthorization(authorizationUrl(lms, form));
    const claims = claimsOf(answer.kind === 'post' ? (answer.fields.id_token ?? '') : '');
    expect(claims[`${LTI}message_type`]).toBe(messageType);
    if (missing) expect(claims).not.toHaveProperty(missing);
  });

  function decodeHtml(text: string): string {
    return text.replace(/&#(\d+);/g, (_whole, code: string) => String.fromCharCode(Number(code)));
  }
});

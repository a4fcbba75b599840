import { readFileSync } from 'node:fs';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NRPS_SCOPE, NRPS_TYPE } from '../../src/sandbox/claim-names.ts';
import { CONTEXT } from '../../src/sandbox/roles.ts';
import type { SandboxCourse, SandboxLms } from '../../src/sandbox/sandbox.ts';
import { type Bench, fetchRoster, requestToken, startBench, takeToken, walkRoster } from './support.ts';

let bench: Bench;
let moodle: SandboxLms;
let small: SandboxCourse;
let url: string;
let token: string;

beforeAll(async () => {
  bench = await startBench();
  moodle = bench.sandbox.moodle;
  small = moodle.course('small');
  url = moodle.rosterUrl(small.id);
  token = await takeToken(moodle, bench.tool);
});
beforeEach(() => {
  moodle.faults.reset();
  for (const course of moodle.courses) moodle.roster.reset(course.id);
});
afterAll(() => bench.close());

function sample<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../fixtures/moodle-4.5/${name}.json`, import.meta.url), 'utf8'));
}

const nowS = () => Math.floor(Date.now() / 1000);

describe('the token endpoint of the Moodle sandbox', () => {
  type Answer = { status: number; content_type: string; cache_control: null; body: string };
  const real = sample<Record<string, Answer>>('token-variants');

  async function compare(name: string, response: Response) {
    const body = (await response.text()).replace(/"access_token" : "[0-9a-f]{32}"/, '"access_token" : "…"');
    const got = { status: response.status, content_type: response.headers.get('content-type'), body };
    const { status, content_type } = real[name] as Answer;
    const stamp = /prior to [^"]+/;
    const wanted = (real[name] as Answer).body.replace(stamp, 'prior to …');
    expect({ ...got, body: got.body.replace(stamp, 'prior to …') }).toEqual({ status, content_type, body: wanted });
    expect(response.headers.get('cache-control')).toBeNull();
  }

  it.each([
    ['normal', {}],
    ['aud wrong', { claims: { aud: 'https://elsewhere.example/' } }],
    ['no aud', { claims: { aud: undefined } }],
    ['iss wrong', { claims: { iss: 'somebody' } }],
    ['no jti', { claims: { jti: undefined } }],
    ['sub unknown', { claims: { sub: 'nobody' } }],
    ['expired', { claims: { iat: nowS() - 600, exp: nowS() - 60 } }],
    ['iat 60 s ahead', { claims: { iat: nowS() + 60, exp: nowS() + 120 } }],
    ['unknown kid', { kid: 'other' }],
    ['no kid', { kid: null }],
    ['scope not granted', { form: { scope: 'https://purl.imsglobal.org/spec/lti-ags/scope/score' } }],
    ['scopes mixed', { form: { scope: `${NRPS_SCOPE} https://purl.imsglobal.org/spec/lti-ags/scope/score` } }],
    ['grant wrong', { form: { grant_type: 'password' } }],
  ])('answers "%s" as a real Moodle 4.5', async (name, changes) => {
    await compare(name, await requestToken(moodle, bench.tool, changes));
  });

  it('answers a wrong key as a real Moodle 4.5', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await compare('wrong key, known kid', await requestToken(moodle, bench.tool, { key: privateKey }));
  });

  it('keeps the tool’s keys, and shows an error page when it cannot get them', async () => {
    const before = bench.tool.jwksRequests;
    await requestToken(moodle, bench.tool);
    expect(bench.tool.jwksRequests).toBe(before);
    bench.tool.jwksDown = true;
    const response = await requestToken(moodle, bench.tool, { kid: 'fresh' });
    bench.tool.jwksDown = false;
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('<html>');
  });
});

describe('the roster of the Moodle sandbox', () => {
  type Sample = { json: { members: Record<string, unknown>[] } };

  it('comes whole, without a Link header, in the shape of a real Moodle 4.5', async () => {
    const roster = await fetchRoster(url, token);
    const real = sample<Sample>('nrps-LTI30-full').json;
    expect(roster.body.members).toHaveLength(30);
    expect(roster.headers.get('link')).toBeNull();
    expect(roster.headers.get('content-type')).toBe(`${NRPS_TYPE}; charset=utf-8`);
    expect(Object.keys(roster.body)).toEqual(Object.keys(real));
    expect(Object.keys(roster.body.members[0] ?? {})).toEqual(Object.keys(real.members[0] ?? {}));
  });

  it('has the shapes of hidden names, of a resource link and of the older JSON-LD', async () => {
    const withLink = await fetchRoster(`${url}?rlid=${small.resourceLinkId}`, token);
    const realLink = sample<Sample>('nrps-LTI30-rlid').json.members[0] ?? {};
    expect(Object.keys(withLink.body.members[0] ?? {})).toEqual(Object.keys(realLink));
    expect(withLink.body.members[0]?.message).toEqual(realLink.message);
    const old = await fetchRoster(url, token, 'application/vnd.ims.lis.v2.membershipcontainer+json');
    const realOld = sample<{ json: object }>('nrps-LTI30-v1-jsonld').json;
    expect(Object.keys(old.body)).toEqual(Object.keys(realOld));
    moodle.faults.privacy = 'anonymous';
    const hidden = await fetchRoster(url, token);
    const realHidden = sample<Sample>('nrps-LTI30-names-not-shared').json.members[0] ?? {};
    expect(Object.keys(hidden.body.members[0] ?? {})).toEqual(Object.keys(realHidden));
  });

  it('writes JSON as PHP does and escapes names for HTML', async () => {
    const response = await fetch(url, { headers: { Authorization: `Bearer ${token}`, Accept: '*/*' } });
    const text = await response.text();
    expect(text).toContain("Conan O'Brien &amp; S\\u00f6hne");
    expect(text).toContain('A &lt; B C &gt; D');
    expect(text).toContain('http:\\/\\/127.0.0.1');
    expect(/[^\x20-\x7e]/.test(text)).toBe(false);
  });

  it('lists the non-editing teacher as a learner and the enrolled administrator with an odd URI', async () => {
    moodle.roster.add(small.id, { personId: small.cast.admin, role: 'student' });
    const { members } = (await fetchRoster(url, token)).body;
    const rolesOf = (id: string) => members.find((member) => member.user_id === id)?.roles;
    expect(rolesOf(small.cast.assistant)).toEqual(['Learner']);
    expect(rolesOf(small.cast.instructor)).toEqual(['Instructor']);
    expect(rolesOf(small.cast.twoRoles)).toEqual(['Instructor']);
    const real = sample<Record<string, unknown>[]>('nrps-admin-and-manager-enrolled')[1];
    expect(rolesOf(small.cast.admin)).toEqual(real?.roles);
  });

  it('leaves out suspended, expired and future enrolments, and keeps suspended accounts', async () => {
    const ids = (await fetchRoster(url, token)).body.members.map((member) => member.user_id);
    for (const part of ['invited', 'inactive', 'completed', 'admin'] as const)
      expect(ids).not.toContain(small.cast[part]);
    expect(ids).toContain(small.cast.testStudent);
  });

  it('is sorted by last name, then first name', async () => {
    const { members } = (await fetchRoster(url, token)).body;
    const names = members.map((member) => `${member.family_name}`);
    expect(names).toEqual([...names].sort(new Intl.Collator('en').compare));
  });

  it('pages when asked, and loses the role on the way', async () => {
    const page = await fetchRoster(`${url}?role=Learner&limit=10`, token);
    expect(page.headers.get('link')).toBe(`<${url}?limit=10&from=10>; rel="next"`);
    expect(await walkRoster(`${url}?limit=10`, token)).toHaveLength(30);
    const walked = await walkRoster(`${url}?role=Learner&limit=10`, token);
    expect(walked).toHaveLength(30);
    expect((await fetchRoster(`${url}?role=Learner`, token)).body.members).toHaveLength(27);
    expect((await fetchRoster(`${url}?rlid=${small.resourceLinkId}&limit=10`, token)).next).toContain('&rlid=');
  });

  it('skips somebody when a person leaves between two pages', async () => {
    const first = await fetchRoster(`${url}?limit=10`, token);
    moodle.roster.remove(small.id, String(first.body.members[0]?.user_id));
    const rest = await walkRoster(first.next ?? '', token);
    expect(first.body.members.length + rest.length).toBe(29);
  });

  it.each([
    ['role=Instructor', 3],
    [`role=${encodeURIComponent(CONTEXT.instructor)}`, 3],
    ['role=Mentor', 30],
    ['limit=0', 30],
    ['limit=-1', 30],
    ['limit=abc', 30],
    ['from=25', 30],
    ['limit=10&from=25', 5],
  ])('answers ?%s with %i people', async (query, count) => {
    expect((await fetchRoster(`${url}?${query}`, token)).body.members).toHaveLength(count);
  });

  it('refuses odd Accept headers as a real Moodle does', async () => {
    const real = sample<Record<string, { accept: string; status: number }>>('nrps-accept-variants');
    for (const { accept, status } of Object.values(real)) {
      if (accept === '') continue;
      expect([accept, (await fetchRoster(url, token, accept)).status]).toEqual([accept, status]);
    }
  });

  it('answers errors with the request in them', async () => {
    const bad = await fetchRoster(url, 'nonsense');
    expect(bad.status).toBe(401);
    expect(bad.headers.get('www-authenticate')).toBeNull();
    expect(bad.body).toMatchObject({ status: 401, reason: 'Unauthorized', request: { method: 'GET' } });
    expect((await fetchRoster(moodle.rosterUrl('99999'), token)).status).toBe(404);
    expect((await fetchRoster(url.replace('bindings/1', 'bindings/77'), token)).status).toBe(401);
    expect((await fetchRoster(`${url}?rlid=999`, token)).status).toBe(404);
    const post = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    expect(post.status).toBe(405);
  });

  it('gives any course’s roster for the tool’s one token', async () => {
    expect(await walkRoster(moodle.rosterUrl(moodle.course('big').id), token)).toHaveLength(120);
  });
});

import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LTI, NRPS_SCOPE, NRPS_TYPE } from '../../src/sandbox/claim-names.ts';
import { CONTEXT, INSTITUTION, SYSTEM } from '../../src/sandbox/roles.ts';
import type { SandboxCourse, SandboxLms } from '../../src/sandbox/sandbox.ts';
import { type Bench, fetchRoster, launch, requestToken, startBench, takeToken, walkRoster } from './support.ts';

let bench: Bench;
let canvas: SandboxLms;
let small: SandboxCourse;
let big: SandboxCourse;
let token: string;

beforeAll(async () => {
  bench = await startBench();
  canvas = bench.sandbox.canvas;
  small = canvas.course('small');
  big = canvas.course('big');
  token = await takeToken(canvas, bench.tool);
});
beforeEach(() => {
  canvas.faults.reset();
  for (const course of canvas.courses) canvas.roster.reset(course.id);
});
afterAll(() => bench.close());

const nowS = () => Math.floor(Date.now() / 1000);

describe('the token endpoint of the Canvas sandbox', () => {
  it('gives a JWT that lives an hour, with the granted scope', async () => {
    const response = await requestToken(canvas, bench.tool);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: NRPS_SCOPE,
    });
  });

  it('takes an audience list that has the token URL in it', async () => {
    const claims = { aud: ['elsewhere', canvas.registration.tokenUrl] };
    expect((await requestToken(canvas, bench.tool, { claims })).status).toBe(200);
  });

  it.each([
    ['the issuer as audience', () => ({ aud: canvas.registration.issuer }), "the 'aud' is invalid"],
    ['an old stamp', () => ({ iat: nowS() - 301 }), "the 'iat' must be less than 300 seconds old"],
    ['a stamp ahead', () => ({ iat: nowS() + 60 }), "the 'iat' must not be in the future"],
    ['no jti', () => ({ jti: undefined }), 'the following assertions are missing: jti'],
    ['a past expiry', () => ({ exp: nowS() - 1 }), 'the JWT has expired'],
  ])('refuses %s', async (_what, claims, description) => {
    const response = await requestToken(canvas, bench.tool, { claims: claims() });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_client', error_description: description });
  });

  it('refuses a signature by another key, and asks the tool for its keys each time', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const before = bench.tool.jwksRequests;
    const response = await requestToken(canvas, bench.tool, { key: privateKey });
    expect(await response.json()).toMatchObject({ error_description: 'JWS signature invalid.' });
    expect(bench.tool.jwksRequests).toBe(before + 1);
  });

  it('says so when the tool’s key set is down', async () => {
    bench.tool.jwksDown = true;
    const response = await requestToken(canvas, bench.tool);
    bench.tool.jwksDown = false;
    expect(await response.json()).toMatchObject({ error_description: expect.stringContaining('JWK Error') });
  });

  it('refuses a scope that was withdrawn, and an unknown client', async () => {
    canvas.faults.scopeNotGranted = true;
    expect(await (await requestToken(canvas, bench.tool)).json()).toMatchObject({ error: 'invalid_scope' });
    const stranger = await requestToken(canvas, bench.tool, { claims: { sub: 'nobody' } });
    expect(stranger.status).toBe(401);
  });
});

describe('the roster of the Canvas sandbox', () => {
  it('has fifty people a page and the five link relations', async () => {
    const first = await fetchRoster(canvas.rosterUrl(big.id), token);
    expect(first.headers.get('content-type')).toBe(`${NRPS_TYPE}; charset=utf-8`);
    expect(first.body.members).toHaveLength(50);
    const relations = (link: string | null) => [...(link ?? '').matchAll(/rel="(\w+)"/g)].map((match) => match[1]);
    expect(relations(first.headers.get('link'))).toEqual(['current', 'next', 'first', 'last']);
    const second = await fetchRoster(first.next ?? '', token);
    expect(relations(second.headers.get('link'))).toEqual(['current', 'next', 'prev', 'first', 'last']);
    expect(await walkRoster(canvas.rosterUrl(big.id), token)).toHaveLength(120);
  });

  it.each([
    ['limit=10', 10],
    ['limit=51', 50],
    ['limit=0', 50],
    ['limit=-3', 50],
    ['limit=many', 50],
  ])('reads %s as %i a page', async (query, size) => {
    const page = await fetchRoster(`${canvas.rosterUrl(big.id)}?${query}`, token);
    expect(page.body.members).toHaveLength(size);
    expect(page.next).toContain(`per_page=${size}`);
  });

  it('is sorted by the internal number, one member per person', async () => {
    const members = await walkRoster(canvas.rosterUrl(big.id), token);
    const numbers = members.map((member) => canvas.findPerson(String(member.user_id))?.number ?? 0);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(members.map((member) => member.user_id)).size).toBe(120);
  });

  it('lists active enrolments only', async () => {
    const ids = (await walkRoster(canvas.rosterUrl(small.id), token)).map((member) => member.user_id);
    expect(ids).toHaveLength(30);
    for (const part of ['invited', 'inactive', 'completed', 'admin'] as const)
      expect(ids).not.toContain(small.cast[part]);
    canvas.roster.setState(small.id, small.cast.student, 'inactive');
    canvas.roster.setState(small.id, small.cast.invited, 'active');
    const after = (await walkRoster(canvas.rosterUrl(small.id), token)).map((member) => member.user_id);
    expect(after).not.toContain(small.cast.student);
    expect(after).toContain(small.cast.invited);
  });

  it('gives course roles only, the assistant’s two and the Test Student’s mark among them', async () => {
    const members = await walkRoster(canvas.rosterUrl(small.id), token);
    const rolesOf = (id: string) => members.find((member) => member.user_id === id)?.roles;
    expect(rolesOf(small.cast.assistant)).toEqual([CONTEXT.teachingAssistant, CONTEXT.instructor]);
    expect(rolesOf(small.cast.testStudent)).toEqual([CONTEXT.learner, SYSTEM.testUser]);
    expect(rolesOf(small.cast.teachesElsewhere)).toEqual([CONTEXT.learner]);
    expect(rolesOf(small.cast.observer)).toEqual([CONTEXT.mentor]);
    expect(rolesOf(small.cast.designer)).toEqual([CONTEXT.contentDeveloper]);
  });

  it.each([
    [CONTEXT.instructor, 3],
    [CONTEXT.teachingAssistant, 2],
    [INSTITUTION.instructor, 0],
    ['Instructor', 0],
  ])('filters by the whole URI: %s gives %i', async (role, count) => {
    const page = await fetchRoster(`${canvas.rosterUrl(small.id)}?role=${encodeURIComponent(role)}`, token);
    expect(page.body.members).toHaveLength(count);
  });

  it('adds each member’s custom parameters for the course’s own resource link', async () => {
    const page = await fetchRoster(`${canvas.rosterUrl(small.id)}?rlid=${small.contextId}&limit=5`, token);
    const [message] = (page.body.members[0]?.message ?? []) as Record<string, unknown>[];
    expect(message).toMatchObject({ [`${LTI}custom`]: { section_ids: expect.stringMatching(/^101[12]$/) } });
    expect(message?.[`${LTI}custom`]).not.toHaveProperty('canvas_membership_roles');
    expect(page.next).toContain('rlid=');
    expect((await fetchRoster(`${canvas.rosterUrl(small.id)}?rlid=other`, token)).status).toBe(400);
  });

  it('knows people by the same ID as the launch, merged ones too', async () => {
    canvas.roster.setFormerId(small.id, small.cast.student, 'old-id');
    const ids = (await walkRoster(canvas.rosterUrl(small.id), token)).map((member) => member.user_id);
    expect(ids).toContain(launch(canvas, { courseId: small.id, personId: small.cast.student }).sub);
  });

  it('hides names and addresses by privacy level', async () => {
    canvas.faults.privacy = 'anonymous';
    const [member] = (await fetchRoster(canvas.rosterUrl(small.id), token)).body.members;
    expect(Object.keys(member ?? {}).sort()).toEqual(['lti11_legacy_user_id', 'roles', 'status', 'user_id']);
  });

  it('refuses tokens it does not know and courses it does not have', async () => {
    expect((await fetchRoster(canvas.rosterUrl(small.id), 'nonsense')).status).toBe(401);
    expect((await fetchRoster(canvas.rosterUrl('999'), token)).status).toBe(404);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LTI, NRPS_CLAIM } from '../../src/sandbox/claim-names.ts';
import { CONTEXT, INSTITUTION, SYSTEM } from '../../src/sandbox/roles.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { authorizationUrl, type Bench, claimsOf, launch, startBench } from './support.ts';

let bench: Bench;
let canvas: SandboxLms;
let now = Date.parse('2026-11-22T10:00:00Z');

beforeAll(async () => {
  bench = await startBench({ clock: () => now });
  canvas = bench.sandbox.canvas;
});
beforeEach(() => {
  canvas.faults.reset();
  canvas.roster.reset(canvas.course('small').id);
});
afterAll(() => bench.close());

function student() {
  const { id, cast } = canvas.course('small');
  return { courseId: id, personId: cast.student };
}

function rolesOf(part: 'instructor' | 'assistant' | 'testStudent' | 'teachesElsewhere' | 'observer' | 'admin') {
  const { id, cast } = canvas.course('small');
  return launch(canvas, { courseId: id, personId: cast[part] })[`${LTI}roles`] as string[];
}

describe('the login initiation of the Canvas sandbox', () => {
  it('has the nine fields that Canvas posts', () => {
    expect(Object.keys(canvas.loginForm(student())).sort()).toEqual([
      'canvas_environment',
      'canvas_region',
      'client_id',
      'iss',
      'login_hint',
      'lti_deployment_id',
      'lti_message_hint',
      'lti_storage_target',
      'target_link_uri',
    ]);
  });

  it('carries a signed message hint that cannot be changed', () => {
    const form = canvas.loginForm(student());
    const answer = canvas.answerAuthorization(
      authorizationUrl(canvas, { ...form, lti_message_hint: `${form.lti_message_hint}x` }),
    );
    expect(answer).toMatchObject({ kind: 'page', message: 'Invalid lti_message_hint' });
  });

  it('refuses people whom Canvas would not let into the course', () => {
    const { id, cast } = canvas.course('small');
    expect(() => canvas.loginForm({ courseId: id, personId: cast.inactive })).toThrow('may not open');
    expect(() => canvas.loginForm({ courseId: id, personId: cast.invited })).not.toThrow();
  });
});

describe('the authorization answer of the Canvas sandbox', () => {
  it('posts the id_token and the state, stamped when the login began, for one hour', () => {
    const begun = now;
    const form = canvas.loginForm(student());
    now += 200_000;
    const answer = canvas.answerAuthorization(authorizationUrl(canvas, form));
    expect(answer).toMatchObject({ kind: 'post', fields: { state: 'the-state' } });
    const claims = claimsOf((answer as { fields: Record<string, string> }).fields.id_token ?? '');
    expect(claims).toMatchObject({ iat: begun / 1000, exp: begun / 1000 + 3600, nonce: 'the-nonce' });
    expect(claims.aud).toBe(claims.azp);
  });

  it('repeats the storage target when the tool sent it back', () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()), {
      lti_storage_target: 'post_message_forwarding',
    });
    expect(canvas.answerAuthorization(url)).toMatchObject({
      fields: { lti_storage_target: 'post_message_forwarding' },
    });
  });

  it('answers a second use of the hint with launch_no_longer_valid', () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()));
    canvas.answerAuthorization(url);
    expect(canvas.answerAuthorization(url)).toMatchObject({
      kind: 'post',
      fields: { error: 'launch_no_longer_valid', state: 'the-state' },
    });
  });

  it('does not take a hint that is older than five minutes', () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()));
    now += 301_000;
    expect(canvas.answerAuthorization(url)).toMatchObject({ kind: 'page', message: 'Invalid lti_message_hint' });
  });

  it.each(['prompt', 'nonce', 'response_mode', 'login_hint'])('posts an error when %s is missing', (name) => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()), { [name]: null });
    expect(canvas.answerAuthorization(url)).toMatchObject({ fields: { error: 'invalid_request_object' } });
  });

  it('does not miss a state', () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()), { state: null });
    const answer = canvas.answerAuthorization(url);
    expect(Object.keys((answer as { fields: object }).fields)).toEqual(['id_token']);
  });

  it('shows a page of its own for a redirect URI that is not registered', () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()), { redirect_uri: 'https://evil.example/launch' });
    expect(canvas.answerAuthorization(url)).toMatchObject({ kind: 'page', message: 'Invalid redirect_uri' });
  });

  it('ignores the query of the redirect URI', () => {
    const redirect = `${canvas.registrations.list()[0]?.tool.redirectUris[0]}?placement=course_navigation`;
    const url = authorizationUrl(canvas, canvas.loginForm(student()), { redirect_uri: redirect });
    expect(canvas.answerAuthorization(url)).toMatchObject({ kind: 'post', action: redirect });
  });

  it('posts login_required for another user and when the session is gone', () => {
    const other = authorizationUrl(canvas, canvas.loginForm(student()), { login_hint: 'somebody-else' });
    expect(canvas.answerAuthorization(other)).toMatchObject({ fields: { error: 'login_required' } });
    canvas.faults.loginRequired = true;
    const url = authorizationUrl(canvas, canvas.loginForm(student()));
    expect(canvas.answerAuthorization(url)).toMatchObject({ fields: { error: 'login_required' } });
  });

  it('is a form that posts itself when asked over HTTP, by GET and by POST', async () => {
    const get = await fetch(authorizationUrl(canvas, canvas.loginForm(student())));
    expect(await get.text()).toContain('name="id_token"');
    const url = new URL(authorizationUrl(canvas, canvas.loginForm(student())));
    const post = await fetch(canvas.registration.authUrl, { method: 'POST', body: url.searchParams });
    expect(await post.text()).toContain('name="id_token"');
  });

  it('escapes what the tool sent', async () => {
    const url = authorizationUrl(canvas, canvas.loginForm(student()), { state: '"><script>alert(1)</script>' });
    expect(await (await fetch(url)).text()).not.toContain('<script>alert');
  });
});

describe('the claims of a Canvas sandbox launch', () => {
  it('are about the course, with the context ID as resource link ID', () => {
    const claims = launch(canvas, student());
    const { contextId, title, label } = canvas.course('small');
    expect(claims[`${LTI}context`]).toEqual({
      id: contextId,
      label,
      title,
      type: ['http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering'],
    });
    expect(claims[`${LTI}resource_link`]).toMatchObject({ id: contextId });
    expect(contextId).toMatch(/^[0-9a-f]{40}$/);
    expect(claims[NRPS_CLAIM]).toEqual({
      context_memberships_url: canvas.rosterUrl(canvas.course('small').id),
      service_versions: ['2.0'],
    });
  });

  it('give a teaching assistant the principal role too', () => {
    expect(rolesOf('assistant')).toEqual(expect.arrayContaining([CONTEXT.teachingAssistant, CONTEXT.instructor]));
  });

  it('repeat roles from elsewhere in the institution', () => {
    const roles = rolesOf('teachesElsewhere');
    expect(roles).toEqual(expect.arrayContaining([CONTEXT.learner, INSTITUTION.instructor, SYSTEM.user]));
    expect(roles).not.toContain(CONTEXT.instructor);
    expect(roles).toEqual([...roles].sort());
  });

  it('mark the Test Student, the observer and the administrator without a course role', () => {
    expect(rolesOf('testStudent')).toEqual(expect.arrayContaining([CONTEXT.learner, SYSTEM.testUser]));
    expect(rolesOf('observer')).toContain(CONTEXT.mentor);
    expect(rolesOf('admin')).toEqual([INSTITUTION.administrator, SYSTEM.sysAdmin, SYSTEM.user]);
  });

  it('have no subject for an anonymous visitor', () => {
    const claims = launch(canvas, { ...student(), overrides: { anonymous: true } });
    expect(claims).not.toHaveProperty('sub');
    expect(claims[`${LTI}roles`]).toEqual([]);
  });

  it('have the ID from before a merge when the course knows the person by it', () => {
    canvas.roster.setFormerId(student().courseId, student().personId, 'old-id');
    expect(launch(canvas, student()).sub).toBe('old-id');
  });

  it('tell of the person what the privacy level lets out', () => {
    expect(launch(canvas, student())).toHaveProperty('picture');
    canvas.faults.privacy = 'name_only';
    const named = launch(canvas, student());
    expect(named).toHaveProperty('name');
    expect(named).not.toHaveProperty('email');
    canvas.faults.privacy = 'email_only';
    expect(launch(canvas, student())).not.toHaveProperty('name');
    canvas.faults.privacy = 'anonymous';
    const hidden = launch(canvas, student());
    expect(hidden).not.toHaveProperty('email');
    expect(hidden).toHaveProperty('sub');
  });

  it('expand custom variables and leave unknown ones as they are', () => {
    const registration = canvas.registrations.list()[0];
    if (registration) registration.custom = { ...registration.custom, wish: '$Canvas.no.such' };
    const custom = launch(canvas, student())[`${LTI}custom`];
    expect(custom).toMatchObject({
      wish: '$Canvas.no.such',
      canvas_membership_roles: 'StudentEnrollment',
      course_id: 101,
    });
  });

  it('lack the roster at account level, when it is switched off, and when the scope was withdrawn', () => {
    expect(launch(canvas, { ...student(), overrides: { withoutContext: true } })).not.toHaveProperty([NRPS_CLAIM]);
    canvas.faults.courses[student().courseId] = { noRosterClaim: true };
    expect(launch(canvas, student())).not.toHaveProperty([NRPS_CLAIM]);
    canvas.faults.reset();
    canvas.faults.scopeNotGranted = true;
    expect(launch(canvas, student())).not.toHaveProperty([NRPS_CLAIM]);
  });

  it('have deep linking settings and no resource link when content is asked for', () => {
    const claims = launch(canvas, { ...student(), messageType: 'LtiDeepLinkingRequest' });
    expect(claims).toHaveProperty(['https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings']);
    expect(claims).not.toHaveProperty([`${LTI}resource_link`]);
  });

  it('may be forged by a test', () => {
    const claims = canvas.buildClaims({
      ...student(),
      nonce: 'n',
      overrides: { claims: { iss: 'x', sub: undefined } },
    });
    expect(claims).toMatchObject({ iss: 'x', nonce: 'n' });
    expect(claims).not.toHaveProperty('sub');
    const unsigned = canvas.signIdToken(claims, { alg: 'none', kid: null });
    expect(unsigned.endsWith('.')).toBe(true);
  });
});

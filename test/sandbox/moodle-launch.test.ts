import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LTI, NRPS_CLAIM } from '../../src/sandbox/claim-names.ts';
import type { Cast } from '../../src/sandbox/course.ts';
import { CONTEXT } from '../../src/sandbox/roles.ts';
import type { LoginOptions, SandboxLms } from '../../src/sandbox/sandbox.ts';
import { authorizationUrl, type Bench, claimsOf, launch, startBench } from './support.ts';

let bench: Bench;
let moodle: SandboxLms;
const now = Date.parse('2026-11-22T10:00:00Z');

beforeAll(async () => {
  bench = await startBench({ clock: () => now });
  moodle = bench.sandbox.moodle;
});
beforeEach(() => moodle.faults.reset());
afterAll(() => bench.close());

function as(part: keyof Cast): LoginOptions {
  const { id, cast } = moodle.course('small');
  return { courseId: id, personId: cast[part] };
}

type Sample = {
  login_initiation: { params: Record<string, string> };
  id_token_header: object;
  id_token_claims: Record<string, unknown>;
};

function sample(name: string): Sample {
  return JSON.parse(readFileSync(new URL(`../fixtures/moodle-4.5/launch-LTI30-${name}.json`, import.meta.url), 'utf8'));
}

/** The names of a value's fields, all the way down; lists are taken as they are. */
function shape(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return Array.isArray(value) ? 'list' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shape(part)]));
}

describe('a Moodle sandbox launch beside one of a real Moodle 4.5', () => {
  const parts = [
    ['teacher1', 'instructor'],
    ['tutor1', 'assistant'],
    ['student1', 'student'],
    ['manager1', 'designer'],
    ['both1', 'twoRoles'],
    ['admin', 'admin'],
  ] as const;

  it.each(parts)('has the fields of %s', (name, part) => {
    const registration = moodle.registrations.list()[0];
    if (registration) registration.custom = {};
    const claims = launch(moodle, as(part));
    expect(shape(claims)).toEqual(shape(sample(name).id_token_claims));
  });

  it.each(parts)('has the roles of %s', (name, part) => {
    expect(launch(moodle, as(part))[`${LTI}roles`]).toEqual(sample(name).id_token_claims[`${LTI}roles`]);
  });

  it('has the same login fields and token header', () => {
    const form = moodle.loginForm(as('student'));
    const real = sample('student1');
    expect(Object.keys(form)).toEqual(Object.keys(real.login_initiation.params));
    expect(Object.keys(JSON.parse(form.lti_message_hint ?? '{}'))).toEqual(['cmid', 'launchid']);
    const answer = moodle.answerAuthorization(authorizationUrl(moodle, form));
    const header = JSON.parse(
      Buffer.from((answer.kind === 'post' ? answer.fields.id_token : '')?.split('.')[0] ?? '', 'base64url').toString(),
    );
    expect(Object.keys(header)).toEqual(Object.keys(real.id_token_header));
  });

  it('lacks names as a real one does when they are not shared', () => {
    moodle.faults.privacy = 'anonymous';
    expect(shape(launch(moodle, as('student')))).toEqual(shape(sample('names-not-shared').id_token_claims));
  });

  it('makes a learner of a teacher who switched the role', () => {
    const claims = launch(moodle, { ...as('instructor'), overrides: { switchedToStudent: true } });
    expect(claims[`${LTI}roles`]).toEqual(sample('teacher1-switched-to-student').id_token_claims[`${LTI}roles`]);
    expect(claims.sub).toBe(moodle.course('small').cast.instructor);
  });
});

describe('a Moodle sandbox launch', () => {
  it('lives one minute, from the moment the tool came back', () => {
    expect(launch(moodle, as('student'))).toMatchObject({ iat: now / 1000, exp: now / 1000 + 60 });
  });

  it('doubles custom parameters whose names have capitals', () => {
    const registration = moodle.registrations.list()[0];
    if (registration) registration.custom = { timeZone: '$Person.address.timezone', odd: '$No.such' };
    expect(launch(moodle, as('student'))[`${LTI}custom`]).toMatchObject({
      timezone: 'Europe/London',
      timeZone: 'Europe/London',
      odd: '$No.such',
    });
  });

  it('writes locales with an underscore and in lower case', () => {
    const person = moodle.findPerson(moodle.course('small').cast.student);
    if (person) person.locale = 'pt-BR';
    const presentation = launch(moodle, as('student'))[`${LTI}launch_presentation`] as { locale: string };
    expect(presentation.locale).toBe('pt_br');
  });

  it('asks as the roster does when content is chosen: the non-editing teacher is a learner', () => {
    const claims = launch(moodle, { ...as('assistant'), messageType: 'LtiDeepLinkingRequest' });
    expect(claims[`${LTI}roles`]).toEqual([CONTEXT.learner]);
    expect(claims).not.toHaveProperty([`${LTI}resource_link`]);
  });

  it('has no roster claim when the service is off', () => {
    moodle.faults.noRosterClaim = true;
    const claims = launch(moodle, as('student'));
    expect(claims).not.toHaveProperty([NRPS_CLAIM]);
    expect(claims[`${LTI}custom`]).not.toHaveProperty('context_memberships_url');
  });
});

describe('auth.php of the Moodle sandbox', () => {
  it('takes each launch ID once, and then shows a page of its own', () => {
    const url = authorizationUrl(moodle, moodle.loginForm(as('student')));
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'post' });
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'page', message: 'Invalid request' });
  });

  it.each([
    ['scope', 'openid profile'],
    ['response_type', 'code'],
    ['nonce', null],
    ['lti_message_hint', '{"cmid":4}'],
    ['lti_message_hint', 'not json'],
    ['redirect_uri', 'https://evil.example/'],
  ])('shows its own page for a bad %s (%s)', (name, value) => {
    const url = authorizationUrl(moodle, moodle.loginForm(as('student')), { [name]: value });
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'page' });
  });

  it.each([
    ['response_mode', 'query', { error: 'invalid_request', error_description: 'Invalid response_mode' }],
    ['prompt', 'login', { error: 'invalid_request', error_description: 'Invalid prompt' }],
    ['login_hint', '4', { error: 'access_denied' }],
    ['client_id', 'another', { error: 'unauthorized_client' }],
  ])('posts an error for a bad %s', (name, value, fields) => {
    const redirect = moodle.registrations.list()[0]?.tool.redirectUris[0] ?? '';
    const changes = { redirect_uri: redirect, [name]: value };
    const url = authorizationUrl(moodle, moodle.loginForm(as('student')), changes);
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'post', fields: { ...fields, state: 'the-state' } });
  });

  it('compares redirect URIs whole, the query included', () => {
    const redirect = `${moodle.registrations.list()[0]?.tool.redirectUris[0]}?a=1`;
    const url = authorizationUrl(moodle, moodle.loginForm(as('student')), { redirect_uri: redirect });
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'page' });
  });

  it('does without a prompt', () => {
    const url = authorizationUrl(moodle, moodle.loginForm(as('student')), { prompt: null });
    expect(moodle.answerAuthorization(url)).toMatchObject({ kind: 'post' });
  });

  it('answers over HTTP with a form that the LMS alone may frame', async () => {
    const response = await fetch(authorizationUrl(moodle, moodle.loginForm(as('student'))));
    expect(response.headers.get('x-frame-options')).toBe('sameorigin');
    const token = /name="id_token" value="([^"]+)"/.exec(await response.text())?.[1] ?? '';
    expect(claimsOf(token).sub).toBe(moodle.course('small').cast.student);
  });
});

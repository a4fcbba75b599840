import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/lib/ids.ts';
import { createRegistrationInvites } from '../../src/lti/registration-invites.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { startTool, type Tool } from '../support/tool.ts';

let tool: Tool;
beforeAll(async () => {
  tool = await startTool();
});
afterAll(() => tool.close());

/** What a browser sends with a form of our own page. */
const ownPage = () => ({ 'sec-fetch-site': 'same-origin', origin: tool.url });

async function inviteUrl(activates = true): Promise<string> {
  const { invites } = tool.storage;
  const made = createRegistrationInvites({ invites, clock: Date.now, random: systemRandom, publicUrl: tool.url });
  return (await made.create({ ttlMs: 60_000, activates, note: null })).url;
}

/** Opens the page as the LMS does and reads its form. */
async function open(url: string) {
  const response = await fetch(url, { redirect: 'manual' });
  const html = await response.text();
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
  const form = Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]));
  return { status: response.status, headers: response.headers, html, form };
}

async function post(form: Record<string, string>, headers: Record<string, string> = ownPage()) {
  const response = await fetch(`${tool.url}/lti/register`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

async function newPlatform(lms: SandboxLms, known: Set<string>) {
  const platforms = await tool.storage.platforms.listPlatforms();
  return platforms.find((platform) => platform.issuer === lms.base && !known.has(platform.id));
}

async function knownPlatforms() {
  return new Set<string>((await tool.storage.platforms.listPlatforms()).map((platform) => platform.id));
}

describe.each(['moodle', 'canvas'] as const)('registering with a %s', (family) => {
  test('shows who asks for what, registers on a click, and the roster can be read', async () => {
    const lms = tool.sandbox[family];
    const known = await knownPlatforms();
    const page = await open(lms.startRegistration(await inviteUrl()));
    expect(page.status).toBe(200);
    expect(page.html).toContain(new URL(lms.base).host);
    expect(page.html.includes('course navigation')).toBe(family === 'canvas');
    expect(page.headers.get('content-security-policy')).toContain('frame-ancestors *');
    expect(await newPlatform(lms, known)).toBeUndefined();

    const done = await post(page.form);
    expect(done.status).toBe(200);
    expect(done.html).toContain('org.imsglobal.lti.close');
    expect(done.html).toContain(family === 'moodle' ? 'Activate' : 'Settings &gt; Navigation');

    const platform = await newPlatform(lms, known);
    expect(platform).toMatchObject({ status: 'active', family });
    if (!platform) return;
    expect(platform.deployments).toBe(family === 'moodle' ? 'listed' : 'learn');
    lms.activate(platform.clientId);
    const course = lms.course('small');
    const roster = await tool.app.engine.rosterPage(platform, lms.rosterUrl(course.id, platform.clientId));
    expect(roster).toMatchObject({ ok: true, value: { contextId: expect.any(String) } });
  });

  test('says what the operator has to run when the invite does not activate', async () => {
    const lms = tool.sandbox[family];
    const known = await knownPlatforms();
    const { form } = await open(lms.startRegistration(await inviteUrl(false)));
    const done = await post(form);
    const platform = await newPlatform(lms, known);
    expect(platform?.status).toBe('pending');
    expect(done.html).toContain(`rostrum platform activate ${platform?.id}`);
  });
});

describe('the registration page', () => {
  test('is refused without an invite, with a wrong one, and when a person opens it', async () => {
    const config = encodeURIComponent(`${tool.sandbox.moodle.base}/mod/lti/openid-configuration.php`);
    expect((await open(`${tool.url}/lti/register`)).status).toBe(400);
    expect((await open(`${tool.url}/lti/register?invite=no&openid_configuration=${config}`)).status).toBe(403);
    const opened = await open(await inviteUrl());
    expect(opened.status).toBe(400);
    expect(opened.html).toContain('opened by your learning management system');
    expect((await open(`${await inviteUrl()}&openid_configuration=${config}&openid_configuration=x`)).status).toBe(400);
  });

  test('repeats nothing of the request, and tells nobody what it could not reach', async () => {
    const page = await open(
      `${await inviteUrl()}&openid_configuration=${encodeURIComponent('http://127.0.0.1:1/<b>')}`,
    );
    expect(page.status).toBe(502);
    expect(page.html).not.toContain('<b>');
    expect(page.html).not.toContain('ECONNREFUSED');
    const line = tool.logged.find((entry) => entry.reason === 'configuration-unreachable');
    expect(line?.detail).toContain('ECONNREFUSED');
  });

  test('takes the click from its own page alone', async () => {
    const { form } = await open(tool.sandbox.moodle.startRegistration(await inviteUrl()));
    const known = await knownPlatforms();
    for (const headers of [
      { ...ownPage(), 'sec-fetch-site': 'cross-site' },
      { ...ownPage(), 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.example' },
      {},
    ]) {
      expect((await post(form, headers as Record<string, string>)).status).toBe(403);
    }
    expect(await knownPlatforms()).toEqual(known);
    expect((await post(form, { origin: tool.url })).status).toBe(200);
  });

  test('refuses a form that was used before', async () => {
    const { form } = await open(tool.sandbox.moodle.startRegistration(await inviteUrl()));
    expect((await post(form)).status).toBe(200);
    expect((await post(form)).status).toBe(403);
  });

  test('keeps invites and tokens out of the log', async () => {
    const { form } = await open(tool.sandbox.moodle.startRegistration(await inviteUrl()));
    await post(form);
    const log = JSON.stringify(tool.logged);
    expect(log).not.toContain(form.invite);
    expect(log).not.toContain(form.registration_token);
  });
});

describe('addresses for LMSs', () => {
  test('/lti/config/canvas.json describes a key made by hand', async () => {
    const response = await fetch(`${tool.url}/lti/config/canvas.json`);
    expect(await response.json()).toMatchObject({
      oidc_initiation_url: `${tool.url}/lti/login`,
      target_link_uri: `${tool.url}/lti/launch`,
      public_jwk_url: `${tool.url}/lti/keys`,
      scopes: ['https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly'],
      extensions: [{ privacy_level: 'public', settings: { placements: [{ placement: 'course_navigation' }] } }],
    });
  });

  test('/lti/icon.svg may be shown in their pages', async () => {
    const response = await fetch(`${tool.url}/lti/icon.svg`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('image/svg+xml');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });

  test("none of ltijs's own routes answers", async () => {
    for (const [method, path] of [
      ['POST', '/'],
      ['GET', '/login'],
      ['POST', '/login'],
      ['GET', '/keys'],
      ['GET', '/register'],
      ['POST', '/launch'],
      ['GET', '/lti'],
      ['POST', '/lti'],
      ['POST', '/lti/keys'],
    ] as const) {
      const response = await fetch(tool.url + path, { method });
      expect(response.status, `${method} ${path}`).toBe(404);
      // What ltijs answers to paths that it does not know.
      expect(await response.text()).not.toContain('bodyReceived');
    }
  });
});

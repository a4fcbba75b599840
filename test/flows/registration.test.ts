import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/lib/ids.ts';
import { createRegistrationInvites } from '../../src/lti/registration-invites.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { findChromium } from '../support/browser.ts';
import { expectAccessible, expectNoSidewaysScroll, openBrowser, toolFrame } from '../support/page.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';

let tool: Tool;

beforeAll(async () => {
  tool = await startTool();
});

afterAll(() => tool.close());

function invite(activates: boolean): Promise<{ url: string }> {
  const { config, storage } = tool;
  const deps = { invites: storage.invites, clock: Date.now, random: systemRandom, publicUrl: config.publicUrl };
  return createRegistrationInvites(deps).create({ ttlMs: 60_000, activates, note: null });
}

/** What an LMS administrator does with an invite's address; returns the client ID the LMS gave. */
async function register(lms: SandboxLms, url: string): Promise<{ clientId: string; text: string }> {
  const known = lms.registrations.list().map(({ clientId }) => clientId);
  const visitor = tool.visitor();
  await visitor.get(lms.startRegistration(url));
  expect(visitor.status).toBe(200);
  await visitor.submit(/\/lti\/register/);
  expect(visitor.status).toBe(200);
  expect(visitor.html).toContain('org.imsglobal.lti.close');
  const added = lms.registrations.list().find(({ clientId }) => !known.includes(clientId));
  return { clientId: added!.clientId, text: visitor.text() };
}

describe.each(['canvas', 'moodle'] as const)('registering with %s by an invite', (family) => {
  it('leads to launches and a synced roster once both sides are active', async () => {
    const lms = tool.sandbox[family];
    const { clientId, text } = await register(lms, (await invite(true)).url);
    expect(text).toMatch(family === 'moodle' ? /Activate/ : /Navigation|navigation/);
    lms.activate(clientId);
    const { id, cast } = lms.course('small');
    const teacher = await launchAs(tool, lms, { courseId: id, personId: cast.instructor, overrides: { clientId } });
    expect(teacher.status).toBe(200);
    await tool.settled();
    expect(await tool.lastRun(channelIn(teacher.url))).toMatchObject({ state: 'applied', members: 30 });
    const keys = (await (await fetch(`${tool.url}/lti/keys`)).json()) as { keys: object[] };
    expect(keys.keys.length).toBeGreaterThan(2);
    for (const key of keys.keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('waits for the operator when the invite does not activate', async () => {
    const lms = tool.sandbox[family];
    const { clientId, text } = await register(lms, (await invite(false)).url);
    expect(text).toContain('platform activate');
    lms.activate(clientId);
    const { id, cast } = lms.course('small');
    const as = { courseId: id, personId: cast.instructor, overrides: { clientId } };
    expect((await launchAs(tool, lms, as)).status).toBe(403);
    const platform = await tool.storage.platforms.findPlatformByClient(lms.registration.issuer, clientId);
    await tool.storage.platforms.updatePlatform(platform!.id, { status: 'active' }, Date.now());
    expect((await launchAs(tool, lms, as)).status).toBe(200);
  });

  it('works once: the same invite opens nothing more', async () => {
    const lms = tool.sandbox[family];
    const { url } = await invite(true);
    await register(lms, url);
    const again = await tool.visitor().get(lms.startRegistration(url));
    expect(again.status).toBeGreaterThanOrEqual(400);
    expect(again.status).toBeLessThan(500);
  });
});

describe.skipIf(findChromium() === null)('the registration pages in the frame of an LMS', { retry: 1 }, () => {
  it.each([400, 1280])('can be read and used at %i px, and close the frame at the end', async (width) => {
    const browser = await openBrowser();
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const { url } = await invite(true);
    await page.goto(`${tool.sandbox.url}/moodle/sandbox/registration`);
    await page.locator('input[type=url], input[name=url]').first().fill(url);
    await page.locator('form button').first().click();
    const frame = await toolFrame(page, tool.url, /^\/lti\/register/);
    await expectAccessible(frame);
    await expectNoSidewaysScroll(frame);
    await frame.locator('form button').click();
    await expect.poll(() => frame.locator('body').innerText()).toMatch(/Activate/);
    await expectAccessible(frame);
    await frame.getByRole('button').last().click();
    await expect.poll(() => page.frames().length, { timeout: 10_000 }).toBe(1);
    await browser.close();
  });
});

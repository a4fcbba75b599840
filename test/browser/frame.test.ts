import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../support/browser.ts';
import {
  type Browser,
  expectAccessible,
  expectNoSidewaysScroll,
  openBrowser,
  toolFrame,
  VIEWS,
} from '../support/page.ts';
import { startTool, type Tool } from '../support/tool.ts';

// The sandbox is on 127.0.0.1 and the tool on localhost: another site to the browser, as every LMS is.
describe.skipIf(findChromium() === null)('in a frame of an LMS on another site', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 400, pageDelayMs: 20 } });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  it.each(['canvas', 'moodle'] as const)('a click leads from the sandbox to a filled channel of %s', async (lms) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(tool.sandbox.url);
    await page.locator(`a[href^="/${lms}/course"]:not([href*="outside"])`, { hasText: 'instructor' }).last().click();
    const frame = await toolFrame(page, tool.url);
    await expect
      .poll(() => frame.locator('body').innerText(), { timeout: 30_000 })
      .toMatch(/In line with the course roster/);
    expect(await frame.locator('h2').first().innerText()).toMatch(/(399|400) people are in this channel/);
    await frame.getByRole('link', { name: 'Members' }).first().click();
    await frame.getByRole('searchbox').fill('teacher');
    await expect.poll(() => frame.locator('body').innerText()).toMatch(/Teacher/);
    const cookies = await context.cookies(tool.url);
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'None' });
      expect(cookie.name).toMatch(/^__Host-/);
    }
    expect(errors).toEqual([]);
    await context.close();
  });

  it('shows the progress of a sync in the open page and then what it changed', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const { canvas } = tool.sandbox;
    const course = canvas.course('big');
    await page.goto(`${tool.sandbox.url}/canvas/courses/${course.id}?as=${course.cast.instructor}`);
    const frame = await toolFrame(page, tool.url);
    await expect.poll(() => frame.locator('body').innerText(), { timeout: 30_000 }).toMatch(/In line/);
    canvas.roster.add(course.id);
    canvas.faults.slowMs = 300;
    await frame.getByRole('button', { name: 'Sync now' }).click();
    await expect.poll(() => frame.locator('body').innerText()).toMatch(/Reading the course roster/);
    await expect.poll(() => frame.locator('[role=progressbar], progress').count()).toBeGreaterThan(0);
    await expect.poll(() => frame.locator('body').innerText(), { timeout: 30_000 }).toMatch(/1 person added/);
    canvas.faults.reset();
    await context.close();
  });

  it.each(VIEWS)('pages are accessible and fit at $name', async ({ width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    for (const [who, states] of [
      ['instructor', ['', '/members', '/members?q=nobody-has-this-name', '/syncs']],
      ['student', ['']],
    ] as const) {
      const { id, cast } = tool.sandbox.canvas.course('small');
      await page.goto(`${tool.sandbox.url}/canvas/courses/${id}?as=${cast[who]}`);
      const frame = await toolFrame(page, tool.url);
      await expect.poll(() => frame.locator('h1').count()).toBe(1);
      const base = frame.url().split('?')[0];
      for (const path of states) {
        if (path === '/syncs') {
          await frame.locator('a[href*="/syncs/"]').first().click();
          await frame.waitForURL(/\/syncs\//);
        } else if (path !== '') await frame.goto(`${base}${path}`);
        await frame.waitForLoadState();
        await expectAccessible(frame);
        await expectNoSidewaysScroll(frame);
      }
    }
    for (const path of ['/', '/lti/launch', '/channels/nowhere']) {
      await page.goto(tool.url + path);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }
    for (const path of [
      '/',
      '/canvas/sandbox/roster?course=101',
      '/moodle/sandbox/registration',
      '/canvas/courses/101',
    ]) {
      await page.goto(tool.sandbox.url + path);
      if (path === '/canvas/courses/101') await toolFrame(page, tool.url);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }
    await context.close();
  });
});

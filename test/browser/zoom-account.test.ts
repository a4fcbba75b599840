import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import { findChromium } from '../support/browser.ts';
import {
  type Browser,
  expectAccessible,
  expectNoSidewaysScroll,
  openBrowser,
  type Page,
  toolFrame,
} from '../support/page.ts';
import { startTool, type Tool } from '../support/tool.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;

const LOOKS = [
  { width: 400, colorScheme: 'dark' },
  { width: 1000, colorScheme: 'light' },
  ...(process.env.EVERY_VIEW
    ? ([
        { width: 400, colorScheme: 'light' },
        { width: 1000, colorScheme: 'dark' },
      ] as const)
    : []),
] as const;

// The sandbox is on 127.0.0.1 and the tool on localhost: another site to the browser, as every LMS is.
describe.skipIf(findChromium() === null)('the pages of the Zoom account', { retry: 1 }, () => {
  let tool: Tool;
  let zoom: SandboxZoom;
  let browser: Browser;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 20 } });
    zoom = tool.sandbox.zoom;
    browser = await openBrowser();
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  it('lead from the frame to Zoom in a new tab and back, and the page in the frame says so by itself', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const { id, cast } = tool.sandbox.canvas.course('small');
    await page.goto(`${tool.sandbox.url}/canvas/courses/${id}?as=${cast.assistant}`);
    const frame = await toolFrame(page, tool.url);
    await frame.getByRole('link', { name: 'My channels' }).click();
    await frame.getByRole('link', { name: 'My Zoom account' }).click();
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      frame.getByRole('button', { name: 'Connect Zoom' }).click(),
    ]);
    await tab.getByLabel('Sign in as').selectOption('ben');
    await tab.getByRole('button', { name: 'Allow' }).click();
    await tab.getByRole('heading', { name: 'Zoom is connected' }).waitFor();
    await expectAccessible(tab);
    await tab.close();
    await page.bringToFront();
    await frame.getByRole('heading', { name: 'Your Zoom account is connected' }).waitFor();
    await context.close();
  });

  it.each(LOOKS)('are accessible and fit at $width px, $colorScheme', async ({ width, colorScheme }) => {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const look = async (state: string) => {
      if (PICTURES) await page.screenshot({ path: `${PICTURES}/${state}-${width}-${colorScheme}.png`, fullPage: true });
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    };
    const { id, cast } = tool.sandbox.canvas.course('small');
    await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${id}&as=${cast.instructor}`);
    await page.waitForURL(/\/channels/);
    const as = new URL(page.url()).searchParams.get('as');
    const open = (path: string) => page.goto(`${tool.url}${path}?as=${as}`);

    await open('/zoom');
    await look('never');
    await goToZoom(page);
    await open('/zoom');
    await look('begun');
    await goToZoom(page, 'Decline');
    await look('declined');
    await open('/zoom');
    await goToZoom(page, 'Allow');
    await page.getByRole('heading', { name: 'Your Zoom account is connected' }).waitFor();
    await look('connected');
    await open('/zoom/disconnect');
    await look('disconnect');
    zoom.oauth.issue('ada');
    await open('/zoom/recordings');
    await page.getByRole('button', { name: 'Look for new ones' }).click();
    await expect
      .poll(() => open('/zoom').then(() => page.getByText('connected to Rostrum anew').count()), { timeout: 10_000 })
      .toBe(1);
    await look('superseded');
    await open('/zoom/disconnect');
    await page.getByRole('button', { name: 'Disconnect Zoom' }).click();
    await page.locator('#notice').waitFor();
    await look('disconnected');
    await context.close();
  });

  async function goToZoom(page: Page, then?: 'Allow' | 'Decline'): Promise<void> {
    // In this tab, as where a page is no frame.
    await page.locator('form[data-comes-back]').evaluate((form) => form.removeAttribute('target'));
    await page.getByRole('button', { name: /^Connect/ }).click();
    await page.getByRole('heading', { name: 'Allow this app to use your Zoom account?' }).waitFor();
    if (then) await page.getByRole('button', { name: then }).click();
  }
});

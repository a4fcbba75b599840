import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import { until } from '../jobs/support/engines.ts';
import { findChromium } from '../support/browser.ts';
import {
  type Browser,
  EVERY_VIEW,
  expectAccessible,
  expectNoSidewaysScroll,
  openBrowser,
  type Page,
} from '../support/page.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import { connectZoom } from '../support/zoom-account.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;

const VIEWS = [
  { width: 400, colorScheme: 'dark' },
  { width: 1000, colorScheme: 'light' },
  ...(EVERY_VIEW
    ? ([
        { width: 320, colorScheme: 'light' },
        { width: 1000, colorScheme: 'dark' },
      ] as const)
    : []),
] as const;

describe.skipIf(findChromium() === null)('the list of recordings in Zoom', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 20 } });
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    const teacher = await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.instructor });
    await connectZoom(teacher, 'ada');
    const { zoom } = tool.sandbox;
    zoom.recordings.add({ host: 'ada', number: SEEDED_MEETINGS.review, autoDeleteOn: '2031-01-09', bytes: 150_000 });
    await until(async () => {
      const connection = await tool.storage.connections.findConnectionOfZoomUser(zoom.user('ada').id);
      expect(connection?.walk).toMatchObject({ complete: true, asked: false });
    });
    browser = await openBrowser();
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  async function open(page: Page, query = ''): Promise<void> {
    const { id, cast } = tool.sandbox.canvas.course('small');
    await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${id}&as=${cast.instructor}`);
    await page.waitForURL(/\/channels/);
    const url = new URL(page.url());
    const as = url.searchParams.get('as');
    await page.goto(`${tool.url}/zoom/recordings?as=${as}&channel=${channelIn(url.href)}${query}`);
  }

  it.each(VIEWS)('can be read and used at $width px, $colorScheme', async ({ width, colorScheme }) => {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const look = async (state: string, fullPage = true) => {
      if (PICTURES) await page.screenshot({ path: `${PICTURES}/${state}-${width}-${colorScheme}.png`, fullPage });
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    };
    await open(page);
    await look('catalogue');
    await page.locator('[name=uuid]').nth(2).check();
    await look('chosen', false);
    await open(page, `&number=${SEEDED_MEETINGS.review}`);
    await look('of-a-meeting');
    await open(page, '&q=nothing-like-it');
    await look('none');
    await context.close();
  });

  it('counts what is chosen, and renews what changes around ticks and focus', async () => {
    const { zoom } = tool.sandbox;
    const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
    await open(page);
    const boxes = page.locator('[name=uuid]');
    await page.getByLabel('Choose all on this page').check();
    const all = await boxes.count();
    await expect.poll(() => page.getByRole('button', { name: `Bring in ${all} recordings` }).count()).toBe(1);
    await page.getByLabel('Choose all on this page').uncheck();
    zoom.faults.bytesPerSecond = 20_000;
    await page
      .getByLabel(/Exam review/)
      .first()
      .check();
    await page.getByRole('button', { name: 'Bring in 1 recording' }).click();
    await page.locator('#notice').waitFor();
    await page.getByText('Being brought in').or(page.getByText('Will be brought in')).first().waitFor();
    await look(page);
    const box = boxes.nth(3);
    await box.check();
    await box.focus();
    const value = await box.inputValue();
    zoom.faults.reset();
    await page.getByText('Hidden').first().waitFor({ timeout: 30_000 });
    const focused = await page.evaluate('document.activeElement.value');
    expect([focused, await page.locator(`[name=uuid][value="${value}"]`).isChecked()]).toEqual([value, true]);
    await page.getByRole('button', { name: 'Bring in 1 recording' }).waitFor();
  });

  async function look(page: Page): Promise<void> {
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/coming.png`, fullPage: true });
    await expectAccessible(page);
  }
});

import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import { findChromium } from '../support/browser.ts';
import { type Browser, expectAccessible, expectNoSidewaysScroll, openBrowser, type Page } from '../support/page.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import { connectZoom } from '../support/zoom-account.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;

const WIDTHS = [
  { width: 320, colorScheme: 'light' },
  { width: 400, colorScheme: 'dark' },
  { width: 1000, colorScheme: 'light' },
  ...(process.env.EVERY_VIEW
    ? ([
        { width: 400, colorScheme: 'light' },
        { width: 1000, colorScheme: 'dark' },
      ] as const)
    : []),
] as const;

describe.skipIf(findChromium() === null)('the pages about meetings', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 20 } });
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    const teacher = await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.instructor });
    await connectZoom(teacher, 'ada');
    await tool.settled();
    browser = await openBrowser();
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  async function enter(page: Page, personId: string): Promise<(path: string, query?: string) => Promise<unknown>> {
    const { id } = tool.sandbox.canvas.course('small');
    await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${id}&as=${personId}`);
    await page.waitForURL(/\/channels/);
    await tool.settled();
    const url = new URL(page.url());
    const root = `${tool.url}/channels/${channelIn(url.href)}`;
    return (path, query = '') => page.goto(`${root}${path}?as=${url.searchParams.get('as')}${query}`);
  }

  it.each(WIDTHS)('are accessible and fit at $width px, $colorScheme', async ({ width, colorScheme }) => {
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
    const { cast } = tool.sandbox.canvas.course('small');
    const open = await enter(page, cast.instructor);
    await open('/meetings/add');
    await look('add');
    await page.getByLabel('Meeting number, link or invitation').fill('next Monday');
    await page.getByRole('button', { name: 'Find the meeting' }).click();
    await page.getByRole('alert').waitFor();
    await look('add-fault');
    await linkAll(page, open);
    await look('meetings');
    await open('/meetings/add', `&number=${SEEDED_MEETINGS.seminar}`);
    await look('not-the-host');
    await open('/meetings/add', `&number=${tool.sandbox.zoom.user('ada').pmi}`);
    await look('room');
    await open('/meetings');
    await page.getByRole('link', { name: 'Settings: Biology 101: weekly lecture' }).click();
    await look('settings');
    await page.getByRole('link', { name: 'Remove this meeting' }).click();
    await look('remove');
    await open('');
    await look('channel');

    const students = await (await browser.newContext({ viewport: { width, height: 800 }, colorScheme })).newPage();
    const openTheirs = await enter(students, cast.student);
    await openTheirs('/meetings');
    if (PICTURES)
      await students.screenshot({ path: `${PICTURES}/student-${width}-${colorScheme}.png`, fullPage: true });
    await expectAccessible(students);
    expect(await students.getByRole('link', { name: /^Join / }).count()).toBeGreaterThan(1);
    await context.close();
  });

  async function linkAll(page: Page, open: (path: string, query?: string) => Promise<unknown>): Promise<void> {
    for (const number of [SEEDED_MEETINGS.lecture, SEEDED_MEETINGS.lastYear]) {
      await open('/meetings/add', `&number=${number}`);
      const button = page.getByRole('button', { name: 'Link this meeting' });
      if ((await button.count()) === 0) continue;
      await button.click();
      await page.locator('#notice').waitFor();
    }
    await open('/meetings/add', '&number=98765432101');
    const button = page.getByRole('button', { name: 'Link it as not verified' });
    if ((await button.count()) > 0) {
      await page.getByLabel('Name', { exact: true }).fill('Guest lecture');
      await button.click();
      await page.locator('#notice').waitFor();
    }
    await open('/meetings');
  }
});

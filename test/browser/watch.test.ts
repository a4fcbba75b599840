import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import { makeImport } from '../storage/support/recordings.ts';
import { findChromium } from '../support/browser.ts';
import {
  type Browser,
  expectAccessible,
  expectNoSidewaysScroll,
  openBrowser,
  type Page,
  VIEWS,
} from '../support/page.ts';
import { seedRecording, userIn } from '../support/recordings.ts';
import { channelIn, startTool, type Tool } from '../support/tool.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;

describe.skipIf(findChromium() === null)('watching a recording', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;
  let id: ChannelId;
  let recording: Recording;

  beforeAll(async () => {
    tool = await startTool();
    browser = await openBrowser();
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
    const page = await browser.newPage();
    id = channelIn((await enter(page)).href);
    const { cast } = tool.sandbox.canvas.course('small');
    const ownerId = await userIn(tool, id, cast.instructor);
    const platformId = (await tool.storage.channels.findChannel(id))?.platformId;
    if (!platformId) throw new Error('no channel');
    const here = { channelId: id, ownerId, platformId };
    recording = await seedRecording(tool, here, { title: 'Cells, 22 Nov 2026' }, 2);
    await seedRecording(tool, here, { title: 'Hidden one', visibility: 'hidden' });
    await seedRecording(tool, here, { title: 'One that waits', review: 'waiting' });
    const failed = makeImport({ state: 'failed', fault: 'download-disabled' });
    await seedRecording(tool, here, { title: 'One that did not come', import: failed }, 0);
    const running = makeImport({ state: 'running', bytesDone: 61_000_000, bytesTotal: 200_000_000 });
    await seedRecording(tool, here, { title: 'One on its way', import: running }, 0);
    await seedRecording(tool, here, { title: 'Thrown away', deletedAt: Date.now() });
    await seedRecording(tool, { ...here, channelId: null }, { title: 'My own' });
    await page.close();
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  async function enter(page: Page): Promise<URL> {
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${courseId}&as=${cast.instructor}`);
    await page.waitForURL(/\/channels/);
    await tool.settled();
    return new URL(page.url());
  }

  const at = (url: URL, path: string, query = '') => `${tool.url}${path}?as=${url.searchParams.get('as')}${query}`;

  it.each(VIEWS)('has pages that are accessible and fit at $name', async ({ name, width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const url = await enter(page);
    const own = `/channels/${id}/recordings`;
    const pages = {
      first: [`/channels/${id}`, ''],
      list: [own, ''],
      watch: [`${own}/${recording.id}`, '&part=1&t=25'],
      edit: [`${own}/${recording.id}/edit`, ''],
      views: [`${own}/${recording.id}/views`, ''],
      bin: [`${own}/bin`, ''],
      library: ['/recordings', ''],
      'my-bin': ['/recordings/bin', ''],
      delete: [`/channels/${id}/delete`, ''],
    } as const;
    for (const [state, [path, query]] of Object.entries(pages)) {
      await page.goto(at(url, path, query));
      await page.waitForLoadState();
      const file = `${PICTURES}/${state}-${name.replaceAll(/\W+/g, '-')}.png`;
      if (PICTURES) await page.screenshot({ path: file, fullPage: true });
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    }
    await context.close();
  });

  it('is done with keys, the transcript and the next part, and goes on where one stopped', async () => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    const page = await context.newPage();
    const url = await enter(page);
    const address = at(url, `/channels/${id}/recordings/${recording.id}`);
    await page.goto(address);
    const read = (what: string) => page.evaluate(`document.getElementById('video').${what}`);
    await expect.poll(() => read('readyState'), { timeout: 15_000 }).toBeGreaterThan(0);

    await page.keyboard.press('l');
    await expect.poll(() => read('currentTime')).toBe(10);
    await page.keyboard.press('Shift+>');
    expect(await read('playbackRate')).toBe(1.25);
    await page.keyboard.press('c');
    expect(await read('textTracks[0].mode')).toBe('showing');
    await page.keyboard.press('m');
    await page.keyboard.press('k');
    await expect.poll(() => read('paused')).toBe(false);
    await page.keyboard.press('k');

    await page.getByText('What is inside?').click();
    await expect.poll(() => read('currentTime')).toBeGreaterThanOrEqual(34);
    await expect.poll(() => page.locator('.said__line[aria-current]').innerText()).toContain('What is inside?');
    await page.locator('#said-q').fill('INSIDE');
    expect(await page.locator('#said-found').innerText()).toContain('Lines found: 2');
    expect(await page.locator('.said__line:visible').count()).toBe(2);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect.poll(() => read('currentTime')).toBeGreaterThanOrEqual(46);

    await page.evaluate(`document.getElementById('video').currentTime = 55`);
    await page.evaluate(`document.getElementById('video').play()`);
    await expect.poll(() => page.locator('#watch').getAttribute('data-part'), { timeout: 20_000 }).toBe('1');
    await expect.poll(() => read('currentTime'), { timeout: 20_000 }).toBeGreaterThan(16);
    await page.evaluate(`document.getElementById('video').pause()`);
    const told = async () => (await tool.storage.recordings.listWatching(recording.id, { limit: 1 })).items[0];
    await expect.poll(told).toMatchObject({ part: 1, positionMs: expect.toSatisfy((ms: number) => ms > 16_000) });
    expect((await told())?.watchedMs).toBeGreaterThan(16_000);
    await page.goto(address);
    await page.getByRole('link', { name: /^Go on at 0:/ }).click();
    await expect.poll(() => page.locator('#watch').getAttribute('data-part')).toBe('1');
    await expect.poll(() => read('currentTime')).toBeGreaterThan(10);
    expect(await page.locator('#speed').inputValue()).toBe('1.25');
    await context.close();
  });
});

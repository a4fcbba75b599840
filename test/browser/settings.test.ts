import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordActivity, writeState } from '../../src/channels/activity.ts';
import type { ChannelId } from '../../src/channels/channel.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { findChromium } from '../support/browser.ts';
import {
  type Browser,
  type BrowserContext,
  expectAccessible,
  expectNoSidewaysScroll,
  openBrowser,
  type Page,
  VIEWS,
} from '../support/page.ts';
import { strangerTo } from '../support/settings-form.ts';
import { channelIn, membersOf, startTool, type Tool } from '../support/tool.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;

describe.skipIf(findChromium() === null)('the pages on which people decide', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 40 } });
    browser = await openBrowser();
    if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  /** Launches without a frame around it: the browser keeps the cookies of a frame apart for each site that holds one. */
  async function enter(page: Page, personId: string, course: 'small' | 'big' = 'small'): Promise<URL> {
    const { id } = tool.sandbox.canvas.course(course);
    await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${id}&as=${personId}`);
    await page.waitForURL(/\/channels/);
    await tool.settled();
    return new URL(page.url());
  }

  const at = (url: URL, path: string, query = '') => `${tool.url}${path}?as=${url.searchParams.get('as')}${query}`;

  it.each(VIEWS)('are accessible and fit at $name', async ({ name, width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const look = async (state: string) => {
      if (PICTURES) {
        const path = `${PICTURES}/${state}-${name.replaceAll(/\W+/g, '-')}.png`;
        await page.screenshot({ path, fullPage: true });
      }
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    };
    const { cast } = tool.sandbox.canvas.course('small');
    const url = await enter(page, cast.instructor);
    const id = channelIn(url.href);
    await prepare(tool, id, cast.instructor);
    const root = `/channels/${id}`;

    await page.goto(at(url, root));
    await look('channel');
    await page.goto(at(url, `${root}/activity`));
    await look('activity');
    await page.goto(at(url, `${root}/settings`));
    await look('settings');
    await page.getByLabel('Tags').fill('t'.repeat(101));
    await page.getByRole('radio', { name: 'Open', exact: true }).check();
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.waitForSelector('#faults');
    expect(await page.evaluate('document.activeElement?.id')).toBe('faults');
    await look('settings-faults');

    await page.goto(at(url, `${root}/settings`));
    await page.getByLabel('Description').fill(`Typed in ${name}`);
    const now = await tool.storage.channels.findChannel(id);
    if (!now) throw new Error('no channel');
    const other = now.privacy === 'private' ? 'restricted' : 'private';
    const write = { ...now, privacy: other, description: `By somebody else for ${name}` } as typeof now;
    await tool.storage.channels.updateChannel(write, Date.now());
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.waitForSelector('#conflict');
    await look('settings-conflict');
    await page.getByRole('button', { name: 'Save what stands' }).click();
    await page.waitForSelector('#notice');
    await look('settings-saved');
    await page.goto(at(url, `${root}/delete`));
    await look('delete');
    await page.goto(at(url, '/channels'));
    await look('mine');

    await setPrivacy(tool, id, 'open');
    const stranger = strangerTo(tool.sandbox.canvas.course('small'), tool.sandbox.canvas.course('big'));
    const visitors = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    await visit(visitors, stranger, async (visited, theirs) => {
      await visited.goto(at(theirs, '/channels', '&scope=open'));
      await expectAccessible(visited);
      await visited.goto(at(theirs, root));
      if (PICTURES)
        await visited.screenshot({ path: `${PICTURES}/visitor-${width}-${colorScheme}.png`, fullPage: true });
      expect(await visited.locator('main').innerText()).toContain('You are visiting this channel');
      await expectAccessible(visited);
      await expectNoSidewaysScroll(visited);
    });
    await visitors.close();

    await page.goto(at(url, `${root}/delete`));
    await page.getByRole('button', { name: 'Delete the channel' }).click();
    await page.waitForSelector('#notice');
    await look('mine-deleted-notice');
    await page.goto(at(url, '/channels', '&scope=deleted'));
    await look('mine-deleted');
    await page.getByRole('button', { name: /^Restore/ }).click();
    await page.waitForURL(/\/channels\/[^/]+\?/);
    await look('restored');
    await page.goto(at(url, '/channels', '&q=nothing-like-it'));
    await look('mine-none-found');
    await context.close();
  });

  async function visit(context: BrowserContext, personId: string, work: (page: Page, url: URL) => Promise<void>) {
    const page = await context.newPage();
    await work(page, await enter(page, personId, 'big'));
  }

  it('let everything be set by keyboard alone', async () => {
    const context = await browser.newContext({ viewport: { width: 900, height: 900 } });
    const page = await context.newPage();
    const { cast } = tool.sandbox.canvas.course('small');
    const url = await enter(page, cast.instructor);
    const id = channelIn(url.href);
    await setPrivacy(tool, id, 'private');
    await page.goto(at(url, `/channels/${id}/settings`));
    const focused = () => page.evaluate('document.activeElement?.id ?? ""') as Promise<string>;
    const tabTo = async (wanted: string) => {
      for (let i = 0; i < 40 && (await focused()) !== wanted; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(wanted);
    };
    await tabTo('givenName');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Typed without a mouse');
    await tabTo('privacy-private');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('privacy-restricted');
    expect(await page.locator('#privacy-restricted-warning').isVisible()).toBe(true);
    expect(await page.locator('#privacy-open-warning').isVisible()).toBe(false);
    await tabTo('syncAsks');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#notice');
    expect(await page.locator('#notice').innerText()).toContain('The settings are saved');
    expect(await page.locator('h1').innerText()).toBe('Typed without a mouse');
    const saved = await tool.storage.channels.findChannel(id);
    expect(saved).toMatchObject({ givenName: 'Typed without a mouse', privacy: 'restricted' });
    const undo = page.getByRole('button', { name: 'Undo' });
    for (let i = 0; i < 20 && !(await undo.evaluate((button) => button.matches(':focus'))); i++) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#notice').innerText()).toContain('Undone');
    expect(await tool.storage.channels.findChannel(id)).toMatchObject({ privacy: 'private' });
    await context.close();
  });
});

/** Something of each kind for the activity list, and a channel with words about it. */
async function prepare(tool: Tool, id: ChannelId, instructor: string): Promise<void> {
  const members = await membersOf(tool, id);
  const actor = `user:${members.find(({ subject }) => subject === instructor)?.userId}`;
  const deps = { ...tool.storage, clock: Date.now, random: systemRandom };
  const channel = await tool.storage.channels.findChannel(id);
  if (!channel) throw new Error('no channel');
  const about = {
    ...channel,
    description: 'Lectures and tutorials.\nBring your questions.',
    tags: ['autumn', 'year 1'],
  };
  await tool.storage.channels.updateChannel(about, Date.now());
  const state = { override: null, addedBy: 'roster', inactiveReason: null, level: 'member' };
  const of = { channelId: id, platformId: channel.platformId, actor };
  const [one, two] = members.filter(({ level }) => level === 'member');
  for (const event of [
    {
      action: 'member.level',
      subjectUserId: one?.userId ?? null,
      from: state,
      to: { ...state, level: 'contributor', override: 'contributor' },
    },
    {
      action: 'member.status',
      subjectUserId: two?.userId ?? null,
      from: state,
      to: { ...state, inactiveReason: 'by-hand' },
    },
    {
      action: 'channel.change',
      from: { privacy: channel.privacy, tags: [] },
      to: { privacy: channel.privacy === 'open' ? 'private' : 'open', tags: ['a'] },
    },
    ...Array.from({ length: 3 }, (_, i) => ({
      action: 'member.level',
      batch: `many-${Date.now()}`,
      subjectUserId: members[i]?.userId ?? null,
      from: state,
      to: { ...state, level: 'moderator', override: 'moderator' },
    })),
  ]) {
    await recordActivity(deps, { ...of, ...event, from: writeState(event.from), to: writeState(event.to) });
  }
}

async function setPrivacy(tool: Tool, id: ChannelId, privacy: 'open' | 'private'): Promise<void> {
  const channel = await tool.storage.channels.findChannel(id);
  if (!channel) throw new Error('no channel');
  await tool.storage.channels.updateChannel({ ...channel, privacy }, Date.now());
}

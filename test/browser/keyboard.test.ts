import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { findChromium } from '../support/browser.ts';
import { type Browser, type BrowserContext, openBrowser, type Page, toolFrame } from '../support/page.ts';
import { channelIn, membersOf, startTool, type Tool } from '../support/tool.ts';

type Frame = Awaited<ReturnType<typeof toolFrame>>;

describe.skipIf(findChromium() === null)('with the keyboard alone, in a frame of an LMS', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let frame: Frame;
  let channelId: ChannelId;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 20 } });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  beforeEach(async () => {
    const { id, cast } = tool.sandbox.canvas.course('small');
    context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
    page = await context.newPage();
    await page.goto(`${tool.sandbox.url}/canvas/courses/${id}?as=${cast.instructor}`);
    frame = await toolFrame(page, tool.url);
    await tool.settled();
    channelId = channelIn(frame.url());
  });

  afterEach(() => context.close());

  it('somebody finds a person, changes their level and takes it back', async () => {
    const student = await somebody();
    await goTo('.tabs__tab[href*="/members"]');
    await opened(/\/members\?/);
    await tabTo('#q');
    await page.keyboard.type(student.subject);
    await expect.poll(() => frame.locator('tbody tr').count()).toBe(1);
    expect(await focused()).toMatchObject({ id: 'q' });
    await goTo('.change a');
    await opened(/\/members\/[0-9a-z]{26}/);
    await tabTo('input[name=do]');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toMatchObject({ value: 'level.contributor', visible: true });
    await goTo('form.box button');
    await opened(/[?&]undo=/);
    expect(await levelOf(student)).toBe('contributor');
    await goTo('#notice button');
    await opened(/undone-member/);
    expect(await levelOf(student)).toBe('member');
  });

  it('somebody adds a person, with focus in the field all the time', async () => {
    const { platformId } = (await tool.storage.channels.findChannel(channelId)) ?? {};
    if (!platformId) throw new Error('no channel');
    const person = { name: 'Ada Żółwińska', email: null };
    const ada = await tool.storage.memberships.upsertUser({ platformId, subject: 'ada-1', person, at: 1 });
    await goTo('.tabs__tab[href*="/members"]');
    await opened(/\/members\?/);
    await goTo('#add-member');
    await opened(/\/members\/add/);
    await tabTo('#find');
    await page.keyboard.type('ada-1');
    await frame.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await focused()).toMatchObject({ id: 'find', visible: true });
    await tabTo('input[name=person]');
    await tabTo('input[name=as_level]');
    await goTo('#add button');
    await opened(/[?&]undo=/);
    expect(await tool.storage.memberships.findMembership(channelId, ada.id)).toMatchObject({ addedBy: 'hand' });
  });

  it('somebody changes several people, after a look at what will happen', async () => {
    await goTo('.tabs__tab[href*="/members"]');
    await opened(/\/members\?/);
    await tabTo('#filter-level');
    await page.keyboard.type('Mem');
    await expect.poll(() => new URL(frame.url()).searchParams.get('level')).toBe('member');
    expect(await focused()).toMatchObject({ id: 'filter-level' });
    await tabTo('input[name=users]');
    await page.keyboard.press('Space');
    await tabTo('input[name=users]');
    await page.keyboard.press('Space');
    await expect.poll(() => frame.locator('[data-many-title]').innerText()).toBe('2 people chosen');
    const users = await frame
      .locator('input[name=users]:checked')
      .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value));
    await tabTo('.many__summary', 'Shift+Tab');
    // Where there is room it has opened by itself.
    if ((await frame.locator('.many__details[open]').count()) === 0) await page.keyboard.press('Enter');
    await tabTo('#many-do');
    await page.keyboard.type('Switch off');
    await goTo('#many button');
    await frame.locator('.doing').waitFor();
    await goTo('form.actions button');
    await opened(/[?&]undo=/);
    const out = (await membersOf(tool, channelId)).filter(({ active }) => !active).map(({ userId }) => userId);
    expect(out).toEqual(expect.arrayContaining(users));
    await goTo('#notice button');
    await opened(/undone-member/);
    const left = (await membersOf(tool, channelId)).filter(({ active }) => !active).map(({ userId }) => userId);
    for (const userId of users) expect(left).not.toContain(userId);
  });

  it('somebody saves the settings, and is led to what is wrong with them', async () => {
    await goTo('.tabs__tab[href*="/settings"]');
    await opened(/\/settings/);
    await tabTo('#tags');
    await page.keyboard.type('t'.repeat(101));
    await page.keyboard.press('Enter');
    await frame.locator('#faults').waitFor();
    await expect.poll(focused).toMatchObject({ id: 'faults', visible: true });
    await goTo('#faults a');
    await expect.poll(focused).toMatchObject({ id: 'tags', visible: true });
    await page.keyboard.press('Control+A');
    await page.keyboard.type('autumn');
    await goTo('.settings__end button');
    await opened(/settings-saved/);
    expect(await tool.storage.channels.findChannel(channelId)).toMatchObject({ tags: ['autumn'] });
  });

  it('somebody asks for a sync and keeps their place when it ends', async () => {
    const { canvas } = tool.sandbox;
    canvas.faults.slowMs = 1_500;
    await goTo('form[action*="/sync?"] button');
    await opened(/sync-asked/);
    await frame.locator('progress').waitFor();
    const place = '#roster a[href*="/syncs/"]';
    await tabTo(place);
    await tool.settled();
    canvas.faults.reset();
    await expect.poll(() => frame.locator('progress').count()).toBe(0);
    expect(await frame.evaluate(`document.activeElement.matches('${place}')`)).toBe(true);
    expect(await focused()).toMatchObject({ visible: true });
  });

  it('somebody decides on a held sync', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId } = canvas.course('small');
    canvas.roster.setEmpty(courseId, true);
    await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
    await tool.settled();
    canvas.roster.setEmpty(courseId, false);
    await frame.goto(frame.url());
    await page.keyboard.press('Tab');
    await goTo('form[action*="/discard"] button');
    await opened(/held-discarded/);
    expect((await tool.lastRun(channelId)).state).toBe('discarded');
  });

  it('every stop of every page is visible, in the order of reading, and uncovered', async () => {
    const student = await somebody();
    const as = new URL(frame.url()).searchParams.get('as');
    for (const width of [400, 1000]) {
      await page.setViewportSize({ width, height: 700 });
      for (const path of [
        '',
        '/members',
        `/members/${student.userId}`,
        '/members/add?find=ada',
        '/activity',
        '/settings',
        '/delete',
      ]) {
        await frame.goto(`${tool.url}/channels/${channelId}${path}${path.includes('?') ? '&' : '?'}as=${as}`);
        if (path === '/members') await frame.locator('input[name=users]').nth(2).check();
        await frame.evaluate('document.activeElement.blur()');
        const stops = await walk();
        expect([width, path, stops.filter(({ visible, covered }) => !visible || covered)]).toEqual([width, path, []]);
        expect(stops.length).toBeGreaterThan(4);
        expect(await frame.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])').count()).toBe(0);
        const numbers = stops.map(({ number }) => number);
        expect([path, numbers]).toEqual([path, numbers.toSorted((a, b) => a - b)]);
        expect(stops[0]?.text).toBe('Skip to the content');
      }
    }
  });

  /** Every stop of a page by Tab, from the first to the last. */
  async function walk(): Promise<Stop[]> {
    const stops: Stop[] = [];
    // A frame that has just come may not hear the first time that it has the focus: then it draws no outline.
    await expect
      .poll(async () => {
        await intoFrame();
        await frame.evaluate(`document.querySelector('.skip').focus({ focusVisible: true })`);
        return focused();
      })
      .toMatchObject({ visible: true });
    for (let i = 0; i < 200; i++) {
      const stop = await focused();
      if (stop === null || stops.some(({ number }) => number === stop.number)) return stops;
      stops.push(stop);
      await page.keyboard.press('Tab');
    }
    throw new Error('no end of the page by keyboard');
  }

  /** Goes on by Tab until an element has the focus, which is never out of sight on the way. */
  async function tabTo(selector: string, key = 'Tab'): Promise<void> {
    await intoFrame();
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press(key);
      const stop = await focused();
      if (stop === null) continue;
      expect(stop).toMatchObject({ visible: true, covered: false });
      if (await frame.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    }
    throw new Error(`no way to ${selector} by keyboard`);
  }

  /** The frame has the focus, as when one has come to it by Tab. */
  async function intoFrame(): Promise<void> {
    await page.bringToFront();
    const focus = (one: unknown) => {
      const shown = one as { blur(): void; contentWindow: { focus(): void } };
      // To give it to where it is already does nothing, though the page within may be a new one.
      shown.blur();
      shown.contentWindow.focus();
    };
    await page.locator('iframe').first().evaluate(focus);
  }

  async function goTo(selector: string): Promise<void> {
    await tabTo(selector);
    await page.keyboard.press('Enter');
  }

  async function opened(url: RegExp): Promise<void> {
    await frame.waitForURL(url);
    await frame.waitForLoadState();
  }

  async function focused(): Promise<Stop | null> {
    return (await frame.evaluate(STOP)) as Stop | null;
  }

  async function somebody(): Promise<Membership> {
    const members = await membersOf(tool, channelId);
    const found = members.find(
      ({ level, active, isTest, person }) =>
        level === 'member' && active && !isTest && person.name === 'Priya McIntyre',
    );
    if (!found) throw new Error('the sandbox has no such student');
    return found;
  }

  async function levelOf({ userId }: Membership): Promise<string | undefined> {
    return (await tool.storage.memberships.findMembership(channelId, userId))?.level;
  }
});

type Stop = { id: string; text: string; value: string | null; number: number; visible: boolean; covered: boolean };

/** What has the focus, whether one sees that it has, and whether something else lies over it; null: nothing of the page. */
const STOP = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const shown = [element, element.closest('.choice, .setting')].filter(Boolean);
  const outlined = shown.some((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  const { left, right, top, bottom } = (element.getClientRects()[0] ?? element.getBoundingClientRect());
  const on = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const mine = on === null || [...shown, ...(element.labels ?? [])].some((one) => one.contains(on) || on.contains(one));
  return {
    id: element.id,
    text: element.textContent.trim().slice(0, 60),
    value: element.value ?? null,
    number: [...document.querySelectorAll('*')].indexOf(element),
    visible: outlined && right > left,
    covered: !mine,
  };
})()`;

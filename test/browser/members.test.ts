import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
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
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

describe.skipIf(findChromium() === null)('members changed in a browser', { retry: 1 }, () => {
  let tool: Tool;
  let browser: Browser;
  let manager: Visitor;
  let channelId: ChannelId;
  let students: Membership[];
  let self: Membership;

  beforeAll(async () => {
    tool = await startTool({ sandbox: { bigCourseSize: 20 } });
    browser = await openBrowser();
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('small');
    manager = await launchAs(tool, canvas, { courseId, personId: cast.instructor });
    await tool.settled();
    channelId = channelIn(manager.url);
    const members = await membersOf(tool, channelId);
    students = members.filter(({ level, isTest }) => level === 'member' && !isTest);
    self = members.find(({ subject }) => subject === cast.instructor) as Membership;
  });

  afterAll(async () => {
    await browser?.close();
    await tool?.close();
  });

  it('a person is found and added by keyboard alone', async () => {
    const ada = await known('Ada Żółwińska', 'ada-1');
    await known('Adalbert Zwei', 'ada-2');
    const { context, page } = await open('/members');
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.getByRole('link', { name: 'Add a person' }).focus();
    await page.keyboard.press('Enter');
    const field = page.getByRole('combobox', { name: 'Find a person' });
    await field.focus();
    await page.keyboard.type('ad');
    expect(await field.getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.type('a');
    await expect.poll(() => page.getByRole('option').count()).toBe(2);
    expect(await field.getAttribute('aria-expanded')).toBe('true');
    expect(await page.locator('[data-people-said]').textContent()).toBe('2 people found');
    expect(await field.getAttribute('aria-activedescendant')).toBeNull();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('option').count()).toBe(0);
    expect(await field.inputValue()).toBe('ada');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const id = await field.getAttribute('aria-activedescendant');
    const marked = page.locator(`#${id}`);
    expect(await marked.getAttribute('aria-selected')).toBe('true');
    if (!(await marked.textContent())?.includes('Ada Ż')) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await field.inputValue()).toBe('Ada Żółwińska');
    await tabTo(page, 'input[name=as_level]:checked');
    await page.keyboard.press('ArrowUp');
    await tabTo(page, '#add button[type=submit]');
    await page.keyboard.press('Enter');
    await page.getByText('Ada Żółwińska was added by hand and is now a contributor.').waitFor();
    expect(await memberOf(ada)).toMatchObject({ level: 'contributor', addedBy: 'hand' });
    expect(errors).toEqual([]);
    await context.close();
  });

  it('says when no suggestions come and why, instead of leaving earlier ones, and who was chosen', async () => {
    await known('Ida Żeromska', 'ida-1');
    const { context, page } = await open('/members/add');
    const field = page.getByRole('combobox');
    for (const [answer, text] of [
      [429, 'Wait a minute'],
      [401, 'Open the channel again'],
      [null, 'Check your connection'],
    ] as const) {
      await field.fill('ida');
      await page.getByRole('option').first().waitFor();
      await page.route('**/people?*', (route) => (answer === null ? route.abort() : route.fulfill({ status: answer })));
      await field.fill('ida ');
      await field.fill('idar');
      await expect.poll(() => page.locator('[data-people-fault]').innerText()).toContain(text);
      expect(await page.locator('[data-people-said]').textContent()).toContain(text);
      expect(await page.getByRole('option').count()).toBe(0);
      await page.unroute('**/people?*');
    }
    await field.fill('ida');
    await page.getByRole('option', { name: 'Ida Ż' }).click();
    expect(await page.locator('[data-people-fault]').isVisible()).toBe(false);
    expect(await page.locator('[data-people-said]').textContent()).toBe('Ida Żeromska chosen; choose a level below');
    await context.close();
  });

  it('somebody who is here already leads to their own page', async () => {
    const [student] = students as [Membership];
    const { context, page } = await open('/members/add');
    await page.getByRole('combobox').fill(student.subject);
    await page.getByRole('option').first().click();
    await page.waitForURL(new RegExp(`/members/${student.userId}`));
    await context.close();
  });

  it('several people are chosen, previewed, changed and put back', async () => {
    const { context, page } = await open('/members?level=member');
    const [first, second] = [
      page.getByRole('checkbox', { name: /^Choose / }).nth(0),
      page.getByRole('checkbox', { name: /^Choose / }).nth(1),
    ];
    await first.check();
    await second.check();
    await page.getByText('2 people chosen').first().waitFor();
    const chosen = (await Promise.all([first.inputValue(), second.inputValue()])) as UserId[];
    await page.getByLabel('What to do').selectOption({ label: 'Set the level to Moderator' });
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('2 people will be changed:').waitFor();
    expect(await levelsOf(chosen)).toEqual(['member', 'member']);
    await page.getByRole('button', { name: 'Set the level of 2 people' }).click();
    await page.getByText('2 people are each a moderator now, set by hand.').waitFor();
    expect(await levelsOf(chosen)).toEqual(['moderator', 'moderator']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForURL(/notice=undone-member/);
    expect(await levelsOf(chosen)).toEqual(['member', 'member']);
    await context.close();
  });

  it('one tick chooses everybody on the page, and everybody found makes single ticks needless', async () => {
    const { context, page } = await open('/members');
    await page.getByText('Change several people at once').click();
    const boxes = page.getByRole('checkbox', { name: /^Choose / });
    const all = page.getByRole('checkbox', { name: 'Everybody on this page' });
    await all.check();
    expect(await page.locator('input[name=users]:checked').count()).toBe(await boxes.count());
    await boxes.first().uncheck();
    expect(await all.evaluate((box) => (box as unknown as { indeterminate: boolean }).indeterminate)).toBe(true);
    await page.getByRole('checkbox', { name: /^All \d+ people of this channel/ }).check();
    expect(await boxes.first().isDisabled()).toBe(true);
    await page.getByRole('searchbox').fill('teacher');
    await expect.poll(() => page.getByRole('checkbox', { name: /people found|person found/ }).count()).toBe(1);
    expect(await boxes.first().isEnabled()).toBe(true);
    expect(await page.getByRole('link', { name: 'Add a person' }).getAttribute('href')).toContain('q=teacher');
    await context.close();
  });

  it('everything works without script', async () => {
    const person = await known('Bela Ohne-Skript', 'bela-1');
    const { context, page } = await open('/members', { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Add a person' }).click();
    await page.getByRole('textbox', { name: 'Find a person' }).fill('bela');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('radio', { name: /Bela Ohne-Skript/ }).check();
    await page.getByRole('button', { name: 'Add to the channel' }).click();
    await page.getByText('Bela Ohne-Skript was added by hand and is now a member.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForURL(/notice=undone-member/);
    expect(await tool.storage.memberships.findMembership(channelId, person)).toBeNull();
    await page
      .getByRole('checkbox', { name: /^Choose / })
      .first()
      .check();
    await page.getByText('Change several people at once').click();
    await page.getByLabel('What to do').selectOption('deactivate');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('1 person will be changed:').waitFor();
    await context.close();
  });

  it.each(VIEWS)('every page and state is accessible and fits at $name', async ({ width, height, colorScheme }) => {
    await known('Ada Żółwińska', 'ada-1');
    const [student, other] = students as [Membership, Membership];
    const { context, page } = await open('/members', {
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const good = async () => {
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    };
    await page.locator('input[name=users]').nth(1).check();
    await good();
    const details = page.locator('.many__details');
    if ((await details.getAttribute('open')) === null) await page.locator('.many__summary').click();
    await good();
    await page.getByLabel('What to do').selectOption('deactivate');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('Nothing is changed yet').waitFor();
    await good();
    for (const path of [
      `/members/${student.userId}`,
      `/members/${self.userId}`,
      '/members/add',
      '/members/add?find=ada',
      '/members/add?find=nobody-has-this-name',
      '/members?notice=nobody-chosen',
    ]) {
      await page.goto(address(path));
      await good();
    }
    await page.goto(address('/members/add'));
    await page.getByRole('combobox').fill('ada');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await good();
    await page.goto(address(`/members/${other.userId}`));
    await act(other.userId, (await memberOf(other.userId)).active ? 'deactivate' : 'reactivate');
    await page.getByRole('radio', { name: /Contributor/ }).check();
    await page.getByRole('button', { name: 'Set this level by hand' }).click();
    await page.getByText('Somebody was quicker').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('alert');
    await good();
    await page.getByRole('radio', { name: /Contributor/ }).check();
    await page.getByRole('button', { name: 'Set this level by hand' }).click();
    await page.waitForURL(/[?&]undo=|notice=/);
    await good();
    await context.close();
  });

  it('the pages fit into 320 px', async () => {
    const { context, page } = await open('/members', { viewport: { width: 320, height: 700 } });
    const [student] = students as [Membership];
    for (const path of ['/members', `/members/${student.userId}`, '/members/add?find=ada']) {
      await page.goto(address(path));
      await expectNoSidewaysScroll(page);
    }
    await context.close();
  });

  function address(path: string): string {
    return `${tool.url}/channels/${channelId}${path}`;
  }

  /** A window with the manager's cookies. */
  async function open(
    path: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext(options);
    const { hostname } = new URL(tool.url);
    const one = { domain: hostname, path: '/', secure: true, httpOnly: true, sameSite: 'None' as const };
    await context.addCookies([...manager.cookies()].map(([name, value]) => ({ name, value, ...one })));
    const page = await context.newPage();
    await page.goto(address(path));
    return { context, page };
  }

  /** Goes on by Tab until an element has the focus, as somebody without a mouse does. */
  async function tabTo(page: Page, selector: string): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    }
    throw new Error(`no way to ${selector} by keyboard`);
  }

  async function known(name: string, subject: string): Promise<UserId> {
    const { platformId } = (await tool.storage.channels.findChannel(channelId)) ?? { platformId: null };
    if (platformId === null) throw new Error('no channel');
    const person = { name, email: `${subject}@campus.example` };
    return (await tool.storage.memberships.upsertUser({ platformId, subject, person, at: 1 })).id;
  }

  async function act(userId: UserId, action: string): Promise<void> {
    await manager.get(address(`/members/${userId}`));
    await manager.submit(/\/members\/[0-9a-z]{26}\?/, { do: action });
  }

  async function memberOf(userId: UserId): Promise<Membership> {
    const member = await tool.storage.memberships.findMembership(channelId, userId);
    if (!member) throw new Error('no such member');
    return member;
  }

  async function levelsOf(users: readonly UserId[]): Promise<string[]> {
    return Promise.all(users.map(async (id) => (await memberOf(id)).level));
  }
});

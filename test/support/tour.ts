import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { createManageMembers } from '../../src/channels/manage-members.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import type { Browser, Page } from './page.ts';
import { strangerTo } from './settings-form.ts';
import { channelIn, membersOf, type Tool } from './tool.ts';

/** Looks at one state of a page; `covers`: something lies over the page on purpose. */
export type Look = (page: Page, state: string, facts?: { covers?: boolean }) => Promise<void>;

type ContextOptions = Parameters<Browser['newContext']>[0];

/** The parts of the tour through every page and the states it has. */
export const PARTS = ['members', 'adding', 'settings', 'syncs', 'others', 'deletion'] as const;

/** Leads a manager, and where a part is about them a student and a visitor, through the states of a part. */
export async function tour(
  tool: Tool,
  browser: Browser,
  part: (typeof PARTS)[number],
  { look, ...options }: ContextOptions & { look: Look },
): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const stop = await enter(tool, page, tool.sandbox.canvas.course('small').cast.instructor, 'small');
  const seen: Look = async (shown, state, facts) => {
    await shown.waitForLoadState();
    await look(shown, state, facts);
  };
  if (part === 'members') await lookAtMembers(tool, page, stop, seen);
  if (part === 'adding') await lookAtAdding(tool, page, stop, seen);
  if (part === 'settings') await lookAtSettings(tool, page, stop, seen);
  if (part === 'syncs') await lookAtSyncs(tool, page, stop, seen);
  if (part === 'others') await lookAtOthers(tool, browser, options, { stop, look: seen });
  if (part === 'deletion') await lookAtDeletion(page, stop, seen);
  await context.close();
}

/** Where a launch led to. */
type Stop = { id: ChannelId; at(path: string, query?: string): string };

async function enter(tool: Tool, page: Page, personId: string, course: 'small' | 'big'): Promise<Stop> {
  const { id: courseId } = tool.sandbox.canvas.course(course);
  await page.goto(`${tool.sandbox.url}/canvas/sandbox/launch?course=${courseId}&as=${personId}`);
  await page.waitForURL(/\/channels/);
  await tool.settled();
  const url = new URL(page.url());
  const at = (path: string, query = '') => `${tool.url}${path}?as=${url.searchParams.get('as')}${query}`;
  return { id: channelIn(url.href), at };
}

async function lookAtMembers(tool: Tool, page: Page, { id, at }: Stop, look: Look): Promise<void> {
  const root = `/channels/${id}`;
  const [student] = (await membersOf(tool, id)).filter(
    ({ level, active, isTest }) => level === 'member' && active && !isTest,
  );
  if (!student) throw new Error('the channel has no student');
  await page.goto(at(`${root}/members`));
  await look(page, 'members');
  await page.locator('input[name=users]').nth(1).check();
  await page.locator('input[name=users]').nth(2).check();
  const details = page.locator('.many__details');
  if ((await details.getAttribute('open')) === null) await page.locator('.many__summary').click();
  await look(page, 'members-chosen');
  await page.getByLabel('What to do').selectOption('level.contributor');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.locator('.doing').waitFor();
  await look(page, 'members-preview');
  await page.locator('form.actions button').click();
  await page.locator('#notice').waitFor();
  await look(page, 'members-notice-many');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForURL(/undone-member/);
  await look(page, 'members-notice-undone');
  await page.goto(at(`${root}/members`, '&q=nobody-has-this-name'));
  await look(page, 'members-none');
  await page.goto(at(`${root}/members/${student.userId}`));
  await look(page, 'member');
  await change(tool, id, student.userId, 'moderator');
  await page.getByRole('radio', { name: /Contributor/ }).check();
  await page.getByRole('button', { name: 'Set this level by hand' }).click();
  await page.locator('#alert').waitFor();
  await look(page, 'member-conflict');
  await page.getByRole('radio', { name: /Contributor/ }).check();
  await page.getByRole('button', { name: 'Set this level by hand' }).click();
  await page.locator('#notice').waitFor();
  await look(page, 'members-notice-one');
  await page.goto(at(`${root}/activity`));
  await look(page, 'activity');
  await change(tool, id, student.userId, null);
}

async function lookAtAdding(tool: Tool, page: Page, { id, at }: Stop, look: Look): Promise<void> {
  const { platformId } = (await tool.storage.channels.findChannel(id)) ?? {};
  if (!platformId) throw new Error('no channel');
  const known = (name: string, subject: string) => {
    const person = { name, email: `${subject}@campus.example` };
    return tool.storage.memberships.upsertUser({ platformId, subject, person, at: 1 });
  };
  await known('Adalbert Zwei', 'ada-2');
  const late = await known('Ada Żółwińska', `ada-${Date.now()}`);
  await page.goto(at(`/channels/${id}/members/add`));
  await look(page, 'add');
  await page.getByRole('combobox').fill('ada');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await look(page, 'add-suggestions', { covers: true });
  await page.goto(at(`/channels/${id}/members/add`, '&find=ada'));
  await look(page, 'add-found');
  await page.locator(`input[value="${late.id}"]`).check();
  const manageMembers = createManageMembers({ ...tool.storage, clock: Date.now, random: systemRandom });
  await manageMembers.enter({
    ...{ channelId: id, who: { userId: late.id }, entry: { level: 'member', updateMethod: 'manual' } },
    ...{ override: true, seen: { standing: '' }, actor: 'system' },
  });
  await page.getByRole('button', { name: 'Add to the channel' }).click();
  await page.locator('#alert').waitFor();
  await look(page, 'add-conflict');
  await page.goto(at(`/channels/${id}/members/add`, '&find=nobody-has-this-name'));
  await look(page, 'add-none');
}

async function lookAtSettings(tool: Tool, page: Page, { id, at }: Stop, look: Look): Promise<void> {
  await page.goto(at(`/channels/${id}/settings`));
  await look(page, 'settings');
  await page.getByLabel('Tags').fill('t'.repeat(101));
  await page.getByRole('button', { name: 'Save settings' }).click();
  await page.waitForSelector('#faults');
  await look(page, 'settings-faults');
  await page.goto(at(`/channels/${id}/settings`));
  await page.getByLabel('Description').fill(`Typed at ${Date.now()}`);
  const now = await tool.storage.channels.findChannel(id);
  if (!now) throw new Error('no channel');
  const said = `By somebody else at ${Date.now()}.`;
  await tool.storage.channels.updateChannel({ ...now, description: said, tags: ['autumn', 'year 1'] }, Date.now());
  await page.getByRole('button', { name: 'Save settings' }).click();
  await page.waitForSelector('#conflict');
  await look(page, 'settings-conflict');
  await page.getByRole('button', { name: 'Save what stands' }).click();
  await page.waitForSelector('#notice');
  await look(page, 'settings-notice');
}

async function lookAtSyncs(tool: Tool, page: Page, { id, at }: Stop, look: Look): Promise<void> {
  const { canvas } = tool.sandbox;
  const { id: courseId } = canvas.course('small');
  const sync = async () => {
    await tool.app.syncService.request({ channelId: id, trigger: 'button', requestedBy: null });
    await tool.settled();
    return tool.lastRun(id);
  };
  canvas.roster.add(courseId);
  const applied = await sync();
  await page.goto(at(`/channels/${id}`));
  await look(page, 'channel');
  await page.goto(at(`/channels/${id}/syncs/${applied.id}`));
  await look(page, 'sync');
  canvas.faults.slowMs = 1_500;
  await page.goto(at(`/channels/${id}`));
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.locator('progress').waitFor();
  await look(page, 'channel-progress');
  canvas.faults.reset();
  await tool.settled();
  canvas.roster.setEmpty(courseId, true);
  const held = await sync();
  canvas.roster.setEmpty(courseId, false);
  await page.goto(at(`/channels/${id}`));
  await look(page, 'channel-held');
  await page.goto(at(`/channels/${id}/syncs/${held.id}`));
  await look(page, 'sync-held');
  await page.locator('form[action*="/discard"] button').click();
  await page.waitForURL(/held-discarded/);
  await look(page, 'sync-notice-discarded');
}

async function lookAtOthers(
  tool: Tool,
  browser: Browser,
  options: ContextOptions,
  { stop, look }: { stop: Stop; look: Look },
): Promise<void> {
  const [small, big] = [tool.sandbox.canvas.course('small'), tool.sandbox.canvas.course('big')];
  const channel = await tool.storage.channels.findChannel(stop.id);
  if (!channel) throw new Error('no channel');
  await tool.storage.channels.updateChannel({ ...channel, privacy: 'open' }, Date.now());
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(tool.url);
  await look(page, 'start');
  await page.goto(stop.at(`/channels/${stop.id}`));
  await look(page, 'problem-no-session');
  const visitor = await enter(tool, page, strangerTo(small, big), 'big');
  await page.goto(visitor.at(`/channels/${stop.id}`));
  await look(page, 'channel-visitor');
  await page.goto(visitor.at('/channels', '&scope=open'));
  await look(page, 'mine-open');
  await page.goto(visitor.at(`/channels/${stop.id}/settings`));
  await look(page, 'problem-not-allowed');
  await context.clearCookies();
  const teacher = await enter(tool, page, big.cast.instructor, 'big');
  await page.goto(teacher.at(`/channels/${teacher.id}/activity`));
  await look(page, 'activity-empty');
  await context.clearCookies();
  await enter(tool, page, small.cast.student, 'small');
  await look(page, 'channel-student');
  await context.close();
}

async function lookAtDeletion(page: Page, { id, at }: Stop, look: Look): Promise<void> {
  await page.goto(at('/channels'));
  await look(page, 'mine');
  await page.goto(at('/channels', '&q=nothing-like-it'));
  await look(page, 'mine-none-found');
  await page.goto(at(`/channels/${id}/delete`));
  await look(page, 'delete');
  await page.getByRole('button', { name: 'Delete the channel' }).click();
  await page.locator('#notice').waitFor();
  await look(page, 'mine-notice-deleted');
  await page.goto(at(`/channels/${id}`));
  await look(page, 'problem-no-channel');
  await page.goto(at('/channels', '&scope=deleted'));
  await look(page, 'mine-deleted');
  await page.getByRole('button', { name: /^Restore/ }).click();
  await page.waitForURL(/channel-restored/);
  await look(page, 'channel-notice-restored');
}

async function change(tool: Tool, channelId: ChannelId, userId: UserId, level: Membership['override']): Promise<void> {
  const manageMembers = createManageMembers({ ...tool.storage, clock: Date.now, random: systemRandom });
  const what = level === null ? { updateMethod: 'automatic' as const } : { level };
  await manageMembers.change({ channelId, userId, change: what, override: true, seen: null, actor: 'system' });
}

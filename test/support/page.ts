import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from './browser.ts';

/** Chromium, headless; the sandbox is needless around pages of our own, and unavailable to root. */
export function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export const EVERY_VIEW = process.env.EVERY_VIEW !== undefined;

export const ALL_VIEWS = [
  { name: 'a 400 px frame, light', width: 400, height: 800, colorScheme: 'light' },
  { name: 'a 400 px frame, dark', width: 400, height: 800, colorScheme: 'dark' },
  { name: '1280 px, light', width: 1280, height: 900, colorScheme: 'light' },
  { name: '1280 px, dark', width: 1280, height: 900, colorScheme: 'dark' },
] as const;

/** Each width and each colour scheme once; EVERY_VIEW makes it all four. */
export const VIEWS = EVERY_VIEW ? ALL_VIEWS : [ALL_VIEWS[1], ALL_VIEWS[2]];

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

type AxeViolation = { id: string; help: string; nodes: { html: string; failureSummary: string }[] };

/** Fails with what axe finds on the page (WCAG 2.2 A and AA, and good practice). */
export async function expectAccessible(page: Page | Frame): Promise<void> {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: unknown[] }> } };
    return (await axe.run()).violations;
  });
  const told = (violations as AxeViolation[]).map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((n) => `${n.html}\n${n.failureSummary}`).join('\n')}`,
  );
  expect(told.join('\n\n')).toBe('');
}

/** Fails when a page is wider than its window: it would scroll sideways in an LMS's frame. */
export async function expectNoSidewaysScroll(page: Page | Frame): Promise<void> {
  const [content, window] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = (
      globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
    ).document.documentElement;
    return [scrollWidth, clientWidth] as const;
  });
  expect(content).toBeLessThanOrEqual(window);
}

/** The frame an LMS page holds the tool in, once it shows a page of the tool and has loaded. */
export async function toolFrame(
  page: Page,
  toolUrl: string,
  path = /^\/channels\/|^\/lti\/login\/continue/,
): Promise<Frame> {
  const find = () =>
    page.frames().find((frame) => frame.url().startsWith(toolUrl) && path.test(new URL(frame.url()).pathname));
  await expect.poll(() => find() !== undefined, { timeout: 20_000 }).toBe(true);
  const frame = find();
  if (!frame) throw new Error('the tool is in no frame');
  await frame.waitForLoadState();
  return frame;
}

export type { Browser, BrowserContext, Page };

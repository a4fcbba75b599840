import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../support/browser.ts';
import { ALL_VIEWS, type Browser, EVERY_VIEW, expectAccessible, openBrowser, type Page } from '../support/page.ts';
import { startTool, type Tool } from '../support/tool.ts';
import { type Look, PARTS, tour } from '../support/tour.ts';

/** A folder to put pictures of each state in, for looking at them. */
const PICTURES = process.env.PICTURES;
const MINUTES = 60_000;

describe.skipIf(findChromium() === null)('every page and state', { retry: 1, timeout: 4 * MINUTES }, () => {
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

  it.each(PARTS)('of the part "%s" is accessible, all there at any size, still, and told apart', async (part) => {
    const faults: string[] = [];
    const look: Look = async (page, state, { covers = false } = {}) => {
      const note = (what: string, found: unknown) =>
        faults.push(...(found as string[]).map((fault) => `${state}, ${what}: ${fault}`));
      for (const [i, { width, height, colorScheme }] of ALL_VIEWS.entries()) {
        if (!EVERY_VIEW && i !== 0 && i !== 3) continue;
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await picture(page, `${state}-${width}-${colorScheme}`);
        // Of the other two views only the colours are new.
        if (i === 0) await expectAccessible(page).catch((error: Error) => note('axe', [error.message]));
        else note(`${width} px, ${colorScheme}`, await page.evaluate(i === 3 ? ALL_OF_AXE : COLOURS));
        note(`${width} px`, await page.evaluate(`(${MISFITS})(${covers})`));
      }
      note('motion', await page.evaluate(MOVING));
      for (const [width, text] of EVERY_VIEW ? SIZES : SIZES.slice(-2)) {
        await page.setViewportSize({ width, height: Math.round(width * 0.7) });
        await page.evaluate(`document.documentElement.style.fontSize = '${text}%'`);
        if (width !== 320) await picture(page, `${state}-${width}-text-${text}`);
        note(`${width} px, text ${text} %`, await page.evaluate(`(${MISFITS})(${covers})`));
      }
      await page.evaluate(`document.documentElement.style.fontSize = ''`);
      await page.emulateMedia({ forcedColors: 'active' });
      await picture(page, `${state}-forced-colours`);
      note('forced colours', await page.evaluate(FORCED));
      await page.emulateMedia({ forcedColors: 'none' });
      await page.setViewportSize({ width: 900, height: 900 });
    };
    await tour(tool, browser, part, { viewport: { width: 900, height: 900 }, reducedMotion: 'reduce', look });
    expect(faults).toEqual([]);
  });

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
  }
});

/** Widths in CSS pixels, and the size of text: 1280 px at 200 % and at 400 % zoom, and text alone at 200 %. */
const SIZES = [
  [640, 100],
  [1280, 200],
  [320, 100],
  [640, 200],
] as const;

const COLOURS = axe(`{ runOnly: ['color-contrast'] }`);
const ALL_OF_AXE = axe('{}');

/** Runs in a page that axe was brought to already. */
function axe(options: string): string {
  return `axe.run(${options}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`;
}

/** Runs in the page. What stands outside the window, what is cut off, and words that lie over other words. */
const MISFITS = `(covers) => {
  const found = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push('scrolls sideways: ' + scrollWidth);
  // What stays in view while one scrolls lies over the rest by then.
  scrollTo(0, 0);
  const words = [];
  const hidden = (element) => element.closest('.visually-hidden, .skip, thead, option, script, [hidden]') !== null
    || !element.checkVisibility({ visibilityProperty: true });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    if (node.data.trim() === '' || hidden(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      if (right - left < 2) continue;
      const text = node.data.trim().slice(0, 40);
      if (left < -1 || right > document.documentElement.clientWidth + 1) found.push('outside: ' + text);
      // The line's own height is larger than its letters.
      words.push({ node, text, left, right, top: top + 3, bottom: bottom - 3 });
    }
  }
  for (const element of document.querySelectorAll('body *')) {
    const { overflowX, overflowY } = getComputedStyle(element);
    if (hidden(element) || element.matches('input, select, textarea, progress, svg, svg *, .combo__list')) continue;
    const clips = (value) => value === 'hidden' || value === 'clip';
    if (clips(overflowX) && element.scrollWidth > element.clientWidth + 1) found.push('cut off: ' + element.className);
    if (clips(overflowY) && element.scrollHeight > element.clientHeight + 1) found.push('cut off: ' + element.className);
  }
  for (const select of document.querySelectorAll('select, .button')) {
    if (!hidden(select) && select.scrollHeight > select.clientHeight + 2) found.push('too low: ' + select.textContent.trim().slice(0, 40));
  }
  if (!covers) {
    for (const [i, one] of words.entries()) {
      for (const other of words.slice(i + 1)) {
        if (one.node === other.node) continue;
        const apart = one.right <= other.left + 1 || other.right <= one.left + 1 || one.bottom <= other.top || other.bottom <= one.top;
        if (!apart) found.push('overlap: ' + one.text + ' / ' + other.text);
      }
    }
  }
  return [...new Set(found)].slice(0, 10);
}`;

const MOVING = `(() => {
  const names = document.getAnimations().filter(({ playState }) => playState === 'running').map(String);
  const ready = [...document.querySelectorAll('body *')].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element);
    return animationName !== 'none' || !/^0s(, 0s)*$/.test(transitionDuration);
  });
  return [...names, ...ready.map((element) => element.className)];
})()`;

/** Focus has an outline; badges keep their border; what is chosen differs from what is not by more than a lost background. */
const FORCED = `(() => {
  const wrong = [];
  const looks = (element) => {
    const { outlineStyle, outlineWidth, borderTopStyle, borderTopWidth } = getComputedStyle(element);
    return { outline: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, border: borderTopStyle !== 'none' && parseFloat(borderTopWidth) > 0 };
  };
  const places = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
  for (const element of [...document.querySelectorAll(places)].filter((one) => one.checkVisibility() && !one.disabled).slice(0, 60)) {
    element.focus({ focusVisible: true });
    const shown = [element, element.closest('.choice, .setting')].filter(Boolean);
    if (!shown.some((one) => looks(one).outline)) wrong.push('no focus: ' + element.outerHTML.slice(0, 80));
  }
  for (const badge of document.querySelectorAll('.badge, .tag, .panel, .note, .button')) {
    if (badge.checkVisibility() && !looks(badge).border) wrong.push('no border: ' + badge.className);
  }
  const ways = (selector) => [...document.querySelectorAll(selector)].map((one) => {
    const { backgroundColor, borderBottomColor } = getComputedStyle(one);
    return backgroundColor + borderBottomColor;
  });
  for (const kind of ['.pills__pill', '.tabs__tab']) {
    const [current] = ways(kind + '[aria-current]');
    if (current !== undefined && ways(kind + ':not([aria-current])').includes(current)) wrong.push('not told apart: ' + kind);
  }
  const [selected] = ways('.combo__option[aria-selected=true]');
  if (selected !== undefined && ways('.combo__option[aria-selected=false]').includes(selected)) wrong.push('not told apart: options');
  const bar = document.querySelector('progress');
  if (bar && !looks(bar).border) wrong.push('no border: progress');
  return wrong;
})()`;

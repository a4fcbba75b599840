import { ensureChromium } from './browser.ts';
import { build } from './build.ts';

/** Once before all tests: the build that process tests run, and the browser that page tests open. */
export default function setup(): void {
  build();
  const chromium = ensureChromium();
  if (chromium !== null) process.env.CHROMIUM = chromium;
  else if (process.env.CI === 'true') {
    throw new Error('No Chromium for the browser tests: install the package chromium, or set CHROMIUM to its path');
  } else process.stderr.write('Browser tests are skipped: install chromium, or set CHROMIUM to its path\n');
}

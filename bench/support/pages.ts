import type { Pool } from 'undici';
import type { SandboxCourses } from '../servers/sandbox.ts';
import { Browser } from './browser.ts';
import type { Child } from './child.ts';
import type { LaunchTarget } from './launch-types.ts';
import { median, quantile, readableMs } from './numbers.ts';
import type { Row } from './table.ts';

export type PageTimes = { what: string; p50: number; p95: number; cpu: number };

const GOAL_MS = 50;
/** Requests of each page before it is measured. */
const WARM_UP = 20;

/** Launches as the course's instructor, or as who is named; Canvas's side is asked without HTTP, for it is not what is measured. */
export async function enter(
  lms: Child,
  course: SandboxCourses['course'],
  to: { target: LaunchTarget; pool: Pool },
  personId: string = course.instructor,
): Promise<Browser> {
  const { target, pool } = to;
  const browser = new Browser(pool);
  const form = await lms.ask<Record<string, string>>('loginForm', { courseId: course.id, personId });
  let answer = await browser.post(target.loginPath, form);
  while (answer.location?.startsWith('/')) answer = await browser.get(answer.location);
  const back = await lms.ask<{ kind: string; fields: Record<string, string> }>('answer', answer.location);
  if (back.kind !== 'post') throw new Error(`the LMS refused the login: ${JSON.stringify(back)}`);
  answer = await browser.post(target.launchPath, back.fields);
  if (answer.status !== 303) throw new Error(`no launch: ${answer.status}`);
  return browser;
}

/** Asks for each page `times` times, one after another. */
export async function measurePages(
  paths: readonly { what: string; path: string }[],
  { browser, tool, times }: { browser: Browser; tool: Child; times: number },
): Promise<PageTimes[]> {
  const read = async (path: string, count: number) => {
    const all: number[] = [];
    for (let i = 0; i < count; i++) {
      const page = await browser.get(path);
      if (page.status !== 200) throw new Error(`${path}: ${page.status}`);
      all.push(page.ms);
    }
    return all;
  };
  const measured: PageTimes[] = [];
  for (const { path } of paths) await read(path, WARM_UP);
  for (const { what, path } of paths) {
    const cpuBefore = await tool.ask<number>('cpu');
    const all = await read(path, times);
    const cpu = ((await tool.ask<number>('cpu')) - cpuBefore) / times;
    measured.push({ what, cpu, p50: median(all), p95: quantile(all, 0.95) });
  }
  return measured;
}

/** The address of the next page of a list; throws when there is none. */
export async function nextPage(browser: Browser, path: string): Promise<string> {
  const list = await browser.get(path);
  const next = /href="([^"]*[?&](?:amp;)?cursor=[^"]*)"/.exec(list.body)?.[1]?.replaceAll('&amp;', '&');
  if (list.status !== 200 || !next) throw new Error(`no list at ${path}: ${list.status}`);
  return next;
}

/** A row for each page, of the medians of all repetitions. */
export function pageRows(name: string, measured: readonly PageTimes[][]): Row[] {
  return (measured[0] ?? []).map(({ what }, i) => {
    const of = (key: 'p50' | 'p95' | 'cpu') => median(measured.map((times) => times[i]?.[key] ?? Number.NaN));
    return {
      what: `${name}, ${what}`,
      measured: `p95 ${readableMs(of('p95'))} (p50 ${readableMs(of('p50'))}, CPU ${readableMs(of('cpu'))})`,
      goal: `p95 under ${GOAL_MS} ms`,
      ok: of('p95') < GOAL_MS,
    };
  });
}

import { Pool } from 'undici';
import type { RostrumStart } from './servers/rostrum.ts';
import type { SandboxCourses, SandboxStart } from './servers/sandbox.ts';
import { type Child, startChild } from './support/child.ts';
import { type Engine, startTool } from './support/engine.ts';
import type { LaunchTarget } from './support/launch-types.ts';
import { enter, measurePages, nextPage, type PageTimes, pageRows } from './support/pages.ts';
import { freePort } from './support/ports.ts';
import type { Row } from './support/table.ts';

/** How large the lists are, and how often each page is asked for. */
export type ListSizes = { channels: number; people: number; recordings: { some: number; many: number }; pages: number };

/** One person may ask for suggestions 120 times a minute, warming up included. */
const SEARCHES = 10;
const PUBLIC_URL = 'https://tool.example';

/** What grows with the whole platform (the channels of one person, those open to everybody, finding people), and recordings of a channel. */
export async function measureLists(sizes: ListSizes, engine: Engine): Promise<Row[]> {
  const { channels, people, recordings } = sizes;
  const measured = await measureOnce(sizes, engine);
  const withRecordings = (count: number) => `Channel of ${count.toLocaleString('en')} recordings`;
  return [
    ...pageRows(`My channels, ${channels.toLocaleString('en')}`, [measured.channels]),
    ...pageRows(`People of ${people.toLocaleString('en')}`, [measured.people]),
    ...pageRows(withRecordings(recordings.some), [measured.some]),
    ...pageRows(withRecordings(recordings.many), [measured.many]),
  ];
}

async function measureOnce(
  { channels, people, recordings, pages: times }: ListSizes,
  engine: Engine,
): Promise<Record<'channels' | 'people' | 'some' | 'many', PageTimes[]>> {
  const port = await freePort();
  const lms = startChild('sandbox');
  const tool = startTool(engine);
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 });
  try {
    const given: SandboxStart = { people: 50, toolUrl: `http://127.0.0.1:${port}`, publicUrl: PUBLIC_URL };
    const { registration, small: course, course: other } = await lms.ask<SandboxCourses>('start', given);
    const start: RostrumStart = { port, publicUrl: PUBLIC_URL, platforms: [registration] };
    const target = await tool.ask<LaunchTarget>('start', start);
    const channelId = await tool.ask<string>('openCourse', course);
    await tool.ask('fillChannels', { count: channels, instructor: course.instructor });
    await tool.ask('fillPeople', people);

    const browser = await enter(lms, course, { target, pool });
    const find = `/channels/${channelId}/people?q=`;
    const asked = { browser, tool, times };
    const measureRecordings = (of: SandboxCourses['course'], count: number) =>
      recordingPages(of, count, { lms, tool, target, pool, times });
    return {
      channels: await measurePages(
        [
          { what: 'first page', path: '/channels' },
          { what: 'next page', path: await nextPage(browser, '/channels') },
          { what: 'search, many found', path: '/channels?q=course' },
          { what: 'search, none found', path: '/channels?q=zzzzz' },
          { what: 'open to all', path: '/channels?scope=open' },
          { what: 'open to all, search', path: '/channels?scope=open&q=7' },
        ],
        asked,
      ),
      people: await measurePages(
        [
          { what: 'beginning of few', path: `${find}number9999` },
          { what: 'beginning of all', path: `${find}person` },
          { what: 'two words', path: `${find}${encodeURIComponent('maria number77')}` },
          { what: 'nobody', path: `${find}zzzzz` },
        ],
        { ...asked, times: Math.min(times, SEARCHES) },
      ),
      some: await measureRecordings(course, recordings.some),
      many: await measureRecordings(other, recordings.many),
    };
  } finally {
    await pool.close();
    await Promise.all([tool.stop(), lms.stop()]);
  }
}

type Recordings = { lms: Child; tool: Child; target: LaunchTarget; pool: Pool; times: number };

/** Fills a course's channel, and looks at it as its instructor, who sees everything and all views, and as a student. */
async function recordingPages(
  course: SandboxCourses['course'],
  count: number,
  means: Recordings,
): Promise<PageTimes[]> {
  const { lms, tool, target, pool, times } = means;
  const channelId = await tool.ask<string>('openCourse', course);
  await tool.ask('fillRecordings', { channelId, count });
  const channel = `/channels/${channelId}`;
  const list = `${channel}/recordings`;
  const instructor = await enter(lms, course, { target, pool });
  const student = await enter(lms, course, { target, pool }, course.student);
  const first = { what: 'its list', path: list };
  const asked = [
    first,
    { what: 'its list, next page', path: await nextPage(instructor, list) },
    { what: 'its list, search, many found', path: `${list}?q=lecture` },
    { what: 'its list, search, none found', path: `${list}?q=zzzzz` },
  ];
  const page = { what: 'its page', path: channel };
  const byStudent = [page, first].map(({ what, path }) => ({ what: `${what}, as a student`, path }));
  return [
    ...(await measurePages([page, ...asked], { browser: instructor, tool, times })),
    ...(await measurePages(byStudent, { browser: student, tool, times })),
  ];
}

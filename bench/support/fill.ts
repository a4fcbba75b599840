import type { ChannelId } from '../../src/channels/channel.ts';
import type { Platform } from '../../src/lti/platform.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { product } from './product.ts';

/** A course to open; `platform` is the place of its platform among those the tool knows, the first if not given. */
export type Course = { contextId: string; title: string; rosterUrl: string; instructor: string; platform?: number };
export type ManyChannels = { count: number; instructor: string };

export type Filled = { storage: Storage; platforms: readonly Platform[] };

/** What the first launch of a course does, without its sync. */
export async function openCourse({ storage, platforms }: Filled, course: Course): Promise<ChannelId> {
  const { openChannel } = await product<typeof import('../../src/channels/open-channel.ts')>('channels/open-channel');
  const { systemClock } = await product<typeof import('../../src/lib/clock.ts')>('lib/clock');
  const { systemRandom } = await product<typeof import('../../src/lib/ids.ts')>('lib/ids');
  const platform = platforms[course.platform ?? 0];
  if (!platform) throw new Error('no such platform');
  const opened = await openChannel(
    { ...storage, clock: systemClock, random: systemRandom },
    {
      platformId: platform.id,
      tenant: null,
      roleLevels: {},
      teachesToo: false,
      adminsLaunchAsInstructors: false,
      deploymentId: platform.deploymentIds[0] ?? '',
      subject: course.instructor,
      person: { name: null, email: null },
      roles: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor'],
      context: { id: course.contextId, title: course.title, label: null, types: [] },
      rosterUrl: course.rosterUrl,
    },
  );
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value.channel.id;
}

/** So many channels that this person is in, and as many of the platform that are open to everybody. */
export async function fillChannels(filled: Filled, { count, instructor }: ManyChannels): Promise<void> {
  const { channels } = filled.storage;
  await atOnce(count, async (i) => {
    const title = `Course ${i} of ${SUBJECTS[i % SUBJECTS.length]}`;
    await openCourse(filled, { contextId: `mine-${i}`, title, rosterUrl: 'https://lms.example/', instructor });
    const open = await openCourse(filled, { contextId: `open-${i}`, title, rosterUrl: '', instructor: 'colleague' });
    const channel = await channels.findChannel(open);
    if (channel) await channels.updateChannel({ ...channel, privacy: 'open' }, Date.now());
  });
}

const SUBJECTS = ['Biology', 'Chemistry', 'History', 'Physics', 'Law'];
const NAMES = ['Ana', 'Ben', 'Maria', 'José', 'Zoë', 'Ivan', 'Li', 'Fatima', 'Olu', 'Kim'];

export async function fillPeople({ storage, platforms }: Filled, count: number): Promise<void> {
  const platform = platforms[0];
  if (!platform) throw new Error('no platform');
  await atOnce(count, async (i) => {
    const person = { name: `${NAMES[i % NAMES.length]} Number${i}`, email: `person.${i}@school.example` };
    await storage.memberships.upsertUser({ platformId: platform.id, subject: `s-${i}`, person, at: Date.now() });
  });
  while (await storage.memberships.indexPeople(1000));
}

const AT_ONCE = 16;

/** A server across a connection is kept busy. */
export async function atOnce(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

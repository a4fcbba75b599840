import { expect } from 'vitest';
import type { ChannelId } from '../../../src/channels/channel.ts';
import type { Membership } from '../../../src/channels/membership.ts';
import type { SandboxCourse } from '../../../src/sandbox/course.ts';
import { fullName } from '../../../src/sandbox/people.ts';
import type { ProcessWorld } from '../../support/processes.ts';

/** Gives everybody of a course another name, so that its next sync has everything to write. */
export function renameAll(course: SandboxCourse, familyName: string): void {
  for (const { person } of course.enrolments.values()) person.familyName = familyName;
  course.version += 1;
}

/**
 * Everybody whom the roster lists is there once, active and as it says, and was written `versions` times; the one who
 * launched was entered before. Nobody else is there.
 */
export async function expectRoster(
  world: ProcessWorld,
  { channelId, course, versions }: { channelId: ChannelId; course: SandboxCourse; versions: number },
): Promise<void> {
  const members = await world.members(channelId);
  const listed = [...course.enrolments.values()].filter(({ state }) => state === 'active');
  const wanted = new Map(listed.map(({ person }) => [person.id, fullName(person)]));
  const wrong = members.filter((member) => !isAsListed(member, wanted));
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(members.map(({ subject }) => subject).toSorted()).toEqual([...wanted.keys()].toSorted());
  expect(new Set(members.map(({ userId }) => userId)).size).toBe(wanted.size);
  const others = members.filter(({ launchLevel }) => launchLevel === null);
  expect(new Set(others.map(({ version }) => version))).toEqual(new Set([versions]));
}

function isAsListed({ subject, person, active, rosterLevel, isTest }: Membership, wanted: Map<string, string>) {
  return wanted.get(subject) === person.name && (active || isTest) && rosterLevel !== null;
}

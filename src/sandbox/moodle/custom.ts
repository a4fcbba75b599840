import type { LaunchSubject } from '../launch-subject.ts';
import { fullName } from '../people.ts';

/**
 * Custom parameters with Moodle's variables expanded. A name with capitals or signs comes twice: as it is, and in lower
 * case with underscores. The roster's address stands among them too. Unknown variables are sent unchanged.
 */
export function moodleCustom(
  custom: Record<string, string>,
  subject: LaunchSubject,
  rosterUrl: string | null,
): Record<string, string> {
  const expanded: Record<string, string> = {};
  for (const [name, value] of Object.entries(custom)) {
    const result = value.startsWith('$') ? (variableValue(value.slice(1), subject) ?? value) : value;
    expanded[name.toLowerCase().replace(/[^a-z0-9]/g, '_')] = result;
    expanded[name] = result;
  }
  if (rosterUrl) expanded.context_memberships_url = rosterUrl;
  return expanded;
}

function variableValue(name: string, { person, course }: LaunchSubject): string | undefined {
  const values: Record<string, string | undefined> = {
    'Context.id': course.contextId,
    'Context.title': course.title,
    'Context.label': course.label,
    'Context.id.history': '',
    'CourseSection.sourcedId': course.label,
    'ResourceLink.id': course.resourceLinkId,
    'User.id': person?.id,
    'User.username': person?.username,
    'Person.name.full': person ? fullName(person) : undefined,
    'Person.sourcedId': person?.sourcedId,
    'Person.address.timezone': person?.timeZone,
    'Moodle.Person.userGroupIds': '',
  };
  return values[name];
}

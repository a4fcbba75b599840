import { type CourseRole, type EnrolmentState, isListed, type SandboxCourse } from '../course.ts';
import type { SandboxLms } from '../lms.ts';
import { rolesOf, statesOf } from '../roster.ts';
import { FAILURES } from './failures.ts';

/** Does what a form of the roster page asks; returns what is wrong with it, or null. */
export function changeRoster(lms: SandboxLms, course: SandboxCourse, fields: Record<string, string>): string | null {
  const { roster } = lms;
  switch (fields.action) {
    case 'add':
      roster.add(course.id);
      return null;
    case 'assistant':
      return promoteStudent(lms, course);
    case 'shrink':
      roster.shrink(course.id, 0.4);
      return null;
    case 'empty':
    case 'fill':
      roster.setEmpty(course.id, fields.action === 'empty');
      return null;
    case 'reset':
      roster.reset(course.id);
      lms.faults.reset();
      return null;
    case 'failures':
      applyFailures(lms, course, fields);
      return null;
    default:
      return changePerson(lms, course, fields);
  }
}

function changePerson(lms: SandboxLms, course: SandboxCourse, fields: Record<string, string>): string | null {
  const { person = '', value = '' } = fields;
  if (!course.enrolments.has(person)) return 'This person is not in the course any more.';
  if (fields.action === 'remove') lms.roster.remove(course.id, person);
  else if (fields.action === 'role' && rolesOf(lms.family).includes(value as CourseRole)) {
    lms.roster.setRole(course.id, person, value as CourseRole);
  } else if (fields.action === 'state' && statesOf(lms.family).includes(value as EnrolmentState)) {
    lms.roster.setState(course.id, person, value as EnrolmentState);
  } else return 'The sandbox does not know this action.';
  return null;
}

/** Moodle's roster does not tell a non-editing teacher from a student, so there the student becomes a teacher. */
function promoteStudent(lms: SandboxLms, course: SandboxCourse): string | null {
  const student = [...course.enrolments.values()].find(
    (enrolment) => isListed(enrolment) && enrolment.roles.join() === 'student' && enrolment.person.number > 100,
  );
  if (!student) return 'There is no student left.';
  lms.roster.setRole(course.id, student.person.id, lms.family === 'canvas' ? 'assistant' : 'teacher');
  return null;
}

function applyFailures(lms: SandboxLms, course: SandboxCourse, fields: Record<string, string>): void {
  for (const failure of FAILURES) {
    const value = fields[failure.name];
    const known = failure.choices.some(([choice]) => choice === value);
    if (value !== undefined && known) failure.apply(lms, course.id, value);
  }
}

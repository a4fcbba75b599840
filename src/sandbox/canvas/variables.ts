import type { Enrolment, SandboxCourse } from '../course.ts';
import { fullName, type SandboxPerson } from '../people.ts';
import { enrolmentNames } from './roles.ts';

type Subject = { person: SandboxPerson | null; enrolment: Enrolment | null; course: SandboxCourse | null };

/**
 * Custom parameters with their variables expanded. A variable Canvas does not know, or has no value for, stays as
 * the literal "$Name"; IDs come as JSON numbers.
 */
export function expandCustom(custom: Record<string, string>, subject: Subject): Record<string, string | number> {
  const entries = Object.entries(custom).map(([name, value]) => [name, expand(value, subject)] as const);
  return Object.fromEntries(entries);
}

function expand(value: string, subject: Subject): string | number {
  if (!value.startsWith('$')) return value;
  return variableValue(value.slice(1), subject) ?? value;
}

function variableValue(name: string, subject: Subject): string | number | null {
  return ofPerson(name, subject) ?? ofCourse(name, subject);
}

function ofPerson(name: string, { person, enrolment }: Subject): string | number | null {
  if (!person) return null;
  switch (name) {
    case 'Canvas.user.id':
      return person.number;
    case 'Canvas.user.globalId':
      return `1${String(person.number).padStart(13, '0')}`;
    case 'Canvas.user.loginId':
      return person.username;
    case 'Canvas.user.sisSourceId':
    case 'Person.sourcedId':
      return person.sourcedId || null;
    case 'Person.name.full':
      return fullName(person);
    case 'Person.address.timezone':
      return person.timeZone;
    case 'Message.locale':
      return person.locale;
    case 'Canvas.membership.roles':
      return enrolment ? enrolmentNames(enrolment) : null;
    case 'Canvas.enrollment.enrollmentState':
      return enrolment ? enrolment.state : null;
    default:
      return null;
  }
}

function ofCourse(name: string, { person, course }: Subject): string | number | null {
  if (!course) return null;
  switch (name) {
    case 'Canvas.course.id':
      return Number(course.id);
    case 'Canvas.course.name':
      return course.title;
    case 'Canvas.course.sisSourceId':
      return `SIS-${course.label}`;
    case 'Canvas.course.workflowState':
      return 'available';
    case 'Canvas.course.sectionIds':
      return person ? sectionOf(course, person).id : null;
    case 'com.instructure.User.sectionNames':
      return person ? JSON.stringify([sectionOf(course, person).name]) : null;
    case 'Canvas.course.previousContextIds':
    case 'Context.id.history':
      return '';
    default:
      return null;
  }
}

/** Each course has two sections, which people enter by turns. */
function sectionOf(course: SandboxCourse, person: SandboxPerson): { id: string; name: string } {
  const odd = person.number % 2 === 1;
  return { id: `${course.id}${odd ? 1 : 2}`, name: `${course.label} ${odd ? 'A' : 'B'}` };
}

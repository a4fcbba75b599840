import { type Enrolment, mayEnter, type SandboxCourse } from './course.ts';
import { faultsFor } from './faults.ts';
import type { LmsCore, LoginOptions } from './lms.ts';
import type { SandboxPerson } from './people.ts';
import type { SandboxRegistration } from './registrations.ts';

/** Who launches what from where; everything that claims are made of. */
export type LaunchSubject = {
  registration: SandboxRegistration;
  course: SandboxCourse;
  /** The launch happens outside any course. */
  outsideCourse: boolean;
  /** Null for anonymous visitors. */
  person: SandboxPerson | null;
  enrolment: Enrolment | null;
};

/** Finds who and what a launch is about. Throws when the LMS has no such thing, or would not let the person in. */
export function findLaunchSubject(core: LmsCore, options: LoginOptions): LaunchSubject {
  const { courseId, personId, overrides = {} } = options;
  const clientId = overrides.clientId ?? core.registrations.list()[0]?.clientId ?? '';
  const registration = core.registrations.find(clientId);
  const course = core.findCourse(courseId);
  const person = overrides.anonymous ? null : core.findPerson(personId);
  if (!registration) throw new Error(`No registration ${clientId}`);
  if (!course) throw new Error(`No course ${courseId}`);
  if (!person && !overrides.anonymous) throw new Error(`No person ${personId}`);
  const enrolment = person ? (course.enrolments.get(person.id) ?? null) : null;
  const admitted = !person || person.siteAdmin || overrides.anyone || (enrolment && mayEnter(enrolment));
  if (!admitted) throw new Error(`Person ${personId} may not open course ${courseId}`);
  const outsideCourse = overrides.withoutContext ?? faultsFor(core.faults, courseId).withoutContext;
  return { registration, course, outsideCourse, person, enrolment };
}

import type { CourseRole, Enrolment } from '../course.ts';
import { CONTEXT, INSTITUTION, MOODLE_ROSTER_ADMINISTRATOR, SYSTEM } from '../roles.ts';

/**
 * The role URIs of a launch. Moodle looks at `mod/lti:manage`, which non-editing teachers have too, so they launch as
 * instructors although the roster calls them learners.
 */
export function launchRoleUris(who: {
  enrolment: Enrolment | null;
  admin: boolean;
  switched: boolean;
  /** Deep linking asks as the roster does. */
  teaches?: boolean;
}): string[] {
  const { enrolment, admin, switched } = who;
  if (switched) return [CONTEXT.learner];
  if (admin) return [INSTITUTION.administrator, CONTEXT.instructor, SYSTEM.administrator];
  const teaches = who.teaches ?? hasAny(enrolment, ['teacher', 'assistant', 'manager']);
  return [teaches ? CONTEXT.instructor : CONTEXT.learner];
}

/** The roster's bare role word. Moodle looks at `moodle/course:manageactivities`: editing teachers and managers. */
export function rosterRole(enrolment: Enrolment): 'Instructor' | 'Learner' {
  return enrolment.person.siteAdmin || hasAny(enrolment, ['teacher', 'manager']) ? 'Instructor' : 'Learner';
}

/** The roles of a roster entry; an enrolled administrator gets a URI that is in no vocabulary. */
export function rosterRoles(enrolment: Enrolment): string[] {
  return [rosterRole(enrolment), ...(enrolment.person.siteAdmin ? [MOODLE_ROSTER_ADMINISTRATOR] : [])];
}

function hasAny(enrolment: Enrolment | null, roles: CourseRole[]): boolean {
  return enrolment?.roles.some((role) => roles.includes(role)) ?? false;
}

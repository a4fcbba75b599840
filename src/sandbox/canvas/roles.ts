import type { CourseRole, Enrolment } from '../course.ts';
import type { SandboxPerson } from '../people.ts';
import { CONTEXT, INSTITUTION, SYSTEM } from '../roles.ts';

/** The role URIs of a person's enrolments in a course; a teaching assistant is an instructor too. */
export function courseRoleUris(enrolment: Enrolment): string[] {
  return [...new Set(enrolment.roles.flatMap((role) => COURSE_ROLES[role]))];
}

/** All roles of a launch: those of the course, those anywhere in the institution, those of the system; sorted. */
export function launchRoleUris(
  person: SandboxPerson | null,
  enrolment: Enrolment | null,
  outsideCourse = false,
): string[] {
  if (!person) return [];
  const inInstitution = (enrolment?.roles ?? []).flatMap((role) => INSTITUTION_ROLES[role]);
  const roles = [
    ...(enrolment && !outsideCourse ? courseRoleUris(enrolment) : []),
    ...inInstitution,
    ...person.institutionRoles,
    SYSTEM.user,
    ...(person.siteAdmin ? [SYSTEM.sysAdmin] : []),
  ];
  return [...new Set(roles)].sort();
}

/** Canvas's own names of the enrolments, as `$Canvas.membership.roles` gives them. */
export function enrolmentNames(enrolment: Enrolment | null): string {
  return (enrolment?.roles ?? []).map((role) => ENROLMENT_NAMES[role]).join(',');
}

const COURSE_ROLES: Record<CourseRole, string[]> = {
  student: [CONTEXT.learner],
  teacher: [CONTEXT.instructor],
  assistant: [CONTEXT.teachingAssistant, CONTEXT.instructor],
  designer: [CONTEXT.contentDeveloper],
  observer: [CONTEXT.mentor],
  'test-student': [CONTEXT.learner, SYSTEM.testUser],
  manager: [],
  none: [],
};

const INSTITUTION_ROLES: Record<CourseRole, string[]> = {
  student: [INSTITUTION.student],
  teacher: [INSTITUTION.instructor],
  assistant: [INSTITUTION.instructor],
  designer: [INSTITUTION.instructor],
  observer: [INSTITUTION.observer],
  'test-student': [],
  manager: [],
  none: [],
};

const ENROLMENT_NAMES: Record<CourseRole, string> = {
  student: 'StudentEnrollment',
  teacher: 'TeacherEnrollment',
  assistant: 'TaEnrollment',
  designer: 'DesignerEnrollment',
  observer: 'ObserverEnrollment',
  'test-student': 'StudentViewEnrollment',
  manager: '',
  none: '',
};

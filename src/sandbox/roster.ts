import {
  type CourseRole,
  type Enrolment,
  type EnrolmentState,
  initialEnrolments,
  isListed,
  type SandboxCourse,
} from './course.ts';
import { createPerson, type LmsFamily, type SandboxPerson } from './people.ts';

/** Changes who is in a course, as the LMS's own staff would. Unknown courses and people throw. */
export type RosterControl = {
  /** Enrols a new person, or one that is known by `personId`. */
  add(courseId: string, options?: AddOptions): SandboxPerson;
  remove(courseId: string, personId: string): void;
  setRole(courseId: string, personId: string, role: CourseRole): void;
  setRoles(courseId: string, personId: string, roles: CourseRole[]): void;
  setState(courseId: string, personId: string, state: EnrolmentState): void;
  /** The roster answers without members while `empty`; nobody is removed. */
  setEmpty(courseId: string, empty: boolean): void;
  /** Removes this share of the listed people (0 to 1), students first; returns how many. */
  shrink(courseId: string, share: number): number;
  /** Changes a person's name in every course. */
  rename(personId: string, name: { givenName?: string; familyName?: string; email?: string }): void;
  /** Canvas: the course knows the person by another ID than the account has now, as after a merge. */
  setFormerId(courseId: string, personId: string, formerId: string | null): void;
  /** Puts the course back to its first state. */
  reset(courseId: string): void;
};

type AddOptions = {
  personId?: string;
  role?: CourseRole;
  state?: EnrolmentState;
  person?: Partial<Omit<SandboxPerson, 'id' | 'number'>>;
};

export function createRosterControl(deps: {
  family: LmsFamily;
  courses: SandboxCourse[];
  findPerson: (personId: string) => SandboxPerson | null;
  /** People who left; they can be enrolled again. */
  former: Map<string, SandboxPerson>;
}): RosterControl {
  const { family, courses } = deps;
  let nextNumber = 500_001;

  const control: RosterControl = {
    add(courseId, options = {}) {
      const course = courseOf(courses, courseId);
      const known = options.personId === undefined ? null : deps.findPerson(options.personId);
      if (options.personId !== undefined && !known) throw new Error(`No person ${options.personId}`);
      const person = known ?? createPerson(family, nextNumber++, options.person);
      const roles = [checkRole(family, options.role ?? 'student')];
      const state = checkState(family, options.state ?? 'active');
      course.enrolments.set(person.id, { person, roles, state, formerId: null });
      course.version++;
      return person;
    },
    remove(courseId, personId) {
      const course = courseOf(courses, courseId);
      drop(course, enrolmentOf(course, personId));
    },
    setRole: (courseId, personId, role) => control.setRoles(courseId, personId, [role]),
    setRoles(courseId, personId, roles) {
      change(courseId, personId, { roles: roles.map((role) => checkRole(family, role)) });
    },
    setState(courseId, personId, state) {
      change(courseId, personId, { state: checkState(family, state) });
    },
    setEmpty(courseId, empty) {
      courseOf(courses, courseId).empty = empty;
    },
    shrink(courseId, share) {
      const course = courseOf(courses, courseId);
      const leaving = peopleToDrop(course, share);
      for (const enrolment of leaving) drop(course, enrolment);
      return leaving.length;
    },
    rename(personId, name) {
      const person = deps.findPerson(personId);
      if (!person) throw new Error(`No person ${personId}`);
      for (const course of courses) {
        const enrolment = course.enrolments.get(personId);
        if (enrolment) Object.assign(enrolment.person, name);
        course.version++;
      }
      Object.assign(person, name);
    },
    setFormerId: (courseId, personId, formerId) => change(courseId, personId, { formerId }),
    reset(courseId) {
      const course = courseOf(courses, courseId);
      course.enrolments.clear();
      for (const [id, enrolment] of initialEnrolments(course, family)) course.enrolments.set(id, enrolment);
      course.empty = false;
      course.version++;
    },
  };
  return control;

  function drop(course: SandboxCourse, enrolment: Enrolment): void {
    deps.former.set(enrolment.person.id, enrolment.person);
    course.enrolments.delete(enrolment.person.id);
    course.version++;
  }

  function change(courseId: string, personId: string, changes: Partial<Enrolment>): void {
    const course = courseOf(courses, courseId);
    Object.assign(enrolmentOf(course, personId), changes);
    course.version++;
  }
}

/** The roles an LMS of this family gives in a course. */
export function rolesOf(family: LmsFamily): CourseRole[] {
  return family === 'canvas'
    ? ['student', 'teacher', 'assistant', 'designer', 'observer', 'test-student']
    : ['student', 'teacher', 'assistant', 'manager', 'none'];
}

export function statesOf(family: LmsFamily): EnrolmentState[] {
  return family === 'canvas'
    ? ['active', 'invited', 'inactive', 'completed']
    : ['active', 'suspended', 'expired', 'future'];
}

function checkRole(family: LmsFamily, role: CourseRole): CourseRole {
  if (!rolesOf(family).includes(role)) throw new Error(`No role ${role} on ${family}`);
  return role;
}

function checkState(family: LmsFamily, state: EnrolmentState): EnrolmentState {
  if (!statesOf(family).includes(state)) throw new Error(`No state ${state} on ${family}`);
  return state;
}

function courseOf(courses: SandboxCourse[], courseId: string): SandboxCourse {
  const course = courses.find((candidate) => candidate.id === courseId);
  if (!course) throw new Error(`No course ${courseId}`);
  return course;
}

function enrolmentOf(course: SandboxCourse, personId: string): Enrolment {
  const enrolment = course.enrolments.get(personId);
  if (!enrolment) throw new Error(`No person ${personId} in course ${course.id}`);
  return enrolment;
}

function peopleToDrop(course: SandboxCourse, share: number): Enrolment[] {
  const listed = [...course.enrolments.values()].filter(isListed);
  const students = listed.filter((enrolment) => enrolment.roles.includes('student')).reverse();
  const others = listed.filter((enrolment) => !enrolment.roles.includes('student')).reverse();
  return [...students, ...others].slice(0, Math.floor(listed.length * Math.min(Math.max(share, 0), 1)));
}

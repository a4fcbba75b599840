import { TROUBLESOME_NAMES } from './names.ts';
import { createPerson, type LmsFamily, opaqueId, type SandboxPerson } from './people.ts';
import { INSTITUTION } from './roles.ts';

/** `assistant`: a teaching assistant on Canvas, a non-editing teacher on Moodle. */
export type CourseRole =
  | 'student'
  | 'teacher'
  | 'assistant'
  | 'designer'
  | 'observer'
  | 'test-student'
  | 'manager'
  | 'none';

/** Canvas: active, invited, inactive, completed. Moodle: active, suspended, expired, future. */
export type EnrolmentState = 'active' | 'invited' | 'inactive' | 'completed' | 'suspended' | 'expired' | 'future';

export type Enrolment = {
  person: SandboxPerson;
  roles: CourseRole[];
  state: EnrolmentState;
  /** Canvas: the ID this course knew the person by before two accounts were merged; else null. */
  formerId: string | null;
};

/** Who plays which part in a course, by person ID. The notes say what Moodle has where it knows no such part. */
export type Cast = {
  /** Administers the LMS and is not enrolled. */
  admin: string;
  instructor: string;
  assistant: string;
  /** Canvas designer; Moodle manager. */
  designer: string;
  /** Canvas observer; Moodle: enrolled without any role. */
  observer: string;
  /** Canvas Test Student; Moodle: a student whose account is suspended, but whose enrolment is not. */
  testStudent: string;
  /** Canvas: teacher in one section, assistant in another; Moodle: student and teacher. */
  twoRoles: string;
  student: string;
  /** A student here who teaches elsewhere: Canvas adds the institution role Instructor. */
  teachesElsewhere: string;
  /** Not in the roster: Canvas invited; Moodle enrolment in the future. */
  invited: string;
  /** Not in the roster: Canvas inactive; Moodle suspended. */
  inactive: string;
  /** Not in the roster: Canvas completed; Moodle expired. */
  completed: string;
};

export type SandboxCourse = {
  key: 'small' | 'big';
  /** The number in the LMS's own addresses. */
  id: string;
  /** The `context.id` of launches: 40 hex digits on Canvas, the course number on Moodle. */
  contextId: string;
  label: string;
  title: string;
  /** Moodle: the activity that launches the tool. Canvas gives navigation placements the context's ID. */
  resourceLinkId: string;
  cast: Cast;
  /** How many people the roster lists at first. */
  size: number;
  /** All enrolments in whatever state, by person ID; filled when first asked for. */
  readonly enrolments: Map<string, Enrolment>;
  /** The roster answers without any member. */
  empty: boolean;
  /** Counts changes, so that sorted copies can be kept. */
  version: number;
};

/** The two courses of an LMS: `small` lists 30 people, `big` lists `bigCourseSize`. */
export function createCourses(family: LmsFamily, bigCourseSize: number): SandboxCourse[] {
  const ids = family === 'canvas' ? ['101', '102'] : ['2', '3'];
  return [
    createCourse(family, {
      key: 'small',
      id: ids[0] as string,
      label: 'PHIL-101',
      title: 'Philosophy 101 – Übungen & Diskussion',
      size: 30,
    }),
    createCourse(family, {
      key: 'big',
      id: ids[1] as string,
      label: 'STAT-200',
      title: 'Statistics for everyone (large lecture)',
      size: bigCourseSize,
    }),
  ];
}

/** The enrolments a course starts with. */
export function initialEnrolments(course: SandboxCourse, family: LmsFamily): Map<string, Enrolment> {
  const enrolments = new Map<string, Enrolment>();
  const enter = (person: SandboxPerson, roles: CourseRole[], state: EnrolmentState = 'active') =>
    enrolments.set(person.id, { person, roles, state, formerId: null });
  for (const part of castParts(family)) enter(part.person, part.roles, part.state);
  const listed = castParts(family).filter((part) => part.state === 'active').length;
  for (let index = 0; index < course.size - listed; index++) enter(studentOf(course, family, index), ['student']);
  return enrolments;
}

/** True when the LMS puts this enrolment on the roster. */
export function isListed(enrolment: Enrolment): boolean {
  return enrolment.state === 'active';
}

/** True when the LMS would let the person open the course: Canvas lets invited people in. */
export function mayEnter(enrolment: Enrolment): boolean {
  return enrolment.state === 'active' || enrolment.state === 'invited';
}

/** The LMS's administrator, who is in no course. */
export function createAdmin(family: LmsFamily): SandboxPerson {
  return createPerson(family, ADMIN, {
    givenName: 'Admin',
    familyName: 'User',
    username: 'admin',
    email: 'admin@campus.example',
    sourcedId: '',
    locale: 'en',
    timeZone: 'Europe/London',
    siteAdmin: true,
    institutionRoles: [INSTITUTION.administrator],
  });
}

const ADMIN = 2;

function createCourse(
  family: LmsFamily,
  options: { key: 'small' | 'big'; id: string; label: string; title: string; size: number },
): SandboxCourse {
  const contextId = family === 'canvas' ? opaqueId(`canvas course ${options.id}`) : options.id;
  let enrolments: Map<string, Enrolment> | null = null;
  const course: SandboxCourse = {
    ...options,
    contextId,
    resourceLinkId: family === 'canvas' ? contextId : String(Number(options.id) - 1),
    cast: castOf(family),
    get enrolments() {
      enrolments ??= initialEnrolments(course, family);
      return enrolments;
    },
    empty: false,
    version: 0,
  };
  return course;
}

type CastPart = { name: keyof Cast; person: SandboxPerson; roles: CourseRole[]; state: EnrolmentState };

function castParts(family: LmsFamily): CastPart[] {
  const canvas = family === 'canvas';
  const part = (
    name: keyof Cast,
    number: number,
    [given, last]: [string, string],
    roles: CourseRole[],
    state: EnrolmentState = 'active',
  ): CastPart => {
    const institutionRoles = name === 'teachesElsewhere' ? [INSTITUTION.instructor] : [];
    const person = createPerson(family, number, {
      givenName: given,
      familyName: last,
      locale: 'en',
      timeZone: 'Europe/London',
      institutionRoles,
    });
    return { name, person, roles, state };
  };
  return [
    part('instructor', 3, ['Theresa', 'Teacher'], ['teacher']),
    part('assistant', 4, canvas ? ['Tariq', 'Assistant'] : ['Nils', 'Non-Editing'], ['assistant']),
    part('designer', 5, canvas ? ['Dana', 'Designer'] : ['Mona', 'Manager'], canvas ? ['designer'] : ['manager']),
    part('observer', 6, canvas ? ['Olga', 'Observer'] : ['Nora', 'No-Role'], canvas ? ['observer'] : ['none']),
    part(
      'testStudent',
      7,
      canvas ? ['Test', 'Student'] : ['Sid', 'Account-Suspended'],
      canvas ? ['test-student'] : ['student'],
    ),
    part(
      'twoRoles',
      8,
      canvas ? ['Bo', 'Teacher-And-Assistant'] : ['Bo', 'Teacher-And-Student'],
      canvas ? ['teacher', 'assistant'] : ['student', 'teacher'],
    ),
    part('student', 9, ['Stu', 'Dent'], ['student']),
    part('teachesElsewhere', 10, ['Ellis', 'Elsewhere'], ['student']),
    part('invited', 11, ['Ivy', canvas ? 'Invited' : 'Starts-Later'], ['student'], canvas ? 'invited' : 'future'),
    part('inactive', 12, ['Ian', canvas ? 'Inactive' : 'Suspended'], ['student'], canvas ? 'inactive' : 'suspended'),
    part('completed', 13, ['Cora', canvas ? 'Completed' : 'Expired'], ['student'], canvas ? 'completed' : 'expired'),
  ];
}

function castOf(family: LmsFamily): Cast {
  const ids = Object.fromEntries(castParts(family).map((part) => [part.name, part.person.id]));
  return { admin: createAdmin(family).id, ...ids } as Cast;
}

/** The small course has the names that break careless code; the first few students take both courses. */
function studentOf(course: SandboxCourse, family: LmsFamily, index: number): SandboxPerson {
  const shared = course.key === 'small' || index < 20;
  const number = (shared ? 101 : 1001) + index;
  const troublesome = shared ? TROUBLESOME_NAMES[index] : undefined;
  if (!troublesome) return createPerson(family, number);
  return createPerson(family, number, { givenName: troublesome[0], familyName: troublesome[1] });
}

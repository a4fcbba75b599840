const LIS = 'http://purl.imsglobal.org/vocab/lis/v2';

/** Roles in a course (LTI Core 1.3, A.2.3), as URIs. */
export const CONTEXT = {
  administrator: `${LIS}/membership#Administrator`,
  contentDeveloper: `${LIS}/membership#ContentDeveloper`,
  instructor: `${LIS}/membership#Instructor`,
  learner: `${LIS}/membership#Learner`,
  mentor: `${LIS}/membership#Mentor`,
  teachingAssistant: `${LIS}/membership/Instructor#TeachingAssistant`,
} as const;

/** Roles in the institution (A.2.2). */
export const INSTITUTION = {
  administrator: `${LIS}/institution/person#Administrator`,
  instructor: `${LIS}/institution/person#Instructor`,
  observer: `${LIS}/institution/person#Observer`,
  student: `${LIS}/institution/person#Student`,
} as const;

/** Roles in the whole system (A.2.1), the Test Student among them. */
export const SYSTEM = {
  administrator: `${LIS}/system/person#Administrator`,
  sysAdmin: `${LIS}/system/person#SysAdmin`,
  testUser: 'http://purl.imsglobal.org/vocab/lti/system/person#TestUser',
  user: `${LIS}/system/person#User`,
} as const;

/** What Moodle's roster gives an enrolled administrator; a URI of no vocabulary. */
export const MOODLE_ROSTER_ADMINISTRATOR = `${LIS}/person#Administrator`;

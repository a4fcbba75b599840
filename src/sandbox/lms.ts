import type { KeyLike } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { createAdmin, createCourses, type SandboxCourse } from './course.ts';
import { createFaults, type SandboxFaults } from './faults.ts';
import { createKeyRing, type KeyRing, type SignOptions } from './keys.ts';
import type { LmsFamily, SandboxPerson } from './people.ts';
import { createRegistrations, type Registrations, type SandboxRegistration } from './registrations.ts';
import { createRequests, type SandboxRequests } from './requests.ts';
import { createRosterControl, type RosterControl } from './roster.ts';

type MessageType = 'LtiResourceLinkRequest' | 'LtiDeepLinkingRequest';

/** What of one launch differs from the usual. */
type LaunchOverrides = {
  /** The registration that is launched; the pre-made one if not given. */
  clientId?: string;
  /** Canvas: a visitor of a public course who is not logged in; no `sub`. */
  anonymous?: boolean;
  /** Canvas: an account-level placement. Moodle: the front page. */
  withoutContext?: boolean;
  /** Moodle: the person has switched the role to student. */
  switchedToStudent?: boolean;
  /** Lets people in whom the LMS would stop at its own door (inactive, suspended, not enrolled). */
  anyone?: boolean;
  /** Set over the claims that the LMS would send; undefined removes one. */
  claims?: Record<string, unknown>;
  /** Set over the fields of the login initiation; null removes one. */
  fields?: Record<string, string | null>;
};

export type LoginOptions = {
  courseId: string;
  personId: string;
  targetLinkUri?: string;
  messageType?: MessageType;
  overrides?: LaunchOverrides;
};

/** How the LMS answers an authorization request: a form that posts itself to the tool, or a page of its own. */
export type LmsAnswer =
  | { kind: 'post'; action: string; fields: Record<string, string> }
  | { kind: 'page'; status: number; title: string; message: string };

/** A sandbox LMS in the same process: what tests and pages steer it by. */
export type SandboxLms = {
  family: LmsFamily;
  /** The root of its addresses, which is its issuer too. */
  base: string;
  /** The pre-made registration of the tool, as an operator would type it in. */
  registration: {
    name: string;
    issuer: string;
    clientId: string;
    authUrl: string;
    tokenUrl: string;
    jwksUrl: string;
    deploymentIds: string[];
    tokenAudience: string | null;
  };
  /** `small`, then `big`. */
  courses: SandboxCourse[];
  faults: SandboxFaults;
  roster: RosterControl;
  requests: SandboxRequests;
  registrations: Registrations;
  /** What deep linking brought back, newest last. */
  deepLinks: DeepLink[];
  course(key: 'small' | 'big'): SandboxCourse;
  findPerson(personId: string): SandboxPerson | null;
  /** The address where the tool finds a course's roster. */
  rosterUrl(courseId: string, clientId?: string): string;
  /** Signs with a new key from now on; `forgetOld` takes the old ones from the key set. */
  rotateKeys(forgetOld?: boolean): void;
  /** The fields of a login initiation. Throws when the person may not open the course. */
  loginForm(options: LoginOptions): Record<string, string>;
  /** Answers the address that the tool's login redirected to, as the LMS does for the browser of that person. */
  answerAuthorization(url: string | URL): LmsAnswer;
  /** Claims as they would stand in a launch's id_token. */
  buildClaims(options: LoginOptions & { nonce: string }): Record<string, unknown>;
  signIdToken(claims: object, options?: SignOptions): string;
  /** PEM of the key that signs now, for confusing RS256 with HS256. */
  publicKeyPem(): string;
  /** Access tokens stop working. */
  dropTokens(): void;
  /** Starts a dynamic registration; returns the address that the LMS opens in its frame. */
  startRegistration(registrationUrl: string): string;
  /** Confirms a dynamic registration: Moodle's "Activate"; on Canvas it makes the deployment. */
  activate(clientId: string): SandboxRegistration;
};

export type DeepLink = { clientId: string; courseId: string; items: unknown[]; problem: string | null; at: number };

/** Where the tool is; what an operator would have typed into the LMS. */
export type ToolAddresses = {
  loginUrl: string;
  launchUrl: string;
  jwksUrl: string;
  registrationUrl?: string;
  origin: string;
};

/** What both LMSs are made of. */
export type LmsCore = {
  family: LmsFamily;
  base: string;
  clock: Clock;
  keys: KeyRing;
  courses: SandboxCourse[];
  faults: SandboxFaults;
  requests: SandboxRequests;
  registrations: Registrations;
  tokens: AccessTokens;
  roster: RosterControl;
  deepLinks: DeepLink[];
  spentRegistrationTokens: Set<string>;
  /** Another origin, for next links that lead astray. */
  foreignOrigin: string;
  findPerson(personId: string): SandboxPerson | null;
  findCourse(courseId: string): SandboxCourse | null;
};

export type LmsOptions = {
  family: LmsFamily;
  base: string;
  clock: Clock;
  bigCourseSize: number;
  pageDelayMs: number;
  foreignOrigin: string;
  registration: SandboxRegistration;
};

export function createLmsCore(options: LmsOptions): LmsCore {
  const { family, base, clock, bigCourseSize, foreignOrigin } = options;
  const courses = createCourses(family, bigCourseSize);
  const admin = createAdmin(family);
  const former = new Map<string, SandboxPerson>();
  const findPerson = (personId: string) => {
    if (personId === admin.id) return admin;
    for (const course of courses) {
      const found = course.enrolments.get(personId);
      if (found) return found.person;
    }
    return former.get(personId) ?? null;
  };
  return {
    family,
    base,
    clock,
    keys: createKeyRing(),
    courses,
    faults: createFaults(options.pageDelayMs),
    requests: createRequests(),
    registrations: createRegistrations(options.registration),
    tokens: createAccessTokens(clock),
    roster: createRosterControl({ family, courses, findPerson, former }),
    deepLinks: [],
    spentRegistrationTokens: new Set(),
    foreignOrigin,
    findPerson,
    findCourse: (courseId) => courses.find((course) => course.id === courseId) ?? null,
  };
}

/** The parts of a `SandboxLms` that are the same for both families. */
export function commonControls(core: LmsCore) {
  return {
    family: core.family,
    base: core.base,
    courses: core.courses,
    faults: core.faults,
    roster: core.roster,
    requests: core.requests,
    registrations: core.registrations,
    deepLinks: core.deepLinks,
    course(key: 'small' | 'big'): SandboxCourse {
      return core.courses.find((course) => course.key === key) as SandboxCourse;
    },
    findPerson: core.findPerson,
    rotateKeys: (forgetOld?: boolean) => core.keys.rotate(forgetOld),
    signIdToken: (claims: object, options?: SignOptions & { key?: KeyLike }) => core.keys.sign(claims, options),
    publicKeyPem: () => core.keys.publicPem(),
    dropTokens: () => core.tokens.dropAll(),
  };
}

/** `base` with `changes` over it; undefined and null take a key away. */
export function override<Value>(
  base: Record<string, Value>,
  changes: Record<string, Value | null | undefined> = {},
): Record<string, Value> {
  const result = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === null) delete result[key];
    else result[key] = value;
  }
  return result;
}

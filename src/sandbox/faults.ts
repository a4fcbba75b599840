/** What of a person the LMS tells the tool. Moodle knows only the first and the last two of these, by two settings. */
export type Privacy = 'public' | 'name_only' | 'email_only' | 'anonymous';

/** Canvas refuses with 403 and a text (the code in the field) or 429 (its newer documentation), Retry-After or not. */
export type ThrottleKind = 'canvas-403' | '429' | '429-retry-after';

/**
 * Answers that are none. `stall`: nothing ever comes. `drip`: a byte a second. `short-length`: the header tells half of
 * the length that comes. `login-page`: HTML with status 200. `login-redirect`: to such a page. `no-user-ids`: members
 * without what names them.
 */
export type SpoiltAnswer = 'stall' | 'drip' | 'short-length' | 'login-page' | 'login-redirect' | 'no-user-ids';

/** Faults of roster calls. Counters go down by one with each call that they spoil. */
export type RosterFaults = {
  /** Milliseconds before each page. */
  slowMs: number;
  /** The next `times` calls answer with `code`. */
  status: { code: number; times: number } | null;
  /** The next so many calls answer 401 and the token they came with is dropped. */
  unauthorized: number;
  throttle: { kind: ThrottleKind; times: number; retryAfterSeconds?: number } | null;
  /** The connection is cut in the middle of this page, counted from 1. */
  cutPage: number | null;
  /** The body stops half way, with a status of 200. */
  badJson: boolean;
  /** Every call is answered so; null for a real answer. */
  spoilt: SpoiltAnswer | null;
  /** The next link of the last page leads back to the first. */
  pageLoop: boolean;
  /** Next links lead to another origin, where a counter waits for tokens. */
  foreignNext: boolean;
  /** There is always a next page; pages past the end repeat. */
  endless: boolean;
  emptyRoster: boolean;
  /** The share of the roster that is left out, 0 to 1; the course itself is unchanged. */
  shrunk: number;
  /** The roster's context is the other course. */
  otherContext: boolean;
};

/** Faults and variants of launches. */
export type LaunchFaults = {
  /** The platform answers every authorization request with this error. */
  launchError: { error: string; description?: string } | null;
  /** Canvas: `login_required`. Moodle: its own login page, and the tool never hears of it. */
  loginRequired: boolean;
  /** The message hint is used up when the tool comes back. */
  launchExpired: boolean;
  /** The id_token carries a stamp this many milliseconds earlier, its expiry too. */
  earlyIatMs: number;
  /** The id_token names a deployment that nobody registered. */
  unknownDeployment: boolean;
  /** Overrides the registration's privacy level; null leaves it. */
  privacy: Privacy | null;
  noRosterClaim: boolean;
  /** Canvas: an account-level placement. Moodle: the front page. */
  withoutContext: boolean;
  /** How the login reaches the tool. */
  loginMethod: 'post' | 'get';
};

/** Faults of keys and tokens. */
type ServiceFaults = {
  jwksDown: boolean;
  jwksSlowMs: number;
  tokenDown: boolean;
  tokenSlowMs: number;
  /** The roster scope was switched off by an administrator. */
  scopeNotGranted: boolean;
  /** Canvas: the frame for LTI platform storage never answers, as in its mobile apps. */
  storageSilent: boolean;
};

/** The faults that can be set for one course. */
export type CourseFaults = RosterFaults & LaunchFaults;

export type SandboxFaults = CourseFaults &
  ServiceFaults & {
    /** The same switches for single courses, by course ID; they win over those of the LMS. */
    courses: Record<string, Partial<CourseFaults>>;
    /** Everything works again. */
    reset(): void;
  };

/** Switches that are all off; pages take `pageDelayMs`. */
export function createFaults(pageDelayMs = 0): SandboxFaults {
  const calm = calmFaults(pageDelayMs);
  const faults: SandboxFaults = {
    ...calm,
    courses: {},
    reset() {
      Object.assign(faults, calmFaults(pageDelayMs), { courses: {} });
    },
  };
  return faults;
}

/** The switches as they stand for one course; those of the LMS when it is null. */
export function faultsFor(faults: SandboxFaults, courseId: string | null): CourseFaults {
  return { ...faults, ...(courseId === null ? {} : faults.courses[courseId]) };
}

/** Uses up one call of `status` or `throttle`; null when it is not on. */
export function takeFault<Name extends 'status' | 'throttle'>(
  faults: SandboxFaults,
  courseId: string,
  name: Name,
): RosterFaults[Name] {
  const holder: Partial<RosterFaults> = holderOf(faults, courseId, name);
  const value: RosterFaults['status' | 'throttle'] | undefined = holder[name];
  if (!value || value.times < 1) return null;
  holder[name] = (value.times > 1 ? { ...value, times: value.times - 1 } : null) as RosterFaults[Name];
  return value as RosterFaults[Name];
}

/** Uses up one call of `unauthorized`. */
export function takeUnauthorized(faults: SandboxFaults, courseId: string): boolean {
  const holder = holderOf(faults, courseId, 'unauthorized');
  const left = holder.unauthorized ?? 0;
  if (left < 1) return false;
  holder.unauthorized = left - 1;
  return true;
}

function holderOf(faults: SandboxFaults, courseId: string, name: keyof RosterFaults): Partial<RosterFaults> {
  const own = faults.courses[courseId];
  return own?.[name] === undefined ? faults : own;
}

function calmFaults(pageDelayMs: number): CourseFaults & ServiceFaults {
  return {
    slowMs: pageDelayMs,
    status: null,
    unauthorized: 0,
    throttle: null,
    cutPage: null,
    badJson: false,
    spoilt: null,
    pageLoop: false,
    foreignNext: false,
    endless: false,
    emptyRoster: false,
    shrunk: 0,
    otherContext: false,
    launchError: null,
    loginRequired: false,
    launchExpired: false,
    earlyIatMs: 0,
    unknownDeployment: false,
    privacy: null,
    noRosterClaim: false,
    withoutContext: false,
    loginMethod: 'post',
    jwksDown: false,
    jwksSlowMs: 0,
    tokenDown: false,
    tokenSlowMs: 0,
    scopeNotGranted: false,
    storageSilent: false,
  };
}

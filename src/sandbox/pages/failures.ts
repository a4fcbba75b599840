import type { CourseFaults, Privacy, SandboxFaults, ThrottleKind } from '../faults.ts';
import type { SandboxLms } from '../lms.ts';
import type { LmsFamily } from '../people.ts';

/** A failure as the roster page offers it: a few choices, the first of which is "off". */
export type Failure = {
  name: string;
  label: string;
  hint: string;
  only?: LmsFamily;
  choices: readonly (readonly [value: string, label: string])[];
  read(lms: SandboxLms, courseId: string): string;
  apply(lms: SandboxLms, courseId: string, value: string): void;
};

export const FAILURES: readonly Failure[] = [
  {
    ...ofCourse({
      off: {},
      slow: { slowMs: 2000 },
      error: { status: { code: 503, times: 3 } },
      down: { status: { code: 503, times: 1000 } },
      gone: { status: { code: 404, times: 1000 } },
      unauthorized: { unauthorized: 1 },
      throttle403: { throttle: { kind: 'canvas-403' satisfies ThrottleKind, times: 3 } },
      throttle429: { throttle: { kind: '429-retry-after' satisfies ThrottleKind, times: 3, retryAfterSeconds: 2 } },
    }),
    name: 'calls',
    label: 'Roster calls',
    hint: 'How the platform treats requests for the roster.',
    choices: [
      ['off', 'Answer at once'],
      ['slow', 'Take two seconds a page'],
      ['error', 'Three errors (503), then fine'],
      ['down', 'Always an error (503)'],
      ['gone', 'The tool was removed (404)'],
      ['unauthorized', 'Drop the access token once (401)'],
      ['throttle403', 'Too many requests, three times (403)'],
      ['throttle429', 'Too many requests, three times (429)'],
    ],
  },
  {
    ...ofCourse({
      off: {},
      shrunk: { shrunk: 0.4 },
      empty: { emptyRoster: true },
      cut: { cutPage: 1 },
      json: { badJson: true },
      loop: { pageLoop: true },
      foreign: { foreignNext: true },
      endless: { endless: true },
      context: { otherContext: true },
    }),
    name: 'content',
    label: 'Roster content',
    hint: 'What comes back when the call itself works.',
    choices: [
      ['off', 'The true roster'],
      ['shrunk', 'Four of ten people are missing'],
      ['empty', 'Nobody'],
      ['cut', 'The connection breaks half way'],
      ['json', 'A body that stops half way'],
      ['loop', 'The last page leads back to the first'],
      ['foreign', 'The next page is on another server'],
      ['endless', 'Pages without end'],
      ['context', 'The roster of another course'],
    ],
  },
  {
    ...ofCourse({
      off: {},
      login: { loginRequired: true },
      expired: { launchExpired: true },
      denied: { launchError: { error: 'access_denied' } },
      deployment: { unknownDeployment: true },
      early: { earlyIatMs: 290_000 },
      old: { earlyIatMs: 2 * 60 * 60_000 },
      roster: { noRosterClaim: true },
      account: { withoutContext: true },
    }),
    name: 'launch',
    label: 'Opening the tool',
    hint: 'What the platform answers when the tool asks who is there.',
    choices: [
      ['off', 'Works'],
      ['login', 'The person is not logged in any more'],
      ['expired', 'The launch was used already'],
      ['denied', 'Access denied'],
      ['deployment', 'A deployment nobody registered'],
      ['early', 'Stamped almost five minutes early'],
      ['old', 'A token that expired long ago'],
      ['roster', 'Without a roster address'],
      ['account', 'Outside any course'],
    ],
  },
  {
    ...ofCourse({
      off: {},
      name_only: { privacy: 'name_only' satisfies Privacy },
      email_only: { privacy: 'email_only' satisfies Privacy },
      anonymous: { privacy: 'anonymous' satisfies Privacy },
    }),
    name: 'privacy',
    label: 'Names and addresses',
    hint: 'What the platform tells about people, at launch and in the roster.',
    choices: [
      ['off', 'As registered (both)'],
      ['name_only', 'Names only'],
      ['email_only', 'Addresses only'],
      ['anonymous', 'Neither'],
    ],
  },
  {
    ...ofLms({
      off: {},
      jwks: { jwksDown: true },
      slow: { jwksSlowMs: 5000 },
      token: { tokenDown: true },
      scope: { scopeNotGranted: true },
    }),
    name: 'services',
    label: 'Keys and tokens (both courses)',
    hint: 'The services behind launches and rosters.',
    choices: [
      ['off', 'Work'],
      ['jwks', 'The key set is down'],
      ['slow', 'The key set takes five seconds'],
      ['token', 'The token service is down'],
      ['scope', 'The roster permission was withdrawn'],
    ],
  },
  {
    ...ofLms({ off: {}, silent: { storageSilent: true } }),
    name: 'storage',
    label: 'Platform storage (both courses)',
    hint: 'Where the tool may keep a value when cookies are blocked.',
    only: 'canvas',
    choices: [
      ['off', 'Answers'],
      ['silent', 'Never answers'],
    ],
  },
];

/** Failures of one course: each choice sets some switches and clears those of the other choices. */
function ofCourse(choices: Record<string, Partial<CourseFaults>>): Pick<Failure, 'read' | 'apply'> {
  const names = switchNames(choices);
  return {
    read: (lms, courseId) => chosen(choices, lms.faults.courses[courseId] ?? {}),
    apply(lms, courseId, value) {
      const kept = { ...lms.faults.courses[courseId] };
      for (const name of names) delete kept[name as keyof CourseFaults];
      lms.faults.courses[courseId] = { ...kept, ...structuredClone(choices[value]) };
    },
  };
}

/** Failures of the whole LMS. */
function ofLms(choices: Record<string, Partial<SandboxFaults>>): Pick<Failure, 'read' | 'apply'> {
  const off = Object.fromEntries(switchNames(choices).map((name) => [name, name.endsWith('Ms') ? 0 : false]));
  return {
    read: (lms) => chosen(choices, lms.faults),
    apply: (lms, _courseId, value) => void Object.assign(lms.faults, off, choices[value]),
  };
}

function switchNames(choices: Record<string, object>): string[] {
  return [...new Set(Object.values(choices).flatMap((choice) => Object.keys(choice)))];
}

/** The choice whose switches are on; a counter that has begun to run counts as on. */
function chosen(choices: Record<string, object>, faults: object): string {
  const values = faults as Record<string, unknown>;
  const isOn = (name: string, wanted: unknown) => {
    const value = values[name];
    if (typeof wanted !== 'object' || wanted === null) return value === wanted;
    return typeof value === 'object' && value !== null && sameKind(value, wanted);
  };
  const found = Object.entries(choices).find(([, choice]) => {
    const switches = Object.entries(choice);
    return switches.length > 0 && switches.every(([name, wanted]) => isOn(name, wanted));
  });
  return found?.[0] ?? 'off';
}

/** Compares everything but the counter. */
function sameKind(a: object, b: object): boolean {
  const plain = (value: object) => JSON.stringify({ ...value, times: 0 });
  return plain(a) === plain(b) && !('times' in b && 'times' in a && Number(a.times) > Number(b.times));
}

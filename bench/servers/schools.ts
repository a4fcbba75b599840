import type { SandboxCourse } from '../../src/sandbox/sandbox.ts';
import { answerQuestions } from '../support/child.ts';
import type { Course } from '../support/fill.ts';
import { product } from '../support/product.ts';
import type { RostrumPlatform } from './rostrum.ts';

type Sandboxes = typeof import('../../src/sandbox/sandbox.ts');
type Sandbox = Awaited<ReturnType<Sandboxes['startSandbox']>>;
type Enrolments = SandboxCourse['enrolments'];

export type SchoolsStart = {
  schools: number;
  /** Of all schools together. */
  courses: number;
  /** Of each course. */
  members: number;
  /** Before each page, as an LMS takes time for one. */
  pageDelayMs: number;
  toolUrl: string;
  publicUrl: string;
};
export type Schools = { platforms: RostrumPlatform[]; courses: Course[] };

let schools: Sandbox[] = [];

/** Several of the product's own Canvas-like LMSs, each with its courses, 50 members a page. */
answerQuestions({
  async start(given: SchoolsStart): Promise<Schools> {
    const { startSandbox } = await product<Sandboxes>('sandbox/sandbox');
    const { toolUrl, publicUrl, pageDelayMs } = given;
    const tool = {
      loginUrl: `${publicUrl}/lti/login`,
      launchUrl: `${publicUrl}/lti/launch`,
      jwksUrl: `${toolUrl}/lti/keys`,
      origin: publicUrl,
    };
    schools = await Promise.all(
      Array.from({ length: given.schools }, () => startSandbox({ port: 0, tool, pageDelayMs })),
    );
    const each = Math.ceil(given.courses / given.schools);
    const courses: Course[] = [];
    for (const [platform, { canvas }] of schools.entries()) {
      const count = Math.min(each, given.courses - platform * each);
      const taught = await teach(canvas.course('small'), { count, members: given.members });
      canvas.courses.push(...taught);
      courses.push(...taught.map((course) => ({ ...describe(canvas, course), platform })));
    }
    return { platforms: schools.map(({ canvas }) => canvas.registration), courses };
  },
  forgetWalks() {
    for (const { canvas } of schools) canvas.requests.reset();
  },
  /** How many pages were asked of each school at one moment, at most: a walk asks for one after the other. */
  mostWalksAtOnce: () => schools.map(({ canvas }) => canvas.requests.rosterMostAtOnce),
});

/** Everybody but the teachers is in four of the courses. */
async function teach(like: SandboxCourse, { count, members }: { count: number; members: number }) {
  const { createPerson } = await product<typeof import('../../src/sandbox/people.ts')>('sandbox/people');
  const apart = Math.ceil(members / 4);
  const students = Array.from({ length: Math.max(members, count * apart) }, (_, i) => createPerson('canvas', 1000 + i));
  return Array.from({ length: count }, (_, i): SandboxCourse => {
    const id = String(1000 + i);
    const enrolments: Enrolments = new Map();
    const teacher = createPerson('canvas', 900_000 + i);
    enrolments.set(teacher.id, { person: teacher, roles: ['teacher'], state: 'active', formerId: null });
    for (let j = 0; j < members - 1; j++) {
      const person = students[(i * apart + j) % students.length] ?? teacher;
      enrolments.set(person.id, { person, roles: ['student'], state: 'active', formerId: null });
    }
    const contextId = `${like.contextId}-${id}`;
    const cast = { ...like.cast, instructor: teacher.id };
    return { ...like, id, contextId, title: `Course ${id}`, label: `C-${id}`, cast, size: members, enrolments };
  });
}

function describe(canvas: Sandbox['canvas'], { id, contextId, title, cast }: SandboxCourse): Course {
  return { contextId, title, rosterUrl: canvas.rosterUrl(id), instructor: cast.instructor };
}

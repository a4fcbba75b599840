import { answerQuestions } from '../support/child.ts';
import { product } from '../support/product.ts';

type Sandboxes = typeof import('../../src/sandbox/sandbox.ts');
type Sandbox = Awaited<ReturnType<Sandboxes['startSandbox']>>;
type LoginOptions = Parameters<Sandbox['canvas']['loginForm']>[0];

export type SandboxStart = { people: number; toolUrl: string; publicUrl: string };
export type SandboxCourses = {
  registration: Sandbox['canvas']['registration'];
  course: { id: string; contextId: string; title: string; rosterUrl: string; instructor: string; student: string };
  small: SandboxCourses['course'];
};

/** The product's own Canvas-like LMS, with a course of the size asked for, 50 members a page. */
let sandbox: Sandbox | null = null;

answerQuestions({
  async start({ people, toolUrl, publicUrl }: SandboxStart): Promise<SandboxCourses> {
    const { startSandbox } = await product<Sandboxes>('sandbox/sandbox');
    sandbox = await startSandbox({
      port: 0,
      bigCourseSize: people,
      tool: {
        loginUrl: `${publicUrl}/lti/login`,
        launchUrl: `${publicUrl}/lti/launch`,
        jwksUrl: `${toolUrl}/lti/keys`,
        origin: publicUrl,
      },
    });
    return { registration: sandbox.canvas.registration, course: courseOf('big'), small: courseOf('small') };
  },
  loginForm: (options: LoginOptions) => canvas().loginForm(options),
  answer: (url: string) => canvas().answerAuthorization(url),
  /** In a hundred people one is another than before: of 10 changes 4 are new names, 3 people come, 3 leave. */
  changeOnePercent() {
    const { roster } = canvas();
    const { id, enrolments } = canvas().course('big');
    const students = [...enrolments.values()].filter(({ roles }) => roles.includes('student')).slice(-5000);
    const changes = Math.max(10, Math.round(enrolments.size / 100));
    for (let i = 0; i < changes; i++) {
      const student = students[Math.floor((i * students.length) / changes)];
      if (i % 10 < 3) roster.add(id);
      else if (student && i % 10 < 6) roster.remove(id, student.person.id);
      else if (student) roster.rename(student.person.id, { familyName: `Changed ${i}` });
    }
    return changes;
  },
  reset: () => canvas().roster.reset(canvas().course('big').id),
});

function canvas(): Sandbox['canvas'] {
  if (!sandbox) throw new Error('not started');
  return sandbox.canvas;
}

function courseOf(key: 'small' | 'big') {
  const { id, contextId, title, cast, enrolments } = canvas().course(key);
  const { instructor } = cast;
  const last = [...enrolments.values()].filter(({ roles }) => roles.includes('student')).at(-1);
  if (!last) throw new Error('a course without students');
  return { id, contextId, title, rosterUrl: canvas().rosterUrl(id), instructor, student: last.person.id };
}

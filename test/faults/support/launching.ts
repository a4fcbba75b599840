import type { SandboxLms } from '../../../src/sandbox/sandbox.ts';
import type { ProcessWorld } from '../../support/processes.ts';
import { Visitor } from '../../support/visitor.ts';

/** People who launch one after another, several at once, and look at their pages. */
export type Crowd = {
  /** Those whose launch was answered, and where they are. */
  inside: Map<string, Visitor>;
  counts: CrowdCounts;
  /** Answers that nobody should get. */
  wrong: string[];
  /** Resolves when all are inside. */
  done: Promise<void>;
};

export type CrowdCounts = { answered: number; cut: number; unavailable: number };

export type CrowdOptions = {
  lms: SandboxLms;
  courseId: string;
  people: string[];
  atOnce: number;
  /** Pages that each looks at after the launch. */
  pages: number;
  /** Whether the problem page of a store that is away is a right answer. */
  mayBeUnavailable?: boolean;
};

const PAUSE_MS = 100;
/** An answer that takes longer never comes. */
const PATIENCE_MS = 40_000;

/**
 * Lets everybody in. What was cut is done again: a launch from its beginning, as who reloads the course's page does it,
 * unless its answer had come; then its page.
 */
export function startCrowd(world: ProcessWorld, options: CrowdOptions): Crowd {
  const { lms, courseId, people } = options;
  const crowd: Omit<Crowd, 'done'> = {
    inside: new Map(),
    counts: { answered: 0, cut: 0, unavailable: 0 },
    wrong: [],
  };

  async function attempt(visitor: Visitor, ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await inTime(ask());
    } catch (error) {
      crowd.counts.cut += 1;
      if (error instanceof Hung) crowd.wrong.push(`nothing after ${visitor.trail.join(' -> ')}`);
      await pause();
      return false;
    }
    if (visitor.status === 200) return true;
    if (visitor.status !== 503 || !options.mayBeUnavailable) crowd.wrong.push(`${visitor.status} ${visitor.text()}`);
    crowd.counts.unavailable += 1;
    await pause();
    return false;
  }

  async function launch(personId: string): Promise<Visitor> {
    for (;;) {
      const visitor = new Visitor(world.url);
      if (await attempt(visitor, () => world.launch(lms, { courseId, personId, visitor }))) return visitor;
      const page = answeredWith(visitor);
      if (page === null) continue;
      while (!(await attempt(visitor, () => visitor.get(page))));
      return visitor;
    }
  }

  async function enter(personId: string): Promise<void> {
    const visitor = await launch(personId);
    crowd.counts.answered += 1;
    crowd.inside.set(personId, visitor);
    const page = visitor.url;
    for (let seen = 0; seen < options.pages; ) {
      if (!(await attempt(visitor, () => visitor.get(page)))) continue;
      seen += 1;
      crowd.counts.answered += 1;
    }
  }

  const left = [...people];
  async function work(): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await enter(next);
  }
  return { ...crowd, done: Promise.all(Array.from({ length: options.atOnce }, work)).then(() => {}) };
}

/** Where an answered launch leads, when its page could not be had. */
function answeredWith(visitor: Visitor): string | null {
  const page = visitor.trail.at(-1) ?? '';
  const launched = visitor.trail.some((url) => new URL(url).pathname === '/lti/launch');
  return launched && new URL(page).pathname.startsWith('/channels/') ? page : null;
}

class Hung extends Error {}

async function inTime(asked: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hung()), PATIENCE_MS);
  });
  await Promise.race([asked, hung]).finally(() => clearTimeout(timer));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

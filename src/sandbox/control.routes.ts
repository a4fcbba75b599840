import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { CourseRole, EnrolmentState } from './course.ts';
import { isListed } from './course.ts';
import { jsonAnswer, send } from './http-answer.ts';
import type { SandboxLms } from './lms.ts';

/**
 * Steers an LMS by JSON from another process: `GET /` tells its state, `PATCH /faults` sets switches, `POST /roster`
 * does one action of the roster, `POST /reset` puts everything back, `POST /keys/rotate` changes the signing key.
 */
export function createControl(lms: SandboxLms): Router {
  const router = Router();
  router.get('/', (_req, res) => send(res, jsonAnswer(200, describe(lms))));
  router.get('/requests', (_req, res) => send(res, jsonAnswer(200, lms.requests)));
  router.patch('/faults', (req, res) => attempt(res, () => setFaults(lms, req.body)));
  router.post('/roster', (req, res) => attempt(res, () => changeRoster(lms, ROSTER_ACTION.parse(req.body))));
  router.post('/keys/rotate', (req, res) => attempt(res, () => lms.rotateKeys(forgetsOld(req))));
  router.post('/tokens/drop', (_req, res) => attempt(res, () => lms.dropTokens()));
  router.post('/reset', (_req, res) =>
    attempt(res, () => {
      lms.faults.reset();
      lms.requests.reset();
      for (const course of lms.courses) lms.roster.reset(course.id);
    }),
  );
  return router;
}

const COURSE = { course: z.string() };
const PERSON = { ...COURSE, person: z.string() };

const ROSTER_ACTION = z.discriminatedUnion('action', [
  z.object({ action: z.literal('add'), ...COURSE, person: z.string().optional(), role: z.string().optional() }),
  z.object({ action: z.literal('remove'), ...PERSON }),
  z.object({ action: z.literal('role'), ...PERSON, role: z.string() }),
  z.object({ action: z.literal('state'), ...PERSON, state: z.string() }),
  z.object({ action: z.literal('empty'), ...COURSE, empty: z.boolean() }),
  z.object({ action: z.literal('shrink'), ...COURSE, share: z.number().min(0).max(1) }),
  z.object({ action: z.literal('reset'), ...COURSE }),
]);

/** The roster refuses what it does not know by throwing; here that is the caller's mistake. */
function attempt(res: Response, action: () => unknown): void {
  try {
    send(res, jsonAnswer(200, action() ?? { ok: true }));
  } catch (error) {
    send(res, jsonAnswer(400, { problem: error instanceof Error ? error.message : 'Bad request' }));
  }
}

function describe(lms: SandboxLms): object {
  return {
    family: lms.family,
    registration: lms.registration,
    faults: lms.faults,
    courses: lms.courses.map(({ key, id, contextId, title, cast, enrolments, empty }) => ({
      ...{ key, id, contextId, title, cast, empty },
      listed: [...enrolments.values()].filter(isListed).length,
    })),
  };
}

function setFaults(lms: SandboxLms, body: unknown): object {
  const faults = z.record(z.string(), z.unknown()).parse(body);
  const unknown = Object.keys(faults).filter((name) => name === 'reset' || !(name in lms.faults));
  if (unknown.length > 0) throw new Error(`No such faults: ${unknown.join(', ')}`);
  return Object.assign(lms.faults, faults);
}

function changeRoster(lms: SandboxLms, change: z.infer<typeof ROSTER_ACTION>): unknown {
  const { roster } = lms;
  switch (change.action) {
    case 'add':
      return roster.add(change.course, {
        ...(change.person === undefined ? {} : { personId: change.person }),
        ...(change.role === undefined ? {} : { role: change.role as CourseRole }),
      });
    case 'remove':
      return roster.remove(change.course, change.person);
    case 'role':
      return roster.setRole(change.course, change.person, change.role as CourseRole);
    case 'state':
      return roster.setState(change.course, change.person, change.state as EnrolmentState);
    case 'empty':
      return roster.setEmpty(change.course, change.empty);
    case 'shrink':
      return { removed: roster.shrink(change.course, change.share) };
    case 'reset':
      return roster.reset(change.course);
  }
}

function forgetsOld(req: Request): boolean {
  const body = z.object({ forgetOld: z.boolean().default(false) }).safeParse(req.body ?? {});
  return body.success && body.data.forgetOld;
}

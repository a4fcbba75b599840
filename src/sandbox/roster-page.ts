import type { Request, Response } from 'express';
import { sleep } from '../lib/clock.ts';
import { type Enrolment, isListed, type SandboxCourse } from './course.ts';
import {
  type CourseFaults,
  faultsFor,
  type RosterFaults,
  type SpoiltAnswer,
  takeFault,
  takeUnauthorized,
} from './faults.ts';
import { type HttpAnswer, send, textAnswer } from './http-answer.ts';
import type { LmsCore } from './lms.ts';

/** A page of a roster, and where in the roster it stands. */
export type RosterPage = HttpAnswer & { page: number };

/**
 * Answers one roster call: counts it, lets the switched-on faults spoil it, else sends what `build` makes.
 * `build` gets the faults of the course.
 */
export async function serveRoster(
  core: LmsCore,
  course: SandboxCourse,
  exchange: { req: Request; res: Response; build: (faults: CourseFaults) => RosterPage },
): Promise<void> {
  const { req, res } = exchange;
  const { requests } = core;
  requests.rosterPages++;
  requests.rosterRunning++;
  requests.rosterMostAtOnce = Math.max(requests.rosterMostAtOnce, requests.rosterRunning);
  try {
    const faults = faultsFor(core.faults, course.id);
    if (faults.slowMs > 0) await sleep(faults.slowMs);
    const refused = spoil(core, course.id, req);
    if (refused) return send(res, refused);
    const page = exchange.build(faults);
    if (faults.spoilt) sendSpoilt(res, page, faults.spoilt);
    else sendPage(res, page, faults);
  } finally {
    requests.rosterRunning--;
  }
}

/** The enrolments that the roster shows now. */
export function listedEnrolments(course: SandboxCourse, faults: RosterFaults, sorted: Enrolment[]): Enrolment[] {
  if (course.empty || faults.emptyRoster) return [];
  return faults.shrunk > 0 ? sorted.slice(0, Math.ceil(sorted.length * (1 - faults.shrunk))) : sorted;
}

/** Sorts a course's listed enrolments once per change of the course. */
export function createSortedRosters(
  compare: (a: Enrolment, b: Enrolment) => number,
): (course: SandboxCourse) => Enrolment[] {
  const kept = new WeakMap<SandboxCourse, { version: number; sorted: Enrolment[] }>();
  return (course) => {
    const known = kept.get(course);
    if (known && known.version === course.version) return known.sorted;
    const sorted = [...course.enrolments.values()].filter(isListed).sort(compare);
    kept.set(course, { version: course.version, sorted });
    return sorted;
  };
}

/** Where a page's next link leads, as the faults have it; null for none. */
export function nextLink(
  core: LmsCore,
  faults: RosterFaults,
  place: { page: number; pages: number; url: (page: number) => string },
): string | null {
  const { page, pages, url } = place;
  if (faults.foreignNext) {
    const stolen = new URL(url(page + 1));
    return `${core.foreignOrigin}${stolen.pathname}${stolen.search}`;
  }
  if (faults.endless) return url(page + 1);
  if (page < pages) return url(page + 1);
  return faults.pageLoop ? url(1) : null;
}

/** The course that the roster claims to be about. */
export function namedCourse(core: LmsCore, course: SandboxCourse, faults: RosterFaults): SandboxCourse {
  if (!faults.otherContext) return course;
  return core.courses.find((other) => other.id !== course.id) ?? course;
}

function spoil(core: LmsCore, courseId: string, req: Request): HttpAnswer | null {
  const status = takeFault(core.faults, courseId, 'status');
  if (status) return textAnswer(status.code, `The sandbox was told to answer ${status.code}`);
  if (takeUnauthorized(core.faults, courseId)) {
    core.tokens.drop(req.get('authorization'));
    return { status: 401, type: 'application/json; charset=utf-8', body: '{"errors":{"type":"unauthorized"}}' };
  }
  const throttle = takeFault(core.faults, courseId, 'throttle');
  if (!throttle) return null;
  const headers: Record<string, string> = { 'X-Request-Cost': '0.7', 'X-Rate-Limit-Remaining': '0.0' };
  if (throttle.kind === 'canvas-403') {
    return { ...textAnswer(403, '403 Forbidden (Rate Limit Exceeded)\n'), headers };
  }
  if (throttle.kind === '429-retry-after') headers['Retry-After'] = String(throttle.retryAfterSeconds ?? 1);
  return { ...textAnswer(429, '429 Too Many Requests (Rate Limit Exceeded)\n'), headers };
}

function sendPage(res: Response, page: RosterPage, faults: RosterFaults): void {
  const body = faults.badJson ? page.body.slice(0, Math.floor(page.body.length / 2)) : page.body;
  if (faults.cutPage !== page.page) {
    send(res, { ...page, body });
    return;
  }
  res.status(page.status).set(page.headers ?? {});
  res.setHeader('Content-Type', page.type);
  res.setHeader('Content-Length', Buffer.byteLength(body));
  const half = body.slice(0, Math.floor(body.length / 2));
  res.write(half, () => res.socket?.destroy());
}

function sendSpoilt(res: Response, page: RosterPage, spoilt: SpoiltAnswer): void {
  if (spoilt === 'drip') drip(res, page);
  else if (spoilt !== 'stall') send(res, spoiltAnswer(page, spoilt));
}

function spoiltAnswer(page: RosterPage, spoilt: Exclude<SpoiltAnswer, 'stall' | 'drip'>): HttpAnswer {
  const half = Math.floor(Buffer.byteLength(page.body) / 2);
  switch (spoilt) {
    case 'short-length':
      return { ...page, headers: { 'Content-Length': String(half) } };
    case 'login-page':
      return { status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html><title>Log in</title>' };
    case 'login-redirect':
      return { ...textAnswer(302, ''), headers: { Location: '/login' } };
    case 'no-user-ids':
      return { ...page, body: page.body.replaceAll('"user_id"', '"userId"') };
  }
}

/** Until the caller gives up. */
function drip(res: Response, page: RosterPage): void {
  res.status(page.status).setHeader('Content-Type', page.type);
  let sent = 0;
  const timer = setInterval(() => res.write(page.body.slice(sent, ++sent)), 1_000).unref();
  res.on('close', () => clearInterval(timer));
  res.flushHeaders();
}

import type { Request, RequestHandler } from 'express';
import { NRPS_SCOPE, NRPS_TYPE } from '../claim-names.ts';
import type { Enrolment, SandboxCourse } from '../course.ts';
import type { CourseFaults } from '../faults.ts';
import { type HttpAnswer, send } from '../http-answer.ts';
import type { LmsCore } from '../lms.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { CONTEXT } from '../roles.ts';
import {
  createSortedRosters,
  listedEnrolments,
  namedCourse,
  nextLink,
  type RosterPage,
  serveRoster,
} from '../roster-page.ts';
import { moodleRosterUrl } from './claims.ts';
import { phpJson } from './json.ts';
import { jsonBody, jsonLdBody } from './members.ts';
import { rosterRole } from './roles.ts';

const JSON_LD_TYPE = 'application/vnd.ims.lis.v2.membershipcontainer+json';
const ENDLESS_PAGE_SIZE = 50;

/**
 * Moodle's memberships service: the whole roster in one answer unless `limit` is given, sorted by last name, first
 * name and ID; bare role words; names escaped for HTML.
 */
export function moodleRosterHandler(core: LmsCore): RequestHandler {
  const byName = new Intl.Collator('en');
  const sortedRoster = createSortedRosters(
    (a, b) =>
      byName.compare(a.person.familyName, b.person.familyName) ||
      byName.compare(a.person.givenName, b.person.givenName) ||
      a.person.number - b.person.number,
  );
  return async (req, res) => {
    const found = admit(core, req);
    if ('refused' in found) return send(res, found.refused);
    const { course, registration } = found;
    const build = (faults: CourseFaults) => buildPage(core, { course, registration, faults, req, sortedRoster });
    await serveRoster(core, course, { req, res, build });
  };
}

type Admission = { course: SandboxCourse; registration: SandboxRegistration } | { refused: HttpAnswer };

/** The order of the checks: method, Accept, token, course; errors carry the request in their body. */
function admit(core: LmsCore, req: Request): Admission {
  const refused = (status: number, reason: string) => ({ refused: refusal(core, req, status, reason) });
  if (req.method !== 'GET') return refused(405, 'Method Not Allowed');
  if (!mediaType(req)) return refused(400, `No handler found for ${servicePath(core, req)} ${req.get('accept') ?? ''}`);
  const grant = core.tokens.read(req.get('authorization'));
  const registration = grant && core.registrations.find(grant.clientId);
  const mayRead =
    registration?.state === 'active' &&
    grant?.scopes.includes(NRPS_SCOPE) &&
    registration.deploymentIds.includes(String(req.params.typeId));
  if (!mayRead || !registration) return refused(401, 'Unauthorized');
  const courseId = String(req.params.courseId);
  const course = core.findCourse(courseId);
  if (!course) return refused(404, `Not Found: Course ${courseId} doesn't exist`);
  const rlid = queryOf(req).get('rlid');
  if (rlid && rlid !== course.resourceLinkId) return refused(404, 'Not Found: LTI link does not exist');
  return { course, registration };
}

/** Moodle compares the whole Accept header with the types it has, unless the header allows anything. */
function mediaType(req: Request): 'v2' | 'v1' | null {
  const accept = req.get('accept') ?? '';
  if (accept === JSON_LD_TYPE) return 'v1';
  return accept === '' || accept === NRPS_TYPE || accept.includes('*/*') ? 'v2' : null;
}

type PageRequest = {
  course: SandboxCourse;
  registration: SandboxRegistration;
  faults: CourseFaults;
  req: Request;
  sortedRoster: (course: SandboxCourse) => Enrolment[];
};

function buildPage(core: LmsCore, request: PageRequest): RosterPage {
  const { course, registration, faults, req } = request;
  const query = queryOf(req);
  const listed = listedEnrolments(course, faults, request.sortedRoster(course));
  const members = filterByRole(listed, query.get('role'));
  const { from, limit } = pageOf(query);
  const size = limit ?? (members.length || 1);
  const start = faults.endless && from >= members.length ? from % Math.max(members.length, 1) : from;
  const shown = members.slice(start, start + size);
  const base = moodleRosterUrl(core, course.id, registration.deploymentIds[0] ?? '');
  const page = Math.floor(from / size) + 1;
  const next = nextLink(core, faults, {
    page,
    pages: from + size < members.length ? page + 1 : page,
    url: (number) => pageUrl(base, query, limit ?? ENDLESS_PAGE_SIZE, from + (number - page) * size),
  });
  const about = namedCourse(core, course, faults);
  const options = { base, course: about, privacy: faults.privacy ?? registration.privacy, withLink: query.has('rlid') };
  const body = mediaType(req) === 'v1' ? jsonLdBody(shown, options) : jsonBody(shown, options);
  const type = `${mediaType(req) === 'v1' ? JSON_LD_TYPE : NRPS_TYPE}; charset=utf-8`;
  const headers: Record<string, string> = next ? { Link: `<${next}>; rel="next"` } : {};
  return { status: 200, type, body: phpJson(body), headers, page };
}

/** Only the two roles Moodle knows filter; any other word lets everyone through. */
function filterByRole(listed: Enrolment[], role: string | null): Enrolment[] {
  if (role === 'Instructor' || role === CONTEXT.instructor) return listed.filter((e) => rosterRole(e) === 'Instructor');
  if (role === 'Learner' || role === CONTEXT.learner) return listed.filter((e) => rosterRole(e) === 'Learner');
  return listed;
}

/** `from` counts only together with `limit`; zero, negative and garbage mean no limit. */
function pageOf(query: URLSearchParams): { from: number; limit: number | null } {
  const limit = Number.parseInt(query.get('limit') ?? '', 10);
  if (!(limit > 0)) return { from: 0, limit: null };
  const from = Number.parseInt(query.get('from') ?? '', 10);
  return { from: Math.max(from || 0, 0), limit };
}

/** The next link keeps `rlid` and loses `role`. */
function pageUrl(base: string, query: URLSearchParams, limit: number, from: number): string {
  const rlid = query.get('rlid');
  return `${base}?limit=${limit}&from=${Math.max(from, 0)}${rlid ? `&rlid=${rlid}` : ''}`;
}

/** Moodle repeats the request and puts its reason into the status line. */
function refusal(core: LmsCore, req: Request, status: number, reason: string): HttpAnswer {
  const request = {
    method: req.method,
    url: servicePath(core, req),
    accept: req.get('accept') ?? '',
    ...(req.get('content-type') ? { contentType: req.get('content-type') } : {}),
  };
  const body = JSON.stringify({ status, reason, request }, null, 4);
  return { status, type: 'application/json; charset=utf-8', body, reason: reason.replace(/[^\t\x20-\x7e]/g, '?') };
}

function servicePath(core: LmsCore, req: Request): string {
  const path = new URL(req.originalUrl, 'http://sandbox').pathname;
  return req.method === 'GET' ? path.replace(`${new URL(core.base).pathname}/mod/lti/services.php`, '') : path;
}

function queryOf(req: Request): URLSearchParams {
  return new URL(req.originalUrl, 'http://sandbox').searchParams;
}

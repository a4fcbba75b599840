import type { Request, RequestHandler } from 'express';
import { LTI, NRPS_SCOPE, NRPS_TYPE } from '../claim-names.ts';
import type { Enrolment, SandboxCourse } from '../course.ts';
import type { CourseFaults } from '../faults.ts';
import { type HttpAnswer, jsonAnswer, send } from '../http-answer.ts';
import type { LmsCore } from '../lms.ts';
import type { SandboxRegistration } from '../registrations.ts';
import {
  createSortedRosters,
  listedEnrolments,
  namedCourse,
  nextLink,
  type RosterPage,
  serveRoster,
} from '../roster-page.ts';
import { canvasRosterUrl, shownToTool } from './claims.ts';
import { courseRoleUris } from './roles.ts';
import { expandCustom } from './variables.ts';

const MAX_PAGE_SIZE = 50;

/**
 * Canvas's Names and Roles service: 50 members a page at most, sorted by internal user ID, active enrolments only,
 * one member per person.
 */
export function canvasRosterHandler(core: LmsCore): RequestHandler {
  const sortedRoster = createSortedRosters((a, b) => a.person.number - b.person.number);
  return async (req, res) => {
    const found = admit(core, req);
    if ('refused' in found) return send(res, found.refused);
    const { course, registration } = found;
    const query = queryOf(req);
    const build = (faults: CourseFaults) => buildPage(core, { course, registration, faults, query, sortedRoster });
    await serveRoster(core, course, { req, res, build });
  };
}

type Admission = { course: SandboxCourse; registration: SandboxRegistration } | { refused: HttpAnswer };

function admit(core: LmsCore, req: Request): Admission {
  const grant = core.tokens.read(req.get('authorization'));
  const registration = grant && core.registrations.find(grant.clientId);
  if (!grant || !registration || registration.state !== 'active')
    return refuse(401, 'unauthorized', 'Invalid Developer Key');
  if (!grant.scopes.includes(NRPS_SCOPE)) return refuse(401, 'unauthorized', 'Insufficient permissions');
  const course = core.findCourse(String(req.params.courseId));
  if (!course) return refuse(404, 'not_found', 'Context not found');
  if (registration.deploymentIds.length === 0) {
    return refuse(401, 'unauthorized', 'Access Token not linked to a Tool associated with this Context');
  }
  const rlid = queryOf(req).get('rlid');
  if (rlid && rlid !== course.contextId) {
    return refuse(400, 'bad_request', 'Tool does not have access to rlid or rlid does not exist');
  }
  return { course, registration };
}

type PageRequest = {
  course: SandboxCourse;
  registration: SandboxRegistration;
  faults: CourseFaults;
  query: URLSearchParams;
  sortedRoster: (course: SandboxCourse) => Enrolment[];
};

function buildPage(core: LmsCore, request: PageRequest): RosterPage {
  const { course, faults, query } = request;
  const role = query.get('role');
  const listed = listedEnrolments(course, faults, request.sortedRoster(course));
  const members = role ? listed.filter((enrolment) => courseRoleUris(enrolment).includes(role)) : listed;
  const size = pageSize(query);
  const pages = Math.max(1, Math.ceil(members.length / size));
  const asked = Math.max(1, Math.floor(Number(query.get('page')) || 1));
  const page = faults.endless ? ((asked - 1) % pages) + 1 : asked;
  const base = canvasRosterUrl(core, course.id);
  const url = (number: number) => pageUrl(base, query, number, size);
  const about = namedCourse(core, course, faults);
  const body = {
    id: base,
    context: { id: about.contextId, label: about.label, title: about.title },
    members: members.slice((page - 1) * size, page * size).map((enrolment) => toMember(request, enrolment)),
  };
  const next = nextLink(core, faults, { page: asked, pages, url });
  const links = [
    [url(asked), 'current'],
    [next, 'next'],
    [asked > 1 ? url(asked - 1) : null, 'prev'],
    [url(1), 'first'],
    [url(pages), 'last'],
  ] as const;
  const link = links.flatMap(([target, rel]) => (target ? [`<${target}>; rel="${rel}"`] : [])).join(',');
  const headers = { Link: link, 'X-Request-Cost': '0.3', 'X-Rate-Limit-Remaining': '598.7' };
  return { ...jsonAnswer(200, body, `${NRPS_TYPE}; charset=utf-8`), headers, page: asked };
}

function toMember(request: PageRequest, enrolment: Enrolment): Record<string, unknown> {
  const { person } = enrolment;
  const privacy = request.faults.privacy ?? request.registration.privacy;
  const named = privacy === 'public' || privacy === 'name_only';
  return {
    status: 'Active',
    ...shownToTool(person, privacy),
    ...(named && person.sourcedId ? { lis_person_sourcedid: person.sourcedId } : {}),
    user_id: enrolment.formerId ?? person.id,
    lti11_legacy_user_id: person.legacyId,
    roles: courseRoleUris(enrolment),
    ...(request.query.get('rlid') ? { message: [memberMessage(request, enrolment)] } : {}),
  };
}

/** With a resource link ID each member carries the custom parameters of its own launch. */
function memberMessage({ course, registration }: PageRequest, enrolment: Enrolment): Record<string, unknown> {
  const { person } = enrolment;
  const allowed = Object.entries(registration.custom).filter(([, value]) => !LAUNCH_ONLY.has(value));
  return {
    [`${LTI}message_type`]: 'LtiResourceLinkRequest',
    locale: person.locale,
    [`${LTI}custom`]: expandCustom(Object.fromEntries(allowed), { person, enrolment, course }),
    [`${LTI}lti11_legacy_user_id`]: person.legacyId,
    [`${LTI}lti1p1`]: { user_id: person.legacyId },
  };
}

const LAUNCH_ONLY = new Set(['$Canvas.membership.roles', '$Canvas.enrollment.enrollmentState']);

/** `limit` asks for a first page of that size, `per_page` stands in the links; above 50 means 50, nonsense nothing. */
function pageSize(query: URLSearchParams): number {
  const asked = Number(query.get('per_page') ?? query.get('limit'));
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : MAX_PAGE_SIZE;
}

function pageUrl(base: string, query: URLSearchParams, page: number, size: number): string {
  const next = new URLSearchParams();
  for (const name of ['role', 'rlid']) {
    const value = query.get(name);
    if (value) next.set(name, value);
  }
  next.set('page', String(page));
  next.set('per_page', String(size));
  return `${base}?${next}`;
}

function queryOf(req: Request): URLSearchParams {
  return new URL(req.originalUrl, 'http://sandbox').searchParams;
}

function refuse(status: number, type: string, message: string): { refused: HttpAnswer } {
  return { refused: jsonAnswer(status, { errors: { type, message } }) };
}

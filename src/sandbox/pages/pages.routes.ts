import { type Request, type RequestHandler, type Response, Router } from 'express';
import { createControl } from '../control.routes.ts';
import type { SandboxCourse } from '../course.ts';
import { receiveDeepLink } from '../deep-linking.ts';
import { faultsFor } from '../faults.ts';
import { type Html, html, raw, scriptValue } from '../html.ts';
import type { LmsCore, SandboxLms, ToolAddresses } from '../lms.ts';
import { createZoomControl } from '../zoom/control.routes.ts';
import { createZoomPages } from '../zoom/pages/zoom-pages.routes.ts';
import type { SandboxZoom } from '../zoom/zoom.ts';
import { autoPost, showMessage } from './answer-page.ts';
import { coursePage } from './course-page.ts';
import { deepLinkPage } from './deep-link-page.ts';
import { storageScript } from './frame-script.ts';
import { homePage } from './home-page.ts';
import { coursePath, registrationPath, rosterPath } from './paths.ts';
import { registrationFramePage, registrationPage } from './registration-page.ts';
import { changeRoster } from './roster-actions.ts';
import { rosterEditPage } from './roster-edit-page.ts';
import { findVariant } from './variants.ts';

export type PagesDeps = {
  url: string;
  canvas: { lms: SandboxLms; core: LmsCore };
  moodle: { lms: SandboxLms; core: LmsCore };
  zoom: SandboxZoom;
  tool: ToolAddresses;
};

/** The pages for people, and the control routes for tests in other processes. */
export function createPages({ url, canvas, moodle, zoom, tool }: PagesDeps): Router {
  const router = Router();
  router.get('/', (_req, res) => show(res, homePage([canvas.lms, moodle.lms], tool.origin)));
  for (const { lms, core } of [canvas, moodle]) {
    router.use(`/${lms.family}`, createLmsPages(lms, core, { url, tool }));
    router.use(`/control/${lms.family}`, sameSiteOnly(url), createControl(lms));
  }
  router.use('/zoom', createZoomPages(zoom, sameSiteOnly(url)));
  router.use('/control/zoom', sameSiteOnly(url), createZoomControl(zoom));
  return router;
}

function createLmsPages(lms: SandboxLms, core: LmsCore, { url, tool }: { url: string; tool: ToolAddresses }): Router {
  const router = Router();
  const steered = sameSiteOnly(url);
  addCoursePages(router, lms, core);
  router.get('/sandbox/roster', (req, res) => {
    const course = core.findCourse(param(req, 'course'));
    if (!course) return showMessage(res, 404, 'There is no such course here.');
    show(res, rosterEditPage(lms, course, param(req, 'q')));
  });
  router.post('/sandbox/roster', steered, (req, res) => {
    const course = core.findCourse(param(req, 'course'));
    if (!course) return showMessage(res, 404, 'There is no such course here.');
    const problem = changeRoster(lms, course, fieldsOf(req));
    if (problem) return showMessage(res, 400, problem);
    res.redirect(303, rosterPath(lms.family, course.id));
  });
  router.get('/sandbox/registration', (_req, res) =>
    show(res, registrationPage(lms, tool.registrationUrl ?? '', null)),
  );
  router.post('/sandbox/registration', steered, (req, res) => registrationAction(lms, fieldsOf(req), res));
  return router;
}

function addCoursePages(router: Router, lms: SandboxLms, core: LmsCore): void {
  const courseOf = (id: string) => core.findCourse(id);
  const showCourse = (req: Request, res: Response, course: SandboxCourse | null) => {
    const personId = param(req, 'as') || course?.cast.instructor || '';
    const registration = lms.registrations.find(param(req, 'tool') || lms.registration.clientId);
    if (!course || !registration) return showMessage(res, 404, 'There is no such course or tool here.');
    const variant = findVariant(lms.family, param(req, 'variant'));
    show(res, coursePage({ lms, course, personId, registration, variant }));
  };
  router.get('/sandbox/launch', (req, res) => openLaunch(lms, req, res));
  if (lms.family === 'canvas') {
    router.get('/courses/:id', (req, res) => showCourse(req, res, courseOf(req.params.id)));
    router.get('/courses/:id/external_content/success/external_tool_redirect', (req, res) =>
      toCourse(lms, core, req.params.id, res),
    );
    router.post('/courses/:id/deep_linking_response', async (req, res) => {
      show(res, deepLinkPage(await receiveDeepLink(core, req.params.id, fieldsOf(req).JWT ?? '')));
    });
    router.get('/post_message_forwarding', (_req, res) => {
      const script = html`${raw(storageScript)}(${scriptValue({ silent: lms.faults.storageSilent })})`;
      show(
        res,
        html`<!doctype html><html lang="en"><title>Message forwarding</title><script>${script}</script></html>`,
      );
    });
    return;
  }
  router.get('/course/view.php', (req, res) => showCourse(req, res, courseOf(param(req, 'id'))));
  router.get('/mod/lti/return.php', (req, res) => toCourse(lms, core, param(req, 'course'), res));
  router.post('/mod/lti/contentitem_return.php', async (req, res) => {
    show(res, deepLinkPage(await receiveDeepLink(core, param(req, 'course'), fieldsOf(req).JWT ?? '')));
  });
}

/** What the tool's frame loads first: the login initiation, as a form or as an address. */
function openLaunch(lms: SandboxLms, req: Request, res: Response): void {
  const courseId = param(req, 'course');
  const clientId = param(req, 'tool') || lms.registration.clientId;
  const { messageType, overrides } = findVariant(lms.family, param(req, 'variant')).launch;
  try {
    const fields = lms.loginForm({
      courseId,
      personId: param(req, 'as'),
      ...(messageType ? { messageType } : {}),
      overrides: { ...overrides, clientId },
    });
    const method = faultsFor(lms.faults, courseId).loginMethod;
    show(res, autoPost(lms.registrations.find(clientId)?.tool.loginUrl ?? '', fields, method));
  } catch {
    showMessage(res, 403, 'This person may not open the course, or is not in it any more.');
  }
}

function toCourse(lms: SandboxLms, core: LmsCore, courseId: string, res: Response): void {
  const course = core.findCourse(courseId);
  res.redirect(303, course ? coursePath(lms.family, course.id, course.cast.instructor) : '/');
}

function registrationAction(lms: SandboxLms, fields: Record<string, string>, res: Response): void {
  const { action, url = '', client = '' } = fields;
  if (action === 'start') {
    const good = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
    const problem = 'That is not a web address.';
    show(res, good ? registrationFramePage(lms, lms.startRegistration(url)) : registrationPage(lms, url, problem));
    return;
  }
  if (action === 'activate' && lms.registrations.find(client)) lms.activate(client);
  if (action === 'remove' && client !== lms.registration.clientId) lms.registrations.remove(client);
  res.redirect(303, registrationPath(lms.family));
}

/** Other sites may not steer the sandbox through somebody's browser. */
function sameSiteOnly(url: string): RequestHandler {
  return (req, res, next) => {
    const origin = req.get('origin');
    const foreign = req.get('sec-fetch-site') === 'cross-site' || (origin !== undefined && origin !== url);
    if (foreign && req.method !== 'GET') {
      showMessage(res, 403, 'This form was sent from another site.');
      return;
    }
    next();
  };
}

function show(res: Response, page: Html): void {
  res.status(200).set('Cache-Control', 'no-store').type('html').send(page.markup);
}

function param(req: Request, name: string): string {
  return new URL(req.originalUrl, 'http://sandbox').searchParams.get(name) ?? '';
}

function fieldsOf(req: Request): Record<string, string> {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

import { type Request, type Response, Router } from 'express';
import { sleep } from '../../lib/clock.ts';
import { NRPS_SCOPE } from '../claim-names.ts';
import { jsonAnswer, send, textAnswer } from '../http-answer.ts';
import { findLaunchSubject } from '../launch-subject.ts';
import {
  commonControls,
  createLmsCore,
  type LmsCore,
  type LmsOptions,
  type SandboxLms,
  type ToolAddresses,
} from '../lms.ts';
import { sendAnswer } from '../pages/answer-page.ts';
import { opaqueId } from '../people.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { requestParams } from '../request-params.ts';
import { canvasClaims, canvasRosterUrl } from './claims.ts';
import { createCanvasLaunches } from './launch.ts';
import { canvasConfiguration, enableInCanvas, registerWithCanvas, startCanvasRegistration } from './registration.ts';
import { canvasRosterHandler } from './roster.ts';
import { issueCanvasToken } from './token.ts';

/** A Canvas-like LMS and the routes of its LTI endpoints, to be mounted at `/canvas`. */
export function createCanvas(options: Omit<LmsOptions, 'family' | 'registration'> & { tool: ToolAddresses }): {
  lms: SandboxLms;
  core: LmsCore;
  router: Router;
} {
  const registration = premadeRegistration(options.tool);
  const core = createLmsCore({ ...options, family: 'canvas', registration });
  const launches = createCanvasLaunches(core);
  const lms: SandboxLms = {
    ...commonControls(core),
    registration: {
      name: 'Sandbox Canvas',
      issuer: core.base,
      clientId: registration.clientId,
      authUrl: `${core.base}/api/lti/authorize_redirect`,
      tokenUrl: `${core.base}/login/oauth2/token`,
      jwksUrl: `${core.base}/api/lti/security/jwks`,
      deploymentIds: registration.deploymentIds,
      tokenAudience: null,
    },
    rosterUrl: (courseId) => canvasRosterUrl(core, courseId),
    loginForm: launches.loginForm,
    answerAuthorization: (url) => launches.answer(new URL(url).searchParams),
    buildClaims({ nonce, ...login }) {
      return { ...canvasClaims(core, findLaunchSubject(core, login), login), nonce };
    },
    startRegistration: (registrationUrl) => startCanvasRegistration(core, registrationUrl),
    activate: (clientId) => enableInCanvas(core, clientId),
  };
  return { lms, core, router: createRouter(core, launches.answer) };
}

function createRouter(core: LmsCore, answer: ReturnType<typeof createCanvasLaunches>['answer']): Router {
  const router = Router();
  const authorize = (req: Request, res: Response) => {
    core.requests.authorizations++;
    sendAnswer(res, answer(requestParams(req)));
  };
  router.all(['/api/lti/authorize_redirect', '/api/lti/authorize'], authorize);
  router.get('/api/lti/security/jwks', async (_req, res) => {
    core.requests.jwks++;
    if (core.faults.jwksSlowMs > 0) await sleep(core.faults.jwksSlowMs);
    if (core.faults.jwksDown) return send(res, textAnswer(503, 'Service Unavailable'));
    send(res, { ...jsonAnswer(200, { keys: core.keys.publicKeys() }), headers: { 'Cache-Control': 'max-age=864000' } });
  });
  router.post('/login/oauth2/token', async (req, res) => {
    core.requests.tokens++;
    if (core.faults.tokenSlowMs > 0) await sleep(core.faults.tokenSlowMs);
    if (core.faults.tokenDown) return send(res, textAnswer(503, 'Service Unavailable'));
    send(res, await issueCanvasToken(core, req.body ?? {}));
  });
  router.get('/api/lti/courses/:courseId/names_and_roles', canvasRosterHandler(core));
  router.get('/api/lti/security/openid-configuration', (req, res) => {
    core.requests.configurations++;
    send(res, canvasConfiguration(core, req.get('authorization')));
  });
  router.post('/api/lti/registrations', (req, res) => {
    core.requests.registrations++;
    send(res, registerWithCanvas(core, req.get('authorization'), req.body));
  });
  return router;
}

/** The tool as an administrator would have set it up by hand: installed for the account, and for one course again. */
function premadeRegistration(tool: ToolAddresses): SandboxRegistration {
  return {
    clientId: '10000000000042',
    name: 'Rostrum',
    state: 'active',
    deploymentIds: [`7:${opaqueId('canvas deployment 7')}`, `12:${opaqueId('canvas deployment 12')}`],
    tool: {
      loginUrl: tool.loginUrl,
      redirectUris: [tool.launchUrl],
      jwksUrl: tool.jwksUrl,
      targetLinkUri: tool.launchUrl,
    },
    scopes: [NRPS_SCOPE],
    privacy: 'public',
    custom: {
      time_zone: '$Person.address.timezone',
      canvas_membership_roles: '$Canvas.membership.roles',
      course_id: '$Canvas.course.id',
      section_ids: '$Canvas.course.sectionIds',
      previous_contexts: '$Canvas.course.previousContextIds',
      sis_id: '$Canvas.user.sisSourceId',
    },
  };
}

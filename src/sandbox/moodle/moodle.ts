import { Router } from 'express';
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
import type { SandboxRegistration } from '../registrations.ts';
import { requestParams } from '../request-params.ts';
import { moodleClaims, moodleRosterUrl } from './claims.ts';
import { createMoodleLaunches, type MoodleLaunches } from './launch.ts';
import { activateInMoodle, moodleConfiguration, registerWithMoodle, startMoodleRegistration } from './registration.ts';
import { moodleRosterHandler } from './roster.ts';
import { createMoodleTokens } from './token.ts';

/** A Moodle-like LMS and the routes of its LTI endpoints, to be mounted at `/moodle`. */
export function createMoodle(options: Omit<LmsOptions, 'family' | 'registration'> & { tool: ToolAddresses }): {
  lms: SandboxLms;
  core: LmsCore;
  router: Router;
} {
  const registration = premadeRegistration(options.tool);
  const core = createLmsCore({ ...options, family: 'moodle', registration });
  const launches = createMoodleLaunches(core);
  const lms: SandboxLms = {
    ...commonControls(core),
    registration: {
      name: 'Sandbox Moodle',
      issuer: core.base,
      clientId: registration.clientId,
      authUrl: `${core.base}/mod/lti/auth.php`,
      tokenUrl: `${core.base}/mod/lti/token.php`,
      jwksUrl: `${core.base}/mod/lti/certs.php`,
      deploymentIds: registration.deploymentIds,
      tokenAudience: null,
    },
    rosterUrl: (courseId, clientId) => moodleRosterUrl(core, courseId, typeIdOf(core, clientId)),
    loginForm: launches.loginForm,
    answerAuthorization: (url) => launches.answer(new URL(url).searchParams),
    buildClaims: (login) => moodleClaims(core, findLaunchSubject(core, login), login),
    startRegistration: (registrationUrl) => startMoodleRegistration(core, registrationUrl),
    activate: (clientId) => activateInMoodle(core, clientId),
  };
  return { lms, core, router: createRouter(core, launches) };
}

function createRouter(core: LmsCore, launches: MoodleLaunches): Router {
  const router = Router();
  const tokens = createMoodleTokens(core);
  router.all('/mod/lti/auth.php', (req, res) => {
    core.requests.authorizations++;
    res.set('X-Frame-Options', 'sameorigin');
    sendAnswer(res, launches.answer(requestParams(req)));
  });
  router.get('/mod/lti/certs.php', async (_req, res) => {
    core.requests.jwks++;
    if (core.faults.jwksSlowMs > 0) await sleep(core.faults.jwksSlowMs);
    if (core.faults.jwksDown) return send(res, textAnswer(503, 'Service Unavailable'));
    send(res, jsonAnswer(200, { keys: core.keys.publicKeys() }));
  });
  router.post('/mod/lti/token.php', async (req, res) => {
    core.requests.tokens++;
    if (core.faults.tokenSlowMs > 0) await sleep(core.faults.tokenSlowMs);
    if (core.faults.tokenDown) return send(res, textAnswer(503, 'Service Unavailable'));
    send(res, await tokens.issue(req.body ?? {}));
  });
  router.all('/mod/lti/services.php/CourseSection/:courseId/bindings/:typeId/memberships', moodleRosterHandler(core));
  router.get('/mod/lti/openid-configuration.php', (_req, res) => {
    core.requests.configurations++;
    send(res, moodleConfiguration(core));
  });
  router.post('/mod/lti/openid-registration.php', (req, res) => {
    core.requests.registrations++;
    send(res, registerWithMoodle(core, req.get('authorization'), req.body));
  });
  return router;
}

function typeIdOf(core: LmsCore, clientId?: string): string {
  const registration = clientId === undefined ? core.registrations.list()[0] : core.registrations.find(clientId);
  return registration?.deploymentIds[0] ?? '';
}

/** The tool as an administrator would have set it up by hand, with name and e-mail shared. */
function premadeRegistration(tool: ToolAddresses): SandboxRegistration {
  return {
    clientId: 'rOstrumSandbox1',
    name: 'Rostrum',
    state: 'active',
    deploymentIds: ['1'],
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
      context_history: '$Context.id.history',
      sourcedId: '$Person.sourcedId',
    },
  };
}

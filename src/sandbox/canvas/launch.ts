import { randomBytes } from 'node:crypto';
import { faultsFor, type LaunchFaults } from '../faults.ts';
import { signJwt } from '../keys.ts';
import { findLaunchSubject } from '../launch-subject.ts';
import { type LmsAnswer, type LmsCore, type LoginOptions, override } from '../lms.ts';
import { createOnce } from '../once.ts';
import { opaqueId } from '../people.ts';
import type { SandboxRegistration } from '../registrations.ts';
import { parseJwt } from '../tool-keys.ts';
import { canvasClaims } from './claims.ts';

/** Canvas's side of a launch: the login initiation (step 1) and the answer to the tool's request (step 2). */
export type CanvasLaunches = {
  loginForm(options: LoginOptions): Record<string, string>;
  answer(params: URLSearchParams): LmsAnswer;
};

const HINT_LIFE_MS = 5 * 60_000;
/** The login hint of everyone who visits a public course without an account. */
const PUBLIC_HINT = opaqueId('canvas public visitor');
const REQUIRED = [
  'client_id',
  'login_hint',
  'lti_message_hint',
  'nonce',
  'prompt',
  'redirect_uri',
  'response_mode',
  'response_type',
  'scope',
];

export function createCanvasLaunches(core: LmsCore): CanvasLaunches {
  const secret = randomBytes(32).toString('hex');
  const waiting = createOnce<{ clientId: string; loginHint: string; claims: Record<string, unknown> }>(
    core.clock,
    HINT_LIFE_MS,
  );

  return {
    loginForm(options) {
      const subject = findLaunchSubject(core, options);
      const { registration, course, person } = subject;
      const loginHint = person?.legacyId ?? PUBLIC_HINT;
      const claims = canvasClaims(core, subject, options);
      const verifier = randomBytes(32).toString('hex');
      waiting.put(verifier, { clientId: registration.clientId, loginHint, claims });
      const fields = {
        iss: core.base,
        login_hint: loginHint,
        client_id: registration.clientId,
        lti_deployment_id: String(registration.deploymentIds[0] ?? ''),
        target_link_uri: String(options.targetLinkUri ?? registration.tool.targetLinkUri),
        lti_message_hint: messageHint(verifier, course.contextId),
        canvas_environment: 'prod',
        canvas_region: 'not_configured',
        lti_storage_target: 'post_message_forwarding',
      };
      return override<string>(fields, options.overrides?.fields);
    },

    answer(params) {
      const registration = core.registrations.find(params.get('client_id') ?? '');
      const redirectUri = params.get('redirect_uri') ?? '';
      if (!registration || !isRegisteredUri(registration, redirectUri)) return page('Invalid redirect_uri');
      const refuse = (description: string) => refusal(redirectUri, params, 'invalid_request_object', description);
      const missing = REQUIRED.filter((name) => !params.get(name));
      if (missing.length > 0) return refuse(`The following parameters are missing: ${missing}`);
      if (params.get('scope') !== 'openid') return refuse("The 'scope' must be 'openid'");
      const hint = readHint(params.get('lti_message_hint') ?? '');
      if (!hint) return page('Invalid lti_message_hint');
      return answerLaunch({ params, redirectUri, verifier: hint.verifier, contextId: hint.contextId });
    },
  };

  function messageHint(verifier: string, contextId: string): string {
    const exp = Math.floor((core.clock() + HINT_LIFE_MS) / 1000);
    const claims = {
      verifier,
      canvas_domain: new URL(core.base).host,
      context_type: 'Course',
      context_id: contextId,
      exp,
    };
    return signJwt(claims, { alg: 'HS256', key: secret });
  }

  function readHint(hint: string): { verifier: string; contextId: string } | null {
    const jwt = parseJwt(hint);
    if (!jwt || signJwt(jwt.claims, { alg: 'HS256', key: secret }) !== hint) return null;
    if (Number(jwt.claims.exp) * 1000 < core.clock()) return null;
    return { verifier: String(jwt.claims.verifier), contextId: String(jwt.claims.context_id) };
  }

  function answerLaunch(request: {
    params: URLSearchParams;
    redirectUri: string;
    verifier: string;
    contextId: string;
  }): LmsAnswer {
    const { params, redirectUri } = request;
    const courseId = core.courses.find((course) => course.contextId === request.contextId)?.id ?? null;
    const faults = faultsFor(core.faults, courseId);
    const early = sessionProblem(faults);
    if (early) return refusal(redirectUri, params, ...early);
    const launch = faults.launchExpired ? undefined : waiting.take(request.verifier);
    const problem = launchProblem(launch, params);
    if (!launch || problem) return refusal(redirectUri, params, ...(problem ?? NO_LONGER_VALID));
    const storageTarget = params.get('lti_storage_target');
    return {
      kind: 'post',
      action: redirectUri,
      fields: {
        id_token: core.keys.sign({ ...launch.claims, nonce: params.get('nonce') }),
        ...stateOf(params),
        ...(storageTarget ? { lti_storage_target: storageTarget } : {}),
      },
    };
  }
}

type Problem = [error: string, description: string];

const NO_SESSION: Problem = ['login_required', 'Must have an active user session'];
const NO_LONGER_VALID: Problem = ['launch_no_longer_valid', 'The launch has either expired or already been consumed'];

function sessionProblem({ launchError, loginRequired }: LaunchFaults): Problem | null {
  if (launchError) return [launchError.error, launchError.description ?? ''];
  return loginRequired ? NO_SESSION : null;
}

function launchProblem(
  launch: { clientId: string; loginHint: string } | undefined,
  params: URLSearchParams,
): Problem | null {
  if (!launch) return NO_LONGER_VALID;
  if (launch.loginHint !== params.get('login_hint')) return NO_SESSION;
  const known = launch.clientId === params.get('client_id');
  return known ? null : ['unauthorized_client', 'Client not authorized in requested context'];
}

/**
 * A redirect URI matches a registered one when both are equal without their queries, and every pair of the registered
 * query is there.
 */
function isRegisteredUri(registration: SandboxRegistration, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const asked = new URL(redirectUri);
  return registration.tool.redirectUris.some((uri) => {
    if (!URL.canParse(uri)) return false;
    const known = new URL(uri);
    const queryHeld = [...known.searchParams].every(([name, value]) => asked.searchParams.getAll(name).includes(value));
    return known.origin === asked.origin && known.pathname === asked.pathname && queryHeld;
  });
}

function refusal(action: string, params: URLSearchParams, error: string, description: string): LmsAnswer {
  return { kind: 'post', action, fields: { error, error_description: description, ...stateOf(params) } };
}

function stateOf(params: URLSearchParams): Record<string, string> {
  const state = params.get('state');
  return state === null ? {} : { state };
}

function page(message: string): LmsAnswer {
  return { kind: 'page', status: 400, title: 'Something broke', message };
}

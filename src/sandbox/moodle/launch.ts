import { randomInt } from 'node:crypto';
import { faultsFor, type LaunchFaults } from '../faults.ts';
import { findLaunchSubject } from '../launch-subject.ts';
import { type LmsAnswer, type LmsCore, type LoginOptions, override } from '../lms.ts';
import { createOnce } from '../once.ts';
import { moodleClaims } from './claims.ts';

/** Moodle's side of a launch: the login initiation, and what `auth.php` answers. */
export type MoodleLaunches = {
  loginForm(options: LoginOptions): Record<string, string>;
  answer(params: URLSearchParams): LmsAnswer;
};

const SESSION_LIFE_MS = 8 * 60 * 60_000;

export function createMoodleLaunches(core: LmsCore): MoodleLaunches {
  // In Moodle these stand in the person's session; each is removed when it is used.
  const waiting = createOnce<LoginOptions>(core.clock, SESSION_LIFE_MS);

  return {
    loginForm(options) {
      const { registration, course, person } = findLaunchSubject(core, options);
      if (!person) throw new Error('Moodle has no anonymous launches');
      const launchId = `ltilaunch${course.resourceLinkId}_${randomInt(1_000_000_000, 2_000_000_000)}`;
      waiting.put(launchId, options);
      const fields = {
        iss: core.base,
        target_link_uri: options.targetLinkUri ?? registration.tool.targetLinkUri,
        login_hint: person.id,
        lti_message_hint: JSON.stringify({ cmid: Number(course.resourceLinkId) + 3, launchid: launchId }),
        client_id: registration.clientId,
        lti_deployment_id: registration.deploymentIds[0] ?? '',
      };
      return override<string>(fields, options.overrides?.fields);
    },
    answer: (params) => answer(core, params, (launchId) => waiting.take(launchId)),
  };
}

/**
 * The order of Moodle's own checks. Until the launch is found Moodle does not know where to post errors, so whatever
 * is wrong before that ends on a page of its own, which the tool never sees.
 */
function answer(
  core: LmsCore,
  params: URLSearchParams,
  takeLaunch: (launchId: string) => LoginOptions | undefined,
): LmsAnswer {
  const needed = ['scope', 'response_type', 'client_id', 'redirect_uri', 'login_hint', 'nonce'];
  const launchId = readLaunchId(params.get('lti_message_hint'));
  const wellFormed =
    needed.every((name) => params.get(name)) &&
    params.get('scope') === 'openid' &&
    params.get('response_type') === 'id_token' &&
    launchId !== null;
  const launch = wellFormed ? takeLaunch(launchId) : undefined;
  const faults = faultsFor(core.faults, launch?.courseId ?? null);
  if (!launch || faults.launchExpired) return page('Invalid request');
  if (faults.loginRequired) return page('Your session has timed out. Please log in again.');
  const subject = findLaunchSubject(core, launch);
  const redirectUri = params.get('redirect_uri') ?? '';
  const known = subject.registration.tool.redirectUris.map((uri) => uri.trim()).includes(redirectUri);
  if (!known) return page('Invalid request');
  const problem = findProblem(params, { clientId: subject.registration.clientId, userId: launch.personId, faults });
  const state = { state: params.get('state') ?? '' };
  if (problem) return { kind: 'post', action: redirectUri, fields: { ...problem, ...state } };
  const claims = moodleClaims(core, subject, { ...launch, nonce: params.get('nonce') ?? '' });
  return { kind: 'post', action: redirectUri, fields: { id_token: core.keys.sign(claims), ...state } };
}

function findProblem(
  params: URLSearchParams,
  expected: { clientId: string; userId: string; faults: LaunchFaults },
): Record<string, string> | null {
  const { launchError } = expected.faults;
  if (launchError) return problem(launchError.error, launchError.description);
  if (params.get('client_id') !== expected.clientId) return problem('unauthorized_client');
  if (params.get('login_hint') !== expected.userId) return problem('access_denied');
  if (params.get('response_mode') !== 'form_post') return problem('invalid_request', 'Invalid response_mode');
  const prompt = params.get('prompt');
  return prompt && prompt !== 'none' ? problem('invalid_request', 'Invalid prompt') : null;
}

function problem(error: string, description?: string): Record<string, string> {
  return description ? { error, error_description: description } : { error };
}

function readLaunchId(hint: string | null): string | null {
  try {
    const value: unknown = JSON.parse(hint ?? '');
    if (typeof value !== 'object' || value === null || !('launchid' in value)) return null;
    return typeof value.launchid === 'string' ? value.launchid : null;
  } catch {
    return null;
  }
}

function page(message: string): LmsAnswer {
  return { kind: 'page', status: 404, title: 'Error', message };
}

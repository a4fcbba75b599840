import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BROWSER,
  LTI,
  newKey,
  platformFor,
  requestOf,
  type SigningKey,
  sign,
  startKeyServer,
  startTool,
} from './launch-support.ts';

type Sample = {
  login_initiation: { params: Record<string, string> };
  id_token_claims: Record<string, unknown> & { iat: number; iss: string; aud: string; sub: string };
};

const FOLDER = new URL('../fixtures/moodle-4.5/', import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name.startsWith('launch-'));

let key: SigningKey;
let keyServer: Awaited<ReturnType<typeof startKeyServer>>;

beforeAll(async () => {
  key = await newKey('509cad4e25ab408a12b3');
  keyServer = await startKeyServer([key]);
});
afterAll(() => keyServer.stop());

/** The launch as Moodle sent it, with our nonce, signed with a key of the test, at the second it was made. */
async function replay(name: string) {
  const sample = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Sample;
  const { params } = sample.login_initiation;
  const claims = sample.id_token_claims;
  const publicUrl = new URL(params.target_link_uri ?? '').origin;
  const tool = await startTool({ publicUrl, now: claims.iat * 1000 });
  const platform = platformFor(keyServer.url, {
    issuer: claims.iss,
    clientId: claims.aud,
    authUrl: `${claims.iss}/mod/lti/auth.php`,
    tokenUrl: `${claims.iss}/mod/lti/token.php`,
    family: 'moodle',
    deployments: 'listed',
    deploymentIds: [params.lti_deployment_id ?? ''],
  });
  await tool.storage.platforms.addPlatform(platform);
  const login = await tool.logins.startLogin(params, BROWSER);
  if (!login.ok) throw new Error(login.reason);
  const request = requestOf(login.value.authorizationUrl);
  const token = await sign({ ...claims, nonce: request.nonce }, key);
  const form = { id_token: token, state: login.value.state };
  const answer = await tool.launches.verifyLaunch(form, { secret: BROWSER });
  await tool.stop();
  if (!answer.ok || answer.value.next !== 'open') throw new Error('not verified');
  return { launch: answer.value.launch, claims, params, request };
}

describe('launches of a Moodle 4.5', () => {
  it('are there to be replayed', () => {
    expect(NAMES.length).toBeGreaterThan(9);
  });

  it.each(NAMES)('%s is verified with all it says', async (name) => {
    const { launch, claims, params, request } = await replay(name);
    expect(request).toMatchObject({ login_hint: params.login_hint, lti_message_hint: params.lti_message_hint });
    const roster = claims['https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice'] as Record<string, string>;
    const presentation = claims[`${LTI}launch_presentation`] as Record<string, string>;
    expect(launch).toMatchObject({
      deploymentId: params.lti_deployment_id,
      messageType: 'LtiResourceLinkRequest',
      subject: params.login_hint,
      person: { name: claims.name ?? null, email: claims.email ?? null },
      roles: claims[`${LTI}roles`],
      context: { id: '2', label: 'LTI30', title: 'Small course (30) – Übungen & Diskussion', types: ['CourseSection'] },
      rosterUrl: roster.context_memberships_url,
      targetLinkUri: params.target_link_uri,
      locale: 'en',
      timeZone: null,
      returnUrl: presentation.return_url,
    });
  });

  it('without shared names have a subject and nothing else of the person', async () => {
    const { launch } = await replay('launch-LTI30-names-not-shared.json');
    expect(launch.subject).toBe('7');
    expect(launch.person).toEqual({ name: null, email: null });
  });

  it('of somebody who switched role to student are a learner’s, with the same subject', async () => {
    const switched = await replay('launch-LTI30-teacher1-switched-to-student.json');
    const teacher = await replay('launch-LTI30-teacher1.json');
    expect(switched.launch.subject).toBe(teacher.launch.subject);
    expect(switched.launch.roles).toEqual(['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner']);
  });
});

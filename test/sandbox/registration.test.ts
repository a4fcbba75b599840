import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LTI, NRPS_CLAIM, NRPS_SCOPE, TOOL_CONFIGURATION } from '../../src/sandbox/claim-names.ts';
import { type Bench, launch, startBench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

type Json = Record<string, unknown>;

const real = JSON.parse(
  readFileSync(new URL('../fixtures/moodle-4.5/dynamic-registration.json', import.meta.url), 'utf8'),
) as { openid_configuration: Json; response: { body: Json } };

function registration(changes: Json = {}, tool: Json = {}): Json {
  const { origin } = bench.tool;
  return {
    application_type: 'web',
    response_types: ['id_token'],
    grant_types: ['implicit', 'client_credentials'],
    initiate_login_uri: `${origin}/lti/login`,
    redirect_uris: [`${origin}/lti/launch`],
    client_name: 'A tool',
    jwks_uri: `${origin}/lti/keys`,
    token_endpoint_auth_method: 'private_key_jwt',
    scope: NRPS_SCOPE,
    [TOOL_CONFIGURATION]: {
      domain: new URL(origin).host,
      target_link_uri: `${origin}/lti/launch`,
      claims: ['iss', 'sub', 'name', 'given_name', 'family_name', 'email'],
      messages: [{ type: 'LtiResourceLinkRequest' }],
      custom_parameters: { user: '$Canvas.user.id' },
      ...tool,
    },
    ...changes,
  };
}

function startOf(family: 'canvas' | 'moodle') {
  const url = new URL(bench.sandbox[family].startRegistration(`${bench.tool.origin}/lti/register?invite=x`));
  return {
    url,
    configurationUrl: url.searchParams.get('openid_configuration') ?? '',
    token: url.searchParams.get('registration_token') ?? '',
  };
}

function post(url: unknown, token: string, body: Json): Promise<Response> {
  return fetch(String(url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
}

describe('dynamic registration with the Canvas sandbox', () => {
  it('keeps the query of the tool’s address and puts the token into the configuration’s', () => {
    const { url, configurationUrl, token } = startOf('canvas');
    expect(url.searchParams.get('invite')).toBe('x');
    expect(new URL(configurationUrl).searchParams.get('registration_token')).toBe(token);
  });

  it('gives the configuration for the token alone', async () => {
    const { configurationUrl, token } = startOf('canvas');
    expect((await fetch(configurationUrl)).status).toBe(401);
    const response = await fetch(configurationUrl, { headers: { Authorization: `Bearer ${token}` } });
    const configuration = (await response.json()) as Json;
    expect(configuration.issuer).toBe(bench.sandbox.canvas.registration.issuer);
    expect(configuration.token_endpoint).toBe(bench.sandbox.canvas.registration.tokenUrl);
  });

  it('makes the deployment when the tool is enabled, not before', async () => {
    const { canvas } = bench.sandbox;
    const { token } = startOf('canvas');
    const response = await post(`${canvas.base}/api/lti/registrations`, token, registration());
    const body = (await response.json()) as { client_id: string };
    expect(body.client_id).toMatch(/^\d{14}$/);
    expect(JSON.stringify(body)).not.toContain('deployment_id');
    expect(canvas.registrations.find(body.client_id)).toMatchObject({ state: 'pending', deploymentIds: [] });
    expect(canvas.activate(body.client_id).deploymentIds).toHaveLength(1);
    const { id, cast } = canvas.course('small');
    const claims = launch(canvas, { courseId: id, personId: cast.student, overrides: { clientId: body.client_id } });
    expect(claims.aud).toBe(body.client_id);
    expect(claims[`${LTI}custom`]).toEqual({ user: 9 });
    canvas.registrations.remove(body.client_id);
  });

  it('infers privacy from the claims, and refuses unknown scopes and used tokens', async () => {
    const { canvas } = bench.sandbox;
    const endpoint = `${canvas.base}/api/lti/registrations`;
    const { token } = startOf('canvas');
    const answer = await post(endpoint, token, registration({}, { claims: [] }));
    const { client_id } = (await answer.json()) as { client_id: string };
    expect(canvas.registrations.find(client_id)?.privacy).toBe('anonymous');
    expect((await post(endpoint, token, registration())).status).toBe(401);
    expect((await post(endpoint, '', registration())).status).toBe(401);
    const wrong = await post(endpoint, startOf('canvas').token, registration({ scope: 'everything' }));
    expect(wrong.status).toBe(422);
  });

  it('sends no roster claim to a tool that did not ask for the scope', async () => {
    const { canvas } = bench.sandbox;
    const answer = await post(
      `${canvas.base}/api/lti/registrations`,
      startOf('canvas').token,
      registration({ scope: '' }),
    );
    const { client_id } = (await answer.json()) as { client_id: string };
    canvas.activate(client_id);
    const { id, cast } = canvas.course('small');
    const claims = launch(canvas, { courseId: id, personId: cast.student, overrides: { clientId: client_id } });
    expect(claims).not.toHaveProperty([NRPS_CLAIM]);
  });
});

describe('dynamic registration with the Moodle sandbox', () => {
  it('has a public configuration with the fields of a real Moodle 4.5', async () => {
    const { configurationUrl } = startOf('moodle');
    const configuration = (await (await fetch(configurationUrl)).json()) as Json;
    expect(Object.keys(configuration)).toEqual(Object.keys(real.openid_configuration));
    expect(configuration.scopes_supported).toEqual(real.openid_configuration.scopes_supported);
  });

  it('answers 200 in the shape of a real Moodle 4.5, and waits for "Activate"', async () => {
    const { moodle } = bench.sandbox;
    const { token } = startOf('moodle');
    const endpoint = `${moodle.base}/mod/lti/openid-registration.php`;
    const response = await post(endpoint, token, registration());
    const body = (await response.json()) as Json & { client_id: string };
    expect(response.status).toBe(200);
    expect(Object.keys(body)).toEqual(Object.keys(real.response.body));
    const tool = body[TOOL_CONFIGURATION] as Json;
    expect(Object.keys(tool)).toEqual(Object.keys(real.response.body[TOOL_CONFIGURATION] as Json));
    expect(tool.deployment_id).toBe('2');
    expect(moodle.registrations.find(body.client_id)?.state).toBe('pending');
    expect(moodle.activate(body.client_id).state).toBe('active');
    const again = await post(endpoint, token, registration());
    expect([again.status, await again.text()]).toEqual([401, 'token_already_used']);
  });

  it.each([
    ['missing required attribute client_name', { client_name: undefined }, {}],
    ['invalid_response_types', { response_types: ['code'] }, {}],
    ['invalid_redirect_uris', { redirect_uris: [] }, {}],
    ['invalid_token_endpoint_auth_method', { token_endpoint_auth_method: 'none' }, {}],
    ['missing_domain', {}, { domain: '' }],
    ['domain_targetlinkuri_mismatch', {}, { target_link_uri: 'https://elsewhere.example/' }],
  ])('answers the bare text %s', async (text, changes, tool) => {
    const endpoint = `${bench.sandbox.moodle.base}/mod/lti/openid-registration.php`;
    const response = await post(endpoint, startOf('moodle').token, registration(changes, tool));
    expect([response.status, await response.text()]).toEqual([400, text]);
  });
});

import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from '../../src/lti/launch.ts';
import type { Platform } from '../../src/lti/platform.ts';
import {
  BROWSER,
  goodClaims,
  LTI,
  loginParams,
  newKey,
  OTHER_BROWSER,
  PUBLIC_URL,
  platformFor,
  requestOf,
  type SigningKey,
  sign,
  startKeyServer,
  startTool,
  type Tool,
} from './launch-support.ts';

let tool: Tool;
let key: SigningKey;
let keyServer: Awaited<ReturnType<typeof startKeyServer>>;
let platform: Platform;

beforeAll(async () => {
  tool = await startTool();
  key = await newKey('key-1');
  keyServer = await startKeyServer([key]);
  platform = platformFor(keyServer.url);
  await tool.storage.platforms.addPlatform(platform);
});
afterAll(async () => {
  await tool.stop();
  await keyServer.stop();
});

async function logIn(change: Record<string, unknown> = {}, browser = BROWSER) {
  const login = await tool.logins.startLogin(loginParams(change), browser);
  if (!login.ok) throw new Error(login.reason);
  return { state: login.value.state, nonce: requestOf(login.value.authorizationUrl).nonce ?? '' };
}

type Launching = {
  params?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  signedBy?: SigningKey;
  browser?: Browser;
};

async function launch(how: Launching = {}) {
  const { state, nonce } = await logIn(how.params);
  const token = await sign(goodClaims(tool, nonce, how.claims), how.signedBy ?? key, how.header);
  return tool.launches.verifyLaunch({ state, id_token: token }, how.browser ?? { secret: BROWSER });
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

describe('a good launch', () => {
  it('is verified', async () => {
    expect(await launch()).toEqual({
      ok: true,
      value: {
        next: 'open',
        boundBy: 'cookie',
        launch: {
          platform: expect.objectContaining({ id: platform.id }),
          deploymentId: 'dep-1',
          messageType: 'LtiResourceLinkRequest',
          tenant: null,
          subject: 'user-7',
          person: { name: 'Ada Lovelace', email: 'ada@school.example' },
          roles: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
          context: { id: 'course-1', title: 'Course One', label: 'C1', types: ['CourseSection'] },
          rosterUrl: null,
          targetLinkUri: `${PUBLIC_URL}/lti/launch`,
          locale: null,
          timeZone: null,
          returnUrl: null,
          custom: {},
        },
      },
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>?]>([
    ['azp beside aud, as Canvas sends it', { azp: 'client-1' }],
    ['a list of one audience', { aud: ['client-1'] }],
    ['no person (an anonymous visitor)', { sub: undefined, name: undefined, email: undefined }],
    ['an empty list of roles', { [`${LTI}roles`]: [] }],
    ['a numeric deployment ID', { [`${LTI}deployment_id`]: 7 }, { lti_deployment_id: '7' }],
    ['a target of its own with a query', { [`${LTI}target_link_uri`]: `${PUBLIC_URL}/lti/launch?placement=x` }],
    ['a deployment that the login did not name', {}, { lti_deployment_id: undefined }],
  ])('may have %s', async (_what, claims, params = {}) => {
    expect(await launch({ claims, params })).toMatchObject({ ok: true });
  });

  it('has no context outside a course', async () => {
    const outside = await launch({ claims: { [`${LTI}context`]: undefined } });
    expect(outside).toMatchObject({ ok: true, value: { launch: { context: null } } });
  });

  it('may be a deep linking request, which has no resource link and may leave the target to the login', async () => {
    const answer = await launch({
      params: { target_link_uri: `${PUBLIC_URL}/lti/pick` },
      claims: {
        [`${LTI}message_type`]: 'LtiDeepLinkingRequest',
        [`${LTI}resource_link`]: undefined,
        [`${LTI}target_link_uri`]: undefined,
      },
    });
    expect(answer).toMatchObject({
      ok: true,
      value: { launch: { messageType: 'LtiDeepLinkingRequest', targetLinkUri: `${PUBLIC_URL}/lti/pick` } },
    });
  });

  it('makes a new deployment known where deployments are learnt', async () => {
    const how = { params: { lti_deployment_id: 'dep-new' }, claims: { [`${LTI}deployment_id`]: 'dep-new' } };
    expect(await launch(how)).toMatchObject({ ok: true, value: { launch: { deploymentId: 'dep-new' } } });
    const kept = await tool.storage.platforms.findPlatform(platform.id);
    expect(kept?.deploymentIds).toContain('dep-new');
  });

  it.each(['RS384', 'RS512', 'ES256', 'ES384', 'ES512'])('may be signed with %s', async (alg) => {
    const other = await newKey(`key-${alg}`, alg);
    keyServer.keys = [key, other];
    tool.time.now += 31_000;
    expect(await launch({ signedBy: other })).toMatchObject({ ok: true });
  });
});

describe('times', () => {
  const seconds = () => Math.floor(tool.time.now / 1000);

  it.each([
    ['stamped 5 minutes ago, as Canvas does', -300, 3300],
    ['over for 100 seconds after 60 (Moodle, and a slow network)', -160, -100],
    ['from a clock 100 seconds ahead', 100, 160],
  ])('accept a token %s', async (_what, issued, expires) => {
    expect(await launch({ claims: { iat: seconds() + issued, exp: seconds() + expires } })).toMatchObject({ ok: true });
  });

  it.each([
    ['token-expired', { exp: -121 }],
    ['token-from-future', { iat: 130 }],
    ['token-from-future', { nbf: 130 }],
  ])('refuse as %s with %j', async (reason, offsets) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, seconds() + offset]));
    expect(await launch({ claims })).toMatchObject({ ok: false, reason });
  });
});

describe('claims', () => {
  it.each([
    ['wrong-issuer', { iss: 'https://lms.example/' }],
    ['wrong-audience', { aud: 'client-2' }],
    ['wrong-audience', { aud: ['client-1', 'client-2'], azp: 'client-1' }],
    ['wrong-audience', { azp: 'client-2' }],
    ['nonce-mismatch', { nonce: 'another' }],
    ['nonce-mismatch', { nonce: undefined }],
    ['not-lti-1.3', { [`${LTI}version`]: 'LTI-1p0' }],
    ['not-lti-1.3', { [`${LTI}version`]: undefined }],
    ['unsupported-message', { [`${LTI}message_type`]: 'LtiDataPrivacyLaunchRequest' }],
    ['missing-claim', { [`${LTI}message_type`]: undefined }],
    ['missing-claim', { [`${LTI}deployment_id`]: '' }],
    ['missing-claim', { [`${LTI}deployment_id`]: 'x'.repeat(256) }],
    ['missing-claim', { [`${LTI}roles`]: undefined }],
    ['missing-claim', { [`${LTI}roles`]: 'Instructor' }],
    ['missing-claim', { [`${LTI}resource_link`]: {} }],
    ['missing-claim', { [`${LTI}target_link_uri`]: undefined }],
    ['foreign-target', { [`${LTI}target_link_uri`]: 'https://evil.example/' }],
    ['foreign-target', { [`${LTI}target_link_uri`]: `${PUBLIC_URL}/a/../admin` }],
    ['other-deployment', { [`${LTI}deployment_id`]: 'dep-2' }],
    ['bad-token', { exp: undefined }],
    ['bad-token', { iat: 'today' }],
    ['bad-token', { aud: undefined }],
    ['bad-token', { sub: { id: 7 } }],
  ])('refuse as %s with %j', async (reason, claims) => {
    expect(await launch({ claims })).toMatchObject({ ok: false, reason });
  });

  it('refuse a deployment that is not listed', async () => {
    const listed = { issuer: 'https://listed.example' };
    await tool.storage.platforms.addPlatform(
      platformFor(keyServer.url, { ...listed, deployments: 'listed', deploymentIds: ['dep-9'] }),
    );
    const how = { params: { iss: listed.issuer }, claims: { iss: listed.issuer } };
    expect(await launch(how)).toMatchObject({ ok: false, reason: 'unknown-deployment' });
    const known = {
      params: { ...how.params, lti_deployment_id: 'dep-9' },
      claims: { ...how.claims, [`${LTI}deployment_id`]: 'dep-9' },
    };
    expect(await launch(known)).toMatchObject({ ok: true });
  });
});

describe('signatures', () => {
  it('refuse a token without one', async () => {
    const { state, nonce } = await logIn();
    const token = `${encode({ alg: 'none', kid: key.kid })}.${encode(goodClaims(tool, nonce))}.`;
    const answer = await tool.launches.verifyLaunch({ state, id_token: token }, { secret: BROWSER });
    expect(answer).toMatchObject({ ok: false, reason: 'bad-token' });
  });

  it('refuse HS256 with the public key as its secret', async () => {
    const { state, nonce } = await logIn();
    const text = `${encode({ alg: 'HS256', kid: key.kid })}.${encode(goodClaims(tool, nonce))}`;
    const publicKey = await importJWK(key.jwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('not a key');
    const mac = createHmac('sha256', await exportSPKI(publicKey))
      .update(text)
      .digest('base64url');
    const answer = await tool.launches.verifyLaunch({ state, id_token: `${text}.${mac}` }, { secret: BROWSER });
    expect(answer).toMatchObject({ ok: false, reason: 'bad-token' });
  });

  it('refuse a stranger who names a known key, and keys that the token itself brings', async () => {
    const stranger = await newKey(key.kid);
    expect(await launch({ signedBy: stranger })).toMatchObject({ ok: false, reason: 'bad-signature' });
    const hostile = await startKeyServer([stranger]);
    const header = { jku: hostile.url, jwk: stranger.jwk, x5u: hostile.url };
    expect(await launch({ signedBy: stranger, header })).toMatchObject({ ok: false, reason: 'bad-signature' });
    expect(hostile.hits).toBe(0);
    await hostile.stop();
  });

  it('refuse a changed payload, a missing kid and what is no token', async () => {
    const { nonce } = await logIn();
    const [head, , mac] = (await sign(goodClaims(tool, nonce), key)).split('.');
    const changed = `${head}.${encode(goodClaims(tool, nonce, { sub: 'admin' }))}.${mac}`;
    const noKid = await sign(goodClaims(tool, nonce), key, { kid: undefined });
    const tokens: [string, string][] = [
      [changed, 'bad-signature'],
      [noKid, 'bad-token'],
      ['x', 'bad-token'],
      ['a.b.c', 'bad-token'],
      ['.'.repeat(100_000), 'bad-token'],
    ];
    for (const [token, reason] of tokens) {
      const { state } = await logIn();
      const answer = await tool.launches.verifyLaunch({ state, id_token: token }, { secret: BROWSER });
      expect(answer).toMatchObject({ ok: false, reason });
    }
  });

  it('refuse a payload that is no JSON object', async () => {
    const { CompactSign } = await import('jose');
    for (const payload of ['[]', 'null', '7', '{', '']) {
      const { state } = await logIn();
      const token = await new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: 'RS256', kid: key.kid })
        .sign(key.privateKey);
      const answer = await tool.launches.verifyLaunch({ state, id_token: token }, { secret: BROWSER });
      expect(answer).toMatchObject({ ok: false, reason: 'bad-token' });
    }
  });
});

describe('the state', () => {
  it('is used up by the first of several parallel launches', async () => {
    const { state, nonce } = await logIn();
    const form = { state, id_token: await sign(goodClaims(tool, nonce), key) };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => tool.launches.verifyLaunch(form, { secret: BROWSER })),
    );
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    expect(answers.filter((answer) => !answer.ok && answer.reason === 'state-unknown')).toHaveLength(7);
  });

  it('does not open again for a second token', async () => {
    const { state, nonce } = await logIn();
    const form = async () => ({ state, id_token: await sign(goodClaims(tool, nonce), key) });
    expect(await tool.launches.verifyLaunch(await form(), { secret: BROWSER })).toMatchObject({ ok: true });
    const again = await tool.launches.verifyLaunch(await form(), { secret: BROWSER });
    expect(again).toMatchObject({ reason: 'state-unknown' });
  });

  it('refuses a token that answers another login', async () => {
    const [mine, other] = [await logIn(), await logIn()];
    const token = await sign(goodClaims(tool, other.nonce), key);
    const answer = await tool.launches.verifyLaunch({ state: mine.state, id_token: token }, { secret: BROWSER });
    expect(answer).toMatchObject({ reason: 'nonce-mismatch' });
  });

  it('cannot be spoilt or used by another browser', async () => {
    const { state, nonce } = await logIn();
    const form = { state, id_token: await sign(goodClaims(tool, nonce), key) };
    const verify = (secret: string | null) => tool.launches.verifyLaunch(form, { secret });
    expect(await verify(OTHER_BROWSER)).toMatchObject({ ok: false, reason: 'other-browser' });
    expect(await verify(null)).toMatchObject({ ok: false, reason: 'missing-state-cookie' });
    expect(await verify(BROWSER)).toMatchObject({ ok: true });
  });

  it('is over after 10 minutes', async () => {
    const { state, nonce } = await logIn();
    tool.time.now += 10 * 60_000 + 1;
    const form = { state, id_token: await sign(goodClaims(tool, nonce), key) };
    expect(await tool.launches.verifyLaunch(form, { secret: BROWSER })).toMatchObject({ reason: 'state-unknown' });
  });

  it('is worth nothing once the platform was switched off', async () => {
    const off = platformFor(keyServer.url, { issuer: 'https://off.example' });
    await tool.storage.platforms.addPlatform(off);
    const { state } = await logIn({ iss: off.issuer });
    await tool.storage.platforms.updatePlatform(off.id, { status: 'disabled' }, 1);
    const answer = await tool.launches.verifyLaunch({ state, id_token: 'x' }, { secret: BROWSER });
    expect(answer).toMatchObject({ reason: 'inactive-registration' });
  });

  it.each([['a b;c'], [''], [{ a: 1 }], [['x', 'y']], ['x'.repeat(100_000)], [undefined], ['__proto__']])(
    'refuses %j',
    async (state) => {
      const answer = await tool.launches.verifyLaunch({ state, id_token: 'a.b.c' }, { secret: BROWSER });
      expect(answer).toMatchObject({ ok: false, reason: 'bad-launch-request' });
    },
  );

  it.each([[undefined], [null], ['state=x'], [[]], [7]])('refuses the form %j', async (form) => {
    expect(await tool.launches.verifyLaunch(form, { secret: BROWSER })).toMatchObject({ reason: 'bad-launch-request' });
  });
});

describe('a browser that is known by the platform storage', () => {
  const logInWithStorage = async () => {
    const { state } = await logIn({ lti_storage_target: '_parent' });
    const login = await tool.logins.continueLogin(state, null);
    if (!login.ok || login.value.next !== 'storage') throw new Error('expected storage');
    const { nonce } = requestOf(login.value.authorizationUrl);
    const token = await sign(goodClaims(tool, nonce ?? ''), key);
    return { form: { state: login.value.state, id_token: token }, storageSecret: login.value.storageSecret };
  };

  it('is asked for the value first, and then let in once', async () => {
    const { form, storageSecret } = await logInWithStorage();
    for (const secret of [null, OTHER_BROWSER]) {
      expect(await tool.launches.verifyLaunch(form, { secret })).toMatchObject({
        ok: true,
        value: { next: 'ask-storage', storageTarget: '_parent', state: form.state, idToken: form.id_token },
      });
    }
    const proved = { secret: null, storageProof: storageSecret };
    expect(await tool.launches.verifyLaunch(form, proved)).toMatchObject({
      ok: true,
      value: { next: 'open', boundBy: 'storage' },
    });
    expect(await tool.launches.verifyLaunch(form, proved)).toMatchObject({ reason: 'state-unknown' });
  });

  it('is refused with another value, without spoiling the login', async () => {
    const { form, storageSecret } = await logInWithStorage();
    for (const storageProof of ['', 'x', form.state]) {
      const answer = await tool.launches.verifyLaunch(form, { secret: null, storageProof });
      expect(answer).toMatchObject({ reason: 'other-browser' });
    }
    expect(await tool.launches.verifyLaunch(form, { secret: null, storageProof: storageSecret })).toMatchObject({
      ok: true,
    });
  });

  it('is no way around the cookie for a login that began with one', async () => {
    const { state } = await logIn({ lti_storage_target: '_parent' });
    const answer = await tool.launches.verifyLaunch({ state, id_token: 'a' }, { secret: null, storageProof: '' });
    expect(answer).toMatchObject({ reason: 'missing-state-cookie' });
  });
});

describe('an error that the LMS posts', () => {
  it.each([
    ['login_required', 'platform-login-required'],
    ['launch_no_longer_valid', 'platform-launch-expired'],
    ['access_denied', 'platform-access-denied'],
    ['unauthorized_client', 'platform-client-refused'],
    ['invalid_request', 'platform-request-refused'],
    ['invalid_request_object', 'platform-request-refused'],
    ['<script>', 'platform-error'],
    ['__proto__', 'platform-error'],
  ])('%s is told as %s and ends the login', async (error, reason) => {
    const { state, nonce } = await logIn();
    const browser = { secret: BROWSER };
    const refused = await tool.launches.verifyLaunch({ error, error_description: '<b>', state }, browser);
    expect(refused).toMatchObject({ ok: false, reason });
    expect(JSON.stringify(refused)).not.toContain('<');
    const token = await sign(goodClaims(tool, nonce), key);
    expect(await tool.launches.verifyLaunch({ state, id_token: token }, browser)).toMatchObject({
      reason: 'state-unknown',
    });
  });

  it('needs no state, and ends nobody else’s login', async () => {
    const error = 'login_required';
    const refused = { ok: false, reason: 'platform-login-required' };
    expect(await tool.launches.verifyLaunch({ error }, { secret: BROWSER })).toMatchObject(refused);
    const { state, nonce } = await logIn();
    expect(await tool.launches.verifyLaunch({ error, state }, { secret: OTHER_BROWSER })).toMatchObject(refused);
    const token = await sign(goodClaims(tool, nonce), key);
    expect(await tool.launches.verifyLaunch({ state, id_token: token }, { secret: BROWSER })).toMatchObject({
      ok: true,
    });
  });
});

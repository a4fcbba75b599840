import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/lib/ids.ts';
import { isOwnTarget } from '../../src/lti/login-target.ts';
import {
  BROWSER,
  LAUNCH_URL,
  loginParams,
  OTHER_BROWSER,
  PUBLIC_URL,
  platformFor,
  requestOf,
  startTool,
  type Tool,
} from './launch-support.ts';

let tool: Tool;

beforeAll(async () => {
  tool = await startTool();
  const { platforms } = tool.storage;
  await platforms.addPlatform(platformFor('https://lms.example/jwks'));
  await platforms.addPlatform(
    platformFor('https://two.example/jwks', { issuer: 'https://two.example', clientId: 'a' }),
  );
  await platforms.addPlatform(
    platformFor('https://two.example/jwks', { issuer: 'https://two.example', clientId: 'b' }),
  );
  await platforms.addPlatform(
    platformFor('https://new.example/jwks', { issuer: 'https://new.example', status: 'pending' }),
  );
});
afterAll(() => tool.stop());

describe('a login', () => {
  it('asks the LMS with the parameters of the Security Framework and the hints to the letter', async () => {
    const login = await tool.logins.startLogin(loginParams(), BROWSER);
    if (!login.ok) throw new Error(login.reason);
    const { state, nonce, ...request } = requestOf(login.value.authorizationUrl);
    expect(request).toEqual({
      tenant: '7',
      scope: 'openid',
      response_type: 'id_token',
      response_mode: 'form_post',
      prompt: 'none',
      client_id: 'client-1',
      redirect_uri: LAUNCH_URL,
      login_hint: 'hint/7',
      lti_message_hint: '{"cmid":4,"launchid":"x"}',
    });
    expect(state).toBe(login.value.state);
    expect(Buffer.from(state ?? '', 'base64url')).toHaveLength(32);
    expect(Buffer.from(nonce ?? '', 'base64url')).toHaveLength(32);
  });

  it('keeps only hashes of the state and of the browser secret', async () => {
    const login = await tool.logins.startLogin(loginParams(), BROWSER);
    if (!login.ok) throw new Error(login.reason);
    const kept = await tool.storage.logins.findLogin(login.value.stateHash, tool.clock());
    expect(kept).toMatchObject({ stateHash: hashSecret(login.value.state), browserHash: hashSecret(BROWSER) });
    expect(JSON.stringify(kept)).not.toContain(login.value.state);
    expect(JSON.stringify(kept)).not.toContain(BROWSER);
  });

  it('needs no client ID where the issuer has one registration', async () => {
    const login = await tool.logins.startLogin(loginParams({ client_id: undefined }), BROWSER);
    expect(login).toMatchObject({ ok: true, value: { platform: { clientId: 'client-1' } } });
  });

  it("reads Canvas's other name for the deployment", async () => {
    const params = loginParams({ lti_deployment_id: undefined, deployment_id: '12:abc' });
    const login = await tool.logins.startLogin(params, BROWSER);
    if (!login.ok) throw new Error(login.reason);
    expect(await tool.storage.logins.findLogin(login.value.stateHash, tool.clock())).toMatchObject({
      deploymentId: '12:abc',
    });
  });

  it.each([
    ['ambiguous-registration', { iss: 'https://two.example', client_id: undefined }],
    ['unknown-registration', { iss: 'https://lms.example/' }],
    ['unknown-registration', { client_id: 'client-2' }],
    ['unknown-registration', { iss: 'https://nobody.example', client_id: undefined }],
    ['inactive-registration', { iss: 'https://new.example' }],
    ['foreign-target', { target_link_uri: 'https://evil.example/lti/launch' }],
    ['bad-login-request', { iss: undefined }],
    ['bad-login-request', { login_hint: '' }],
    ['bad-login-request', { target_link_uri: undefined }],
    ['bad-login-request', { iss: ['https://lms.example', 'https://lms.example'] }],
    ['bad-login-request', { client_id: { $ne: null } }],
    ['bad-login-request', { login_hint: 'x'.repeat(100_000) }],
    ['bad-login-request', { lti_storage_target: ['_parent'] }],
  ])('is refused as %s for %j', async (reason, change) => {
    expect(await tool.logins.startLogin(loginParams(change), BROWSER)).toMatchObject({ ok: false, reason });
  });

  it.each([[undefined], [null], ['text'], [7], [[]], [{ __proto__: null }]])('is refused for %j', async (params) => {
    expect(await tool.logins.startLogin(params, BROWSER)).toMatchObject({ reason: 'bad-login-request' });
  });
});

describe('going on after the cookie was set', () => {
  const begin = async (change: Record<string, unknown> = {}) => {
    const login = await tool.logins.startLogin(loginParams(change), BROWSER);
    if (!login.ok) throw new Error(login.reason);
    return login.value;
  };

  it('leads on with the same login when the cookie came back', async () => {
    const login = await begin();
    const on = await tool.logins.continueLogin(login.state, BROWSER);
    expect(on).toMatchObject({ ok: true, value: { next: 'lms', authorizationUrl: login.authorizationUrl } });
  });

  it('begins a new login for another browser instead of handing this one over', async () => {
    const login = await begin();
    const on = await tool.logins.continueLogin(login.state, OTHER_BROWSER);
    if (!on.ok || on.value.next !== 'lms') throw new Error('expected a login');
    expect(on.value.state).not.toBe(login.state);
    const kept = await tool.storage.logins.findLogin(login.stateHash, tool.clock());
    expect(kept?.browserHash).toBe(hashSecret(BROWSER));
    expect(requestOf(on.value.authorizationUrl).nonce).not.toBe(requestOf(login.authorizationUrl).nonce);
  });

  it('asks for a new window where there is neither cookie nor storage', async () => {
    const login = await begin();
    expect(await tool.logins.continueLogin(login.state, null)).toEqual({ ok: true, value: { next: 'new-window' } });
  });

  it("binds a new login to the LMS's storage where there is no cookie, and to no cookie", async () => {
    const login = await begin({ lti_storage_target: 'post_message_forwarding' });
    const on = await tool.logins.continueLogin(login.state, null);
    if (!on.ok || on.value.next !== 'storage') throw new Error('expected storage');
    expect(on.value).toMatchObject({ storageTarget: 'post_message_forwarding' });
    expect(on.value.state).not.toBe(login.state);
    const kept = await tool.storage.logins.findLogin(on.value.stateHash, tool.clock());
    expect(kept?.storageHash).toBe(hashSecret(on.value.storageSecret));
    expect(kept?.browserHash).not.toBe(hashSecret(BROWSER));
  });

  it('can begin the same login again in a new window, without storage', async () => {
    const login = await begin({ lti_storage_target: '_parent' });
    const again = await tool.logins.restartLogin(login.state, OTHER_BROWSER);
    if (!again.ok) throw new Error(again.reason);
    expect(again.value.storageTarget).toBeNull();
    const { state: _s, nonce: _n, ...before } = requestOf(login.authorizationUrl);
    const { state: _t, nonce: _m, ...after } = requestOf(again.value.authorizationUrl);
    expect(after).toEqual(before);
  });

  it.each([['a b;c'], [''], [{ a: 1 }], [['x']], ['x'.repeat(100_000)], [undefined], ['A'.repeat(43)]])(
    'refuses the state %j',
    async (state) => {
      expect(await tool.logins.continueLogin(state, BROWSER)).toMatchObject({ reason: 'state-unknown' });
      expect(await tool.logins.restartLogin(state, BROWSER)).toMatchObject({ reason: 'state-unknown' });
    },
  );

  it('refuses a login that is older than 10 minutes', async () => {
    const login = await begin();
    tool.time.now += 10 * 60_000 + 1;
    expect(await tool.logins.continueLogin(login.state, BROWSER)).toMatchObject({ reason: 'state-unknown' });
  });
});

describe('a target', () => {
  it.each([
    [PUBLIC_URL],
    [`${PUBLIC_URL}/`],
    [`${PUBLIC_URL}/lti/launch?placement=course_navigation&x=../y`],
    [`${PUBLIC_URL}/a.b/..c/%C3%BC#x`],
  ])('may be %s', (target) => {
    expect(isOwnTarget(target, PUBLIC_URL)).toBe(true);
  });

  it.each([
    ['http://tool.example/lti/launch'],
    ['https://tool.example:8443/'],
    ['https://tool.example.evil.example/'],
    ['https://user@tool.example/'],
    ['https://tool.example@evil.example/'],
    ['https://tool.example/a/../admin'],
    ['https://tool.example/a/%2e%2E/admin'],
    ['https://tool.example/./x'],
    ['https://tool.example//evil.example'],
    ['https://tool.example/a%2fb'],
    ['https://tool.example\\@evil.example/'],
    ['https://tool.example/a b'],
    ['https://tool.example/a\nb'],
    ['//tool.example/'],
    ['/lti/launch'],
    ['javascript:alert(1)'],
    [''],
  ])('may not be %j', (target) => {
    expect(isOwnTarget(target, PUBLIC_URL)).toBe(false);
  });
});

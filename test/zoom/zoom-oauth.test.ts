import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createGuardedHttp } from '../../src/lib/guarded-http.ts';
import type { HttpClient } from '../../src/lib/http-client.ts';
import { newSecret } from '../../src/lib/ids.ts';
import type { ConnectionId } from '../../src/zoom/connection.ts';
import { createZoomOAuth } from '../../src/zoom/zoom-oauth.ts';
import { OPTIONAL_SCOPES, REQUIRED_SCOPES } from '../../src/zoom/zoom-scopes.ts';
import { startServer } from '../support/http-server.ts';
import { NOON, startZoomBench, type ZoomBench } from './support.ts';

const HOUR = 3_600_000;

let bench: ZoomBench;
beforeAll(async () => {
  bench = await startZoomBench();
});
afterAll(() => bench.close());
beforeEach(() => bench.reset());

describe('connecting', () => {
  const verifier = newSecret();
  const challenge = createHash('sha256').update(verifier).digest('base64url');

  async function allow(fields: Record<string, string> = {}): Promise<URL> {
    const ask = { state: 'the state', challenge, scopes: REQUIRED_SCOPES, optionalScopes: OPTIONAL_SCOPES };
    const body = new URLSearchParams({ user: 'ada', decision: 'allow', ...fields });
    const answer = await fetch(bench.oauth.authorizeUrl(ask), { method: 'POST', body, redirect: 'manual' });
    return new URL(answer.headers.get('location') ?? '', bench.zoom.base);
  }

  test('brings tokens, the scopes that were really granted, and whose they are', async () => {
    const back = await allow({ 'optional:meeting:read:list_meetings': 'on' });
    expect(back.searchParams.get('state')).toBe('the state');
    const answer = await bench.oauth.exchange({ code: back.searchParams.get('code') ?? '', verifier });
    if (!answer.ok) throw new Error(answer.detail);
    const { tokens, scopes } = answer.value;
    expect(new Set(scopes)).toEqual(new Set([...REQUIRED_SCOPES, 'meeting:read:list_meetings']));
    expect(tokens.expiresAt).toBe(NOON + HOUR);
    const profile = await bench.api.profileOf(answer.value);
    const ada = bench.zoom.user('ada');
    expect(profile).toMatchObject({
      ok: true,
      value: { zoomUserId: ada.id, accountId: ada.accountId, plan: 'licensed', personalRoom: ada.pmi },
    });
  });

  test('takes the address of another region, and calls there', async () => {
    bench.zoom.faults.regionalApi = true;
    const answer = await bench.oauth.exchange({ code: (await allow()).searchParams.get('code') ?? '', verifier });
    if (!answer.ok) throw new Error(answer.detail);
    expect(answer.value.apiUrl).toBe(`${bench.zoom.base}/eu/v2`);
    expect(await bench.api.profileOf(answer.value)).toMatchObject({ ok: true });
    expect(bench.zoom.requests.count('GET /eu/v2/users/me')).toBe(1);
  });

  test('fails for a code that is used, too old, or asked with another verifier', async () => {
    const code = (await allow()).searchParams.get('code') ?? '';
    expect(await bench.oauth.exchange({ code, verifier: newSecret() })).toMatchObject({ reason: 'bad-code' });
    expect(await bench.oauth.exchange({ code, verifier })).toMatchObject({ reason: 'bad-code' });
    const old = (await allow()).searchParams.get('code') ?? '';
    bench.zoom.clock.advance(6 * 60_000);
    expect(await bench.oauth.exchange({ code: old, verifier })).toMatchObject({ reason: 'bad-code' });
  });

  test('revokes a grant, after which its tokens are good for nothing', async () => {
    const grantOf = async (user: string) => {
      const connection = await bench.storage.connections.findConnection(await bench.connect(user));
      return { connectionId: connection?.id as ConnectionId, sealedTokens: connection?.sealedTokens ?? '' };
    };
    const grant = await grantOf('ada');
    bench.zoom.clock.advance(2 * 3_600_000);
    bench.zoom.faults.revokeDown = true;
    expect(await bench.giveBack(await grantOf('ben'))).toBe('later');
    bench.zoom.faults.revokeDown = false;
    expect(await bench.giveBack(grant)).toBe('told');
    expect(bench.zoom.oauth.grant('ada')).toBeUndefined();
    expect(await bench.giveBack(grant)).toBe('gone');
  });
});

describe('renewing', () => {
  test('leaves a token alone that is still good, and renews one before it runs out', async () => {
    const id = await bench.connect('ada');
    const { access } = await bench.tokensOf(id);
    expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: true, value: { token: access } });
    bench.zoom.clock.advance(59 * 60_000);
    const renewed = await bench.tokens.accessFor(id);
    expect(renewed).toMatchObject({ ok: true, value: { token: (await bench.tokensOf(id)).access } });
    expect(renewed).not.toMatchObject({ value: { token: access } });
    expect(await bench.api.profile(id)).toMatchObject({ ok: true });
  });

  test('is done once, by whichever of two processes comes first, while the rest wait for it', async () => {
    const id = await bench.connect('ada');
    const other = bench.another();
    bench.zoom.clock.advance(2 * HOUR);
    const answers = await Promise.all(
      [bench, other, bench, other, bench, other].map(({ tokens }) => tokens.accessFor(id)),
    );
    const { access } = await bench.tokensOf(id);
    for (const answer of answers) expect(answer).toMatchObject({ ok: true, value: { token: access } });
    expect(bench.zoom.requests.count('POST /oauth/token')).toBe(1);
  });

  test('keeps what Zoom gave when the store fails, rather than asking with a token that is used up', async () => {
    const id = await bench.connect('ada');
    bench.zoom.clock.advance(2 * HOUR);
    const { changeConnection } = bench.storage.connections;
    let down = true;
    bench.storage.connections.changeConnection = async (...asked) => {
      if (down) throw new Error('disk full');
      return changeConnection(...asked);
    };
    try {
      await expect(bench.tokens.accessFor(id)).rejects.toThrow('disk full');
      down = false;
      expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: true });
    } finally {
      bench.storage.connections.changeConnection = changeConnection;
    }
    expect(bench.zoom.requests.count('POST /oauth/token')).toBe(1);
    expect(await bench.api.profile(id)).toMatchObject({ ok: true });
  });

  test.each([
    ['ended, so that Zoom is told of what it gave', false],
    ['ended and made anew, which stays', true],
  ])('of a connection that meanwhile was %s', async (_what, again) => {
    const id = await bench.connect('ada');
    bench.zoom.clock.advance(2 * HOUR);
    const { connections } = bench.storage;
    const { changeConnection, endConnection } = connections;
    const holders = (await connections.findConnection(id))?.holders ?? [];
    connections.changeConnection = async (...asked) => {
      connections.changeConnection = changeConnection;
      const at = bench.zoom.clock.now();
      await endConnection(
        id,
        holders.map((userId) => ({ userId, end: 'disconnected', at })),
      );
      if (again) await bench.connect('ada');
      return changeConnection(...asked);
    };
    expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: false, reason: 'not-connected' });
    expect(bench.zoom.oauth.grant('ada') !== undefined).toBe(again);
    expect(bench.zoom.requests.count('POST /oauth/revoke')).toBe(again ? 0 : 1);
  });

  test.each(['throttled', 'unavailable', 'html', 'cut', 'invalid-client'] as const)(
    'ends nothing when the token endpoint is %s',
    async (kind) => {
      const id = await bench.connect('ada');
      bench.zoom.clock.advance(2 * HOUR);
      bench.zoom.faults.token = { kind, times: 1 };
      const reasons = { throttled: 'throttled', cut: 'unreachable' } as Record<string, string>;
      expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: false, reason: reasons[kind] ?? 'fault' });
      expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: true });
      expect(bench.ended).toEqual([]);
    },
  );

  // Zoom renewed the tokens and the answer was lost on the way.
  test.each(['lenient', 'strict'] as const)(
    'after a lost answer goes on where rotation is %s, or says so',
    async (how) => {
      bench.zoom.faults.rotation = how;
      const losing: HttpClient = async (request) => {
        const answer = await bench.http(request);
        return request.url.endsWith('/token') ? { ok: false, reason: 'timeout' } : answer;
      };
      const id = await bench.connect('ada');
      bench.zoom.clock.advance(2 * HOUR);
      expect(await bench.another(losing).tokens.accessFor(id)).toMatchObject({ ok: false, reason: 'unreachable' });
      expect((await bench.storage.connections.findConnection(id))?.state).toBe('live');
      const next = await bench.tokens.accessFor(id);
      expect(next).toMatchObject(how === 'lenient' ? { ok: true } : { ok: false, reason: 'not-connected' });
      expect(bench.ended).toEqual(how === 'lenient' ? [] : [{ id, end: 'expired' }]);
    },
  );

  test('uses the token that is left of a grant while it cannot be renewed', async () => {
    const id = await bench.connect('ada');
    bench.zoom.clock.advance(HOUR - 60_000);
    bench.zoom.faults.token = { kind: 'unavailable' };
    expect(await bench.tokens.accessFor(id)).toMatchObject({ ok: true });
    expect(await bench.api.profile(id)).toMatchObject({ ok: true });
  });

  test('of a person who connected anew goes on with the new grant', async () => {
    const id = await bench.connect('ada');
    const { access } = await bench.tokensOf(id);
    expect(await bench.connect('ada')).toBe(id);
    const instead = await bench.tokens.accessInstead(id, { token: access, because: 'removed-in-zoom' });
    expect(instead).toMatchObject({ ok: true, value: { token: (await bench.tokensOf(id)).access } });
    expect(bench.zoom.requests.count('POST /oauth/token')).toBe(0);
  });
});

describe('a grant dies', () => {
  const DEATHS: [string, string, (zoom: ZoomBench['zoom']) => void][] = [
    ['superseded', 'the person allowed the app somewhere else', (zoom) => zoom.oauth.issue('ada')],
    ['removed-in-zoom', 'the person removed the app', (zoom) => zoom.oauth.revoke('ada')],
    ['refused-by-admin', 'an administrator withdrew the approval', (zoom) => zoom.oauth.disableByAdmin()],
    ['refused-by-admin', 'the app was disabled', (zoom) => zoom.oauth.disableApp()],
    ['account-gone', 'the account was deleted', (zoom) => zoom.oauth.removeOwner('ada')],
    ['expired', 'nobody used it for 90 days', (zoom) => zoom.clock.advance(91 * 24 * HOUR)],
    [
      'account-gone',
      'the person is deactivated',
      (zoom) => {
        zoom.user('ada').status = 'inactive';
      },
    ],
    [
      'account-gone',
      'the person left the account',
      (zoom) => {
        zoom.faults.api = { kind: 'other-account' };
      },
    ],
  ];

  test.each(DEATHS)('as %s when %s; it is told once, and nothing more is asked', async (end, _why, kill) => {
    const id = await bench.connect('ada');
    kill(bench.zoom);
    const answers = await Promise.all([bench.api.profile(id), bench.api.profile(id)]);
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, reason: 'not-connected' });
    const stored = await bench.storage.connections.findConnection(id);
    expect(stored).toMatchObject({ state: 'broken', end, sealedTokens: null });
    expect(bench.ended).toEqual([{ id, end }]);
    const asked = bench.zoom.requests.log.length;
    expect(await bench.api.profile(id)).toMatchObject({ ok: false, reason: 'not-connected' });
    expect(bench.zoom.requests.log.length).toBe(asked);
  });

  test('as removed-in-zoom when a renewed token is refused as well', async () => {
    const id = await bench.connect('ada');
    bench.zoom.faults.api = { kind: 'invalid-token' };
    expect(await bench.api.profile(id)).toMatchObject({ ok: false, reason: 'not-connected' });
    expect(bench.ended).toEqual([{ id, end: 'removed-in-zoom' }]);
    expect(bench.zoom.requests.count('POST /oauth/token')).toBe(1);
  });

  test('not at all when Zoom refuses a token once', async () => {
    const id = await bench.connect('ada');
    bench.zoom.faults.api = { kind: 'expired-token', times: 1 };
    expect(await bench.api.profile(id)).toMatchObject({ ok: true });
    expect(bench.ended).toEqual([]);
  });
});

describe('the token endpoint', () => {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of closing.splice(0)) await one.close();
  });

  async function refreshAgainst(status: number, body: string, type = 'application/json;charset=UTF-8') {
    const server = await startServer((_req, res) => void res.writeHead(status, { 'content-type': type }).end(body));
    const http = createGuardedHttp({ allowLoopbackHttp: true, userAgent: 'Rostrum test' });
    closing.push(server, http);
    const app = { clientId: 'an_id-with.marks', oauthUrl: server.url, apiUrl: 'https://api.zoom.us/v2' };
    const given = { secret: 'a_secret', redirectUrl: 'https://tool.example/zoom/callback', clock: () => NOON };
    return createZoomOAuth({ app, http, allowHttp: true, ...given }).refresh({ refresh: 'the old one' });
  }

  const REFUSALS: [string, number, object][] = [
    ['expired', 400, { reason: 'Invalid Token!', error: 'invalid_grant' }],
    ['expired', 400, { reason: 'Invalid Token!', error: 'invalid_request' }],
    ['expired', 401, { code: 4700, message: 'Invalid access token.' }],
    ['expired', 400, { reason: 'no matching scopes (4,711)', error: 'invalid_request' }],
    ['refused-by-admin', 401, { reason: 'App disabled', error: 'unauthorized_client', errorCode: '4717' }],
    ['account-gone', 400, { reason: 'owner gone (4735)', error: 'invalid_grant' }],
    ['expired', 400, { code: 4737, reason: 'authentication not found' }],
    ['refused-by-admin', 400, { error_code: 4738, error: 'invalid_grant' }],
    ['expired', 400, { code: 4740, reason: 'out of tolerance' }],
    ['superseded', 400, { code: 4741, error: 'invalid_grant', reason: 'Invalid Token!' }],
  ];

  test.each(REFUSALS)('means %s by %i %j', async (end, status, body) => {
    expect(await refreshAgainst(status, JSON.stringify(body))).toMatchObject({ reason: 'ended', end });
  });

  test.each([
    ['misconfigured', 401, '{"reason":"Invalid client_id or client_secret","error":"invalid_client"}'],
    ['misconfigured', 400, '{"code":4709,"reason":"Redirect URI mismatch","error":"invalid_request"}'],
    ['throttled', 429, '{"reason":"Too many requests"}'],
    ['fault', 500, '{"reason":"Internal","error":"server_error"}'],
    ['fault', 403, '<html>Access denied</html>'],
    ['fault', 400, '{}'],
    ['fault', 200, '{"token_type":"bearer"}'],
    ['fault', 200, 'not JSON'],
    ['fault', 302, ''],
  ])('ends nothing and is %s by %i %s', async (reason, status, body) => {
    expect(await refreshAgainst(status, body)).toMatchObject({ ok: false, reason });
  });

  test('may keep the refresh token, and names no API of strangers', async () => {
    const body = { access_token: 'new', token_type: 'Bearer', expires_in: 3599, scope: 'a b' };
    const usual = await refreshAgainst(200, JSON.stringify({ ...body, api_url: 'https://eu01api-www4local.zoom.us' }));
    expect(usual).toEqual({
      ok: true,
      value: {
        tokens: { access: 'new', refresh: 'the old one', expiresAt: NOON + 3_599_000 },
        scopes: ['a', 'b'],
        apiUrl: 'https://eu01api-www4local.zoom.us/v2',
      },
    });
    for (const strange of [
      'https://zoom.us.evil.example',
      'http://api.zoom.us',
      'https://a@api.zoom.us',
      'nonsense',
      7,
    ]) {
      const answer = await refreshAgainst(200, JSON.stringify({ ...body, api_url: strange }));
      expect(answer).toMatchObject({ ok: true, value: { apiUrl: null } });
    }
  });
});

import type { Express } from 'express';
import pino from 'pino';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { launchRoutes, showHandover } from '../../src/lti/launch.routes.ts';
import { createHandovers, type NewGrant } from '../../src/lti/launch-handover.ts';
import { LTI_REFUSALS } from '../../src/lti/refusals.ts';
import type { VerifiedLaunch } from '../../src/lti/verified-launch.ts';
import { createServer } from '../../src/web/server.ts';
import { createSessions, LOGIN_COOKIE } from '../../src/web/session.ts';
import {
  goodClaims,
  loginParams,
  newKey,
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
let app: Express;
let key: SigningKey;
let keyServer: Awaited<ReturnType<typeof startKeyServer>>;
let log: string[];
let opened: { launch: VerifiedLaunch; needsNewTab: boolean }[];

const GRANT: NewGrant = {
  channelId: 'channel' as ChannelId,
  platformId: 'platform' as PlatformId,
  userId: 'user' as UserId,
  launchLevel: 'member',
  launchOnly: false,
  isTest: false,
  locale: null,
  timeZone: null,
  family: 'other',
  tenant: null,
  frameOrigin: null,
};

beforeAll(async () => {
  tool = await startTool();
  key = await newKey('key-1');
  keyServer = await startKeyServer([key]);
  await tool.storage.platforms.addPlatform(platformFor(keyServer.url));
  log = [];
  opened = [];
  const sessions = createSessions({ store: tool.storage.sessions, clock: tool.clock, random: systemRandom });
  const handovers = createHandovers({ store: tool.storage.sessions, clock: tool.clock, random: systemRandom });
  const router = launchRoutes({
    logins: tool.logins,
    launches: tool.launches,
    handovers,
    sessions,
    publicUrl: PUBLIC_URL,
    async openLaunch(launch, req, res, { needsNewTab }) {
      opened.push({ launch, needsNewTab });
      if (needsNewTab) await showHandover({ handovers }, { req, res }, GRANT);
      else res.redirect(303, '/channels/x');
    },
    async enterChannel(grant, req, res) {
      await sessions.start(req, res, grant);
      res.redirect(303, `/channels/${grant.channelId}`);
    },
  });
  app = createServer({
    publicUrl: PUBLIC_URL,
    trustProxy: false,
    logger: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    routers: [router],
    frameAncestors: () => [],
    clock: tool.clock,
    random: systemRandom,
    production: false,
  });
});
afterAll(async () => {
  await tool.stop();
  await keyServer.stop();
});

const post = (path: string) => request(app).post(path).type('form');
const cookieOf = (answer: request.Response) => String(answer.get('Set-Cookie')?.[0]).split(';')[0] ?? '';
const location = (answer: request.Response) => String(answer.get('Location'));
/** The value of an attribute in a page, unescaped. */
const attribute = (page: string, name: string) =>
  (new RegExp(`${name}="([^"]*)"`).exec(page)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&#34;', '"');

const tokenFor = (authorizationUrl: string) => sign(goodClaims(tool, requestOf(authorizationUrl).nonce ?? ''), key);

describe('a browser that keeps cookies', () => {
  it('shows so on a detour at its first login, goes to the LMS, and launches', async () => {
    const login = await post('/lti/login').send(loginParams());
    expect(login.status).toBe(303);
    const on = await request(app).get(location(login)).set('Cookie', cookieOf(login));
    expect(on.status).toBe(302);
    expect(location(on)).toMatch(/^https:\/\/lms\.example\/auth\?/);
    const form = { state: requestOf(location(on)).state, id_token: await tokenFor(location(on)) };
    const launched = await post('/lti/launch').set('Cookie', cookieOf(login)).send(form);
    expect(launched.status).toBe(303);
    expect(opened.at(-1)).toMatchObject({ needsNewTab: false, launch: { subject: 'user-7' } });
  });

  it('goes to the LMS at once when it has our cookie already, by GET and by POST', async () => {
    const cookie = `${LOGIN_COOKIE}=${'c'.repeat(43)}`;
    const params = loginParams() as Record<string, string>;
    for (const answer of [
      await post('/lti/login').set('Cookie', cookie).send(params),
      await request(app).get('/lti/login').query(params).set('Cookie', cookie),
    ]) {
      expect(answer.status).toBe(302);
      expect(requestOf(location(answer))).toMatchObject({ prompt: 'none', response_mode: 'form_post' });
      expect(cookieOf(answer)).toBe(cookie);
    }
  });

  it('is let in by its cookie alone: the same form from elsewhere is not', async () => {
    const cookie = `${LOGIN_COOKIE}=${'d'.repeat(43)}`;
    const login = await post('/lti/login').set('Cookie', cookie).send(loginParams());
    const form = { state: requestOf(location(login)).state, id_token: await tokenFor(location(login)) };
    expect((await post('/lti/launch').send(form)).status).toBe(400);
    expect(
      (
        await post('/lti/launch')
          .set('Cookie', `${LOGIN_COOKIE}=${'e'.repeat(43)}`)
          .send(form)
      ).status,
    ).toBe(403);
    expect((await post('/lti/launch').set('Cookie', cookie).send(form)).status).toBe(303);
  });
});

describe('a browser that keeps no cookies in a frame', () => {
  it('gets one link that begins the same login in a window of its own', async () => {
    const login = await post('/lti/login').send(loginParams());
    const page = await request(app).get(location(login)).set('Sec-Fetch-Dest', 'iframe');
    expect(page.status).toBe(200);
    expect(page.get('Content-Security-Policy')).toContain('frame-ancestors *');
    expect(page.text).toContain('target="_blank"');
    const again = await request(app).get(attribute(page.text, '<a class="button button--primary" href'));
    expect(again.status).toBe(303);
    const on = await request(app).get(location(again)).set('Cookie', cookieOf(again));
    expect(requestOf(location(on))).toMatchObject({ login_hint: 'hint/7', lti_message_hint: expect.any(String) });
  });

  it('is told so where it keeps none in a window of its own either', async () => {
    const login = await post('/lti/login').send(loginParams());
    const page = await request(app).get(location(login)).set('Sec-Fetch-Dest', 'document');
    expect(page.status).toBe(400);
    expect(page.text).toContain('does not accept cookies');
  });

  it('launches by the LMS’s storage, and opens the channel in a window by a code that works once', async () => {
    const login = await post('/lti/login').send(loginParams({ lti_storage_target: '_parent' }));
    const put = await request(app).get(location(login));
    expect(put.status).toBe(200);
    expect(attribute(put.text, 'data-origin')).toBe('https://lms.example');
    const next = attribute(put.text, 'data-next');
    const form = { state: requestOf(next).state, id_token: await tokenFor(next) };

    const get = await post('/lti/launch').send(form);
    expect(get.status).toBe(200);
    expect(attribute(get.text, 'data-key')).toBe(attribute(put.text, 'data-key'));
    expect(attribute(get.text, 'name="id_token" value')).toBe(form.id_token);

    const proved = { ...form, storage_proof: attribute(put.text, 'data-value') };
    const foreign = await post('/lti/launch').set('Origin', 'https://evil.example').send(proved);
    expect(foreign.status).toBe(403);
    expect((await post('/lti/launch').send(proved)).status).toBe(403);
    const launched = await post('/lti/launch').set('Origin', PUBLIC_URL).send(proved);
    expect(launched.status).toBe(200);
    expect(opened.at(-1)).toMatchObject({ needsNewTab: true });

    const code = { code: attribute(launched.text, 'name="code" value') };
    expect((await post('/lti/handover').set('Origin', 'https://evil.example').send(code)).status).toBe(403);
    const entered = await post('/lti/handover').set('Origin', PUBLIC_URL).send(code);
    expect(location(entered)).toBe('/channels/channel');
    expect(cookieOf(entered)).toMatch(/^__Host-rostrum-session=/);
    expect((await post('/lti/handover').set('Origin', PUBLIC_URL).send(code)).status).toBe(401);
  });
});

describe('what nobody should send', () => {
  it.each([
    ['state=a b;c'],
    ['state=a%20b%3Bc&id_token=x'],
    ['state[a]=1&id_token[b]=2'],
    ['state=x&state=y&id_token=z'],
    [`state=${'x'.repeat(100_000)}`],
    ['storage_proof=x'],
    [''],
  ])('to the launch is refused: %s', async (body) => {
    const answer = await post('/lti/launch').send(body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  it.each([[{ state: { a: 1 }, id_token: [] }], [[]], [{ state: ['x'], storage_proof: { a: 1 } }]])(
    'as JSON to the launch is refused: %j',
    async (body) => {
      const answer = await request(app).post('/lti/launch').send(body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );

  it.each([['/lti/login'], ['/lti/login?iss=a&iss=b'], ['/lti/login/continue'], ['/lti/login/continue?state=a%20b;c']])(
    'to %s is refused',
    async (path) => {
      expect((await request(app).get(path)).status).toBe(400);
    },
  );

  it('is not repeated on the page: an error of the LMS is told in our own words', async () => {
    const answer = await post('/lti/launch').send({ error: 'login_required', error_description: '<script>x</script>' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Log in to your course again');
    expect(answer.text).not.toContain('<script>x');
  });
});

describe('the log', () => {
  it('holds no state, token, hint, name or secret', async () => {
    const cookie = `${LOGIN_COOKIE}=${'f'.repeat(43)}`;
    const login = await post('/lti/login').set('Cookie', cookie).send(loginParams());
    const { state = '' } = requestOf(location(login));
    const token = await tokenFor(location(login));
    await post('/lti/launch').set('Cookie', cookie).send({ state, id_token: token });
    const text = log.join('');
    expect(text).toContain('launch verified');
    for (const secret of [state, token, 'f'.repeat(43), 'hint/7', 'Ada', 'ada@school'])
      expect(text).not.toContain(secret);
  });

  it('has no state of the detour either', async () => {
    const login = await post('/lti/login').send(loginParams());
    await request(app).get(location(login)).set('Cookie', cookieOf(login));
    const state = new URL(location(login), PUBLIC_URL).searchParams.get('state') ?? '';
    expect(state).toHaveLength(43);
    expect(log.join('')).not.toContain(state);
  });
});

describe('every refusal', () => {
  it('has its three texts', async () => {
    const texts = await import('../../locales/en.json', { with: { type: 'json' } });
    const problems = texts.default.problems as Record<string, Record<string, string>>;
    for (const reason of Object.keys(LTI_REFUSALS)) {
      const { title, body, next } = problems[reason] ?? {};
      expect(title && body && next, reason).toBeTruthy();
    }
  });
});

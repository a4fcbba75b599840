import type { Request, Response, Router } from 'express';
import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { hashSecret, systemRandom } from '../../src/lib/ids.ts';
import { createSessions } from '../../src/web/session.ts';
import type { Grant } from '../../src/web/session-store.ts';
import { cookieOf, memorySessions, testServer } from './support.ts';

const HOUR = 60 * 60 * 1000;
const SESSION = '__Host-rostrum-session';
const LOGIN = '__Host-rostrum-login';

describe('sessions', () => {
  let now = 0;
  let store = memorySessions();
  let app = serve();

  beforeEach(() => {
    now = 1_000_000;
    store = memorySessions();
    app = serve();
  });

  function serve() {
    const sessions = createSessions({ store, clock: () => now, random: systemRandom });
    return testServer((router: Router) => {
      router.get('/start/:channel', async (req: Request, res: Response) => {
        const { platform, user, test } = { platform: 'p', user: 'u', ...req.query } as Record<string, string>;
        const over = { platformId: platform as PlatformId, userId: user as UserId, isTest: test !== undefined };
        res.json(await sessions.start(req, res, { ...grantFor(String(req.params.channel)), ...over }));
      });
      router.get('/find', async (req, res) => void res.json(await sessions.find(req)));
      router.get(
        '/login',
        (req, res) => void res.json([sessions.browserSecret(req), sessions.issueBrowserSecret(req, res)]),
      );
    }).app;
  }

  it('keeps a random secret in a cookie that also comes back inside a frame, and only its hash in the store', async () => {
    const res = await request(app).get('/start/a');
    const cookie = String(res.headers['set-cookie']);
    for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=None', 'Partitioned', 'Max-Age=43200']) {
      expect(cookie).toContain(part);
    }
    expect(cookie).not.toContain('Domain');
    const secret = cookieOf(res.headers['set-cookie'], SESSION).split('=')[1] ?? '';
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect([...store.all.keys()]).toEqual([hashSecret(secret)]);
  });

  it('adds each launch to the same session, so that two tabs have a grant each', async () => {
    const first = await request(app).get('/start/a');
    const cookie = cookieOf(first.headers['set-cookie'], SESSION);
    const second = await request(app).get('/start/b').set('Cookie', cookie);
    expect(cookieOf(second.headers['set-cookie'], SESSION)).toBe(cookie);
    const found = await request(app).get('/find').set('Cookie', `other=1; ${cookie}`);
    expect(found.body.grants.map((grant: Grant) => grant.channelId)).toEqual(['a', 'b']);
    expect(found.body.grants[0].id).not.toBe(found.body.grants[1].id);
  });

  it('keeps the newest 50 grants', async () => {
    const first = await request(app).get('/start/c0');
    const cookie = cookieOf(first.headers['set-cookie'], SESSION);
    for (let i = 1; i <= 50; i++) await request(app).get(`/start/c${i}`).set('Cookie', cookie);
    const grants = [...store.all.values()][0]?.grants ?? [];
    expect(grants).toHaveLength(50);
    expect(grants[0]?.channelId).toBe('c1');
  });

  it('ends 12 hours after the last launch, and then opens a new session under a new secret', async () => {
    const first = await request(app).get('/start/a');
    const cookie = cookieOf(first.headers['set-cookie'], SESSION);
    now += 11 * HOUR;
    await request(app).get('/start/b').set('Cookie', cookie);
    now += 11 * HOUR;
    expect((await request(app).get('/find').set('Cookie', cookie)).body).not.toBeNull();
    now += HOUR;
    expect((await request(app).get('/find').set('Cookie', cookie)).body).toBeNull();
    const again = await request(app).get('/start/c').set('Cookie', cookie);
    expect(cookieOf(again.headers['set-cookie'], SESSION)).not.toBe(cookie);
  });

  it('ends the grants of whoever launched before on a shared computer', async () => {
    const first = await request(app).get('/start/a?user=ada');
    const cookie = cookieOf(first.headers['set-cookie'], SESSION);
    const launch = (path: string) => request(app).get(`/start/${path}`).set('Cookie', cookie);
    const channels = async () => {
      const { body } = await request(app).get('/find').set('Cookie', cookie);
      return body.grants.map((grant: Grant) => grant.channelId);
    };
    await launch('b?user=ada-at-another-lms&platform=other');
    await launch('c?user=test-student&test');
    await launch('d?user=ada');
    expect(await channels()).toEqual(['a', 'b', 'c', 'd']);
    await launch('e?user=ben');
    expect(await channels()).toEqual(['b', 'e']);
  });

  it.each(['', 'x', `${'a'.repeat(42)}!`, 'a'.repeat(43), `"${'a'.repeat(43)}"`])(
    'finds nothing for a cookie that was tampered with: %j',
    async (value) => {
      await request(app).get('/start/a');
      const res = await request(app).get('/find').set('Cookie', `${SESSION}=${value}`);
      expect(res.body).toBeNull();
    },
  );

  it('ties a login to the browser by a secret that a second frame does not replace', async () => {
    const first = await request(app).get('/login');
    expect(first.body[0]).toBeNull();
    const cookie = cookieOf(first.headers['set-cookie'], LOGIN);
    expect(String(first.headers['set-cookie'])).toContain('Partitioned');
    const second = await request(app).get('/login').set('Cookie', cookie);
    expect(second.body).toEqual([first.body[1], first.body[1]]);
  });
});

function grantFor(channel: string): Omit<Grant, 'id' | 'at'> {
  return {
    channelId: channel as ChannelId,
    platformId: 'p' as PlatformId,
    userId: 'u' as UserId,
    launchLevel: 'manager',
    launchOnly: false,
    isTest: false,
    locale: null,
    timeZone: null,
    family: 'canvas',
    tenant: null,
    frameOrigin: null,
  };
}

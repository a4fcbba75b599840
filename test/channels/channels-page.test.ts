import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelId, PlatformId, SyncId, UserId } from '../../src/channels/channel.ts';
import { emptySection, type SectionProvider } from '../../src/channels/channel-sections.ts';
import { channelRoutes } from '../../src/channels/channels.routes.ts';
import { createManageMembers } from '../../src/channels/manage-members.ts';
import { emptyMembership, withRosterEntry } from '../../src/channels/membership.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';
import { NO_COUNTS, type SyncRun } from '../../src/channels/sync-run.ts';
import { createSyncService } from '../../src/channels/sync-service.ts';
import { newId, systemRandom } from '../../src/lib/ids.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { createCsrf } from '../../src/web/csrf.ts';
import { createRateLimits } from '../../src/web/rate-limit.ts';
import { createSessions } from '../../src/web/session.ts';
import { createViewers } from '../../src/web/viewer.ts';
import { makeChannel, makePlatform } from '../storage/support/builders.ts';
import { cookieOf, PUBLIC_URL, testServer } from '../web/support.ts';

const SAME = { 'Sec-Fetch-Site': 'same-origin', Origin: PUBLIC_URL };
const PLATFORM = 'platform' as PlatformId;

describe('the pages of a channel', () => {
  let folder = '';
  let storage: Storage;
  let app: Express;
  let course: Channel;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rostrum-pages-'));
    const opened = openSqlite({ path: join(folder, 'test.db') });
    if (!opened.ok) throw new Error(opened.reason);
    storage = opened.value;
    app = serve();
    await storage.platforms.addPlatform(makePlatform(PLATFORM));
    course = await openCourse('bio', 'Cell <b>Biology</b>');
  });

  afterEach(async () => {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('show a manager who is in, by level, and the state of the roster', async () => {
    const { get } = await enter('t1', 'Hannah', 'manager');
    await enter('s1', 'Yuki', 'member');
    const page = await get('');
    expect(page.text).toContain('2 people are in this channel');
    expect(page.text).toContain('The roster has not been read yet');
    expect(page.text).toContain('Cell &lt;b&gt;Biology&lt;/b&gt;');
  });

  it('show a student the course and their own role, and nobody’s name', async () => {
    await enter('t1', 'Hannah', 'manager');
    await enter('s2', 'Ngozi', 'member');
    const { get } = await enter('s1', 'Yuki', 'member');
    const page = await get('');
    expect(page.status).toBe(200);
    expect(page.text).toContain('<strong>Member</strong>');
    for (const word of ['Hannah', 'Ngozi', 'people are in', 'Sync now', '/members'])
      expect(page.text).not.toContain(word);
    expect((await get('/members')).status).toBe(403);
  });

  it('do not exist for a browser that was not launched into the channel', async () => {
    const other = await openCourse('chem', 'Chemistry');
    const { cookie } = await enter('t1', 'Hannah', 'manager');
    const foreign = await request(app).get(`/channels/${other.id}`).set('Cookie', cookie);
    const unknown = await request(app).get('/channels/nothing-like-it').set('Cookie', cookie);
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect((await request(app).get(`/channels/${course.id}`)).status).toBe(401);
  });

  it('keep each launch in its own links', async () => {
    const teacher = await enter('t1', 'Hannah', 'manager');
    const student = await enter('t1', 'Hannah', 'manager', { launchLevel: 'member', cookie: teacher.cookie });
    expect((await teacher.get('')).text).toContain(`/members?as=${teacher.as}`);
    const preview = (await student.get('')).text;
    expect(preview).toContain('You are viewing as a student');
    expect(preview).not.toContain('/members');
  });

  it('list members with search, filters and pages that work without script', async () => {
    const { get } = await enter('t1', 'Hannah', 'manager');
    for (let i = 0; i < 60; i++) await enter(`s${i}`, `Student ${String(i).padStart(2, '0')}`, 'member');
    const first = await get('/members');
    expect(first.text).toContain('61 people in all');
    expect(rows(first.text)).toBe(50);
    const next = /href="([^"]+cursor=[^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await get('', next);
    expect(rows(second.text)).toBe(11);
    expect(second.text).toContain('First page');
    const found = await get('/members', undefined, '&q=student 07&level=member&status=active&method=automatic');
    expect(found.text).toContain('1 person found');
    const none = await get('/members', undefined, '&q=%3Cscript%3Enobody');
    expect(none.text).toContain('Nobody matches');
    expect(none.text).not.toContain('<script>nobody');
  });

  it('ask for a sync by a form of ours alone, once at a time', async () => {
    const { get, post } = await enter('t1', 'Hannah', 'manager');
    const refused = await post('/sync', {});
    expect(refused.status).toBe(403);
    const csrf = csrfOf((await get('')).text);
    const asked = await post('/sync', { _csrf: csrf });
    expect(asked.status).toBe(303);
    expect((await get('', asked.headers.location)).text).toContain('<progress');
    const again = await post('/sync', { _csrf: csrf });
    expect(again.headers.location).toContain('sync-under-way');
    expect(await storage.syncs.listSyncs(course.id, 10)).toHaveLength(1);
  });

  it('decide on a held sync once, and tell the second that it was decided', async () => {
    const run = await held();
    const { get, post } = await enter('t1', 'Hannah', 'manager');
    const page = await get(`/syncs/${run.id}`);
    expect(page.text).toContain('Apply: 24 people lose access');
    const csrf = csrfOf(page.text);
    const discarded = await post(`/syncs/${run.id}/discard`, { _csrf: csrf });
    expect((await get('', discarded.headers.location)).text).toContain('You discarded this sync');
    const applied = await post(`/syncs/${run.id}/apply`, { _csrf: csrf });
    expect((await get('', applied.headers.location)).text).toContain('Somebody decided on this sync before you');
    expect((await storage.syncs.findSync(run.id))?.state).toBe('discarded');
  });

  it('say that a held sync cannot be applied while another is under way, and leave it held', async () => {
    const run = await held();
    const { get, post } = await enter('t1', 'Hannah', 'manager');
    const csrf = csrfOf((await get(`/syncs/${run.id}`)).text);
    const other = await storage.syncs.requestSync(newRun({ id: newId<'sync'>(3) as SyncId, queuedAt: 3 }));
    expect(other.created).toBe(true);
    const applied = await post(`/syncs/${run.id}/apply`, { _csrf: csrf });
    const page = (await get('', applied.headers.location)).text;
    expect(page).toContain('Another sync of this channel is under way');
    expect(page).not.toContain('Somebody decided');
    expect((await storage.syncs.findSync(run.id))?.state).toBe('held');
  });

  it('end when the platform is switched off, and come back with it', async () => {
    const { get } = await enter('t1', 'Hannah', 'manager');
    await storage.platforms.updatePlatform(PLATFORM, { status: 'disabled' }, 2);
    const page = await get('');
    expect(page.status).toBe(403);
    expect(page.text).toContain('not switched on here');
    await storage.platforms.updatePlatform(PLATFORM, { status: 'active' }, 3);
    expect((await get('')).status).toBe(200);
  });

  it('may be framed by their own platform alone', async () => {
    const { get } = await enter('t1', 'Hannah', 'manager');
    const policy = String((await get('/members')).headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'self' https://lms.example;");
  });

  it('let a moderator see a held sync, not decide on it', async () => {
    const run = await held();
    const { get, post } = await enter('m1', 'Tom', 'moderator');
    const page = await get(`/syncs/${run.id}`);
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('/apply');
    const refused = await post(`/syncs/${run.id}/apply`, { _csrf: csrfOf((await get('')).text) });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('Your role does not allow this');
    expect((await storage.syncs.findSync(run.id))?.state).toBe('held');
  });

  it('know no sync of another channel', async () => {
    const other = await openCourse('chem', 'Chemistry');
    const run = await held(other.id);
    const { get, post } = await enter('t1', 'Hannah', 'manager');
    expect((await get(`/syncs/${run.id}`)).status).toBe(404);
    expect((await get(`/syncs/${run.id}/events`)).status).toBe(404);
    const csrf = csrfOf((await get('')).text);
    expect((await post(`/syncs/${run.id}/apply`, { _csrf: csrf })).status).toBe(404);
    expect((await storage.syncs.findSync(run.id))?.state).toBe('held');
  });

  it('stream how far a sync is, and end with what it changed', async () => {
    const { get } = await enter('t1', 'Hannah', 'manager');
    const { run } = await storage.syncs.requestSync(newRun({}));
    await storage.syncs.saveSync({ ...run, state: 'running', phase: 'fetching', startedAt: 1, pages: 2, members: 100 });
    setTimeout(() => {
      void storage.syncs.saveSync({
        ...run,
        state: 'applied',
        startedAt: 1,
        finishedAt: 2,
        counts: { ...NO_COUNTS, added: 3 },
      });
    }, 100);
    const stream = await get(`/syncs/${run.id}/events`);
    expect(stream.headers['content-type']).toContain('text/event-stream');
    expect(stream.headers['cache-control']).toContain('no-transform');
    expect(stream.text).toContain('event: progress\ndata: {"text":"Read so far: 100 people, 2 pages"');
    expect(stream.text).toContain('event: end\ndata: {"text":"3 people added."}');
  });

  function serve(): Express {
    const clock = Date.now;
    const sessions = createSessions({ store: storage.sessions, clock, random: systemRandom });
    const viewers = createViewers({ ...storage, sessions, clock });
    const queue = { enqueue: () => undefined };
    const syncService = createSyncService({ ...storage, queue, clock, random: systemRandom, maxAgeMs: 1 });
    const csrf = createCsrf({ publicUrl: PUBLIC_URL });
    const limit = createRateLimits({ store: storage.rateLimits, clock });
    const world = { clock, random: systemRandom };
    const manageMembers = createManageMembers({ ...storage, ...world });
    return testServer((router) => {
      router.get('/enter/:channel/:user/:level', async (req, res) => {
        const { channel, user, level } = req.params;
        const grant = await sessions.start(req, res, {
          channelId: channel as ChannelId,
          platformId: PLATFORM,
          userId: user as UserId,
          launchLevel: level as PermissionLevel,
          launchOnly: false,
          isTest: false,
          locale: 'en',
          timeZone: 'UTC',
          family: 'canvas',
          tenant: null,
          frameOrigin: null,
        });
        res.json(grant.id);
      });
      const sections = (['recordings', 'meetings'] as const).map(
        (id): SectionProvider =>
          async (viewer, reader) =>
            emptySection(id, viewer, reader),
      );
      router.use(channelRoutes({ ...storage, ...world, viewers, syncService, manageMembers, csrf, limit, sections }));
    }).app;
  }

  async function openCourse(contextId: string, title: string): Promise<Channel> {
    const fresh = makeChannel({ id: newId(1), platformId: PLATFORM, referenceId: contextId, title, label: null });
    const where = { platformId: PLATFORM, contextId, deploymentId: '1', title, label: null, types: [], at: 1 };
    const rosterUrl = 'https://lms.test/roster';
    return (await storage.channels.openChannelForContext({ ...where, rosterUrl, fresh })).channel;
  }

  /** Puts a person on the roster and opens the channel as them, in a browser of their own. */
  async function enter(
    subject: string,
    name: string,
    level: PermissionLevel,
    launch: { launchLevel?: PermissionLevel; cookie?: string } = {},
  ) {
    const person = { name, email: null };
    const user = await storage.memberships.upsertUser({ platformId: PLATFORM, subject, person, at: 1 });
    const key = { channelId: course.id, userId: user.id, subject };
    const entry = { subject, person, level, roles: level, isTest: false, inactive: false };
    await storage.memberships.changeMembership({ ...key, at: 1 }, (known) =>
      withRosterEntry(known ?? emptyMembership(key, 'roster', 1), entry, 'deactivate'),
    );
    const entered = await request(app)
      .get(`/enter/${course.id}/${user.id}/${launch.launchLevel ?? level}`)
      .set('Cookie', launch.cookie ?? '');
    const cookie = cookieOf(entered.headers['set-cookie'], '__Host-rostrum-session');
    const as: string = entered.body;
    const root = `/channels/${course.id}`;
    return {
      cookie,
      as,
      get: (path: string, url?: string, query = '') =>
        request(app)
          .get(url ?? `${root}${path}?as=${as}${query}`)
          .set('Cookie', cookie),
      post: (path: string, form: object) =>
        request(app).post(`${root}${path}?as=${as}`).set(SAME).set('Cookie', cookie).type('form').send(form),
    };
  }

  async function held(channelId: ChannelId = course.id): Promise<SyncRun> {
    const { run } = await storage.syncs.requestSync(newRun({ channelId }));
    const counts = { ...NO_COUNTS, deactivated: 24 };
    const parked = { ...run, state: 'held', phase: 'applying', reason: 'too-many-removals', counts } as const;
    await storage.syncs.saveSync({ ...parked, startedAt: 1, finishedAt: 2 });
    return parked;
  }

  function newRun(over: Partial<SyncRun>): SyncRun {
    return {
      id: newId<'sync'>(2) as SyncId,
      channelId: course.id,
      platformId: PLATFORM,
      state: 'queued',
      phase: null,
      trigger: 'button',
      requestedBy: null,
      pages: 0,
      members: 0,
      counts: NO_COUNTS,
      totalChanges: 0,
      appliedChanges: 0,
      reason: null,
      restarts: 0,
      decidedBy: null,
      tries: 0,
      notBefore: null,
      queuedAt: 1,
      startedAt: null,
      finishedAt: null,
      ...over,
    };
  }
});

function rows(html: string): number {
  return html.match(/scope="row"/g)?.length ?? 0;
}

function csrfOf(html: string): string {
  return /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
}

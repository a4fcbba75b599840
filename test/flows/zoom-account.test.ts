import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { hashSecret } from '../../src/lib/ids.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import type { Connection } from '../../src/zoom/connection.ts';
import { OPTIONAL_SCOPES } from '../../src/zoom/zoom-scopes.ts';
import { sendRaw } from '../support/attacker.ts';
import { sameOrigin, settingsFields, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';
import { connectZoom } from '../support/zoom-account.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** A job may look a moment too early, and again two seconds later. */
const SOON = { timeout: 10_000, interval: 50 };

let tool: Tool;
let zoom: SandboxZoom;
let channel: ChannelId;
let people: Record<'teacher' | 'assistant' | 'student' | 'administrator' | 'testStudent', Visitor>;
const ids = new Map<Visitor, UserId>();
let ahead = 0;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 20 }, clock: () => Date.now() + ahead });
  zoom = tool.sandbox.zoom;
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  const enter = (personId: string) => launchAs(tool, canvas, { courseId, personId });
  people = {
    teacher: await enter(cast.instructor),
    assistant: await enter(cast.assistant),
    student: await enter(cast.student),
    administrator: await enter(cast.admin),
    testStudent: await enter(cast.testStudent),
  };
  channel = channelIn(people.teacher.url);
  await tool.settled();
  for (const visitor of Object.values(people)) {
    const cookie = visitor.cookies().get('__Host-rostrum-session') ?? '';
    const session = await tool.storage.sessions.findSession(hashSecret(cookie), Date.now());
    ids.set(visitor, session?.grants[0]?.userId as UserId);
  }
});

afterAll(() => tool.close());

beforeEach(async () => {
  ahead = 0;
  zoom.faults.reset();
  const links = await tool.storage.meetingLinks.linksOfChannel(channel);
  for (const { id } of links) await tool.storage.meetingLinks.changeLink(id, Date.now(), () => 'remove');
  for (const visitor of ids.keys()) {
    if (await connectionOf(visitor)) await disconnect(visitor);
    await tool.storage.connections.forgetAuthorisations(idOf(visitor));
  }
  zoom.reset();
});

/** Wherever they are, at Zoom's page too. */
const at = (visitor: Visitor, path: string) => `${tool.url}${withAs(visitor, path)}`;
const idOf = (visitor: Visitor) => ids.get(visitor) as UserId;
const connectionOf = (visitor: Visitor) => tool.storage.connections.findConnectionOf(idOf(visitor));

async function connected(visitor: Visitor, user = 'ada'): Promise<Connection> {
  await connectZoom(visitor, user);
  const connection = await connectionOf(visitor);
  if (connection?.state !== 'live') throw new Error(visitor.text());
  return connection;
}

async function account(visitor: Visitor): Promise<string> {
  await visitor.get(at(visitor, '/zoom'));
  return visitor.text();
}

async function disconnect(visitor: Visitor): Promise<string> {
  await visitor.get(at(visitor, '/zoom/disconnect'));
  const asked = visitor.text();
  await visitor.submit(/\/zoom\/disconnect/);
  return asked;
}

/** Goes to Zoom's page and stops there. */
async function begin(visitor: Visitor): Promise<string> {
  await account(visitor);
  await visitor.submit('/zoom/connect');
  expect(visitor.text()).toContain('Allow this app to use your Zoom account?');
  return visitor.url;
}

/** What Zoom's page leads to, without going there. */
async function answer(authorizeUrl: string, user = 'ada', decision = 'allow'): Promise<string> {
  const ticked = Object.fromEntries(OPTIONAL_SCOPES.map((scope) => [`optional:${scope}`, 'on']));
  const body = new URLSearchParams({ ...ticked, user, decision });
  const { headers } = await fetch(authorizeUrl, { method: 'POST', body, redirect: 'manual' });
  return headers.get('location') ?? '';
}

/** What the button of the present page sends. */
async function ticketOf(visitor: Visitor): Promise<Record<string, string>> {
  await account(visitor);
  return visitor.forms().find(({ action }) => action === '/zoom/connect')?.fields ?? {};
}

/** Presses the button of a page that was opened before. */
async function connectFrom(visitor: Visitor, ticket: Record<string, string>, user: string): Promise<void> {
  await visitor.post(`${tool.url}/zoom/connect`, ticket, { origin: tool.url, 'sec-fetch-site': 'same-origin' });
  await visitor.get(await answer(visitor.url, user));
}

/** Asks Zoom for something on the person's behalf, as their page of meetings does. */
async function callZoom(visitor: Visitor): Promise<Visitor> {
  return visitor.get(at(visitor, `/channels/${channel}/meetings/add`));
}

async function link(visitor: Visitor, number: string, says = 'The meeting is linked.'): Promise<void> {
  await visitor.get(at(visitor, `/channels/${channel}/meetings/add?number=${number}`));
  const action = visitor.forms().find((form) => 'name' in form.fields)?.action ?? '';
  await visitor.post(action, settingsFields(visitor), sameOrigin(visitor));
  expect(visitor.text()).toContain(says);
}

const links = () => tool.storage.meetingLinks.linksOfChannel(channel);
const listed = async ({ id }: Connection) => (await tool.storage.catalogue.listEntries(id, {}, { limit: 5 })).total;
const linkOf = async (visitor: Visitor) => (await links()).find(({ linkedBy }) => linkedBy === idOf(visitor));

describe('connecting', () => {
  it('leads to Zoom and back, keeps what Zoom allowed, and reads the list of recordings', async () => {
    const { teacher } = people;
    expect(await account(teacher)).toContain('What connecting means');
    const { id, scopes, sealedTokens, holders, profile } = await connected(teacher);
    expect(teacher.url).toContain('notice=connected');
    expect(teacher.text()).toMatch(/Your Zoom account is connected.*Ada Ferreira/);
    expect(scopes).toEqual(zoom.oauth.grant('ada')?.scopes);
    expect(scopes.join(' ')).not.toContain('delete');
    expect([holders, profile.zoomUserId]).toEqual([[idOf(teacher)], zoom.user('ada').id]);
    expect(sealedTokens).toMatch(/^v1\./);
    await expect.poll(async () => (await tool.storage.connections.findConnection(id))?.walk.sweptAt, SOON).toBeTruthy();
    expect(await account(teacher)).not.toContain('Not yet');
  });

  it('tells a tab that knows nobody that it may be closed, and the page in the frame that it is done', async () => {
    const { student } = people;
    const ticket = await ticketOf(student);
    const tab = tool.visitor();
    await tab.post(`${tool.url}/zoom/connect`, ticket, sameOrigin(student));
    await tab.get(await answer(tab.url));
    expect([tab.status, tab.text()]).toEqual([200, expect.stringContaining('Zoom is connected Rostrum may now')]);
    expect(tab.html).not.toMatch(/as=|<form/);
    expect(await account(student)).toContain('Your Zoom account is connected');
  });

  it('takes a state once, in the browser that began, in time, and with its own verifier', async () => {
    const { teacher, assistant } = people;
    const first = await answer(await begin(teacher));
    await begin(assistant);
    expect((await assistant.get(first)).text()).toContain('This began in another browser');
    const other = await answer(await begin(teacher));
    const code = new URL(other).searchParams.get('code') ?? '';
    const mixed = new URL(first);
    mixed.searchParams.set('code', code);
    expect((await teacher.get(mixed.href)).text()).toContain('Zoom did not keep its word');
    expect((await teacher.get(first)).text()).toContain('This try to connect is over');
    const madeUp = first.replace(/state=[^&]*/, `state=${'a'.repeat(43)}`);
    expect((await teacher.get(madeUp)).text()).toContain('This began in another browser');
    expect((await teacher.get(`${tool.url}/zoom/callback?state=x&code=y`)).text()).toContain('This try');
    const late = await answer(await begin(teacher));
    ahead = 20 * MINUTE;
    expect([(await teacher.get(late)).status, teacher.text()]).toEqual([400, expect.stringContaining('is over')]);
    expect(await connectionOf(teacher)).toBeNull();
    const good = await answer(await begin(teacher));
    await teacher.get(good);
    expect((await connectionOf(teacher))?.state).toBe('live');
    expect((await teacher.get(good)).text()).toContain('This try to connect is over');
  });

  it('changes nothing when the person declines', async () => {
    const { teacher } = people;
    await teacher.get(await answer(await begin(teacher), 'ada', 'decline'));
    expect([teacher.status, teacher.text()]).toEqual([400, expect.stringContaining('Nothing was connected')]);
    expect(await account(teacher)).toContain('Your Zoom account is not connected Connect it');
  });

  it('says that Zoom sent nobody back, as when an administrator has to approve the app first', async () => {
    const { teacher } = people;
    zoom.faults.preApproval = true;
    await connectZoom(teacher, 'ada');
    expect(teacher.text()).toContain('not approved by your administrator');
    expect(await account(teacher)).toMatch(/Zoom has not sent you back yet.*ask its Zoom administrator/);
    zoom.faults.preApproval = false;
    await connected(teacher);
    expect(await account(teacher)).not.toContain('has not sent you back');
  });

  it('refuses a grant that is of no use, gives it back, and tells what a smaller one goes without', async () => {
    const { teacher } = people;
    zoom.faults.withheldScopes = ['cloud_recording:read:list_recording_files'];
    await connectZoom(teacher, 'ada');
    expect(teacher.text()).toContain('Zoom did not allow enough');
    expect([await connectionOf(teacher), zoom.oauth.grant('ada')]).toEqual([null, undefined]);
    zoom.faults.withheldScopes = ['meeting:read:list_meetings'];
    expect((await connected(teacher)).scopes).not.toContain('meeting:read:list_meetings');
    expect(await account(teacher)).toContain('Zoom was not allowed everything');
  });

  it('says whose turn it is when Zoom does not answer, or does not take the app', async () => {
    const { teacher } = people;
    zoom.faults.token = { kind: 'unavailable' };
    await connectZoom(teacher, 'ada');
    expect(teacher.text()).toContain('Zoom did not answer');
    zoom.faults.token = { kind: 'invalid-client', times: 1 };
    await connectZoom(teacher, 'ada');
    expect(teacher.text()).toContain('Zoom does not know this site');
    expect(await connectionOf(teacher)).toBeNull();
  });

  it('keeps one connection of a Zoom account that two people of the LMS connect, and both use it', async () => {
    const { teacher, assistant } = people;
    const first = await connected(teacher);
    const second = await connected(assistant);
    expect([second.id, second.holders]).toEqual([first.id, [idOf(teacher), idOf(assistant)]]);
    expect((await callZoom(teacher)).text()).toContain('Exam review');
    expect(await account(teacher)).toContain('from another sign-in, too. Both use it.');
  });

  it('refuses another Zoom account while one is connected, and gives the new grant back', async () => {
    const { teacher } = people;
    const ticket = await ticketOf(teacher);
    await connected(teacher);
    await connectFrom(teacher, ticket, 'ben');
    expect(teacher.text()).toContain('Another Zoom account is connected');
    expect([zoom.oauth.grant('ben'), zoom.oauth.grant('ada') !== undefined]).toEqual([undefined, true]);
    expect((await callZoom(teacher)).text()).toContain('Exam review');
  });

  it('does not remove the app for another holder when a grant does not even tell whose it is', async () => {
    const { teacher, assistant } = people;
    const ticket = await ticketOf(teacher);
    await connected(assistant);
    const { id } = await connected(teacher);
    zoom.faults.withheldScopes = ['user:read:user'];
    zoom.requests.reset();
    await connectFrom(teacher, ticket, 'ada');
    expect(teacher.text()).toContain('Zoom did not allow enough');
    expect([zoom.requests.count('POST /oauth/revoke'), zoom.oauth.grant('ada') !== undefined]).toEqual([0, true]);
    expect((await connectionOf(assistant))?.id).toBe(id);
  });

  it('takes the refused grant over where somebody else holds that account, as theirs ended by it', async () => {
    const { teacher, assistant } = people;
    const ticket = await ticketOf(teacher);
    await connected(teacher);
    await connected(assistant, 'ben');
    await connectFrom(teacher, ticket, 'ben');
    expect(teacher.text()).toContain('Another Zoom account is connected');
    expect((await callZoom(assistant)).text()).toContain('Chemistry seminar');
    expect((await connectionOf(assistant))?.state).toBe('live');
  });
});

describe('a connection that ended', () => {
  /** Each as Zoom does it; `stays`: what came from Zoom is kept, and connecting again goes on from there. */
  const ends: [string, { ends: () => unknown; says: RegExp; stays: boolean; calls?: boolean }][] = [
    [
      'by a newer authorisation elsewhere',
      { ends: () => zoom.oauth.issue('ada'), says: /connected to Rostrum anew from elsewhere/, stays: true },
    ],
    [
      'by an administrator who withdrew the approval',
      { ends: () => zoom.oauth.disableByAdmin(), says: /Ask your Zoom administrator to approve/, stays: true },
    ],
    [
      'by an administrator who disabled the app',
      { ends: () => zoom.oauth.disableApp(), says: /Ask your Zoom administrator to approve/, stays: true },
    ],
    ['as nobody used it for long', { ends: () => passTime(), says: /not used for long\. Connect again/, stays: true }],
    [
      'as the person removed the app in Zoom, which told nobody',
      { ends: () => removeQuietly(), says: /removed from your apps in Zoom/, stays: false },
    ],
    [
      'as the person removed the app in Zoom, which told of it',
      { ends: () => removeAloud('present'), says: /removed from your apps in Zoom/, stays: false, calls: false },
    ],
    [
      'as the person removed the app in Zoom, which told of it as it did before',
      { ends: () => removeAloud('older'), says: /removed from your apps in Zoom/, stays: false, calls: false },
    ],
    [
      'with its Zoom account',
      { ends: () => zoom.oauth.removeOwner('ada'), says: /is no more.*new Zoom account, connect it/, stays: false },
    ],
  ];

  /** The session lasts for less; what counts here is that both know the token as too old. */
  function passTime(): void {
    zoom.clock.advance(91 * DAY);
    ahead = 2 * 60 * MINUTE;
  }

  function removeQuietly(): void {
    zoom.faults.published = false;
    zoom.oauth.revoke('ada');
  }

  async function removeAloud(shape: 'present' | 'older'): Promise<void> {
    removeQuietly();
    expect((await zoom.webhooks.deauthorized('ada', shape)).status).toBe(204);
  }

  it.each(ends)(
    '%s is told, with what to do, and is connected again',
    async (_how, { ends: end, says, stays, calls }) => {
      const { teacher } = people;
      const before = await connected(teacher);
      await link(teacher, SEEDED_MEETINGS.lecture);
      await end();
      if (calls !== false) await callZoom(teacher);
      expect(await account(teacher)).toMatch(says);
      expect(teacher.text()).toContain('is not connected any more');
      const left = await linkOf(teacher);
      expect(left?.topic).toBe(stays ? 'Biology 101: weekly lecture' : null);
      expect(left?.joinUrl).toContain(SEEDED_MEETINGS.lecture);
      expect(await tool.storage.connections.findConnection(before.id)).toEqual(
        stays ? expect.objectContaining({ state: 'broken', sealedTokens: null }) : null,
      );
      if (!stays) expect(await listed(before)).toBe(0);
      zoom.reset();
      const again = await connected(teacher);
      expect(again.id === before.id).toBe(stays);
      expect((await callZoom(teacher)).text()).toContain('Exam review');
    },
  );

  it('is left for another Zoom account, and nothing of the first one stays', async () => {
    const { teacher } = people;
    const before = await connected(teacher);
    await link(teacher, SEEDED_MEETINGS.lecture);
    await expect.poll(() => listed(before), SOON).toBeGreaterThan(0);
    zoom.oauth.issue('ada');
    await callZoom(teacher);
    const after = await connected(teacher, 'ben');
    expect(after.id).not.toBe(before.id);
    expect(await tool.storage.connections.findConnection(before.id)).toBeNull();
    expect(await linkOf(teacher)).toMatchObject({ connectionId: null, topic: null });
    await expect.poll(() => listed(before), SOON).toBe(0);
  });

  it('is not ended by what Zoom tells late of the grant before', async () => {
    const { teacher } = people;
    removeQuietly();
    await connected(teacher);
    expect((await zoom.webhooks.deauthorized('ada')).status).toBe(204);
    expect((await connectionOf(teacher))?.state).toBe('live');
    zoom.faults.api = { kind: 'unavailable' };
    expect((await zoom.webhooks.deauthorized('ada')).status).toBe(503);
    expect((await connectionOf(teacher))?.state).toBe('live');
  });
});

describe('disconnecting', () => {
  it('says what goes and what stays, forgets what came from Zoom, stops imports, and tells Zoom', async () => {
    const { teacher } = people;
    const before = await connected(teacher);
    await link(teacher, SEEDED_MEETINGS.lecture);
    await expect.poll(() => listed(before), SOON).toBeGreaterThan(0);
    zoom.faults.download = { kind: 'stall' };
    await importOne(teacher, before);
    const [importing] = await tool.storage.recordings.unfinishedImports(5);
    expect(importing?.connectionId).toBe(before.id);
    zoom.requests.reset();
    const asked = await disconnect(teacher);
    expect(asked).toMatch(/1 linked meeting stays.*deleted here.*stay where they are.*connect again at any time/);
    expect(teacher.text()).toMatch(/Your Zoom account is disconnected.*Your Zoom account is not connected/);
    expect(await connectionOf(teacher)).toBeNull();
    expect(await tool.storage.connections.findConnection(before.id)).toBeNull();
    expect(await linkOf(teacher)).toMatchObject({ connectionId: null, topic: null, times: [], mode: 'ask' });
    expect(importing && (await tool.storage.recordings.findRecording(importing.id))).toBeNull();
    await expect.poll(() => listed(before), SOON).toBe(0);
    await expect.poll(() => zoom.oauth.grant('ada'), SOON).toBeUndefined();
    expect(await account(teacher)).not.toContain('removed from your apps');
    await expect.poll(() => waiting(), SOON).toBe(0);
  });

  async function importOne(visitor: Visitor, { id }: Connection): Promise<void> {
    const [entry] = (await tool.storage.catalogue.listEntries(id, {}, { limit: 1 })).items;
    await visitor.get(at(visitor, '/zoom/recordings'));
    await visitor.submit(/\/zoom\/recordings\/import/, { uuid: entry?.meetingUuid ?? '', to: channel });
  }

  const waiting = async () =>
    (await tool.app.jobs.overview())
      .filter(({ name }) => name === 'forget-zoom-connection')
      .reduce((sum, { waiting, running, failed }) => sum + waiting + running + failed, 0);

  it('leaves nothing of Zoom in a link that is made at the same time', async () => {
    const { teacher } = people;
    const { id } = await connected(teacher);
    const { meetingLinks, connections } = tool.storage;
    const { addLink } = meetingLinks;
    meetingLinks.addLink = async (...asked) => {
      meetingLinks.addLink = addLink;
      expect(asked[0].connectionId).toBe(id);
      await connections.endConnection(id, [{ userId: idOf(teacher), end: 'disconnected', at: Date.now() }]);
      return addLink(...asked);
    };
    await link(teacher, SEEDED_MEETINGS.lecture, 'linked as not verified');
    expect(await linkOf(teacher)).toMatchObject({ connectionId: null, topic: null, times: [], mode: 'ask' });
  });

  it('does not depend on Zoom', async () => {
    const { teacher } = people;
    await connected(teacher);
    zoom.faults.revokeDown = true;
    await disconnect(teacher);
    expect(await connectionOf(teacher)).toBeNull();
    await expect.poll(() => zoom.requests.count('POST /oauth/revoke'), SOON).toBeGreaterThan(0);
    await connected(teacher);
  });

  it('of one of two people leaves the other what they have', async () => {
    const { teacher, assistant } = people;
    const before = await connected(teacher);
    await link(teacher, SEEDED_MEETINGS.lecture);
    await connected(assistant);
    await link(assistant, SEEDED_MEETINGS.review);
    expect(await disconnect(assistant)).toContain('it stays connected there');
    expect((await connectionOf(teacher))?.holders).toEqual([idOf(teacher)]);
    expect(await linkOf(assistant)).toMatchObject({ connectionId: null, topic: null });
    expect(await linkOf(teacher)).toMatchObject({ connectionId: before.id, topic: 'Biology 101: weekly lecture' });
    expect((await callZoom(teacher)).text()).toContain('Exam review');
    expect(zoom.oauth.grant('ada')).toBeDefined();
  });

  it.each([
    ['with the last person', 'teacher'],
    ['of one of two', 'assistant'],
  ] as const)('is finished after the process died in the midst of it, %s', async (_how, leaver) => {
    const { teacher, assistant } = people;
    const { id, sealedTokens } = await connected(teacher);
    if (leaver === 'assistant') await connected(assistant);
    await link(people[leaver], SEEDED_MEETINGS.lecture);
    const userId = idOf(people[leaver]);
    const grant = { zoomUserId: zoom.user('ada').id, sealedTokens };
    const data = { connectionId: id, leavers: [userId], grant, askedAt: Date.now() };
    await tool.app.jobs.request({ name: 'forget-zoom-connection' }, `${id}/${userId}`, data);
    await tool.storage.connections.endConnection(id, [{ userId, end: 'disconnected', at: Date.now() }]);
    await expect.poll(async () => (await linkOf(people[leaver]))?.connectionId, SOON).toBeNull();
    const alive = leaver === 'assistant';
    await expect.poll(() => zoom.oauth.grant('ada') !== undefined, SOON).toBe(alive);
    expect((await connectionOf(teacher)) !== null).toBe(alive);
  });
});

describe('the page of the Zoom account', () => {
  it('is for people with an account of their own, not for administrators who look in nor test students', async () => {
    const { administrator, testStudent, student } = people;
    for (const visitor of [administrator, testStudent]) {
      for (const path of ['/zoom', '/zoom/disconnect']) expect((await visitor.get(at(visitor, path))).status).toBe(403);
    }
    expect((await connected(student, 'carl')).profile.plan).toBe('basic');
    expect(await account(student)).toContain('It is a Basic account');
    expect((await tool.visitor().get('/zoom')).status).toBe(401);
  });

  it('begins only from a page of ours, whose ticket is good for two hours', async () => {
    const { teacher } = people;
    const fields = await ticketOf(teacher);
    const post = (headers: Record<string, string>, ticket = fields) =>
      sendRaw(tool, '/zoom/connect', { method: 'POST', fields: ticket, headers, as: teacher });
    const ours = { origin: tool.url, 'sec-fetch-site': 'same-origin' };
    for (const headers of [{}, { origin: 'https://evil.example' }, { ...ours, 'sec-fetch-site': 'cross-site' }]) {
      expect((await post(headers)).status).toBe(403);
    }
    expect((await post(ours, { ticket: `${fields.ticket}x` })).status).toBe(403);
    ahead = 2 * 60 * MINUTE;
    expect((await post(ours)).text).toContain('This page is too old');
    ahead = 0;
    expect(await tool.storage.connections.openAuthorisation(idOf(teacher), Date.now())).toBeNull();
    expect((await post(ours)).headers.get('refresh')).toContain('/oauth/authorize');
    expect((await post({ ...ours, origin: zoom.base })).status).toBe(403);
  });

  it('tells no secret and no name in the log, nor a token in a page', async () => {
    const { teacher } = people;
    const callback = await answer(await begin(teacher));
    await teacher.get(callback);
    const { searchParams } = new URL(callback);
    await account(teacher);
    const { access, refresh } = zoom.oauth.issue('ada');
    await callZoom(teacher);
    const log = JSON.stringify(tool.logged);
    const tokenLike = new RegExp(`${access.slice(0, 20)}|${refresh.slice(0, 20)}|eyJraW5kIjoi`);
    for (const name of ['code', 'state']) expect(log).not.toContain(searchParams.get(name));
    expect(log).not.toMatch(tokenLike);
    const { email, firstName, lastName } = zoom.user('ada');
    for (const told of [email, `${firstName} ${lastName}`]) expect(log).not.toContain(told);
    expect(`${teacher.html}${await account(teacher)}`).not.toMatch(tokenLike);
    expect(log).toContain('a Zoom connection was ended');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import { DELETED_KEPT_MS } from '../../src/channels/channel.ts';
import type { RosterChange } from '../../src/channels/sync-run.ts';
import { type Caller, caller, reasonOf } from './caller.ts';
import { type ApiFixture, startApi } from './support.ts';

let api: ApiFixture;
let call: Caller;

beforeAll(async () => {
  api = await startApi();
  call = caller(api, await api.keyFor(API_SCOPES));
});
afterAll(() => api.close());

describe('a deleted channel', () => {
  it('has nothing below it until it is restored, and both can be said twice', async () => {
    const channel = await api.addChannel('deleted');
    const { userId } = await api.addMember(channel, { subject: 'deleted' });
    const held = await api.addHeldSync(channel);
    const before = (await call.get(`/channels/${channel.id}`)).body;
    const deleted = await call.delete(`/channels/${channel.id}`);
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      deletedAt: new Date(api.at).toISOString(),
      restorableUntil: new Date(api.at + DELETED_KEPT_MS).toISOString(),
    });
    expect((await call.delete(`/channels/${channel.id}`)).body).toEqual(deleted.body);
    const below = ['/members', `/members/${userId}`, '/activity'].map((end) => `/channels/${channel.id}${end}`);
    for (const path of [...below, `/syncs/${held.id}`, `/syncs/${held.id}/changes`]) {
      expect([path, (await call.get(path)).status]).toEqual([path, 404]);
    }
    expect((await call.post(`/syncs/${held.id}/apply`)).status).toBe(404);
    expect((await call.patch(`/channels/${channel.id}`, { moderated: true })).status).toBe(404);
    expect((await call.get('/channels?referenceId=deleted')).body.items).toEqual([]);
    expect((await call.get('/channels?referenceId=deleted&deleted=false')).body.items).toEqual([]);
    const stands = await call.get(`/channels/${channel.id}`);
    expect([stands.status, stands.body]).toEqual([200, deleted.body]);
    expect((await call.get('/channels?referenceId=deleted&deleted=true')).body.items).toEqual([deleted.body]);
    for (let i = 0; i < 2; i++) {
      const restored = await call.post(`/channels/${channel.id}/restore`);
      expect([restored.status, restored.body]).toEqual([200, { ...before, updatedAt: deleted.body.updatedAt }]);
    }
  });

  it('stays deleted when its 30 days are over', async () => {
    const { id } = await api.addChannel('over');
    const channel = await api.storage.channels.findChannel(id);
    if (!channel) throw new Error('The channel is not there');
    await api.storage.channels.updateChannel({ ...channel, deletedAt: api.at - DELETED_KEPT_MS }, api.at);
    expect(reasonOf(await call.post(`/channels/${id}/restore`))).toBe('no-such-channel');
    expect(reasonOf(await call.get(`/channels/${id}`))).toBe('no-such-channel');
    expect((await call.get('/channels?deleted=true&referenceId=over')).body.items).toEqual([]);
  });

  it('is named where it is in the way of a reference ID', async () => {
    const [old, fresh] = [await api.addChannel('in-the-way'), await api.addChannel('elsewhere')];
    await call.delete(`/channels/${old.id}`);
    const { body } = await call.patch(`/channels/${fresh.id}`, { referenceId: 'in-the-way' });
    expect(body).toMatchObject({ type: 'urn:rostrum:problem:reference-id-taken' });
    expect(body.detail).toContain('deleted=true');
    expect((await call.get('/channels?deleted=true&referenceId=in-the-way')).body.items).toMatchObject([
      { id: old.id },
    ]);
  });
});

describe('the settings of a channel', () => {
  it('name an owner, who becomes a manager; null names nobody', async () => {
    const channel = await api.addChannel('owned');
    const { userId } = await api.addMember(channel, { subject: 'owned' });
    const owned = await call.patch(`/channels/${channel.id}`, { owner: 'sub:owned', moderated: true });
    expect(owned.body).toMatchObject({ owner: userId, moderated: true });
    expect((await call.get(`/channels/${channel.id}/members/${userId}`)).body).toMatchObject({ level: 'manager' });
    expect((await call.patch(`/channels/${channel.id}`, { owner: null })).body.owner).toBeNull();
  });

  it('keep a description without blanks around it, with one kind of line break', async () => {
    const { id } = await api.addChannel('described');
    const { body } = await call.patch(`/channels/${id}`, { description: ' \n  One\r\ntwo\rthree\n\n' });
    expect(body.description).toBe('One\ntwo\nthree');
  });

  it('name an owner only for a key that may change members', async () => {
    const channel = await api.addChannel('owner-scope');
    const { userId } = await api.addMember(channel, { subject: 'owner-scope' });
    const path = `/channels/${channel.id}`;
    const alone = caller(api, await api.keyFor(['channels:write']));
    for (const owner of [userId, null]) {
      const refused = await alone.patch(path, { owner, moderated: true });
      expect(refused.body).toMatchObject({ status: 403, scope: 'members:write' });
    }
    expect((await call.get(path)).body).toMatchObject({ owner: null, moderated: false });
    expect((await call.get(`${path}/members/${userId}`)).body.level).toBe('member');
    const both = caller(api, await api.keyFor(['channels:write', 'members:write']));
    expect((await both.patch(path, { owner: userId })).body.owner).toBe(userId);
  });

  it('stay as they are when the owner that comes with them is nobody', async () => {
    const { id } = await api.addChannel('unowned');
    expect(reasonOf(await call.patch(`/channels/${id}`, { owner: 'nobody', moderated: true }))).toBe('no-such-person');
    expect((await call.get(`/channels/${id}`)).body).toMatchObject({ owner: null, moderated: false });
  });

  it('say how the roster is followed, one by one', async () => {
    const { id } = await api.addChannel('followed');
    await call.patch(`/channels/${id}`, { sync: { automatic: false } });
    const { body } = await call.patch(`/channels/${id}`, { sync: { departedOverrides: 'keep' } });
    expect(body.sync).toEqual({ automatic: false, departedOverrides: 'keep', askBeforeRemovals: false });
    for (const sync of [null, [], { automatic: 'no' }, { hourly: true }]) {
      expect((await call.patch(`/channels/${id}`, { sync })).status).toBe(400);
    }
  });

  it('that two programs change at once are both kept', async () => {
    const { id } = await api.addChannel('both');
    const changes = [{ sync: { automatic: false } }, { sync: { askBeforeRemovals: true } }, { moderated: true }];
    const answers = await Promise.all(changes.map((change) => call.patch(`/channels/${id}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await call.get(`/channels/${id}`)).body).toMatchObject({
      ...{ moderated: true, sync: { automatic: false, askBeforeRemovals: true } },
    });
  });

  it('have a tag that new members do not make old for a change, but for a copy', async () => {
    const channel = await api.addChannel('tagged');
    const path = `/channels/${channel.id}`;
    const { etag = '' } = (await call.get(path)).headers;
    expect((await call.get(path).set('If-None-Match', etag)).status).toBe(304);
    await api.addMember(channel, { subject: 'tagged' });
    const anew = await call.get(path).set('If-None-Match', etag);
    expect([anew.status, anew.body.memberCounts.total]).toEqual([200, 1]);
    expect((await call.patch(path, { moderated: true }).set('If-Match', etag)).status).toBe(200);
    const late = await call.patch(path, { moderated: false }).set('If-Match', etag);
    expect(late.body).toMatchObject({ status: 412, channel: { id: channel.id, moderated: true } });
    expect((await call.delete(path).set('If-Match', etag)).status).toBe(412);
    expect((await call.delete(path).set('If-Match', late.headers.etag ?? '')).status).toBe(200);
  });
});

describe('the activity of a channel', () => {
  it('tells who did what to whom, from what to what, newest first, by pages', async () => {
    const channel = await api.addChannel('activity');
    const { userId } = await api.addMember(channel, { subject: 'activity' });
    await call.patch(`/channels/${channel.id}`, { name: 'New' });
    await call.patch(`/channels/${channel.id}/members/${userId}`, { level: 'contributor' });
    const first = await call.get(`/channels/${channel.id}/activity?limit=1`);
    const second = await call.get(`/channels/${channel.id}/activity?limit=1&cursor=${first.body.nextCursor}`);
    const events = [...first.body.items, ...second.body.items];
    const byAction = Object.fromEntries(events.map((event) => [event.action, event]));
    const actor = { type: 'api-key', id: expect.stringMatching(/^\w{26}$/) };
    expect(byAction).toEqual({
      'member.level': expect.objectContaining({
        ...{ actor, subject: { userId }, undoable: true, batch: null, syncId: null },
        from: expect.objectContaining({ level: 'member', override: null, statusReason: null }),
        to: expect.objectContaining({ level: 'contributor', override: 'contributor' }),
      }),
      'channel.change': expect.objectContaining({ actor, subject: null, from: { name: null }, to: { name: 'New' } }),
    });
    expect(second.body.nextCursor).toBeNull();
    expect(JSON.stringify(events)).not.toContain('Name of');
  });

  it('can be undone, and undoing is done once', async () => {
    const channel = await api.addChannel('undone');
    const { userId } = await api.addMember(channel, { subject: 'undone' });
    const path = `/channels/${channel.id}/members/${userId}`;
    await call.patch(path, { level: 'contributor' });
    const [event] = (await call.get(`/channels/${channel.id}/activity`)).body.items;
    const undo = () => call.post(`/channels/${channel.id}/activity/${event.id}/undo`);
    expect((await undo()).body).toMatchObject({ undone: 1, refused: 0, activityId: expect.any(String) });
    expect((await call.get(path)).body).toMatchObject({ level: 'member', updateMethod: 'automatic' });
    expect(reasonOf(await undo())).toBe('changed-since');
    const elsewhere = await api.addChannel('undone-2');
    const other = await call.post(`/channels/${elsewhere.id}/activity/${event.id}/undo`);
    expect(reasonOf(other)).toBe('no-such-activity');
  });

  it('tells a key that may not read members that something was done to one, not whom and what', async () => {
    const channel = await api.addChannel('read-scope');
    const { userId } = await api.addMember(channel, { subject: 'read-scope' });
    await call.patch(`/channels/${channel.id}`, { moderated: true });
    await call.patch(`/channels/${channel.id}/members/${userId}`, { level: 'contributor' });
    const path = `/channels/${channel.id}/activity`;
    const { items } = (await caller(api, await api.keyFor(['channels:read'])).get(path)).body;
    const told = { subject: null, from: null, to: null, undoable: true };
    expect(items).toContainEqual(expect.objectContaining({ action: 'member.level', ...told }));
    expect(items).toContainEqual(
      expect.objectContaining({ action: 'channel.change', from: { moderated: false }, to: { moderated: true } }),
    );
    expect(JSON.stringify(items)).not.toContain(userId);
    const reader = caller(api, await api.keyFor(['channels:read', 'members:read']));
    expect((await reader.get(path)).body.items).toContainEqual(
      expect.objectContaining({ action: 'member.level', subject: { userId } }),
    );
  });

  it.each([
    ['channel.change', ['channels:write']],
    ['member.level', ['members:write']],
    ['channel.owner', ['channels:write', 'members:write']],
  ] as const)('%s is undone with %j and with nothing less', async (action, scopes) => {
    const channel = await api.addChannel(`undo-${action}`);
    await api.addMember(channel, { subject: 'undo-manager', level: 'manager' });
    const { userId } = await api.addMember(channel, { subject: `undo-${action}` });
    const path = `/channels/${channel.id}`;
    if (action === 'channel.change') await call.patch(path, { moderated: true });
    if (action === 'member.level') await call.patch(`${path}/members/${userId}`, { level: 'contributor' });
    if (action === 'channel.owner') await call.patch(path, { owner: userId });
    const events: { id: string; action: string }[] = (await call.get(`${path}/activity`)).body.items;
    const undo = `${path}/activity/${events.find((event) => event.action === action)?.id}/undo`;
    for (const missing of scopes) {
      const others = API_SCOPES.filter((scope) => scope !== missing);
      const refused = await caller(api, await api.keyFor(others)).post(undo);
      expect(refused.body).toMatchObject({ status: 403, scope: missing });
    }
    expect((await caller(api, await api.keyFor(scopes)).post(undo)).body).toMatchObject({ undone: 1 });
  });

  it('about settings is undone only with the scope for settings', async () => {
    const channel = await api.addChannel('scoped');
    await call.patch(`/channels/${channel.id}`, { moderated: true });
    const [event] = (await call.get(`/channels/${channel.id}/activity`)).body.items;
    const undo = `/channels/${channel.id}/activity/${event.id}/undo`;
    const refused = await caller(api, await api.keyFor(['members:write'])).post(undo);
    expect(refused.body).toMatchObject({ status: 403, scope: 'channels:write' });
    expect(refused.headers['www-authenticate']).toContain('scope="channels:write"');
    expect((await call.get(`/channels/${channel.id}`)).body.moderated).toBe(true);
    expect((await call.post(undo)).status).toBe(200);
    expect((await call.get(`/channels/${channel.id}`)).body.moderated).toBe(false);
  });
});

describe('the changes of a held sync', () => {
  it('are listed in order, by kind, by pages', async () => {
    const kinds = ['deactivate', 'keep', 'deactivate', 'deactivate'] as const;
    const { id } = await api.addHeldSync(await api.addChannel('diff'), kinds.map(change));
    const all = await call.get(`/syncs/${id}/changes`);
    expect(all.body.items.map((item: { kind: string }) => item.kind)).toEqual(kinds);
    expect(all.body.items[0]).toEqual({
      ...{ number: 0, kind: 'deactivate', subject: 'gone-0' },
      before: { level: 'member', rosterLevel: 'member', override: null, name: 'Gone 0', statusReason: null },
      after: { level: 'member', rosterLevel: null, override: null, name: 'Gone 0', statusReason: 'departed' },
    });
    const first = await call.get(`/syncs/${id}/changes?kind=deactivate&limit=2`);
    const second = await call.get(`/syncs/${id}/changes?kind=deactivate&limit=2&cursor=${first.body.nextCursor}`);
    expect(first.body.items.map((item: { number: number }) => item.number)).toEqual([0, 2]);
    expect(second.body).toMatchObject({ items: [{ number: 3 }], nextCursor: null });
  });

  it('are not for a key that may not read members', async () => {
    const { id } = await api.addHeldSync(await api.addChannel('diff-scope'));
    const answer = await caller(api, await api.keyFor(['syncs:read'])).get(`/syncs/${id}/changes`);
    expect(answer.body).toMatchObject({ status: 403, scope: 'members:read' });
  });

  it.each(['[-1]', '[1.5]', '["a"]', '[1,2]', '[]', '[1e300]'])('have no page at the cursor %s', async (position) => {
    const { id } = await api.addHeldSync(await api.addChannel('diff-cursor'));
    const cursor = Buffer.from(position).toString('base64url');
    expect((await call.get(`/syncs/${id}/changes?cursor=${cursor}`)).status).toBe(400);
  });
});

describe('a cursor', () => {
  const LISTS: Record<string, { takes: string; path: (id: string, sync: string) => string }> = {
    channels: { takes: '[1,"x"]', path: () => '/channels' },
    members: { takes: '["a","x"]', path: (id) => `/channels/${id}/members` },
    activity: { takes: '[1,"x"]', path: (id) => `/channels/${id}/activity` },
    changes: { takes: '[1]', path: (_id, sync) => `/syncs/${sync}/changes` },
  };
  const POSITIONS = [
    '[1,"x"]',
    '["a","x"]',
    '[1]',
    '["a"]',
    '[]',
    '[1,"x",2]',
    '[-1,"x"]',
    '[1.5,"x"]',
    '[null,"x"]',
    '{}',
  ];

  it.each(Object.entries(LISTS))('of another list is refused by the one of %s', async (name, { takes, path }) => {
    const channel = await api.addChannel(`cursor-${name}`);
    const { id } = await api.addHeldSync(channel);
    for (const position of POSITIONS) {
      const cursor = Buffer.from(position).toString('base64url');
      const { status } = await call.get(`${path(channel.id, id)}?cursor=${cursor}`);
      expect([position, status]).toEqual([position, position === takes ? 200 : 400]);
    }
  });
});

function change(kind: RosterChange['kind'], i: number): RosterChange {
  const side = { level: 'member', override: null, name: `Gone ${i}` } as const;
  return {
    ...{ kind, subject: `gone-${i}`, entry: null },
    before: { ...side, rosterLevel: 'member', inactiveReason: null },
    after: { ...side, rosterLevel: null, inactiveReason: 'departed' },
  };
}

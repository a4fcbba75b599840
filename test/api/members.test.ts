import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import type { Channel, PlatformId, UserId } from '../../src/channels/channel.ts';
import { type Caller, caller, reasonOf } from './caller.ts';
import { type ApiFixture, startApi } from './support.ts';

let api: ApiFixture;
let call: Caller;

beforeAll(async () => {
  api = await startApi();
  call = caller(api, await api.keyFor(API_SCOPES));
});
afterAll(() => api.close());

describe('a person who is put into a channel', () => {
  it('need not be known: the ID of the LMS and a name are enough', async () => {
    const channel = await api.addChannel('unknown');
    const path = memberPath(channel, 'sub:5f/2c é');
    const added = await call.put(path, { level: 'contributor', name: ' Ada ', email: 'ada@example.edu' });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      ...{ subject: '5f/2c é', name: 'Ada', email: 'ada@example.edu', level: 'contributor', rosterLevel: null },
      ...{ override: 'contributor', updateMethod: 'manual', status: 'active', roles: [] },
    });
    expect(added.headers.location).toBe(`/api/v1/channels/${channel.id}/members/${added.body.userId}`);
    expect((await call.get(path)).body).toEqual(added.body);
    expect((await call.get(memberPath(channel, added.body.userId))).body).toEqual(added.body);
    const found = await call.get(`/people?platformId=${api.platformId}&q=ada`);
    expect(found.body.items.map(({ userId }: { userId: string }) => userId)).toContain(added.body.userId);
  });

  it('twice is there once, as after the first time', async () => {
    const channel = await api.addChannel('twice');
    const path = memberPath(channel, 'sub:twice');
    const first = await call.put(path, { level: 'moderator' });
    const second = await call.put(path, { level: 'moderator' });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.etag).toBe(first.headers.etag);
    expect((await activityOf(channel)).map(({ action }) => action)).toEqual(['member.add']);
  });

  it('by an ID of ours that nobody has is told how to be named', async () => {
    const answer = await call.put(memberPath(await api.addChannel('nobody'), 'nobody'), { level: 'member' });
    expect(reasonOf(answer)).toBe('no-such-person');
    expect(answer.body.detail).toContain('sub:');
  });

  it('and is known on another platform only is nobody here', async () => {
    const person = { name: 'Far', email: null };
    const far = await api.storage.memberships.upsertUser({
      ...{ platformId: 'elsewhere' as PlatformId, subject: 'far', person, at: api.at },
    });
    const channel = await api.addChannel('far');
    expect(reasonOf(await call.put(memberPath(channel, far.id), { level: 'member' }))).toBe('no-such-person');
    expect(reasonOf(await call.delete(memberPath(channel, far.id)))).toBe('no-such-person');
    expect((await call.get(memberPath(channel, 'sub:far'))).status).toBe(404);
  });

  it('keeps the name that the LMS told', async () => {
    const [channel, other] = [await api.addChannel('named'), await api.addChannel('named-2')];
    const { userId } = await api.addMember(channel, { subject: 'named', person: { name: 'Grace', email: null } });
    const put = await call.put(memberPath(other, userId), { level: 'member', name: 'Other', email: 'g@example.edu' });
    expect(put.body).toMatchObject({ name: 'Grace', email: 'g@example.edu' });
    expect((await call.get(memberPath(channel, userId))).body).toMatchObject({ name: 'Grace', email: null });
  });

  it('automatically is kept by programs until a person says otherwise', async () => {
    const channel = await api.addChannel('automatic');
    const path = memberPath(channel, 'sub:automatic');
    const entry = { level: 'contributor', updateMethod: 'automatic' };
    const added = await call.put(path, entry);
    expect(added.body).toMatchObject({ level: 'contributor', override: null, updateMethod: 'automatic', roles: [] });
    expect((await call.put(path, { ...entry, level: 'member' })).body).toMatchObject({ level: 'member' });
    expect((await call.patch(path, { level: 'moderator' })).body).toMatchObject({ updateMethod: 'manual' });
    expect(reasonOf(await call.put(path, entry))).toBe('kept-set-by-hand');
    expect((await call.put(path, { ...entry, override: true })).body).toMatchObject({ updateMethod: 'automatic' });
  });

  it('and had been shut out is in again with override', async () => {
    const channel = await api.addChannel('back');
    const { userId } = await api.addMember(channel, { subject: 'back' });
    await call.patch(memberPath(channel, userId), { status: 'inactive' });
    const kept = await call.put(memberPath(channel, userId), { level: 'member' });
    expect(kept.body).toMatchObject({ status: 409, member: { userId, status: 'inactive', statusReason: 'by-hand' } });
    const again = await call.put(memberPath(channel, userId), { level: 'member', override: true });
    expect([again.status, again.body.status]).toEqual([200, 'active']);
  });
});

describe('a member who is removed', () => {
  it('is gone, and removing them again succeeds', async () => {
    const channel = await api.addChannel('removed');
    const { userId } = await api.addMember(channel, { subject: 'removed' });
    for (let i = 0; i < 2; i++) {
      const removed = await call.delete(memberPath(channel, 'sub:removed'));
      expect([removed.status, removed.text]).toEqual([204, '']);
    }
    expect(reasonOf(await call.get(memberPath(channel, userId)))).toBe('no-such-member');
    expect((await activityOf(channel)).map(({ action }) => action)).toEqual(['member.remove']);
  });

  it('having been set by hand is kept without override, and shown', async () => {
    const channel = await api.addChannel('kept');
    const path = memberPath(channel, 'sub:kept');
    await call.put(path, { level: 'member' });
    for (const query of ['', '?override=false']) {
      const kept = await call.delete(path + query);
      expect(kept.body).toMatchObject({ status: 409, member: { subject: 'kept', updateMethod: 'manual' } });
      expect(reasonOf(kept)).toBe('kept-set-by-hand');
    }
    expect((await call.delete(`${path}?override=1`)).status).toBe(400);
    expect((await call.delete(`${path}?override=true`)).status).toBe(204);
  });
});

describe('the tag of a member', () => {
  it('lets a change through only if nobody was quicker', async () => {
    const channel = await api.addChannel('tags');
    const path = memberPath(channel, 'sub:tags');
    const { headers } = await call.put(path, { level: 'member' });
    const tag = headers.etag ?? '';
    const first = await call.patch(path, { level: 'contributor', override: true }).set('If-Match', tag);
    expect(first.status).toBe(200);
    expect(first.headers.etag).not.toBe(tag);
    const late = [
      call.patch(path, { level: 'manager', override: true }).set('If-Match', tag),
      call.put(path, { level: 'manager', override: true }).set('If-Match', `W/${first.headers.etag}`),
      call.delete(`${path}?override=true`).set('If-Match', tag),
    ];
    for (const one of late) {
      const answer = await one;
      expect(answer.body).toMatchObject({ status: 412, member: { level: 'contributor' } });
      expect(answer.headers.etag).toBe(first.headers.etag);
    }
    const list = `"other", ${first.headers.etag}`;
    expect((await call.delete(`${path}?override=true`).set('If-Match', list)).status).toBe(204);
    expect((await call.put(path, { level: 'member' }).set('If-Match', '*')).status).toBe(412);
    expect(reasonOf(await call.get(path))).toBe('no-such-member');
  });

  it('of nobody lets one of two programs add them, and nobody change them', async () => {
    const channel = await api.addChannel('race');
    const path = memberPath(channel, 'sub:race');
    const put = (level: string) => call.put(path, { level, override: true }).set('If-None-Match', '*');
    const answers = await Promise.all([put('member'), put('contributor')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412]);
    const added = answers.find(({ status }) => status === 201);
    expect((await call.get(path)).body).toEqual(added?.body);
    expect((await put('moderator')).body).toMatchObject({ status: 412, member: { level: added?.body.level } });
  });

  it('lets one of two changes through that saw the same', async () => {
    const channel = await api.addChannel('two');
    const path = memberPath(channel, 'sub:two');
    const { etag = '' } = (await call.put(path, { level: 'member' })).headers;
    const change = (level: string) => call.patch(path, { level, override: true }).set('If-Match', etag);
    const answers = await Promise.all([change('contributor'), change('moderator')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const [won, lost] = answers[0]?.status === 200 ? answers : [answers[1], answers[0]];
    expect(lost?.body.member).toEqual(won?.body);
  });

  it('saves sending what a program has already', async () => {
    const channel = await api.addChannel('fresh');
    const { userId } = await api.addMember(channel, { subject: 'fresh' });
    const path = memberPath(channel, userId);
    const { etag = '' } = (await call.get(path)).headers;
    const same = await call.get(path).set('If-None-Match', etag);
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', etag]);
    await call.patch(path, { level: 'contributor' });
    expect((await call.get(path).set('If-None-Match', etag)).status).toBe(200);
  });
});

function memberPath({ id }: Channel, userId: UserId | string): string {
  return `/channels/${id}/members/${encodeURIComponent(userId)}`;
}

async function activityOf({ id }: Channel) {
  return (await api.storage.activity.listActivity(id, {}, { limit: 50 })).items;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_SCOPES } from '../../src/api/api-key-store.ts';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { hashSecret, newId, newSecret } from '../../src/lib/ids.ts';
import { cookieHeader, type RawAnswer, sendRaw } from '../support/attacker.ts';
import { saveSettings, tokenOf } from '../support/settings-form.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let manager: Visitor;
/** Where the manager's launch led to. */
let home: string;
let id: ChannelId;
let student: Membership;
/** The same of another channel of the platform, and of a channel of another platform. */
let near: { id: ChannelId; manager: Visitor; member: Membership };
let far: { id: ChannelId; manager: Visitor; member: Membership };
let key: string;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 60 } });
  const { canvas, moodle } = tool.sandbox;
  const open = async (lms: typeof canvas, name: 'small' | 'big') => {
    const { id: courseId, cast } = lms.course(name);
    const visitor = await launchAs(tool, lms, { courseId, personId: cast.instructor });
    await tool.settled();
    const members = await membersOf(tool, channelIn(visitor.url));
    const known = new Set(name === 'big' ? canvas.course('small').enrolments.keys() : []);
    const isStudent = ({ level, active, isTest }: Membership) => level === 'member' && active && !isTest;
    const member = members.findLast((one) => isStudent(one) && !known.has(one.subject));
    if (!member) throw new Error('no student');
    return { id: channelIn(visitor.url), manager: visitor, member };
  };
  ({ id, manager, member: student } = await open(canvas, 'small'));
  home = manager.url;
  near = await open(canvas, 'big');
  far = await open(moodle, 'small');
  key = newSecret();
  const made = { keyHash: hashSecret(key), scopes: [...API_SCOPES], createdAt: Date.now(), revokedAt: null };
  await tool.storage.apiKeys.addApiKey({ id: newId<'key'>(Date.now()), name: 'k', ...made });
});

afterAll(() => tool.close());

const OWN = () => ({ origin: tool.url, 'sec-fetch-site': 'same-origin' });

/** Posts a form of ours as it stands, whatever its fields; `[name, value]` so that a name may come twice. */
async function post(path: string, fields: [string, string][] | Record<string, string>): Promise<Response> {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return fetch(`${tool.url}/channels/${id}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...OWN(), cookie: cookieHeader(manager), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams([['_csrf', tokenOf(manager)], ...pairs]),
  });
}

function api(method: string, path: string, json?: unknown): Promise<RawAnswer> {
  const headers = { authorization: `Bearer ${key}` };
  return sendRaw(tool, `/api/v1${path}`, { method, headers, ...(json === undefined ? {} : { json }) });
}

async function standing(): Promise<unknown> {
  const channels = [id, near.id, far.id];
  return Promise.all(
    channels.map(async (one) => [
      await tool.storage.channels.findChannel(one),
      (await membersOf(tool, one)).map(({ userId, level, override, active, addedBy }) => [
        userId,
        level,
        override,
        active,
        addedBy,
      ]),
    ]),
  );
}

const formStanding = async (): Promise<string> => {
  await manager.get(`/channels/${id}/members/${student.userId}`);
  return /name="standing" value="([^"]*)"/.exec(manager.html)?.[1] ?? '';
};

describe('where a form leads', () => {
  const EVIL = [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    'javascript:alert(1)',
    'members?as=x&next=//evil.example',
    '../../evil',
    '\r\nLocation: https://evil.example/',
    '__proto__',
    'constructor',
  ];

  it.each(EVIL)('is a page of the channel, whatever its fields and its address say: %j', async (evil) => {
    const place = { q: evil, level: evil, status: evil, method: evil, cursor: evil, as: evil, back: evil, next: evil };
    const changed = await post(`/members/${student.userId}`, {
      ...place,
      do: 'level.contributor',
      standing: await formStanding(),
    });
    const undo = new URL(changed.headers.get('location') ?? '', tool.url).searchParams.get('undo') ?? '';
    const answers = [
      changed,
      await post(`/activity/${undo}/undo`, place),
      await post('/members/preview', { ...place, do: 'deactivate' }),
      await post('/members/change', { ...place, users: student.userId, do: evil }),
      await post('/members/change', { ...place, users: student.userId, do: 'automatic' }),
      await post(`/settings/owner?back=${encodeURIComponent(evil)}`, { ...place, ownerId: '', seenOwnerId: '' }),
      await post('/sync', place),
    ];
    await tool.settled();
    for (const answer of answers) {
      // Nothing is changed that was not seen in a preview: that page comes instead.
      if (answer.status === 200 && answer.url.endsWith('/members/change')) continue;
      expect(answer.status).toBe(303);
      const location = answer.headers.get('location') ?? '';
      expect(location).toMatch(new RegExp(`^/channels/${id}(/members|/activity|/settings)?\\?`));
      expect(new URL(location, tool.url).origin).toBe(tool.url);
      expect(location).not.toContain(`as=${encodeURIComponent(evil)}`);
    }
  });

  it('is never taken from the address of a page either', async () => {
    for (const evil of EVIL) {
      const query = new URLSearchParams({
        back: evil,
        next: evil,
        q: evil,
        cursor: evil,
        scope: evil,
        undo: evil,
        channel: evil,
        kind: evil,
      });
      for (const path of [
        `/channels/${id}/members`,
        `/channels/${id}/members/add`,
        `/channels/${id}/activity`,
        '/channels',
      ]) {
        await manager.get(`${path}?${query}`);
        expect([path, manager.status]).toEqual([path, 200]);
        const targets = [...manager.html.matchAll(/\b(?:href|action|src|hx-get|data-people)="([^"]*)"/g)].map(
          ([, to = '']) => to,
        );
        expect(targets.filter((to) => !/^(\/(?!\/)|#|\?)/.test(to))).toEqual([]);
      }
    }
  });
});

describe('fields that a form does not have', () => {
  it('change nothing of a member', async () => {
    const before = await standing();
    const more = {
      userId: near.member.userId,
      channelId: near.id,
      actor: 'system',
      addedBy: 'hand',
      isTest: 'on',
      override: 'manager',
    };
    const answer = await post(`/members/${student.userId}`, {
      ...more,
      active: '',
      do: 'automatic',
      standing: await formStanding(),
    });
    expect(answer.status).toBe(303);
    expect(await standing()).toEqual(before);
  });

  it('give nobody more than was chosen for them', async () => {
    const person = { name: 'Zofia Nowak', email: null };
    const { platformId } = (await tool.storage.channels.findChannel(id)) ?? {};
    if (!platformId) throw new Error('no channel');
    const { id: userId } = await tool.storage.memberships.upsertUser({ platformId, subject: 'zofia', person, at: 1 });
    const more = {
      level: 'manager',
      updateMethod: 'automatic',
      role: 'manager',
      override: 'manager',
      platformId: 'x',
      isTest: 'on',
    };
    expect((await post('/members/add', { ...more, person: userId })).status).toBe(303);
    const entered = await tool.storage.memberships.findMembership(id, userId);
    expect(entered).toMatchObject({ level: 'member', addedBy: 'hand', isTest: false, subject: 'zofia' });
  });

  it('change nothing of a channel', async () => {
    const before = await tool.storage.channels.findChannel(id);
    const more = {
      id: near.id,
      platformId: 'x',
      ownerId: student.userId,
      title: 'x',
      label: 'x',
      deletedAt: '1',
      createdAt: '1',
    };
    await manager.get(home);
    await saveSettings(manager, id, { ...more, givenName: 'Only this' });
    expect(manager.status).toBe(200);
    const after = await tool.storage.channels.findChannel(id);
    expect(after).toEqual({ ...before, givenName: 'Only this', version: after?.version, updatedAt: after?.updatedAt });
    await saveSettings(manager, id, { givenName: '' });
  });
});

describe('fields that come twice, as lists, as objects or under strange names', () => {
  it('are refused or read as nothing, and change nobody', async () => {
    const before = await standing();
    const standingNow = await formStanding();
    for (const fields of [
      [
        ['do', 'level.manager'],
        ['do', 'level.member'],
        ['standing', standingNow],
      ],
      [
        ['do[]', 'level.manager'],
        ['standing', standingNow],
      ],
      [
        ['do[x]', 'level.manager'],
        ['standing', standingNow],
      ],
      [
        ['__proto__[do]', 'level.manager'],
        ['__proto__[standing]', standingNow],
      ],
      [
        ['constructor[prototype][do]', 'level.manager'],
        ['standing', standingNow],
      ],
      [
        ['do', '__proto__'],
        ['standing', standingNow],
      ],
      [
        ['do', 'toString'],
        ['standing', standingNow],
      ],
      [
        ['do', 'level.manager'],
        ['standing', standingNow],
        ['standing', standingNow],
      ],
    ] as [string, string][][]) {
      const { status } = await post(`/members/${student.userId}`, fields);
      expect([fields[0], status]).toEqual([fields[0], 400]);
    }
    for (const [path, fields] of [
      [
        '/members/add',
        [
          ['person', near.member.userId],
          ['person', student.userId],
          ['as_level', 'manager'],
        ],
      ],
      [
        '/members/add',
        [
          ['person[$ne]', ''],
          ['as_level', 'manager'],
        ],
      ],
      [
        '/members/change',
        [
          ['users[$gt]', ''],
          ['do', 'level.manager'],
        ],
      ],
      [
        '/members/change',
        [
          ['everyone', 'found'],
          ['everyone', 'found'],
          ['do', 'level.manager'],
        ],
      ],
      [
        '/members/change',
        [
          ['everyone[]', 'found'],
          ['do', 'level.manager'],
        ],
      ],
      [
        '/settings',
        [
          ['privacy', 'open'],
          ['privacy', 'private'],
        ],
      ],
      ['/settings', [['__proto__[privacy]', 'open']]],
      [
        '/settings/owner',
        [
          ['ownerId', student.userId],
          ['ownerId', student.userId],
          ['seenOwnerId', ''],
        ],
      ],
    ] as [string, [string, string][]][]) {
      const { status } = await post(path, fields);
      expect([path, status < 500]).toEqual([path, true]);
    }
    const json = {
      _csrf: tokenOf(manager),
      do: { $ne: 'x' },
      standing: ['x'],
      users: { $gt: '' },
      everyone: { found: 1 },
      __proto__: { do: 'level.manager' },
    };
    for (const path of [
      `/members/${student.userId}`,
      '/members/add',
      '/members/change',
      '/settings',
      '/settings/owner',
    ]) {
      const { status } = await sendRaw(tool, `/channels/${id}${path}`, {
        method: 'POST',
        as: manager,
        headers: OWN(),
        json,
      });
      expect([path, status < 500]).toEqual([path, true]);
    }
    expect(await standing()).toEqual(before);
    expect(({} as Record<string, unknown>).do ?? ({} as Record<string, unknown>).privacy).toBeUndefined();
  });

  it('make of a query what it would be without them', async () => {
    for (const query of [
      'q[]=x',
      'q[a]=x',
      '__proto__[q]=x',
      'constructor.prototype.q=x',
      'level=member&level=manager',
      'cursor[]=x',
      'q=%00',
      'q=%ff',
    ]) {
      for (const path of ['members', 'activity', 'members/add', 'settings']) {
        await manager.get(`/channels/${id}/${path}?${query}`);
        expect([path, query, manager.status]).toEqual([path, query, 200]);
      }
    }
  });
});

describe('people of other channels and platforms', () => {
  it('cannot be added, made owner or changed by their IDs', async () => {
    const before = await standing();
    const stranger = far.member.userId;
    const added = await post('/members/add', { person: stranger, as_level: 'member' });
    expect(added.status).toBe(422);
    expect(await added.text()).not.toContain(far.member.person.name ?? '-');
    const changed = await post(`/members/${stranger}`, { do: 'level.manager', standing: 'member...' });
    expect(changed.headers.get('location')).toContain('notice=member-gone');
    for (const ownerId of [stranger, near.id]) {
      const passed = await post('/settings/owner', { ownerId, seenOwnerId: '' });
      expect([ownerId === stranger, passed.headers.get('location')]).toEqual([
        ownerId === stranger,
        expect.stringContaining('owner-not-possible'),
      ]);
    }
    await post('/members/change', { users: [stranger, near.member.userId].join(' '), do: 'level.manager' });
    const preview = await post('/members/preview', { users: stranger, do: 'level.manager' });
    expect(await preview.text()).not.toContain(far.member.person.name ?? '-');
    for (const [method, path, json, status] of [
      ['PUT', `/channels/${id}/members/${stranger}`, { level: 'manager' }, 404],
      ['PATCH', `/channels/${id}/members/${stranger}`, { level: 'manager', override: true }, 404],
      ['DELETE', `/channels/${id}/members/${stranger}?override=true`, undefined, 404],
      ['PATCH', `/channels/${id}`, { owner: stranger }, 404],
    ] as const) {
      expect([method, path, (await api(method, path, json)).status]).toEqual([method, path, status]);
    }
    expect(await standing()).toEqual(before);
  });

  it('are somebody else under the same LMS ID on another platform', async () => {
    const [here, there] = await Promise.all(
      [id, far.id].map((one) => api('PUT', `/channels/${one}/members/sub:same-id`, { level: 'member' })),
    );
    expect([here?.status, there?.status]).toEqual([201, 201]);
    expect(JSON.parse(here?.text ?? '').userId).not.toBe(JSON.parse(there?.text ?? '').userId);
    for (const one of [id, far.id])
      expect((await api('DELETE', `/channels/${one}/members/sub:same-id?override=true`)).status).toBe(204);
  });
});

describe('IDs and cursors of something else', () => {
  it('undo nothing, by page or by API', async () => {
    const event = await changeOf(near);
    const before = await standing();
    const sync = await tool.lastRun(id);
    for (const other of [event, sync.id, student.userId, id, 'x'.repeat(500), '__proto__']) {
      expect((await post(`/activity/${other}/undo`, { back: 'activity' })).status).toBe(404);
      expect((await api('POST', `/channels/${id}/activity/${other}/undo`)).status).toBe(404);
    }
    expect(await standing()).toEqual(before);
  });

  it('find nothing: a sync is no member, a member no sync, a channel neither', async () => {
    const sync = await tool.lastRun(id);
    for (const path of [
      `/members/${sync.id}`,
      `/members/${id}`,
      `/syncs/${student.userId}`,
      `/syncs/${id}`,
      `/syncs/${(await tool.lastRun(near.id)).id}`,
    ]) {
      await manager.get(`/channels/${id}${path}`);
      expect([path, manager.status]).toEqual([path, 404]);
    }
    for (const path of [student.userId, sync.id]) {
      await manager.get(`/channels/${path}`);
      expect(manager.status).toBe(404);
      await manager.post(`/channels/${path}/restore`, { _csrf: tokenOf(manager) }, OWN());
      expect(manager.status).toBe(404);
    }
  });

  it('a cursor of another list, or of another channel, shows nothing of theirs', async () => {
    const members = JSON.parse((await api('GET', `/channels/${near.id}/members?limit=2`)).text).nextCursor as string;
    await changeOf(near);
    await changeOf(near);
    const activity = JSON.parse((await api('GET', `/channels/${near.id}/activity?limit=1`)).text).nextCursor as string;
    const channels = JSON.parse((await api('GET', '/channels?limit=1')).text).nextCursor as string;
    const [own, strange] = [await names(id), await names(near.id)];
    const foreign = strange.filter((name) => !own.includes(name));
    expect([members, activity, channels].every((cursor) => cursor.length > 4)).toBe(true);
    expect(foreign.length).toBeGreaterThan(5);
    for (const cursor of [members, activity, channels]) {
      for (const path of [`/channels/${id}/members`, `/channels/${id}/activity`, '/channels']) {
        await manager.get(`${path}?cursor=${cursor}`);
        expect([path, manager.status]).toEqual([path, 200]);
        expect(foreign.filter((name) => manager.text().includes(name))).toEqual([]);
        const answer = await api('GET', `${path === '/channels' ? path : path}?cursor=${cursor}`);
        expect([200, 400]).toContain(answer.status);
        if (path !== '/channels') expect(answer.text).not.toContain(near.id);
      }
    }
  });

  async function changeOf(where: typeof near): Promise<string> {
    const { status } = await api('PATCH', `/channels/${where.id}/members/${where.member.userId}`, {
      level: 'contributor',
      override: true,
    });
    await api('PATCH', `/channels/${where.id}/members/${where.member.userId}`, {
      updateMethod: 'automatic',
      override: true,
    });
    expect(status).toBe(200);
    const page = await tool.storage.activity.listActivity(where.id, {}, { limit: 1 });
    return page.items[0]?.id ?? '';
  }

  async function names(channelId: ChannelId): Promise<string[]> {
    return (await membersOf(tool, channelId)).flatMap(({ person }) =>
      person.name !== null && person.name.length > 8 ? [person.name] : [],
    );
  }
});

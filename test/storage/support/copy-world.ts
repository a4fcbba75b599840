import {
  type Channel,
  type ChannelId,
  DELETED_KEPT_MS,
  type PlatformId,
  type SyncId,
} from '../../../src/channels/channel.ts';
import type { PermissionLevel } from '../../../src/channels/permission-level.ts';
import { createEncryption } from '../../../src/lib/encryption.ts';
import { wellFormed } from '../../../src/lib/fold.ts';
import { systemRandom } from '../../../src/lib/ids.ts';
import { makeKeyPair, openPrivateKey } from '../../../src/lti/ltijs/key-pairs.ts';
import type { Platform } from '../../../src/lti/platform.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import type { Grant } from '../../../src/web/session-store.ts';
import type { ConnectionId } from '../../../src/zoom/connection.ts';
import { courseIn } from '../../channels/support.ts';
import {
  collect,
  enterRoster,
  HOSTILE,
  makeAddition,
  makeEntry,
  makeEvent,
  makeOpening,
  makePlatform,
  makeRun,
  NOW,
  openChannel,
  PLATFORM,
  walk,
} from './builders.ts';
import { fillRecordings, lookAtRecordings } from './recordings-world.ts';
import { asUser, makeAuthorisation, makeConnection, makeLink, sealFor } from './zoom-builders.ts';

export const SECRET = 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR';
const encryption = createEncryption([SECRET]);

const CLASS = ['ada', 'ben', 'cem', 'dan', 'eva', 'fay', 'gus', 'hal', 'ida', 'jon'];
const ROSTER = CLASS.map((subject) => ({ subject, ...(subject === 'ada' ? { level: 'manager' as const } : {}) }));
const NASTY = HOSTILE.join(' / ');
/** When the channel deleted long ago is over, and what came later is not. */
const LATER = NOW + DELETED_KEPT_MS + 1_000;

/** Something of every kind, in every state that a server leaves it in, with texts that are hard to keep. */
export async function fillEverything(storage: Storage): Promise<void> {
  await fillRegistry(storage);
  await fillCourse(storage);
  await fillRuns(storage);
  await fillZoom(storage);
  await fillRecordings(storage, NASTY);
  await fillDeleted(storage);
  await fillSessions(storage);
}

async function fillRegistry(storage: Storage): Promise<void> {
  const { platforms, keys, apiKeys, invites, logins } = storage;
  const keyId = await makeKeyPair({ keys, encryption, clock: () => NOW, random: systemRandom });
  const roleLevels: Platform['roleLevels'] = Object.fromEntries<PermissionLevel>([
    ['http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor', 'contributor'],
    ['__proto__', 'member'],
    ['$where.a', 'moderator'],
    ['2', 'member'],
  ]);
  const platform = makePlatform(PLATFORM, {
    keyId,
    name: NASTY,
    roleLevels,
    tokenAudience: 'aud',
    serviceOrigins: HOSTILE,
  });
  await platforms.addPlatform(platform);
  await platforms.addPlatform(makePlatform('p2', { status: 'disabled', deployments: 'learn', deploymentIds: [] }));
  const token = { issuer: 'https://lms.example', clientId: wellFormed(`"${NASTY}`), scopes: 'a b' };
  await keys.saveAccessToken({ ...token, sealedToken: encryption.seal('secret', 'token'), createdAt: NOW });
  const apiKey = { name: NASTY, scopes: ['members:read' as const], createdAt: NOW, revokedAt: null };
  await apiKeys.addApiKey({ ...apiKey, id: 'k1', keyHash: 'h1' });
  await apiKeys.addApiKey({ ...apiKey, id: 'k2', keyHash: 'h2' });
  await apiKeys.revokeApiKey('k2', NOW + 1);
  const invite = { activates: true, note: NASTY, createdAt: NOW, expiresAt: LATER * 2, usedAt: null, platformId: null };
  for (const id of ['i1', 'i2', 'i3']) await invites.addInvite({ ...invite, id, secretHash: `secret-${id}` });
  await invites.claimInvite('secret-i2', NOW, NOW + 5);
  await invites.spendInvite('i3', 'p2' as PlatformId, NOW);
  await logins.saveLogin({
    ...{ stateHash: 's1', nonce: 'n', platformId: PLATFORM, issuer: 'i', clientId: 'c', deploymentId: null },
    ...{ targetLinkUri: 'https://tool.example', loginHint: NASTY, messageHint: NASTY, storageTarget: null },
    ...{ browserHash: 'b', storageHash: null, createdAt: NOW, expiresAt: LATER * 2 },
  });
}

/** A course with people, changes made by hand that can be undone, and a sync that waits for a person. */
async function fillCourse(storage: Storage): Promise<void> {
  const course = await courseIn(storage, 'one');
  await course.sync(ROSTER);
  await course.launch('ben', 'contributor');
  await course.change('cem', { level: 'moderator' });
  await course.change('dan', { status: 'inactive' });
  await course.launch('test', 'member', { testStudent: true });
  const { channels } = storage;
  const channel = await must(channels.findChannel(course.channelId));
  const named = { givenName: NASTY, description: NASTY, tags: HOSTILE, privacy: 'open' as const, moderated: true };
  await channels.updateChannel({ ...channel, ...named, ownerId: await course.userOf('ada') }, NOW + 50, (written) => [
    makeEvent('named', {
      channelId: written.id,
      action: 'channel.change',
      from: '{}',
      to: JSON.stringify({ tags: HOSTILE }),
    }),
  ]);
  await course.sync(ROSTER.slice(0, 1));
}

/** Another course whose name begins with the first one's, people with hostile texts, and runs in other states. */
async function fillRuns(storage: Storage): Promise<void> {
  const channel = await openChannel(storage, 'one-x');
  await storage.channels.openChannelForContext(makeOpening('', { title: NASTY, label: NASTY, types: HOSTILE }));
  const nasty = HOSTILE.map((text, i) =>
    makeEntry(`${i} ${text}`, { person: { name: text, email: text }, roles: text }),
  );
  await enterRoster(storage, channel, [...nasty, makeEntry('none', { person: { name: null, email: null } })]);
  const running = makeRun('running', { channelId: channel.id, state: 'running', phase: 'applying', restarts: 2 });
  await storage.syncs.requestSync({ ...running, notBefore: NOW + 5, tries: 3, reason: 'throttled' });
  await storage.syncs.saveSyncChanges(
    { id: 'running' as SyncId, attempt: 2 },
    0,
    [...nasty, ...manyEntries(130)].map(makeAddition),
  );
  const queued = makeRun('queued', {
    channelId: 'channel-' as ChannelId,
    platformId: 'p2' as PlatformId,
    trigger: 'schedule',
  });
  await storage.syncs.requestSync(queued);
  const empty = { channelId: null, platformId: null, actor: 'command', action: NASTY };
  await storage.activity.recordActivity(makeEvent('of-the-site', empty));
}

/** A Zoom account of two people, one that is broken, one that ended, and meetings in two channels. */
async function fillZoom({ connections, meetingLinks }: Storage): Promise<void> {
  const profile = { name: NASTY, email: null };
  for (const person of ['ben', 'ada'])
    await connections.connect(
      makeConnection(person, 'zoom-1', { profile, id: `connection-${person}` as ConnectionId }),
      sealFor,
    );
  await connections.connect(
    makeConnection('cem', NASTY, { id: 'connection-cem' as ConnectionId, scopes: HOSTILE, apiUrl: null }),
    sealFor,
  );
  await connections.changeConnection('connection-cem' as ConnectionId, NOW + 1, (current) => ({
    ...current,
    ...{
      state: 'broken',
      end: 'superseded',
      sealedTokens: null,
      walk: { ...current.walk, sweptAt: NOW, fault: NASTY },
    },
  }));
  await connections.connect(makeConnection('dan', 'zoom-3', { id: 'connection-dan' as ConnectionId }), sealFor);
  await connections.endConnection('connection-dan' as ConnectionId, [
    { userId: asUser('dan'), end: 'account-gone', at: LATER },
  ]);
  await connections.startAuthorisation(makeAuthorisation('left behind'));
  const linked = { connectionId: 'connection-ben' as ConnectionId, name: NASTY, topic: NASTY };
  const bare = { connectionId: null, from: null, until: null, times: [], checkedAt: null, createdAt: NOW - 1 };
  const links = [
    makeLink('l1', { ...linked, channelId: 'channel-one' as ChannelId }),
    makeLink('l2', { ...bare, channelId: 'channel-one' as ChannelId, number: '123456789' }),
    makeLink('l3', { ...linked, channelId: 'channel-one-x' as ChannelId }),
  ];
  for (const link of links) {
    const { channelId } = link;
    await meetingLinks.addLink(link, makeEvent(`added-${link.id}`, { channelId, action: 'meeting.link' }));
  }
}

function manyEntries(count: number) {
  return Array.from({ length: count }, (_, i) => makeEntry(`many-${i}`));
}

/** One that can be restored, and one whose removal has begun and is not through. */
async function fillDeleted(storage: Storage): Promise<void> {
  for (const [name, at] of [
    ['old', NOW],
    ['new', LATER],
  ] as const) {
    const channel = await openChannel(storage, name);
    await enterRoster(storage, channel, manyEntries(4));
    await must(storage.channels.updateChannel({ ...channel, deletedAt: at }, at));
  }
  await storage.removeExpired(LATER, 1);
}

async function fillSessions(storage: Storage): Promise<void> {
  const grant: Grant = {
    ...{ id: 'g', channelId: 'channel-one' as ChannelId, platformId: PLATFORM, userId: 'u' as Grant['userId'] },
    ...{ tenant: null, launchLevel: 'member', launchOnly: false, isTest: false, locale: NASTY, timeZone: null },
    ...{ family: 'canvas', frameOrigin: null, at: NOW },
  };
  for (const idHash of ['one', 'two']) {
    await storage.sessions.createSession({
      idHash,
      grants: [grant, { ...grant, id: idHash }],
      createdAt: NOW,
      expiresAt: LATER * 2,
    });
  }
}

/** All that the verbs of the stores tell of it, well-formed: what is read by lists, by searches and by keys. */
export async function lookAtEverything(storage: Storage): Promise<unknown> {
  const { platforms, keys, apiKeys, invites, logins, channels, syncs, sessions } = storage;
  const all = await walk((page) => channels.listChannels({}, page), { limit: 2 });
  const deleted = await walk((page) => channels.listChannels({ deleted: true }, page), { limit: 2 });
  const publicKeys = await keys.listPublicKeys();
  const pems = publicKeys.map(({ keyId }) => openPrivateKey({ keys, encryption }, keyId));
  const look = {
    platforms: await platforms.listPlatforms(),
    byClient: await platforms.findPlatformByClient('https://lms.example', 'client-p2'),
    keys: [publicKeys, await Promise.all(pems)],
    token: await keys.findAccessToken('https://lms.example', wellFormed(`"${NASTY}`), 'a b'),
    apiKeys: [await apiKeys.listApiKeys(), await apiKeys.findApiKey('h1'), await apiKeys.findApiKey('h2')],
    invites: await Promise.all(['i1', 'i2', 'i3'].map((id) => invites.findOpenInvite(`secret-${id}`, NOW))),
    claimed: await invites.findOpenInvite('secret-i2', NOW + 6),
    login: await logins.findLogin('s1', LATER),
    channels: [all, deleted],
    byContext: await channels.listChannels({ contextId: 'one' }, { limit: 9 }),
    context: await channels.findContext(PLATFORM, ''),
    inChannels: await Promise.all([...all, ...deleted].map((channel) => lookAtChannel(storage, channel))),
    purging: [
      await channels.findChannel('channel-old' as ChannelId),
      await membersOf(storage, 'channel-old' as ChannelId),
    ],
    people: await lookForPeople(storage),
    unfinished: await syncs.unfinishedSyncs({ limit: 9 }),
    waiting: (await syncs.platformsWithSyncs(LATER)).toSorted(),
    siteEvent: await storage.activity.findActivity('of-the-site'),
    sessions: await Promise.all(['one', 'two'].map((id) => sessions.findSession(id, LATER))),
    zoom: await lookAtZoom(storage),
    recordings: await lookAtRecordings(storage),
  };
  return JSON.parse(JSON.stringify(look), (_, value) => (typeof value === 'string' ? wellFormed(value) : value));
}

async function lookAtZoom({ connections, meetingLinks }: Storage) {
  const ben = 'connection-ben' as ConnectionId;
  const people = ['ada', 'ben', 'cem', 'dan'].map(asUser);
  return {
    held: await Promise.all(people.map((userId) => connections.findConnectionOf(userId))),
    ended: await Promise.all(people.map((userId) => connections.findEnded(userId))),
    found: [await connections.findConnection(ben), await connections.findConnectionOfZoomUser(NASTY)],
    toSweep: await connections.connectionsToSweep({ sweptBefore: LATER, limit: 9 }),
    links: [await meetingLinks.linksOfConnection(ben), await meetingLinks.linksOfUser(asUser('ana'))],
  };
}

async function lookAtChannel(storage: Storage, { id }: Channel) {
  const { channels, memberships, syncs, activity } = storage;
  const runs = await syncs.listSyncs(id, 99);
  const diffs = runs.map((run) => syncs.syncChanges(run.id, { from: 0, limit: 999 }));
  return {
    contexts: await channels.contextsOfChannel(id),
    meetings: await storage.meetingLinks.linksOfChannel(id),
    listed: await walk((page) => memberships.listMembers(id, {}, page), { limit: 3 }),
    searched: await memberships.listMembers(id, { q: 'A' }, { limit: 99 }),
    left: await collect(memberships.allMembers(id, 3, (_subject, mark) => mark !== null)),
    members: await membersOf(storage, id),
    counts: await memberships.countMembers(id),
    runs,
    diffs: await Promise.all(diffs),
    held: await syncs.lastSync(id, ['held']),
    activity: await walk((page) => activity.listActivity(id, {}, page), { limit: 4 }),
    settings: await activity.listActivity(id, { settings: true }, { limit: 9 }),
  };
}

function membersOf({ memberships }: Storage, id: ChannelId) {
  return collect(memberships.allMembers(id, 3));
}

async function lookForPeople({ memberships, channels }: Storage) {
  const words = ['ada', 'name of', 'lone', 'many-1', '😀', 'שלום'];
  const found = words.map((q) => memberships.searchUsers({ platformId: PLATFORM }, q, 50));
  const { id: userId } = await must(memberships.findUserBySubject(PLATFORM, 'ada'));
  const test = await must(memberships.findUserBySubject(PLATFORM, 'test'));
  const person = { platformId: PLATFORM, userId, tenant: null };
  const lists = (['mine', 'open', 'deleted'] as const).map((scope) =>
    channels.listMyChannels(person, { scope }, { limit: 9 }),
  );
  return {
    found: await Promise.all(found),
    lists: await Promise.all(lists),
    test: await memberships.isTestStudent(test.id),
    hostile: await Promise.all(HOSTILE.map((text, i) => memberships.findUserBySubject(PLATFORM, `${i} ${text}`))),
  };
}

async function must<Value>(asked: Promise<Value | null>): Promise<Value> {
  const value = await asked;
  if (value === null) throw new Error('What must be there is not');
  return value;
}

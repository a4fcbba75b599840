import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChannelId, DELETED_KEPT_MS } from '../../src/channels/channel.ts';
import { backupSqlite, restoreSqlite } from '../../src/storage/sqlite/backup.ts';
import type { SqliteStorage } from '../../src/storage/sqlite/open.ts';
import {
  enterRoster,
  makeEntry,
  makeEvent,
  makeOpening,
  makeRun,
  NOW,
  openChannel,
  PLATFORM,
} from './support/builders.ts';
import { startProcess, stopAll, tell, tellAll } from './support/processes.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';

const PROCESSES = 4;
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

const restoreTask = (id: ChannelId, at: number) => ({ name: 'restore', id, at, times: 1 });

describe('several processes on one SQLite file', () => {
  const { folder, remove } = makeFolder();
  const path = join(folder, 'rostrum.sqlite');
  let processes: ChildProcess[] = [];
  let storage: SqliteStorage;

  beforeAll(async () => {
    processes = Array.from({ length: PROCESSES }, () => startProcess());
    const opened = await tellAll<string>(processes, { name: 'open', path });
    expect(opened).toEqual(Array(PROCESSES).fill('opened'));
    storage = mustOpen(path);
  });
  afterAll(async () => {
    await stopAll(processes);
    await storage.close();
    remove();
  });

  it('make one channel for each context', async () => {
    const openings = numbered('context', 30).map((name) => makeOpening(name));
    // Every process would give the channels IDs of its own.
    const results = await Promise.all(
      processes.map((child, p) =>
        tell<{ id: string; created: boolean }[]>(child, {
          name: 'openChannels',
          openings: openings.map((o) => ({ ...o, fresh: { ...o.fresh, id: `${o.fresh.id}-by-${p}` } })),
        }),
      ),
    );
    expect(results.flat().filter(({ created }) => created)).toHaveLength(30);
    for (const [i] of openings.entries()) expect(new Set(results.map((result) => result[i]?.id)).size).toBe(1);
  });

  it('take each login state once', async () => {
    const states = numbered('state', 100);
    for (const stateHash of states) {
      await storage.logins.saveLogin({
        stateHash,
        nonce: 'n',
        platformId: PLATFORM,
        issuer: 'i',
        clientId: 'c',
        deploymentId: null,
        targetLinkUri: 't',
        loginHint: 'h',
        messageHint: null,
        storageTarget: null,
        browserHash: 'b',
        storageHash: null,
        createdAt: NOW,
        expiresAt: NOW + 1000,
      });
    }
    const taken = await tellAll<string[]>(processes, { name: 'takeLogins', states, now: NOW });
    expect(taken.flat().toSorted()).toEqual(states.toSorted());
  });

  it('claim each invite once', async () => {
    const secrets = numbered('invite', 30);
    for (const id of secrets) {
      const nothing = { note: null, usedAt: null, platformId: null };
      await storage.invites.addInvite({
        ...nothing,
        id,
        secretHash: id,
        activates: true,
        createdAt: NOW,
        expiresAt: NOW + 1000,
      });
    }
    const claimed = await tellAll<string[]>(processes, { name: 'claimInvites', secrets, now: NOW, until: NOW + 60 });
    expect(claimed.flat().toSorted()).toEqual(secrets.toSorted());
  });

  it('hold each lease once', async () => {
    const names = numbered('lease', 50);
    const task = { name: 'takeLeases', now: NOW, until: NOW + 100 };
    const held = await Promise.all(
      processes.map((child, p) => tell<string[]>(child, { ...task, names, holder: `holder-${p}` })),
    );
    expect(held.flat().toSorted()).toEqual(names.toSorted());
  });

  it('queue one run for each channel', async () => {
    const channels = numbered('sync', 30);
    for (const name of channels) await openChannel(storage, name);
    const created = await Promise.all(
      processes.map((child, p) => {
        const runs = channels.map((name) => makeRun(`run-${name}-${p}`, { channelId: `channel-${name}` as ChannelId }));
        return tell<string[]>(child, { name: 'requestSyncs', runs });
      }),
    );
    expect(created.flat().toSorted()).toEqual(channels.map((name) => `channel-${name}`).toSorted());
  });

  it('lose no change of one membership', async () => {
    const channel = await openChannel(storage, 'counted');
    await enterRoster(storage, channel, [makeEntry('ana')]);
    const member = (await storage.memberships.listMembers(channel.id, {}, { limit: 1 })).items[0]!;
    const key = { channelId: channel.id, userId: member.userId, at: NOW };
    await tellAll(processes, { name: 'countUp', key, times: 100 });
    const after = await storage.memberships.findMembership(channel.id, member.userId);
    expect(after).toMatchObject({ lastSeenAt: PROCESSES * 100, version: 1 + PROCESSES * 100 });
  });

  it('record each change of one membership once, in one unbroken row', async () => {
    const channel = await openChannel(storage, 'noted');
    await enterRoster(storage, channel, [makeEntry('ben')]);
    const member = (await storage.memberships.listMembers(channel.id, {}, { limit: 1 })).items[0]!;
    const key = { channelId: channel.id, userId: member.userId, at: NOW };
    await Promise.all(
      processes.map((child, p) => {
        const events = numbered(`by-${p}`, 25).map((id) => makeEvent(id, { channelId: channel.id }));
        return tell(child, { name: 'noteUp', key, events });
      }),
    );
    const { items } = await storage.activity.listActivity(channel.id, {}, { limit: 500 });
    const rows = items.map(({ from, to }) => [Number(from), Number(to)]).toSorted((a, b) => a[0]! - b[0]!);
    expect(rows).toEqual(Array.from({ length: PROCESSES * 25 }, (_, i) => [i + 1, i + 2]));
  });

  it('restore a deleted channel whole, or remove it whole', async () => {
    for (const name of numbered('deleted', 10)) {
      const channel = await openChannel(storage, name);
      await enterRoster(
        storage,
        channel,
        ['a', 'b', 'c'].map((subject) => makeEntry(subject)),
      );
      await storage.channels.updateChannel({ ...channel, deletedAt: NOW }, NOW);
      const now = NOW + DELETED_KEPT_MS;
      // Two restore as of its last moment, two remove what is over.
      const restoring = processes.slice(0, 2).map((child) => tell<number>(child, restoreTask(channel.id, now - 1)));
      const removing = processes.slice(2).map((child) => tell(child, { name: 'removeExpired', now, limit: 1 }));
      await Promise.all([...restoring, ...removing]);
      const left = await storage.channels.findChannel(channel.id);
      const { total } = await storage.memberships.listMembers(channel.id, {}, { limit: 1 });
      expect([left?.deletedAt, total]).toEqual(left ? [null, 3] : [undefined, 0]);
    }
  });

  it('count every hit', async () => {
    const hits = await tellAll<number[]>(processes, { name: 'hit', key: 'login', now: NOW, times: 100 });
    const all = Array.from({ length: PROCESSES * 100 }, (_, i) => i + 1);
    expect(hits.flat().toSorted((a, b) => a - b)).toEqual(all);
  });

  it('can be backed up while they write, and are in the way of a restore', async () => {
    const channels = async (of: SqliteStorage) => (await of.channels.listChannels({}, { limit: 500 })).items;
    const before = await channels(storage);
    expect(before.length).toBeGreaterThan(60);
    const writing = tellAll(processes, { name: 'hit', key: 'busy', now: NOW, times: 300 });
    const target = join(folder, 'backup.sqlite');
    expect(await backupSqlite(path, target)).toMatchObject({ ok: true });
    await writing;
    const copy = mustOpen(target);
    expect(await channels(copy)).toEqual(before);
    await copy.close();
    expect(await restoreSqlite(target, path)).toMatchObject({ ok: false, reason: 'in-use' });
    expect(await channels(storage)).toEqual(before);
  });
});

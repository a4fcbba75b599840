import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import {
  finished,
  launchAndSync,
  type ProcessWorld,
  startProcessWorld,
  type ToolProcess,
} from '../support/processes.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { expectRoster, renameAll } from './support/rosters.ts';

const SIZE = 600;

let world: ProcessWorld;
let front: ToolProcess;
/** Who does syncs: on SQLite the one process there is. */
let workers: ToolProcess[];
let channelId: ChannelId;
let versions = 1;

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: SIZE });
  front = await startFront();
  workers = ON_MONGO ? [await startWorker(), await startWorker()] : [];
  ({ channelId } = await launchAndSync(world));
});
afterAll(() => world.close());

async function startFront(): Promise<ToolProcess> {
  const tool = await world.start(ON_MONGO ? { env: { ROLE: 'web' } } : {});
  await tool.ready();
  return tool;
}

async function startWorker(): Promise<ToolProcess> {
  const tool = await world.start({ port: 'another', env: { ROLE: 'worker' } });
  await tool.ready();
  return tool;
}

const course = () => world.sandbox.canvas.course('big');

async function askForSync(familyName: string): Promise<SyncId> {
  renameAll(course(), familyName);
  versions += 1;
  const { body } = await front.api('POST', `/channels/${channelId}/sync`);
  return String(body.syncId) as SyncId;
}

/** The process that works on the channel, by its lease. */
async function holder(): Promise<ToolProcess> {
  const all = [front, ...workers];
  const find = async () => {
    const lease = (await world.storage.leases.listLeases()).find(({ name }) => name === `sync:${channelId}`);
    return all.find(({ child }) => child.pid === Number(lease?.holder.split('/')[1]));
  };
  await expect.poll(find, { timeout: 30_000, interval: 5 }).toBeDefined();
  const found = await find();
  if (!found) throw new Error('the sync has ended already');
  return found;
}

async function pidsOfHolders(): Promise<(string | undefined)[]> {
  const leases = (await world.storage.leases.listLeases()).map(({ holder: name }) => name);
  return [...leases, ...(await world.storage.jobs.holders())].map((name) => name.split('/')[1]);
}

/** A call whose server has read its head, and waits for the rest. */
async function beginCall(tool: ToolProcess): Promise<{ call: ClientRequest; status: Promise<number | undefined> }> {
  const call = request(`${tool.url}/lti/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', expect: '100-continue' },
  });
  const status = once(call, 'response').then(([answer]) => answer.resume().statusCode as number);
  call.flushHeaders();
  await once(call, 'continue');
  return { call, status };
}

describe('a process that is asked to end', () => {
  it.each(['fetching', 'applying'] as const)(
    'in the middle of a sync (%s) leaves it to the next at once, and ends with 0',
    async (phase) => {
      world.sandbox.canvas.faults.slowMs = 100;
      const id = await askForSync(`Handed over while ${phase}`);
      const isThere = async () => {
        const run = await world.storage.syncs.findSync(id);
        return run?.phase === phase && (phase === 'fetching' || run.appliedChanges > 0);
      };
      await expect.poll(isThere, { timeout: 60_000, interval: 1 }).toBe(true);
      const first = await holder();
      expect(await first.stop()).toBe(0);
      const stoppedAt = Date.now();
      // Nobody has to wait until a lock runs out.
      expect(await pidsOfHolders()).not.toContain(`${first.child.pid}`);
      world.sandbox.canvas.faults.reset();
      if (!ON_MONGO) front = await startFront();
      await finished(world, id);
      process.stderr.write(`A sync handed over while ${phase}: applied ${Date.now() - stoppedAt} ms after the stop\n`);
      await expectRoster(world, { channelId, course: course(), versions });
      if (ON_MONGO) workers = [...workers.filter((worker) => worker !== first), await startWorker()];
    },
    180_000,
  );

  it('answers what it was asked before, and tells nobody that it is ready', async () => {
    const { call, status } = await beginCall(front);
    const ended = front.stop();
    const isOpen = () =>
      fetch(`${front.url}/healthz`).then(
        () => true,
        () => false,
      );
    await expect.poll(isOpen, { timeout: 20_000 }).toBe(false);
    call.end('iss=unknown');
    expect(await status).toBe(400);
    expect(await ended).toBe(0);
  });

  it('ends with 0 when it has nothing to do', async () => {
    expect(await Promise.all(workers.map((worker) => worker.stop()))).toEqual(workers.map(() => 0));
    const again = await startFront();
    expect(await again.stop()).toBe(0);
  });
});

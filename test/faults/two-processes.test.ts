import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import {
  finished,
  launchAndSync,
  type ProcessWorld,
  startProcessWorld,
  type ToolProcess,
} from '../support/processes.ts';

const BIG = 4_000;

let world: ProcessWorld;
let channelId: ChannelId;
/** The first one is where people come in; both do syncs. */
let tools: [ToolProcess, ToolProcess];

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: BIG });
  tools = [await world.start(), await world.start({ port: 'another' })];
  await Promise.all(tools.map((tool) => tool.ready()));
  ({ channelId } = await launchAndSync(world));
});
afterAll(() => world.close());

/** Gives everybody another name and asks both processes for a sync at once. */
async function askBoth(familyName: string): Promise<SyncId> {
  const course = world.sandbox.canvas.course('big');
  for (const { person } of course.enrolments.values()) person.familyName = familyName;
  course.version += 1;
  const asked = await Promise.all(tools.map((tool) => tool.api('POST', `/channels/${channelId}/sync`)));
  expect(asked.map(({ status }) => status)).toEqual([202, 202]);
  expect(asked[0]?.body.syncId).toBe(asked[1]?.body.syncId);
  return String(asked[0]?.body.syncId) as SyncId;
}

/** Whose the run is: which of the two has the channel's lease. */
async function holder(): Promise<{ index: 0 | 1; name: string } | null> {
  const lease = (await world.storage.leases.listLeases()).find(({ name }) => name === `sync:${channelId}`);
  const index = tools.findIndex(({ child }) => child.pid === Number(lease?.holder.split('/')[1]));
  return lease && index >= 0 ? { index: index as 0 | 1, name: lease.holder } : null;
}

async function waitFor(id: SyncId, reached: (run: SyncRun) => boolean): Promise<void> {
  const look = async () => {
    const run = await world.storage.syncs.findSync(id);
    return run !== null && reached(run);
  };
  await expect.poll(look, { timeout: 60_000, interval: 2 }).toBe(true);
}

/** Ends the process that works on the run with `kill -9`; which it was, or null when the run has ended before. */
async function killHolder(id: SyncId): Promise<{ index: 0 | 1; name: string } | null> {
  let found = await holder();
  while (found === null && (await world.storage.syncs.findSync(id))?.state !== 'applied') {
    await new Promise((resolve) => setTimeout(resolve, 2));
    found = await holder();
  }
  if (found) await tools[found.index].kill();
  return found;
}

async function restart(index: 0 | 1): Promise<void> {
  tools[index] = await world.start(index === 0 ? {} : { port: 'another' });
  await tools[index].ready();
}

/** Everybody has the name, and was written once for each name there was. */
async function expectWrittenOnce(familyName: string, versions: number): Promise<void> {
  const members = await world.members(channelId);
  expect(members).toHaveLength(BIG);
  const wrong = members.filter(({ person }) => !person.name?.endsWith(` ${familyName}`));
  expect(wrong).toEqual([]);
  // The one who launched was entered before the roster came.
  const { instructor } = world.sandbox.canvas.course('big').cast;
  const others = members.filter(({ subject }) => subject !== instructor);
  expect(new Set(others.map(({ version }) => version))).toEqual(new Set([versions]));
}

it('does one run when two processes are asked at once', async () => {
  world.sandbox.canvas.requests.reset();
  const id = await askBoth('Once');
  await finished(world, id);
  await expectWrittenOnce('Once', 2);
  const { rosterPages, rosterMostAtOnce } = world.sandbox.canvas.requests;
  expect({ rosterPages, rosterMostAtOnce }).toEqual({ rosterPages: BIG / 50, rosterMostAtOnce: 1 });
  expect(await world.storage.syncs.findSync(id)).toMatchObject({ restarts: 0, counts: { unchanged: 0 } });
});

it('goes on with the run when the processes are killed in turn', async () => {
  const { faults } = world.sandbox.canvas;
  faults.slowMs = 1_000;
  const id = await askBoth('Turn');
  for (const reached of [
    (run: SyncRun) => run.phase === 'fetching',
    (run: SyncRun) => run.phase === 'comparing' || run.phase === 'applying',
    (run: SyncRun) => run.appliedChanges > 0,
    (run: SyncRun) => run.appliedChanges > BIG / 2,
  ]) {
    await waitFor(id, (run) => run.state === 'applied' || reached(run));
    const killed = await killHolder(id);
    faults.reset();
    // A start finds the lease of the dead; the other process would, when the lease runs out.
    if (killed) await restart(killed.index);
  }
  await finished(world, id);
  await expectWrittenOnce('Turn', 3);
  expect((await world.storage.syncs.findSync(id))?.restarts).toBeGreaterThan(0);
});

it('is taken over by the other process once the lease of the dead one is over', async () => {
  const { faults } = world.sandbox.canvas;
  faults.slowMs = 1_000;
  const id = await askBoth('Over');
  await waitFor(id, (run) => run.phase === 'fetching');
  const killed = await killHolder(id);
  if (!killed) throw new Error('the run has ended already');
  faults.reset();
  // As if the time of the lease had passed.
  await world.storage.leases.releaseLease(`sync:${channelId}`, killed.name);
  await finished(world, id);
  await expectWrittenOnce('Over', 4);
  expect(await world.storage.syncs.findSync(id)).toMatchObject({ restarts: 1 });
  expect(await tools[killed.index === 0 ? 1 : 0].stop()).toBe(0);
  expect(await world.storage.syncs.listSyncs(channelId, 10)).toHaveLength(4);
});
